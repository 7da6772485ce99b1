"""First come, first served."""

from __future__ import annotations

import threading
import time

import pytest

from actscope.web._turns import Turns


def test_who_waits_is_served_in_order_and_nobody_pushes_in() -> None:
    turns, served, threads = Turns(1), [], []

    def work(who: int) -> None:
        with turns.turn():
            served.append(who)

    with turns.turn():
        for who in range(6):
            threads.append(threading.Thread(target=work, args=(who,)))
            threads[-1].start()
            while len(turns._waiting) <= who:
                time.sleep(0.001)
    work(99)  # whoever had the place a moment ago comes after those who waited
    for thread in threads:
        thread.join(30)
    assert served == [0, 1, 2, 3, 4, 5, 99]


@pytest.mark.parametrize("places", [1, 3])
def test_never_too_many_at_once_and_no_place_is_lost(places: int) -> None:
    turns, lock = Turns(places), threading.Lock()
    inside, most, total = 0, 0, 0

    def work() -> None:
        nonlocal inside, most, total
        for _ in range(200):
            with turns.turn():
                with lock:
                    inside += 1
                    most = max(most, inside)
                time.sleep(0)
                with lock:
                    inside -= 1
                    total += 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert total == 8 * 200
    assert most <= places
    assert turns._free == places


def test_a_place_comes_back_from_who_fails() -> None:
    turns = Turns(1)
    for _ in range(3):
        with pytest.raises(KeyError), turns.turn():
            raise KeyError
    with turns.turn():
        pass
