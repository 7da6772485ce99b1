from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from actscope.catalogue import Record, _names, define


@pytest.fixture
def defining() -> Iterator[Callable[..., Record]]:
    """`act.define`; what a test defines is forgotten after it."""
    before = dict(_names.DEFINED)
    yield define
    _names.DEFINED.clear()
    _names.DEFINED.update(before)
