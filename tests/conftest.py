from __future__ import annotations

from collections.abc import Callable, Iterator

import hypothesis
import pytest

from actscope.catalogue import Record, _names, define

# How long a case takes is the machine's matter, and others' who share it.
hypothesis.settings.register_profile("actscope", deadline=None)
hypothesis.settings.load_profile("actscope")


@pytest.fixture(autouse=True, scope="session")
def _cache_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What is remembered between runs (chunk sizes) stays out of the user's home."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def defining() -> Iterator[Callable[..., Record]]:
    """`act.define`; what a test defines is forgotten after it."""
    before = dict(_names.DEFINED)
    yield define
    _names.DEFINED.clear()
    _names.DEFINED.update(before)
