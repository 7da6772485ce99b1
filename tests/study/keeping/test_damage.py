"""Bytes of a store that change on the disk: told, or without any effect; never another number."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import actscope as act
from actscope.study._task import Baseline, BaselineResult, Result
from actscope.study.keeping._ledger import opened
from actscope.study.keeping._sealed import LEDGER, read_about

PAGE = 4096
ABOUT = {
    "plan": {"hash": "abc", "seeds": list(range(40))},
    "notes": ["seven words that are kept here"],
}
TASKS = [Baseline((seed,)) for seed in range(60)]


def _result(seed: int) -> BaselineResult:
    return BaselineResult(Baseline((seed,)), [{"seed": seed, "mean": seed / 7, "linear": seed / 3}])


@cache
def whole() -> tuple[bytes, dict[str, Result]]:
    """A store of many pages, and what it says."""
    with TemporaryDirectory() as name:
        with opened(Path(name), ABOUT) as ledger:
            ledger.begin(TASKS)
            for seed, task in enumerate(TASKS):
                ledger.commit(task, _result(seed))
            found = ledger.finished()
        content = (Path(name) / LEDGER).read_bytes()
    assert len(content) >= 8 * PAGE
    return content, found


@settings(max_examples=300, deadline=None)
@given(
    page=st.integers(0, 7),
    flips=st.lists(
        st.tuples(st.integers(0, PAGE - 1), st.integers(1, 255)), min_size=1, max_size=4
    ),
)
def test_a_flipped_byte_is_told_or_harmless(page: int, flips: list[tuple[int, int]]) -> None:
    content, expected = whole()
    damaged = bytearray(content)
    for at, flip in flips:
        damaged[page * PAGE + at] ^= flip
    _told_or_harmless(bytes(damaged), expected)


@pytest.mark.parametrize("page", range(8))
@pytest.mark.parametrize("filler", [b"\0", b"\xff"])
def test_a_page_that_is_gone(page: int, filler: bytes) -> None:
    content, expected = whole()
    damaged = content[: page * PAGE] + filler * PAGE + content[(page + 1) * PAGE :]
    _told_or_harmless(damaged, expected)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_file_that_ends_early(share: float) -> None:
    content, _ = whole()
    with TemporaryDirectory() as name:
        path = Path(name) / LEDGER
        path.write_bytes(content[: int(share * len(content))])
        with pytest.raises(act.StoreError), opened(Path(name)) as ledger:
            ledger.finished()


def _told_or_harmless(content: bytes, expected: dict[str, Result]) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / LEDGER).write_bytes(content)
        assert read_about(folder) in (ABOUT, None)
        try:
            with opened(folder) as ledger:
                about, found = ledger.about, ledger.finished()
        except act.StoreError as error:
            said = str(error)
            assert "\n" not in said
            assert "name another folder" in said
            assert (folder / LEDGER).read_bytes() == content  # what may be saved is left alone
        else:
            assert about == ABOUT
            assert found == expected
