"""`actscope list` and `actscope show`."""

from __future__ import annotations

import json
import math

import pytest

from actscope import catalogue
from actscope.cli import main


def _strict(text: str) -> object:
    """JSON as other languages read it: no NaN, no Infinity."""

    def refuse(word: str) -> float:
        raise AssertionError(word)

    return json.loads(text, parse_constant=refuse)


def test_list_names_every_activation(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    out, err = capsys.readouterr()
    listed = {line.split()[0] for line in out.splitlines() if line.strip()}
    assert set(catalogue.names()) <= listed
    assert err == ""


def test_list_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == 1
    assert [each["name"] for each in document["activations"]] == catalogue.names()
    assert "swish" in next(a for a in document["activations"] if a["name"] == "silu")["aliases"]


@pytest.mark.parametrize("name", catalogue.names())
def test_show_says_what_the_record_knows(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")  # a narrower table would fold the sentences
    record = catalogue.get(name)
    assert main(["show", name]) == 0
    out = capsys.readouterr().out
    words = " ".join(out.split())
    for expected in (record.formula, record.derivative, record.summary, record.reference):
        assert " ".join(expected.split()) in words
    assert f"gain for initial weights {record.gain:.6g}" in words
    for parameter in record.parameters.values():
        assert f"{parameter.name} = {parameter.value:g}" in words
    assert ("everywhere (no gradient passes at all)" in words) == record.step_like
    assert "certified" in words


def test_show_draws_the_function_and_its_slope(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "relu"]) == 0
    rows = [
        line for line in capsys.readouterr().out.splitlines() if any("⠀" < c <= "⣿" for c in line)
    ]
    assert len(rows) == 11
    # relu's slope jumps: its plot has dots at the top right, none at the top left
    assert "⣀⣀⣀⣀" in rows[0][-8:]


@pytest.mark.parametrize("width", [40, 60, 80])
def test_show_fits_a_narrow_screen(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    assert main(["show", "gelu"]) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= width


@pytest.mark.parametrize("name", ["silu", "step", "relu", "leaky_relu(negative_slope=0.2)"])
def test_show_json_has_every_fact_and_no_nan(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", name, "--json"]) == 0
    document = _strict(capsys.readouterr().out)
    record = catalogue.get(name)
    assert isinstance(document, dict)
    assert document["schema"] == 1
    assert document["label"] == record.label
    assert math.isclose(document["gain"], record.gain)
    assert [float(end) for end in document["range"]] == list(record.range)
    assert float(document["lipschitz"]) == record.lipschitz
    assert {k: v["value"] for k, v in document["parameters"].items()} == record.values
    assert document["certified"] == dict(record.certified)


def test_show_takes_an_alias(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "nn.SiLU"]) == 0
    assert capsys.readouterr().out.startswith("silu\n")
