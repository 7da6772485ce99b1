"""Names, aliases and parameters: from what people write to a record."""

from __future__ import annotations

import pickle
import subprocess
import sys

import pytest

from actscope import catalogue
from actscope.catalogue import Record
from actscope.catalogue._names import key, words
from actscope.catalogue.entries import ENTRIES
from actscope.errors import FormulaError, SettingError, UnknownActivation


def test_no_word_means_two_activations() -> None:
    owners: dict[str, str] = {}
    for entry in ENTRIES:
        for word in words(entry):
            assert owners.setdefault(key(word), entry.name) == entry.name


@pytest.mark.parametrize(
    ("spec", "label"),
    [
        ("silu", "silu"),
        ("swish", "silu"),
        ("SiLU", "silu"),
        ("nn.SiLU", "silu"),
        ("torch.nn.functional.hardswish", "hard_swish"),
        ("hard_silu", "hard_swish"),
        (" LeakyReLU ", "leaky_relu"),
        ("leaky-relu", "leaky_relu"),
        ("keras.activations.linear", "identity"),
        ("logistic", "sigmoid"),
        ("relu()", "relu"),
        ("leaky_relu(negative_slope=0.2)", "leaky_relu(negative_slope=0.2)"),
        ("nn.LeakyReLU( negative_slope = .20 )", "leaky_relu(negative_slope=0.2)"),
        ("leaky_relu(negative_slope=0.01)", "leaky_relu"),
        ("leaky_relu(negative_slope=1e-3)", "leaky_relu(negative_slope=0.001)"),
        ("elu(alpha=2)", "elu(alpha=2)"),
        ("elu(alpha=1)", "elu"),
    ],
)
def test_names_as_people_write_them(spec: str, label: str) -> None:
    record = catalogue.get(spec)
    assert record.label == label
    assert catalogue.get(record.label) is record
    assert catalogue.get(record) is record


def test_parameters_may_be_given_apart() -> None:
    assert catalogue.get("elu", alpha=0.5).label == "elu(alpha=0.5)"
    assert catalogue.get("elu(alpha=2)", alpha=0.5).label == "elu(alpha=0.5)"
    assert catalogue.get(catalogue.get("elu(alpha=2)"), alpha=1.0).label == "elu"
    assert catalogue.get("elu", alpha=0.5).parameters["alpha"].value == 0.5


@pytest.mark.parametrize(
    ("spec", "error", "said"),
    [
        ("gelo", UnknownActivation, "Did you mean 'gelu'"),
        ("nn.Relv", UnknownActivation, "'relu'"),
        ("qqqqqq", UnknownActivation, "`actscope list` shows all"),
        ("", UnknownActivation, "actscope list"),
        ("leaky_relu(slope=0.2)", SettingError, "has no parameter 'slope': it has negative_slope"),
        ("leaky_relu(negative_slop=0.2)", SettingError, "Did you mean 'negative_slope'"),
        ("leaky_relu(negative_slope=abc)", SettingError, "is not a number"),
        ("leaky_relu(negative_slope=nan)", SettingError, "a finite number"),
        ("leaky_relu(0.2)", SettingError, "write leaky_relu(negative_slope=0.5)"),
        ("elu(alpha=-1)", SettingError, "above 0"),
        ("elu(alpha=0)", SettingError, "above 0"),
        ("softplus(beta=inf)", SettingError, "finite"),
        ("relu(alpha=1)", SettingError, "relu has no parameters"),
        ("relu(", FormulaError, "cannot read"),
        ("relu)x", FormulaError, "cannot read"),
    ],
)
def test_a_mistake_is_one_clear_line(spec: str, error: type[Exception], said: str) -> None:
    with pytest.raises(error) as caught:
        catalogue.get(spec)
    assert said in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_wrong_type_is_said() -> None:
    with pytest.raises(SettingError, match="not int"):
        catalogue.get(3)  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="no parameter 'beta'"):
        catalogue.get("elu", beta=1.0)
    with pytest.raises(SettingError, match="not a number"):
        catalogue.get("elu", alpha="big")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("relu", ["relu"]),
        ("relu, leaky_relu(negative_slope=0.2)", ["relu", "leaky_relu(negative_slope=0.2)"]),
        ("a(b=1,c=2),d", ["a(b=1,c=2)", "d"]),
        ("relu,x*max(x, tanh(x))", ["relu", "x*max(x, tanh(x))"]),
    ],
)
def test_commas_split_only_outside_parentheses(text: str, items: list[str]) -> None:
    assert catalogue.split(text) == items


@pytest.mark.parametrize("text", ["", "  ", "relu,", ",relu", "relu,,tanh"])
def test_an_empty_item_is_refused(text: str) -> None:
    with pytest.raises(SettingError, match="empty"):
        catalogue.split(text)


@pytest.mark.parametrize("spec", [*catalogue.names(), "leaky_relu(negative_slope=0.2)"])
def test_a_record_is_hashable_and_survives_pickling(spec: str) -> None:
    record = catalogue.get(spec)
    record(1.0)  # fills what is cached
    again: Record = pickle.loads(pickle.dumps(record))
    assert again == record
    assert hash(again) == hash(record)
    assert again(0.5) == record(0.5)


def test_every_record_is_complete() -> None:
    for name in catalogue.names():
        record = catalogue.get(name)
        assert record.summary.endswith(".")
        assert record.reference
        assert all(p.meaning and p.name == key for key, p in record.parameters.items())
        with pytest.raises(TypeError):
            record.parameters["new"] = 1  # type: ignore[index]


def test_importing_and_looking_up_loads_nothing_heavy() -> None:
    code = (
        "import sys; from actscope import catalogue; catalogue.get('silu'); catalogue.names();"
        "print(*[m for m in ('numpy', 'torch', 'sympy', 'flint', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize("spec", ["hard_tanh(min_val=1, max_val=-1)", "rrelu(lower=0.5,upper=0.1)"])
def test_parameters_that_contradict_each_other_are_refused(spec: str) -> None:
    with pytest.raises(SettingError, match="must be below"):
        catalogue.get(spec)
