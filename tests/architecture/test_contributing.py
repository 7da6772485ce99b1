"""The entry that CONTRIBUTING shows is all that a new activation takes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

from actscope import catalogue, nn
from actscope.catalogue import Entry, Parameter, _names, _registry

GUIDE = Path(__file__).parents[2] / "CONTRIBUTING.md"


def shown() -> tuple[str, Entry]:
    found = re.search(r"```python\n(Entry\(.*?\n\))\n```", GUIDE.read_text(encoding="utf-8"), re.S)
    assert found is not None
    return found[1], eval(found[1], {"Entry": Entry, "Parameter": Parameter})


def test_an_entry_is_under_twelve_lines() -> None:
    assert len(shown()[0].splitlines()) < 12


def test_an_entry_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = shown()[1]
    assert entry.name not in catalogue.names()
    everything = (*_registry.ENTRIES, entry)
    for room in (_registry, _names):
        monkeypatch.setattr(room, "ENTRIES", everything)
    _names.built_in.cache_clear()
    try:
        record = catalogue.get("eswish")
        assert record.name == "e_swish"
        assert record.gain == pytest.approx(catalogue.get("silu").gain / 1.5)
        assert all(record.certified.values())
        x = torch.linspace(-3, 3, 7, dtype=torch.float64, requires_grad=True)
        assert torch.autograd.gradcheck(nn.module(record), (x,))
    finally:
        _names.built_in.cache_clear()
