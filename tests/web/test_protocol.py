"""Messages in, frames out."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actscope.web._config import Refused
from actscope.web._protocol import dumps, pack, parse, payload

# Name of the sender's intent -> what it sends, and a part of the line it gets.
HOSTILE: dict[str, tuple[str | bytes, str]] = {
    "huge": ('{"cmd":"run","pad":"' + "a" * 100_000 + '"}', "too long: at most 65,536"),
    "gigantic": ('{"cmd":"csv","text":"' + "a" * 5_000_000 + '"}', "too long"),
    "csv over its bound": (json.dumps({"cmd": "csv", "text": "1,2\n" * 600_000}), "at most 2,097,"),
    "not JSON": ("GET / HTTP/1.1", "must be JSON"),
    "no object": ("[1]", "not a list"),
    "nested deep": ("[" * 60_000 + "]" * 60_000, "nested so deep"),
    "NaN": ('{"cmd":"setup","config":{"noise":NaN}}', "NaN is no number"),
    "Infinity": ('{"cmd":"edit","value":-Infinity}', "-Infinity is no number"),
    "overflowing": ('{"cmd":"setup","config":{"noise":1e999}}', "must be a number"),
    "an int of a thousand digits": (
        '{"cmd":"setup","config":{"seed":' + "9" * 1000 + "}}",
        "must be a whole number",
    ),
    "no command": ("{}", "cmd must be one of"),
    "unknown command": ('{"cmd":"shell"}', "cmd must be one of"),
    "a command of a wrong type": ('{"cmd":["run"]}', "cmd must be one of"),
    "an unknown field": ('{"cmd":"run","file":"/etc/passwd"}', "no field 'file'"),
    "negative units": ('{"cmd":"setup","config":{"hidden":[-4]}}', "1 to 16, not -4"),
    "10^9 epochs": ('{"cmd":"step","epochs":1000000000}', "epochs must be 1 to 1,000"),
    "a speed of zero": ('{"cmd":"speed","epochs_per_second":0}', "0.1 to 10000"),
    "wrong types": ('{"cmd":"points","inputs":"all","targets":1}', "must be a list, not a text"),
    "points of three": (
        '{"cmd":"points","inputs":[[1,2,3],[1,2],[1,2],[1,2]],"targets":[0,0,1,1]}',
        "each point",
    ),
    "too many points": (
        json.dumps({"cmd": "points", "inputs": [[1, 2]] * 2001, "targets": [0] * 2001}),
        "4 to 2,000",
    ),
    "binary": (b"\x00\xff", "not binary"),
    "no edit": ('{"cmd":"edit"}', "network must be a whole number, not null"),
}


@pytest.mark.parametrize("intent", HOSTILE)
def test_hostile_messages_get_one_clear_line(intent: str) -> None:
    message, says = HOSTILE[intent]
    with pytest.raises(Refused) as caught:
        parse(message)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_commands_with_their_defaults() -> None:
    assert parse('{"cmd":"step"}').values == {"epochs": 1}
    assert parse('{"cmd":"speed"}').values == {"epochs_per_second": None}
    assert parse('{"cmd":"ack","seq":7}').values == {"seq": 7}
    found = parse('{"cmd":"edit","network":1,"layer":0,"from":null,"to":2,"value":-1.5}')
    assert found.values == {"network": 1, "layer": 0, "from": None, "to": 2, "value": -1.5}
    points = parse('{"cmd":"points","inputs":[[0,1],[2,3],[4,5],[6,7]],"targets":[0,1,0,1]}')
    assert points.values["inputs"].tolist() == [[0, 1], [2, 3], [4, 5], [6, 7]]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
COMMANDS = ["setup", "step", "speed", "ack", "edit", "points", "csv", "unit", "hello", "run"]
NAMES = ["config", "epochs", "seq", "network", "layer", "from", "to", "value", "inputs", "targets",
         "text", "target", "unit", "epochs_per_second"]  # fmt: skip


@given(st.sampled_from(COMMANDS), st.dictionaries(st.sampled_from(NAMES), JSON, max_size=5))
def test_whatever_comes_is_a_command_or_refused(cmd: str, fields: dict[str, Any]) -> None:
    said = ""
    try:
        parse(json.dumps({"cmd": cmd, **fields}))
    except Refused as error:
        said = str(error)
    assert "\n" not in said


@given(st.text() | st.binary())
def test_noise_is_refused(message: str | bytes) -> None:
    with pytest.raises(Refused):
        parse(message)


@given(st.text(max_size=30), st.integers(1, 3), st.integers(0, 5))
def test_a_frame_can_be_taken_apart_again(text: str, rows: int, columns: int) -> None:
    first = np.arange(rows * columns, dtype=float).reshape(rows, columns) / 7
    parts, numbers = payload([("first", first), ("second", first.T + 1)])
    message = pack({"text": text, "parts": parts}, numbers)
    length = int.from_bytes(message[:4], "little")
    assert (4 + length) % 4 == 0
    header = json.loads(message[4 : 4 + length])
    assert header["text"] == text
    values = np.frombuffer(message[4 + length :], "<f4")
    assert header["parts"] == [["first", [rows, columns]], ["second", [columns, rows]]]
    expected = np.concatenate([first.ravel(), (first.T + 1).ravel()])
    np.testing.assert_allclose(values, expected, rtol=1e-6)


def test_json_has_no_nan() -> None:
    text = dumps({"losses": [[float("nan"), 1.0], (float("inf"), "NaN")], "n": 3})
    assert json.loads(text) == {"losses": [[None, 1.0], [None, "NaN"]], "n": 3}
