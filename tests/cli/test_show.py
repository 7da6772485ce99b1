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
    assert set(catalogue.names("all")) <= listed
    assert err == ""


def test_list_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == 1
    assert [each["name"] for each in document["activations"]] == catalogue.names("all")
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
    assert ("certified" in words) == any(record.certified.values())
    assert ("Where libraries differ" in words) == bool(record.differs)
    assert " ".join(record.differs.split()) in words
    assert ("no gain keeps" in words) == (abs(record.variance_slope) > 1 + 1e-3)
    assert ("stay steady" in words) == (abs(record.variance_slope) < 1 - 1e-3)


@pytest.mark.parametrize("name", [*catalogue.names("gated"), *catalogue.names("vector")])
def test_gated_and_vector_cards(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    record = catalogue.get(name)
    assert main(["show", name]) == 0
    words = " ".join(capsys.readouterr().out.split())
    for expected in (record.formula, record.summary, record.reference, record.differs):
        assert " ".join(expected.split()) in words
    assert main(["show", name, "--json"]) == 0
    document = _strict(capsys.readouterr().out)
    assert isinstance(document, dict)
    assert document["kind"] == record.kind
    assert document["family"] == record.family
    assert ("gate" in document) == (record.kind == "gated")


def test_list_groups_families_and_fits_80_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    position = {line.split()[0]: i for i, line in reversed(list(enumerate(lines))) if line.strip()}
    records = [catalogue.get(name) for name in catalogue.names("all")]
    for family in {record.family for record in records}:
        heading = next(i for i, line in enumerate(lines) if line.strip() == family.upper())
        own = [position[r.name] for r in records if r.family == family]
        assert own == list(range(heading + 1, heading + 1 + len(own)))  # one line each


def test_list_of_one_family(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--family", "Sigmoidal", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    listed = [each["name"] for each in document["activations"]]
    assert "tanh" in listed
    assert "relu" not in listed
    assert main(["list", "--family", "sigmodal"]) == 2
    assert "Did you mean 'sigmoidal'?" in capsys.readouterr().err


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
