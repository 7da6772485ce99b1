"""Sliders, switches and lists as the browser has them: native, so named and keyed by itself."""

from __future__ import annotations

import importlib.resources
from collections.abc import Sequence
from typing import Any

import anywidget
import traitlets

_HERE = importlib.resources.files("actscope.web.lesson_parts")


class Controls(anywidget.AnyWidget):
    """A row of native controls; `values` maps each one's key to what it is set to.

    specs: what `slider`, `steps`, `switch` and `choice` make.

    >>> Controls([slider("w", "weight", 0, 8, 4), switch("on", "Marvel")]).values
    {'w': 4, 'on': False}
    """

    _esm = _HERE.joinpath("controls.js").read_text("utf-8")
    _css = _HERE.joinpath("controls.css").read_text("utf-8")
    specs = traitlets.List(traitlets.Dict()).tag(sync=True)
    values = traitlets.Dict().tag(sync=True)

    def __init__(self, specs: Sequence[dict[str, Any]]) -> None:
        super().__init__(specs=list(specs), values={s["key"]: s["value"] for s in specs})


def slider(
    key: str, label: str, low: float, high: float, value: float, step: float = 1
) -> dict[str, Any]:
    """A slider over numbers."""
    return {"kind": "range", "key": key, "label": label, "value": value,
            "min": low, "max": high, "step": step}  # fmt: skip


def steps(
    key: str, label: str, said: Sequence[str], value: int = 0, *, play: str = ""
) -> dict[str, Any]:
    """A slider over places in a list, of which `said` are the names; `play` names a button.

    The button moves the slider to its end by itself.
    """
    return {**slider(key, label, 0, len(said) - 1, value), "said": list(said), "play": play}


def switch(key: str, label: str, value: bool = False) -> dict[str, Any]:
    """A box to tick."""
    return {"kind": "switch", "key": key, "label": label, "value": value}


def choice(key: str, label: str, options: Sequence[str], value: str = "") -> dict[str, Any]:
    """One of a few."""
    return {"kind": "choice", "key": key, "label": label, "options": list(options),
            "value": value or options[0]}  # fmt: skip


def file(key: str, label: str, accept: str, most: int) -> dict[str, Any]:
    """A file of the reader's: {"name", "size", "data"}, data in base64; "" above `most` bytes."""
    return {"kind": "file", "key": key, "label": label, "value": None,
            "accept": accept, "most": most}  # fmt: skip


def press(key: str, label: str) -> dict[str, Any]:
    """A button: its value counts how often it was pressed."""
    return {"kind": "press", "key": key, "label": label, "value": 0}
