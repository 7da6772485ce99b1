"""Functions of a user's own: defined under a name, or given as a formula."""

from __future__ import annotations

import json
import math
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import actscope as act
from actscope import catalogue
from actscope.catalogue import _analysis, _facts, _names, _records, formula
from actscope.errors import FormulaError, SettingError, UnknownActivation


@pytest.fixture(autouse=True)
def nothing_stays_defined() -> Iterator[None]:
    before = dict(_names.DEFINED)
    yield
    _names.DEFINED.clear()
    _names.DEFINED.update(before)


@pytest.fixture
def unanalysed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every formula gets the facts of relu, at once: for tests that ask for none."""
    facts = _facts.from_json(_facts.stored()["relu"])
    monkeypatch.setattr(_analysis, "analyse", lambda *_: facts)
    monkeypatch.setattr(_records, "_RECORDS", dict(_records._RECORDS))


def test_a_definition_has_a_whole_record() -> None:
    mine = act.define("mine", "x*sigmoid( beta*x )", beta=act.Learned(1.0))
    swish = act.get("silu")  # an independent derivation of the same function, committed
    assert mine.formula == "x * sigmoid(beta * x)"
    assert (mine.name, mine.label, mine.family, mine.kind) == ("mine", "mine", "own", "elementwise")
    assert mine.gain == pytest.approx(swish.gain, rel=1e-12)
    assert mine.range == pytest.approx(swish.range)
    assert mine.certified["gain"]
    assert mine.parameters["beta"].learned
    assert mine.summary.endswith(".")
    assert mine.reference
    for x in np.linspace(-5, 5, 21):
        assert mine(float(x)) == pytest.approx(x / (1 + math.exp(-x)))
        assert mine.slope(float(x)) == pytest.approx(swish.slope(float(x)))
    again: Any = pickle.loads(pickle.dumps(mine))
    assert again == mine
    assert again(0.5) == mine(0.5)


@pytest.mark.usefixtures("unanalysed")
def test_it_is_found_by_its_name_however_written() -> None:
    mine = act.define("my_own", "x * tanh(b * x)", b=0.5)
    assert act.names()[-1] == "my_own"
    assert act.get("my_own") is act.get("MyOwn") is act.get("my-own()") is mine
    twice = act.get("my_own(b=2)")
    assert twice.label == "my_own(b=2)"
    assert twice(1.0) == pytest.approx(math.tanh(2))
    assert act.get("my_own", b=2.0) is act.get(mine, b=2) is twice
    with pytest.raises(SettingError, match="has no parameter 'c': it has b"):
        act.get("my_own(c=2)")
    with pytest.raises(UnknownActivation, match="Did you mean 'my_own'"):
        act.get("my_owm")


@pytest.mark.usefixtures("unanalysed")
def test_defining_anew_takes_the_place_and_the_same_changes_nothing() -> None:
    first = act.define("mine", "x * tanh(x)")
    assert act.define("mine", "x*tanh(x)") is first
    second = act.define("mine", "x * relu(x)")
    assert act.get("mine") is second
    assert act.names().count("mine") == 1
    assert second(2.0) == 4.0
    assert first(2.0) == pytest.approx(2 * math.tanh(2))  # the old record stays what it was
    assert act.define("mine", "x * tanh(x)") == first
    other = act.define("mine", "x * tanh(b * x)", b=2.0)
    assert act.define("mine", "x * tanh(b * x)", b=3.0) != other
    assert act.get("mine").parameters["b"].value == 3.0


@pytest.mark.usefixtures("unanalysed")
def test_a_definition_that_fails_leaves_the_earlier_one(monkeypatch: pytest.MonkeyPatch) -> None:
    first = act.define("mine", "x * tanh(x)")
    for wrong in ("x *", "log(x)", "0 * x"):
        with pytest.raises(FormulaError):
            act.define("mine", wrong)
    monkeypatch.setattr(_analysis, "analyse", _analysis_fails)
    with pytest.raises(FormulaError, match="too long"):
        act.define("mine", "x * atan(x + 0.625)")
    assert act.get("mine") is first


def _analysis_fails(*_: Any) -> Any:
    raise FormulaError("it takes too long")


@pytest.mark.usefixtures("unanalysed")
def test_an_old_record_is_not_taken_for_the_new_function() -> None:
    old = act.define("mine", "x * tanh(b * x)", b=1.0)
    act.define("mine", "x * sigmoid(b * x)", b=1.0)
    with pytest.raises(SettingError, match="defined anew"):
        act.get(old, b=2.0)


@pytest.mark.usefixtures("unanalysed")
def test_it_can_be_forgotten() -> None:
    act.define("mine", "x * tanh(x)")
    catalogue.forget("Mine")
    assert "mine" not in act.names()
    with pytest.raises(UnknownActivation, match="nothing to forget"):
        catalogue.forget("mine")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("relu", "is relu of the catalogue"),
        ("Swish", "is silu of the catalogue"),
        ("hardtanh", "of the catalogue"),
        ("softmax", "of the catalogue"),
        ("expm1", "word of the formula language"),
        ("Max", "word of the formula language"),
        ("where", "word of the formula language"),
        ("x", "word of the formula language"),
        ("pi", "word of the formula language"),
        ("a b", "cannot be the name"),
        ("2x", "cannot be the name"),
        ("", "cannot be the name"),
        ("_hidden", "cannot be the name"),
        ("__class__", "cannot be the name"),
        ("lambda", "cannot be the name"),
        ("größe", "cannot be the name"),
        ("a" * 41, "cannot be the name"),
        ("a\nb", "cannot be the name"),
        ("x*tanh(x)", "cannot be the name"),
        (3, "is a text, not int"),
    ],
)
def test_a_name_that_cannot_be_used_is_said(name: Any, said: str) -> None:
    with pytest.raises(SettingError, match=said) as caught:
        act.define(name, "x * tanh(x)")
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("parameters", "error", "said"),
    [
        ({"x": 1.0}, SettingError, "has a meaning already"),
        ({"pi": 1.0}, SettingError, "has a meaning already"),
        ({"tanh": 1.0}, SettingError, "has a meaning already"),
        ({"where": 1.0}, SettingError, "has a meaning already"),
        ({"lambda": 1.0}, SettingError, "cannot be the name of a parameter"),
        ({"_b": 1.0}, SettingError, "cannot be the name of a parameter"),
        ({"b": "1"}, SettingError, "number or Learned"),
        ({"b": None}, SettingError, "number or Learned"),
        ({"b": True}, SettingError, "not bool"),
        ({"b": act.Learned("1")}, SettingError, "not str"),  # type: ignore[arg-type]
        ({"b": math.nan}, SettingError, "between 0.001 and 1000"),
        ({"b": math.inf}, SettingError, "between 0.001 and 1000"),
        ({"b": -1e9}, SettingError, "between 0.001 and 1000"),
        ({"b": 1e-9}, SettingError, "between 0.001 and 1000"),
        ({"b": 10**5000}, SettingError, "between 0.001 and 1000"),
        ({"b": 1.0, "c": 2.0}, FormulaError, "does not use the parameter c"),
        ({"c": 2.0}, FormulaError, "unknown name 'b'"),
        ({"b": 0.0}, FormulaError, "the same for every x"),
    ],
)
def test_a_parameter_that_cannot_be_used_is_said(
    parameters: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said) as caught:
        act.define("mine", "tanh(b * x)", **parameters)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("value", [0.5, 1, Fraction(1, 2), np.float32(0.25), np.int64(3), -2.5])
@pytest.mark.usefixtures("unanalysed")
def test_numbers_of_any_kind_are_parameters(value: Any) -> None:
    mine = act.define("mine", "tanh(b * x)", b=value)
    assert mine.parameters["b"].value == float(value)
    assert type(mine.parameters["b"].value) is float
    assert mine(0.5) == pytest.approx(math.tanh(float(value) / 2))


@pytest.mark.parametrize(
    ("text", "x"),
    [
        ("1 / x", "0"),
        ("log(x)", "0"),
        ("sqrt(x)", "-1"),
        ("sqrt(x + 0.45)", "-1"),
        ("x^0.5 + 0", "-1"),
        ("1 / (x - 2.35)", "2.35"),
        ("1 / (x + 0.0625)", "-0.0625"),
        ("exp(exp(x))", "7"),
    ],
)
def test_a_value_that_is_missing_is_said_with_its_place(text: str, x: str) -> None:
    with pytest.raises(FormulaError, match=rf"has no finite value at x = {x}: .* guard"):
        act.define("mine", text)


# --- formulas without a name


@pytest.mark.parametrize(
    ("text", "label", "same"),
    [
        ("x*tanh(exp(x))", "x * tanh(exp(x))", lambda x: x * math.tanh(math.exp(x))),
        ("tanh(x)", "tanh(x)", math.tanh),
        ("softplus(2*x)", "softplus(2 * x)", lambda x: math.log1p(math.exp(2 * x))),
        ("ReLU(x)**2", "relu(x)^2", lambda x: max(x, 0) ** 2),
        ("x*silu(x)", "x * silu(x)", lambda x: x * x / (1 + math.exp(-x))),
        ("gelu(x) - 0.1*x", "gelu(x) - 0.1 * x",
         lambda x: x * math.erfc(-x / math.sqrt(2)) / 2 - 0.1 * x),
        ("leaky_relu(x)", "leaky_relu(x)", lambda x: x if x > 0 else 0.01 * x),
        ("swish(leaky-1)".replace("leaky", "x"), "silu(x - 1)",
         lambda x: (x - 1) / (1 + math.exp(1 - x))),
        ("x", "x", lambda x: x),
        ("-x", "-x", lambda x: -x),
        ("x-1", "x - 1", lambda x: x - 1),
        ("max(0, x)", "max(0, x)", lambda x: max(0, x)),
        ("x + 1e-60 + 1e-99", f"x + 0.{'0' * 59}1 + 0.{'0' * 98}1", lambda x: x),
        ("min(1e99, x)", f"min(1{'0' * 99}, x)", lambda x: x),
        ("where(x>=0, x, -2*x)", "where(x >= 0, x, -2 * x)", lambda x: x if x >= 0 else -2 * x),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("unanalysed")
def test_a_formula_is_an_activation(text: str, label: str, same: Any) -> None:
    record = act.get(text)
    assert record.label == record.name == label
    assert act.get(label) is record
    assert act.get(f"  {text} ") is record
    for x in (-3.0, -0.5, 0.25, 2.0):
        assert record(x) == pytest.approx(same(x), rel=1e-12, abs=1e-15)
    assert label not in act.names()


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("gelo(x)", FormulaError, "Did you mean 'gelu'"),
        ("x * relu", FormulaError, r"write relu\(x\)"),
        ("leaky_relu(x, 0.2)", FormulaError, "its parameters are at their defaults"),
        ("x * elu(alpha=2)", FormulaError, r"'=' means nothing here.* \(character 14\)"),
        ("x*beta", FormulaError, r"unknown name 'beta'.*act\.define"),
        ("2x", FormulaError, r"write \* between factors \(character 2\)"),
        ("gelo(alpha=2)", UnknownActivation, "Did you mean 'gelu'"),
        ("leaky-relv", UnknownActivation, "Did you mean 'leaky_relu'"),
        ("a" * 1000, UnknownActivation, "a…'. `actscope list`"),
    ],
)
def test_a_mistake_in_a_formula_is_one_clear_line(
    text: str, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said) as caught:
        act.get(text)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.usefixtures("unanalysed")
def test_an_own_function_inside_a_formula_is_refused_by_name() -> None:
    act.define("mine", "x * tanh(x)")
    with pytest.raises(FormulaError, match="'mine' is a function of your own: write out"):
        act.get("mine(x)^2")


@pytest.mark.parametrize("name", catalogue.names())
def test_every_activation_may_be_called_in_a_formula(name: str) -> None:
    record = act.get(name)
    tree = formula.parse(f"{name}(x - 0.3) + x")
    for x in (-2.0, -0.1, 0.4, 1.7):
        assert formula.at(tree, x) == pytest.approx(record(x - 0.3) + x, rel=1e-9, abs=1e-12)


# --- the process that analyses


def test_the_analysis_has_a_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_analysis, "SECONDS", 0.01)
    with pytest.raises(FormulaError, match=r"cannot analyse 'x \* atan\(.*longer than 0.01 sec"):
        act.get("x * atan(x + 0.125)")
    monkeypatch.undo()
    assert act.get("x * atan(x + 0.125)").monotonic is False  # a failure is not remembered


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such limit")
def test_the_analysis_has_a_memory_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_analysis, "MEMORY", 1 << 20)
    with pytest.raises(
        FormulaError, match=r"'x \* atan\(x \+ 0.375\)': it needs more than .* memory"
    ):
        act.get("x * atan(x + 0.375)")


def test_what_the_analysis_ends_in_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_analysis, "_START", "raise OverflowError('too\\nlarge')")
    with pytest.raises(FormulaError, match=r"cannot analyse 'x \+ atan") as caught:
        act.get("x + atan(x + 0.25)")
    assert len(str(caught.value).splitlines()) == 1
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with pytest.raises(FormulaError, match="cannot be started: No such file"):
        act.get("x + atan(x + 0.25)")
    monkeypatch.setattr(sys, "executable", "")
    with pytest.raises(FormulaError, match="does not know its Python"):
        act.get("x + atan(x + 0.25)")


def test_the_analysis_works_from_anywhere_and_hears_nothing_of_the_environment(
    tmp_path: Path,
) -> None:
    """A copy of actscope by a path given in the program only, in a folder full of traps."""
    for name in ("json", "random", "subprocess", "flint"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('shadowed')\n")
    source = tmp_path / "copy"
    shutil.copytree(Path(act.__file__).parent, source / "actscope")
    worker = source / "actscope" / "catalogue" / "_worker.py"
    worker.write_text(worker.read_text().replace("to_json(facts)", "{**to_json(facts), 'mean': 7}"))
    code = (
        f"import sys; sys.path.insert(0, {str(source)!r}); import os, actscope as act; "
        f"os.chdir({str(tmp_path)!r}); sys.path.remove({str(source)!r}); "
        "record = act.get('x * atan(x)'); "
        "print(record.range, record.mean)"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONSTARTUP": "/no"}
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, env=environment,
        cwd=tmp_path,
    )  # fmt: skip
    assert done.stdout.strip() == "(0.0, inf) 7.0", done.stderr  # the copy's own worker


@pytest.mark.parametrize(
    ("text", "limits"),
    [("2^x", (0.0, math.inf)), ("0.5^x - 1", (math.inf, -1.0))],
)
def test_exponents_that_grow_without_end_are_analysed(
    text: str, limits: tuple[float, float]
) -> None:
    assert act.get(text).limits == limits


def test_facts_from_the_other_process_are_those_of_this_one() -> None:
    from actscope.catalogue._derive import derive
    from actscope.catalogue._facts import disagreements

    text, values = "x * tanh(b * x) + abs(x)", (("b", 0.75),)
    assert disagreements(_analysis.analyse(text, values), derive(text, values)) == []


# --- definitions as documents


@pytest.mark.parametrize("spec", ["mine", "mine(b=2)", "relu(x)^2"])
@pytest.mark.usefixtures("unanalysed")
def test_a_definition_survives_as_json(spec: str) -> None:
    act.define("mine", "x * tanh(b * x) + c", b=act.Learned(0.5), c=-1.0)
    record = act.get(spec)
    assert catalogue.is_own(record)
    document = json.loads(json.dumps(catalogue.to_definition(record)))
    catalogue.forget("mine")
    again = catalogue.from_definition(document)
    assert again.formula == record.formula
    assert dict(again.values) == dict(record.values)
    assert [p.learned for p in again.parameters.values()] == [
        p.learned for p in record.parameters.values()
    ]
    assert "mine" not in act.names()
    assert not catalogue.is_own(act.get("relu"))


@pytest.mark.parametrize(
    "document",
    [
        {"name": None, "formula": "__import__('os')", "parameters": {}},
        {"name": None, "formula": 3, "parameters": {}},
        {"name": "a.b", "formula": "x*tanh(x)", "parameters": {}},
        {"name": "n", "formula": "x*b", "parameters": {"b": {"value": 1e99, "learned": False}}},
        {"name": "n", "formula": "x*b", "parameters": {"b": {"value": "1", "learned": True}}},
    ],
)
def test_a_document_is_checked_like_what_is_typed(document: dict[str, Any]) -> None:
    with pytest.raises((FormulaError, SettingError)):
        catalogue.from_definition(document)
