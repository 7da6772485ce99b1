"""A session without a transport: messages in, messages out."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from actscope.web import _session
from actscope.web._session import Session

Message = dict[str, Any]


class Tab:
    """What a page would do: keeps what it hears, acknowledges frames if it is asked to."""

    def __init__(self, acks: bool = True) -> None:
        self.heard: list[Message] = []
        self.numbers: list[bytes | None] = []
        self.acks = acks
        self.news = threading.Condition()
        self.ended = threading.Event()
        self.session = Session(self._hear, self.ended.set)

    def _hear(self, header: Message, numbers: bytes | None) -> None:
        with self.news:
            self.heard.append(header)
            self.numbers.append(numbers)
            self.news.notify_all()
        if self.acks and header["kind"] == "frame":
            self.say("ack", seq=header["seq"])

    def say(self, cmd: str, **fields: Any) -> None:
        self.session.receive(json.dumps({"cmd": cmd, **fields}))

    def wait(self, which: Callable[[Message], bool], since: int = 0) -> Message:
        """The first message of a kind after `since`; fails after a long time."""

        def found() -> Message | None:
            return next((m for m in self.heard[since:] if which(m)), None)

        with self.news:
            assert self.news.wait_for(lambda: found() is not None, 30), self.heard[-3:]
            message = found()
            assert message is not None
            return message

    def kind(self, kind: str, since: int = 0) -> Message:
        return self.wait(lambda m: m["kind"] == kind, since)

    def frame(self, epoch: int, since: int = 0) -> Message:
        return self.wait(lambda m: m["kind"] == "frame" and m["epoch"] == epoch, since)

    def answer(self, cmd: str, kind: str, **fields: Any) -> Message:
        since = len(self.heard)
        self.say(cmd, **fields)
        return self.kind(kind, since)


@pytest.fixture
def tab() -> Iterator[Tab]:
    one = Tab()
    yield one
    one.session.close()
    assert one.session.join(30)


def weights(tab: Tab, frame: Message) -> np.ndarray:
    numbers = tab.numbers[tab.heard.index(frame)]
    assert numbers is not None
    sizes = {name: int(np.prod(shape)) for name, shape in frame["parts"]}
    return np.frombuffer(numbers, "<f4")[sizes["maps"] :][: sizes["weights"]]


def test_hello_is_answered_by_options_set_up_and_a_frame(tab: Tab) -> None:
    tab.say("hello")
    frame = tab.frame(0)
    assert [m["kind"] for m in tab.heard[:3]] == ["hello", "ready", "frame"]
    options = tab.heard[0]["options"]
    assert options["grid"] == 30
    assert {"relu", "tanh", "prelu"} <= {one["name"] for one in options["activations"]}
    assert {"name", "latex", "formula", "text"} == set(options["activations"][0])
    assert all(len(one["points"]) == 100 for one in options["data"])
    ready = tab.heard[1]
    assert ready["layers"] == [2, 4, 4, 1]
    assert len(ready["points"]["train"]) == len(ready["points"]["test"]) == 250
    assert [name for name, _ in frame["parts"]] == ["maps", "weights", "biases", "features"]
    assert dict(frame["parts"])["maps"] == [2, 9, 30, 30]
    json.dumps(tab.heard, allow_nan=False)


def test_steps_and_the_same_start_again(tab: Tab) -> None:
    tab.answer("setup", "ready", config={"hidden": [3]})
    start = weights(tab, tab.frame(0))
    tab.say("step", epochs=3)
    first = tab.frame(3)
    tab.answer("edit", "frame", network=0, layer=0, **{"from": 0}, to=1, value=9.0)
    since = len(tab.heard)
    tab.say("reset")
    again = tab.frame(0, since)
    assert np.array_equal(weights(tab, again), start)
    since = len(tab.heard)
    tab.say("step", epochs=3)
    second = tab.frame(3, since)
    assert second["losses"] == first["losses"]
    assert np.array_equal(weights(tab, second), weights(tab, first))
    assert not second["running"]


def test_run_and_pause(tab: Tab) -> None:
    tab.say("hello")
    assert tab.answer("run", "state")["running"]
    tab.wait(lambda m: m["kind"] == "frame" and m["epoch"] >= 5 and m["running"])
    assert not tab.answer("pause", "state")["running"]
    code = tab.answer("code", "code")  # all before it is done
    assert "act.train_ensemble(" in code["text"]
    epochs = [m["epoch"] for m in tab.heard if m["kind"] == "frame"]
    assert epochs == sorted(epochs)


def test_a_set_speed_is_kept(tab: Tab) -> None:
    """So many epochs a second: by count, not by the clock of a busy machine."""
    tab.say("hello")
    tab.frame(0)
    tab.say("speed", epochs_per_second=20)
    tab.say("run")
    frames = [tab.frame(n) for n in (1, 3, 6)]
    seconds = (frames[-1]["t"] - frames[0]["t"]) / 1e3
    assert seconds > 3 / 20  # five epochs at 20 a second take 250 ms, and never much less


def test_never_more_than_two_frames_on_their_way() -> None:
    tab = Tab(acks=False)
    try:
        tab.say("hello")
        tab.say("run")
        tab.wait(lambda m: m["kind"] == "frame" and m["seq"] == 2)
        for _ in range(3):
            tab.answer("unit", "unit", network=0, layer=1, unit=0)
        assert sum(m["kind"] == "frame" for m in tab.heard) == 2
        tab.say("ack", seq=99)  # never sent: gives no credit
        time.sleep(4 * _session.FRAME_SECONDS)
        tab.answer("unit", "unit", network=0, layer=1, unit=0)
        assert sum(m["kind"] == "frame" for m in tab.heard) == 2
        tab.say("ack", seq=1)
        tab.wait(lambda m: m["kind"] == "frame" and m["seq"] == 3)
        since = len(tab.heard)
        tab.say("hello")  # the page was loaded anew: the credits are too
        tab.kind("frame", since)
    finally:
        tab.session.close()
        assert tab.session.join(30)


def test_who_does_not_look_does_not_compute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_session, "UNSEEN_SECONDS", 0.2)
    tab = Tab(acks=False)
    try:
        tab.say("hello")
        tab.say("run")
        tab.wait(lambda m: m["kind"] == "frame" and m["seq"] == 2)
        time.sleep(0.4)
        bench = tab.session._bench
        assert bench is not None
        epochs = bench.live.epochs
        time.sleep(0.3)
        assert bench.live.epochs == epochs > 0
        tab.acks = True
        tab.say("ack", seq=1)  # it looks again
        tab.wait(lambda m: m["kind"] == "frame" and m["epoch"] > epochs + 2)
    finally:
        tab.session.close()
        assert tab.session.join(30)


def test_a_refusal_leaves_everything_as_it_was(tab: Tab) -> None:
    tab.say("hello")
    tab.say("step", epochs=2)
    before = tab.frame(2)
    bad: list[tuple[str, dict[str, Any], str | None]] = [
        ("setup", {"config": {"hidden": [99]}}, "hidden"),
        ("setup", {"config": {"networks": [{"activations": ["no_such"]}]}}, "networks"),
        ("setup", {"config": {"data": "own"}}, "data"),
        ("edit", {"network": 3, "layer": 0, "to": 0, "value": 1}, "network"),
        ("points", {"inputs": [[0, 0]] * 4, "targets": [1, 1, 1, 1]}, "targets"),
        ("csv", {"text": "a,b\n1,2\n"}, "inputs"),
        ("step", {"epochs": 10**9}, "epochs"),
        ("unit", {"network": 0, "layer": 9, "unit": 0}, "layer"),
    ]
    for cmd, fields, field in bad:
        error = tab.answer(cmd, "error", **fields)
        assert (error["cmd"], error["field"]) == (cmd, field), error
        assert "\n" not in error["text"]
    for raw in ("{", b"\x00", "[[[[", '{"cmd":"run"'):
        since = len(tab.heard)
        tab.session.receive(raw)
        assert tab.kind("error", since)["text"]
    after = tab.answer("edit", "frame", network=0, layer=0, to=0, value=0.5)
    assert after["epoch"] == 2
    assert np.array_equal(weights(tab, after), weights(tab, before))  # a bias was edited


def test_a_mistake_of_ours_is_said_and_kept_and_the_tab_goes_on(
    tab: Tab, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(**_: object) -> None:
        raise ZeroDivisionError("on purpose")

    monkeypatch.setattr(_session, "read_table", broken)
    tab.say("csv", text="a,b,c", target=None)
    said = tab.wait(lambda m: m["kind"] == "error")
    assert said["text"] == "that went wrong within actscope: see its terminal"
    assert said["cmd"] == "csv"
    assert "on purpose" in caplog.text
    tab.say("step", epochs=1)
    tab.wait(lambda m: m["kind"] == "frame" and m["epoch"] == 1)


def test_points_of_one_s_own_become_the_data(tab: Tab) -> None:
    tab.say("hello")
    tab.frame(0)
    inputs = [[-1.0, -1.0], [1.0, 1.0], [-2.0, -1.5], [2.0, 0.5], [0.5, 0.5], [-0.5, -0.5]]
    ready = tab.answer("points", "ready", inputs=inputs, targets=[0, 1, 0, 1, 1, 0])
    assert ready["config"]["data"] == "own"
    assert "data" not in ready
    shown = ready["points"]["train"] + ready["points"]["test"]
    assert sorted(point[:2] for point in shown) == sorted(inputs)
    again = tab.answer("setup", "ready", config={"data": "own", "hidden": [2]})
    assert again["layers"] == [2, 2, 1]
    text = "a,b,t\n" + "\n".join(f"{i},{i % 5},{'yes' if i % 2 else 'no'}" for i in range(20))
    table = tab.answer("csv", "ready", text=text)
    assert table["data"]["inputs"] == ["a", "b"]
    assert table["layers"] == [2, 2, 1]  # the rest of the set-up stays
    swapped = tab.answer("csv", "ready", text=text, inputs=["b", "a"], target="t")
    assert swapped["data"]["inputs"] == ["b", "a"]


def test_a_closed_session_s_thread_ends_even_while_it_trains() -> None:
    tab = Tab()
    tab.say("hello")
    tab.say("run")
    tab.kind("frame")
    tab.session.close()
    assert tab.session.join(30)
    assert tab.ended.is_set()
    assert tab.session._bench is None
    tab.session.receive("{}")  # a late message does no harm
