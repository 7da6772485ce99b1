"""The formula language against an oracle that shares nothing with it.

The oracle reads a formula with Python's own parser and evaluates it with mpmath at 50 digits.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from actscope.catalogue import formula
from actscope.catalogue._extremes import over
from actscope.catalogue._interval import Interval, exact
from actscope.catalogue._pieces import mirrored, pieces
from actscope.catalogue._tree import Call
from actscope.errors import FormulaError

_NAMES: dict[str, Any] = {
    "exp": mp.exp,
    "expm1": mp.expm1,
    "log": mp.log,
    "log1p": mp.log1p,
    "sqrt": mp.sqrt,
    "sigmoid": lambda u: 1 / (1 + mp.exp(-u)),
    "softplus": lambda u: mp.log1p(mp.exp(u)),
    "tanh": mp.tanh,
    "sinh": mp.sinh,
    "cosh": mp.cosh,
    "sech": mp.sech,
    "asinh": mp.asinh,
    "atan": mp.atan,
    "sin": mp.sin,
    "cos": mp.cos,
    "erf": mp.erf,
    "normal_cdf": mp.ncdf,
    "normal_pdf": mp.npdf,
    "abs": abs,
    "sign": mp.sign,
    "max": max,
    "min": min,
    "clip": lambda u, low, high: min(max(u, low), high),
    "where": lambda condition, yes, no: yes if condition else no,
    "pi": mp.pi,
}


def oracle(text: str) -> Callable[[Any], Any]:
    """A formula as a function in 50-digit arithmetic."""
    code = compile(_exact(text).replace("^", "**"), "formula", "eval")

    def value(x: Any) -> Any:
        with mp.workdps(50):
            return eval(code, {**_NAMES, "mpf": mp.mpf}, {"x": mp.mpf(x)}) + mp.mpf(0)

    return value


def _exact(text: str) -> str:
    return re.sub(r"(?<![\w.])(\d+\.?\d*(?:[eE][+-]?\d+)?)", r"mpf('\1')", text)


_UNARY = [name for name in _NAMES if name not in ("max", "min", "clip", "where", "pi")]
_LEAVES = st.sampled_from(["x", "x", "x", "1", "2", "0.5", "3", "pi", "0.01"])


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.tuples(inner, inner)
    return st.one_of(
        st.tuples(st.sampled_from(_UNARY), inner).map(lambda p: f"{p[0]}({p[1]})"),
        st.tuples(st.sampled_from("+-*/"), pairs).map(lambda p: f"({p[1][0]}) {p[0]} ({p[1][1]})"),
        pairs.map(lambda p: f"{p[0]} - {p[1]}" if "-" not in p[1] else f"{p[0]} + {p[1]}"),
        inner.map(lambda p: f"-({p})"),
        st.tuples(inner, st.sampled_from(["2", "3"])).map(lambda p: f"({p[0]})^{p[1]}"),
        st.tuples(st.sampled_from(["max", "min"]), pairs).map(
            lambda p: f"{p[0]}({p[1][0]}, {p[1][1]})"
        ),
        st.tuples(st.sampled_from(["<", "<=", ">", ">="]), pairs, pairs).map(
            lambda p: f"where({p[1][0]} {p[0]} {p[1][1]}, {p[2][0]}, {p[2][1]})"
        ),
    )


FORMULAS = st.recursive(_LEAVES, _grown, max_leaves=6)


def known(value: Any) -> bool:
    """Whether an oracle's answer is a real number of ordinary size."""
    return isinstance(value, mp.mpf) and bool(mp.isfinite(value)) and abs(value) < mp.mpf(10) ** 9


POINTS = st.fractions(min_value=-6, max_value=6, max_denominator=64)
# Derandomised: a run in CI repeats. To look further: max_examples=1500, derandomize=False.
quick = settings(max_examples=150, deadline=None, derandomize=True)


def _oracle_at(text: str, x: Fraction) -> Any:
    try:
        with mp.workdps(50):
            value = oracle(text)(mp.mpf(x.numerator) / x.denominator)
    except (ZeroDivisionError, TypeError, ValueError, OverflowError):
        value = None
    assume(known(value))
    return value


# --- reading and writing


@quick
@given(FORMULAS, POINTS)
def test_a_formula_means_what_python_and_mpmath_say(text: str, x: Fraction) -> None:
    expected = _oracle_at(text, x)
    got = over(formula.parse(text), exact(x))
    assert got.low <= _arb(expected, up=True)
    assert got.high >= _arb(expected, up=False)


def _arb(value: Any, up: bool) -> Any:
    """mpmath's 50 digits as a bound that allows for its own rounding."""
    from flint import arb, ctx

    slack = abs(value) * mp.mpf(10) ** -30 + mp.mpf(10) ** -30
    with mp.workdps(50), ctx.workprec(192):
        return arb(mp.nstr(value + slack if up else value - slack, 45)).mid()


@quick
@given(FORMULAS)
@example("-x^2")
@example("2 - (3 - x)")
@example("x / (2 / x)")
@example("(-x)^2")
@example("-(x - 1)")
def test_text_reads_back_as_the_same_formula(text: str) -> None:
    tree = formula.parse(text)
    again = formula.parse(formula.text(tree))
    tidied = (formula.text(formula.bind(each, {})) for each in (tree, again))
    assert len(set(tidied)) == 1 or "/ 0" in formula.text(formula.bind(tree, {}))


@quick
@given(FORMULAS, POINTS)
@example("x - (1 - x)", Fraction(3))
@example("1 / (x / 3)", Fraction(3))
@example("(2 * x) / (4 * x)", Fraction(3))
@example("(x^2)^3 / x", Fraction(-2))
def test_text_and_tidying_keep_the_value(text: str, x: Fraction) -> None:
    expected = _oracle_at(text, x)
    for tree in (formula.parse(text), formula.bind(formula.parse(text), {})):
        value = _oracle_at(formula.text(tree), x)
        assert mp.almosteq(value, expected, rel_eps=1e-20, abs_eps=1e-20)
        stable = _oracle_at(formula.text(formula.stable(tree)), x)
        assert mp.almosteq(stable, expected, rel_eps=1e-20, abs_eps=1e-20)


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("x *", 4, "the end"),
        ("x * sgmoid(x)", 5, "Did you mean 'sigmoid'?"),
        ("2 + alpha", 5, "Known: x, pi"),
        ("x $ 2", 3, "'$' means nothing here"),
        ("", 1, "an empty formula"),
        ("max(x)", 1, "takes 2 argument(s), not 1"),
        ("where(x, 1, 2)", 8, "needs a comparison"),
        ("where(x > 0, 1)", 15, "expected ','"),
        ("x > 0", 3, "not expected"),
        ("(((x", 5, "expected ')'"),
        ("__import__('os').system('id')", 12, "means nothing"),
        ("x.real", 2, "means nothing"),
        ("x x", 3, "not expected"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place(text: str, place: int, said: str) -> None:
    with pytest.raises(FormulaError) as caught:
        formula.parse(text)
    message = str(caught.value)
    assert said in message
    assert f"(character {place})" in message
    assert "\n" not in message


@pytest.mark.parametrize("text", ["(" * 500 + "x" + ")" * 500, "-" * 500 + "x", "x" * 3000])
def test_a_hostile_formula_is_refused_not_recursed_into(text: str) -> None:
    with pytest.raises(FormulaError, match=r"deeper|too long|unknown"):
        formula.parse(text)


@quick
@given(st.text(max_size=40))
def test_any_text_is_a_tree_or_a_formula_error(text: str) -> None:
    try:
        formula.parse(text)
    except FormulaError as error:
        assert len(str(error).splitlines()) == 1  # noqa: PT017


# --- derivatives


@quick
@given(FORMULAS, POINTS)
@example("sin(x) / (2 + x^2)", Fraction(1))
@example("1 / (1 + exp(x))", Fraction(-1))
@example("exp(x)^sin(x)", Fraction(1))
@example("sinh(x) * tanh(3 * x) * x", Fraction(1, 2))
def test_the_derivative_is_the_slope(text: str, x: Fraction) -> None:
    f = oracle(text)
    point = mp.mpf(x.numerator) / x.denominator + mp.mpf("0.0137")  # off the kinks, nearly always
    step = mp.mpf(10) ** -12
    values: list[Any] = [None]
    try:
        with mp.workdps(50):
            values = [f(point + k * step) for k in (-1, 0, 1)]
            values.append(oracle(formula.text(formula.differentiate(formula.parse(text))))(point))
    except (ZeroDivisionError, TypeError, ValueError, OverflowError):
        pass
    assume(all(map(known, values)))
    left, here, right, slope = values
    one_sided = (right - here) / step, (here - left) / step
    assume(abs(one_sided[0] - one_sided[1]) < 1e-3)  # no kink, no jump, no pole at the point
    scale = 1 + abs(slope) + abs(here)
    assert abs((right - left) / (2 * step) - slope) < 1e-6 * scale


@pytest.mark.parametrize(
    ("text", "slope"),
    [
        ("x * sigmoid(x)", "sigmoid(x) + x * sigmoid(x) * (1 - sigmoid(x))"),
        ("x * normal_cdf(x)", "normal_cdf(x) + x * normal_pdf(x)"),
        ("where(x > 0, x, 0)", "where(x > 0, 1, 0)"),
        ("x * (x + 3) / 6", "(2 * x + 3) / 6"),
        ("x^3", "3 * x^2"),
        ("2 - 0.5", "0"),
    ],
)
def test_derivatives_are_readable(text: str, slope: str) -> None:
    assert formula.text(formula.differentiate(formula.parse(text))) == slope


def test_latex_matches_what_a_person_writes() -> None:
    tree = formula.parse("where(x > 0, x, alpha * expm1(x / alpha))", ("alpha",))
    assert formula.latex(tree) == (
        r"\begin{cases} x & x > 0 \\ \alpha \, \left(e^{\frac{x}{\alpha}} - 1\right)"
        r" & \text{otherwise} \end{cases}"
    )
    assert formula.latex(formula.parse("a_b * x", ("a_b",))) == r"\mathrm{a\_b} \, x"
    named = formula.parse("omega + lambd + p1 + q_12", ("omega", "lambd", "p1", "q_12"))
    assert formula.latex(named) == r"\omega + \lambda + p_{1} + q_{12}"


@quick
@given(FORMULAS)
def test_latex_brackets_balance(text: str) -> None:
    written = formula.latex(formula.parse(text))
    assert written.count("{") == written.count("}")
    assert written.count(r"\left") == written.count(r"\right")


# --- evaluation


@quick
@given(FORMULAS, POINTS, st.fractions(min_value=0, max_value=3), st.floats(0, 1))
def test_an_interval_contains_every_value(
    text: str, low: Fraction, width: Fraction, share: float
) -> None:
    x = low + width * Fraction(share)
    expected = _oracle_at(text, x)
    box = over(formula.parse(text), Interval(exact(low).low, exact(low + width).high))
    assert box.low <= _arb(expected, up=True)
    assert box.high >= _arb(expected, up=False)


@quick
@given(FORMULAS, POINTS)
def test_pieces_hold_between_their_breakpoints(text: str, x: Fraction) -> None:
    expected = _oracle_at(text, x)
    parts = [p for p in pieces(formula.parse(text)) if p.exact]
    inside = [p for p in parts if (p.low is None or p.low < x) and (p.high is None or x < p.high)]
    for part in inside:
        value = over(part.value, exact(x))
        assert value.low <= _arb(expected, up=True)
        assert value.high >= _arb(expected, up=False)


@quick
@given(FORMULAS, POINTS)
def test_floats_and_arrays_agree_with_fifty_digits(text: str, x: Fraction) -> None:
    tree = formula.parse(text)
    expected = _oracle_at(text, x)
    near = [_oracle_at(text, x + d) for d in (Fraction(-1, 10**9), Fraction(1, 10**9))]
    # An ill-conditioned place (a jump, a cancellation) says nothing about the evaluator.
    assume(max(abs(value - expected) for value in near) < 1e-6)
    assume(max((abs(_oracle_at(part, x)) for part in _parts(text)), default=0) < 1e3)
    got = formula.at(tree, float(x))
    assert got == pytest.approx(float(expected), rel=1e-6, abs=1e-6)
    assert formula.sample(tree, np.array([float(x)]))[0] == pytest.approx(got, rel=1e-9, abs=1e-9)


def _parts(text: str) -> list[str]:
    tree = formula.parse(text)
    return [formula.text(part) for part in formula.walk(tree) if isinstance(part, Call)]


def test_nan_stays_nan_even_where_a_formula_only_compares() -> None:
    tree = formula.parse("where(x > 0, 1, 0)")
    assert np.isnan(formula.at(tree, float("nan")))
    assert np.isnan(formula.sample(tree, np.array([np.nan, 1.0]))).tolist() == [True, False]


@pytest.mark.parametrize("x", [-800.0, -40.0, 40.0, 800.0])
def test_the_stable_form_keeps_its_digits_far_out(x: float) -> None:
    slope = formula.differentiate(formula.parse("tanh(x) + sigmoid(x)"))
    got = formula.at(formula.stable(slope), x)
    with mp.workdps(800):
        expected = mp.sech(x) ** 2 + mp.exp(-abs(x)) / (1 + mp.exp(-abs(x))) ** 2
    assert got == pytest.approx(float(expected), rel=1e-12, abs=1e-320)


def test_mirroring_turns_every_x_around() -> None:
    tree = formula.bind(formula.parse("x * exp(-x) + tanh(x)^3 + (1 - x)^2"), {})
    turned = formula.text(mirrored(tree))
    for x in (-2, 0.5, 3):
        assert oracle(turned)(x) == pytest.approx(oracle(formula.text(tree))(-x), rel=1e-30)
