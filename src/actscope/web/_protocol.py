"""Messages of the playground: what a client may say, and how frames travel.

A client sends JSON texts, each an object with "cmd". The server answers with JSON texts, and
with binary frames: a header's length (u32, little-endian), the header as JSON padded with
spaces so that what follows is 4-aligned, and numbers as float32.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actscope.errors import did_you_mean
from actscope.web._config import (
    MAX_LAYERS,
    MAX_NETWORKS,
    MAX_UNITS,
    Config,
    Refused,
    kind_of,
    number,
    read_config,
    shown,
    whole,
)

MAX_MESSAGE = 64 * 1024
MAX_CSV = 2 * 1024 * 1024
MAX_POINTS = 2_000
MAX_EPOCHS = 1_000  # of one "step"
# Beyond float32's squares there is nothing to see.
MAX_SIZE = 1e6
# Of a CSV's message: the text with its line breaks and quotes escaped.
MAX_WHOLE = 2 * MAX_CSV + MAX_MESSAGE


@dataclass(frozen=True)
class Command:
    """One checked message."""

    cmd: str
    values: Mapping[str, Any]


def parse(message: str | bytes) -> Command:
    """The command in a message.

    >>> parse('{"cmd": "step", "epochs": 2}').values["epochs"]
    2

    Raises:
        Refused: one line that says what is wrong with it.
    """
    if not isinstance(message, str):
        raise Refused("messages are JSON texts, not binary")
    if len(message) > MAX_WHOLE:
        raise Refused(f"a message of {len(message):,} characters is too long")
    try:
        said = json.loads(message, parse_constant=_no_constant, parse_int=_int)
    except RecursionError:
        raise Refused("a message nested so deep cannot be read") from None
    except ValueError as error:
        if isinstance(error, Refused):
            raise
        raise Refused(f"a message must be JSON: {str(error)[:100]}") from None
    if not isinstance(said, dict):
        raise Refused(f'a message is an object with "cmd", not {kind_of(said)}')
    cmd = said.pop("cmd", None)
    if not isinstance(cmd, str) or cmd not in _COMMANDS:
        hint = did_you_mean(cmd[:40], _COMMANDS) if isinstance(cmd, str) else ""
        raise Refused(f"cmd must be one of {', '.join(_COMMANDS)}, not {shown(cmd)}.{hint}")
    if cmd != "csv" and len(message) > MAX_MESSAGE:
        raise Refused(
            f"a {cmd} of {len(message):,} characters is too long: at most {MAX_MESSAGE:,}"
        )
    fields = _COMMANDS[cmd]
    for name in said:
        if name not in fields:
            raise Refused(f"{cmd} has no field {shown(name)}{_listing(fields)}")
    return Command(cmd, {name: read(said.get(name)) for name, read in fields.items()})


def command_of(message: str | bytes) -> str | None:
    """Which command a refused message seems to be, to say so with the refusal."""
    if not isinstance(message, str) or len(message) > MAX_WHOLE:
        return None
    found = [cmd for cmd in _COMMANDS if f'"cmd":"{cmd}"' in message[:60].replace(" ", "")]
    return found[0] if found else None


def pack(header: Mapping[str, Any], payload: bytes | memoryview) -> bytes:
    """One binary message."""
    text = dumps(header).encode()
    text += b" " * (-len(text) % 4)
    return b"".join([len(text).to_bytes(4, "little"), text, payload])


def payload(parts: Sequence[tuple[str, NDArray[Any]]]) -> tuple[list[Any], bytes]:
    """The header's "parts" and the numbers themselves, as float32."""
    arrays = [(name, np.ascontiguousarray(values, "<f4")) for name, values in parts]
    described = [[name, list(values.shape)] for name, values in arrays]
    return described, b"".join(values.tobytes() for _, values in arrays)


def dumps(content: Mapping[str, Any]) -> str:
    """JSON, in which what is not finite is null."""
    try:
        return json.dumps(content, allow_nan=False, separators=(",", ":"))
    except ValueError:
        return json.dumps(_finite(content), allow_nan=False, separators=(",", ":"))


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(one) for key, one in value.items()}
    return [_finite(one) for one in value] if isinstance(value, list | tuple) else value


def _no_constant(name: str) -> Any:
    raise Refused(f"{name} is no number that JSON knows: send finite numbers")


def _int(text: str) -> int | float:
    return int(text) if len(text) < 20 else float(text)


def _listing(fields: Mapping[str, Any]) -> str:
    return f": {', '.join(fields)}" if fields else ": it has none"


Read = Callable[[Any], Any]


def _unless_null(read: Read) -> Read:
    return lambda value: None if value is None else read(value)


def _text(name: str, most: int) -> Read:
    def read(value: Any) -> str:
        if not isinstance(value, str):
            raise Refused(f"{name} must be a text, not {kind_of(value)}", name)
        if len(value) > most:
            raise Refused(f"{name} has {len(value):,} characters: at most {most:,}", name)
        return value

    return read


def _list(name: str, value: Any, least: int, most: int) -> list[Any]:
    if not isinstance(value, list):
        raise Refused(f"{name} must be a list, not {kind_of(value)}", name)
    if not least <= len(value) <= most:
        raise Refused(f"{name} must be {least} to {most:,}, not {len(value):,}", name)
    return value


def _points(value: Any) -> NDArray[np.float64]:
    read = number("inputs", -MAX_SIZE, MAX_SIZE)
    pairs = [_list("each point", pair, 2, 2) for pair in _list("inputs", value, 4, MAX_POINTS)]
    return np.array([[read(x) for x in pair] for pair in pairs], float)


def _targets(value: Any) -> NDArray[np.float64]:
    read = number("targets", -MAX_SIZE, MAX_SIZE)
    return np.array([read(one) for one in _list("targets", value, 4, MAX_POINTS)], float)


def _two_names(value: Any) -> tuple[str, str]:
    first, second = (_text("inputs", 1_000)(name) for name in _list("inputs", value, 2, 2))
    return first, second


def _config(value: Any) -> Config:
    return read_config({} if value is None else value)


_COMMANDS: dict[str, dict[str, Read]] = {
    "hello": {},
    "setup": {"config": _config},
    "run": {},
    "pause": {},
    "step": {"epochs": lambda v: 1 if v is None else whole("epochs", 1, MAX_EPOCHS)(v)},
    "reset": {},
    "speed": {"epochs_per_second": _unless_null(number("epochs_per_second", 0.1, 10_000))},
    "ack": {"seq": whole("seq", 0, 2**53)},
    "edit": {
        "network": whole("network", 0, MAX_NETWORKS - 1),
        "layer": whole("layer", 0, MAX_LAYERS),
        "from": _unless_null(whole("from", 0, MAX_UNITS - 1)),
        "to": whole("to", 0, MAX_UNITS - 1),
        "value": number("value", -MAX_SIZE, MAX_SIZE),
    },
    "points": {"inputs": _points, "targets": _targets},
    "csv": {
        "text": _text("text", MAX_CSV),
        "target": _unless_null(_text("target", 1_000)),
        "inputs": _unless_null(_two_names),
    },
    "unit": {
        "network": whole("network", 0, MAX_NETWORKS - 1),
        "layer": whole("layer", 0, MAX_LAYERS + 1),
        "unit": whole("unit", 0, MAX_UNITS - 1),
    },
    "code": {},
}
