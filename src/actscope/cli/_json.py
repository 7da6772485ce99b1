"""One JSON document on standard output, that any JSON reader accepts."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from typing import Any


def plain(value: Any) -> Any:
    """JSON-ready: NaN becomes null, infinity the text "inf" (JSON has neither).

    >>> plain({"range": (0.0, float("inf")), "score": float("nan")})
    {'range': [0.0, 'inf'], 'score': None}
    """
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    if isinstance(value, float):
        return float(value)  # NumPy's float64 is a float with another repr
    if value is None or isinstance(value, str | bool | int):
        return value
    item = getattr(value, "item", None)  # NumPy's other scalars
    return plain(item()) if callable(item) else str(value)


def write(document: Any) -> None:
    """Print the document, ASCII only, so that no terminal's encoding can spoil it."""
    print(json.dumps(plain(document), indent=2, allow_nan=False))
