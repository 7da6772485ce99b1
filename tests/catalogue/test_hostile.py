"""Text that means harm: refused quickly, in one line, and nothing of it is ever run."""

from __future__ import annotations

import builtins
import itertools
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from actscope import catalogue
from actscope.catalogue import _analysis, define, formula
from actscope.catalogue._parse import read
from actscope.errors import FormulaError, SettingError, UnknownActivation

REFUSED = (FormulaError, SettingError, UnknownActivation)

BY_HAND = [
    # reaching Python
    "__import__('os').system('touch {canary}')",
    'exec(\'open("{canary}", "w")\')',
    'eval(\'open("{canary}", "w")\')',
    "open('{canary}', 'w')",
    "compile('1', '', 'exec')",
    "(lambda: open('{canary}', 'w'))()",
    "[open('{canary}', 'w') for x in (1,)]",
    "x.__class__.__mro__[1].__subclasses__()",
    "().__class__.__bases__[0]",
    "x.real",
    "exp.__globals__",
    "tanh.__call__(x)",
    "relu.__init__.__globals__['__builtins__']",
    "f'{{x}}'",
    "'x'",
    '"x" * 3',
    "b'x' + x",
    "x if x > 0 else 0",
    "x and 1",
    "not x",
    "x := 3",
    "x = 3",
    "x == 0",
    "x != 0",
    "where(x == 0, 1, x)",
    "x; 1",
    "import os",
    "x # comment",
    "x \\ 2",
    "$(touch {canary})",
    "`touch {canary}`",
    "x | sh",
    "x & 1",
    "~x",
    "x % 2",
    "x // 2",
    "x << 2",
    "x @ x",
    "x[0]",
    "{{x}}",
    "{{'a': x}}",
    "*x",
    "**x",
    "x...",
    "lambda x: x",
    "print(x)",
    "globals()",
    "getattr(x, 'y')",
    "np.exp(x)",
    "math.exp(x)",
    "torch.relu(x)",
    "exp(x, y)",
    "where(x)",
    "where(x > 0)",
    "where(x > 0 > 1, x, 0)",
    "clip(x)",
    "relu(x, 0)",
    "relu(x, inplace=1)",
    "x > 0",
    "softmax(x) * x",
    "swiglu(x) * x",
    # no end of it
    "9^9^9^9 * x",
    "9^9^9^9^9^9^9^9 + x",
    "(2^64)^(2^64) * x",
    "x^1000000",
    "x^-1000000",
    "x^(10^6)",
    "x^(64 * 64)",
    "(x^64)^64",
    "x^1e99",
    "x^where(1 > 0, 1000000, 1)",
    "1e999 * x",
    "1e-999 * x",
    "1e99999999999 * x",
    "0.{zeros}1 * x",
    "{nines} * x",
    "1e99 * 1e99 * x",
    "1e99 * x * 1e99",
    "1e60 * where(1 > 0, 1e60, 0) * x",
    "exp(exp(exp(10))) * x",
    "exp(1000) + x",
    "cosh(1e9) + x",
    "1 / 0 + x",
    "0 / 0 * x",
    "log(0) + x",
    "log(-1) + x",
    "sqrt(-1) * x",
    "x^x",
    "1 / x",
    "1 / (x - 0.5)",
    "log(x)",
    "sqrt(x)",
    "exp(exp(x))",
    "exp(exp(exp(x)))",
    "x^0.5",
    # no x, or none that counts
    "x - x",
    "0 * x",
    "x^0",
    "2 + 3 * pi",
    "where(1 > 0, 1, x)",
    "beta * x",
    # characters that only look right
    "х * tanh(x)",  # Cyrillic
    "x * tаnh(x)",
    "２ * x",
    "٣ * x",
    "x²",
    "x³ + x",
    "½ * x",
    "x × 2",
    "x − 1",
    "x ∗ 2",
    "𝑥 * 2",
    "ｘ * 2",
    "x\u00a0* 2",
    "x\u2003+ 1",
    "x\u200b + 1",
    "x\u202e + 1",
    "\ufeffx + 1",
    "x * σ(x)",
    "π * x",
    "∞ * x",
    "x\x00 + 1",
    "x\x1b[31m + 1",
    "x\x08 + 1",
    "x\x0b + 1",
    "x\x0c + 1",
    "x\x85 + 1",
    "x\u2028 + 1",
    "\ud800 * x",
    # brackets, commas, emptiness
    "()",
    "(x",
    "x)",
    "((x)",
    "x + ",
    "+",
    "*",
    "x,",
    ",",
    "x, x",
    "tanh(",
    "1 + tanh()",
    "tanh(,)",
    "tanh(x",
    "tanh x",
    "2x",
    "x2 * x",
    "x x",
    "x(2)",
    "(x)(x)",
    "2(x)",
    "x 2",
    "1.2.3 * x",
    "1e * x",
    "1e+ * x",
    ". * x",
    "0x10 * x",
    "1_000 * x",
    "1j * x",
    "nan * x",
    "inf * x",
    "-inf + x",
    "True * x",
    "None + x",
]

_FUNCTIONS = ["exp", "abs", "sign", "tanh", "relu", "silu", "gelu", "max", "leaky_relu", "log"]
_STRANGE = "хаеоσπ²³×−２ｘ∗٣\x00\x07\x1b\u200b\u202e\u2028\ufeff½𝑥'\"[]{}.;:=!?@#$%&|~\\`"


def _families(draw: random.Random) -> Iterator[str]:
    """Harm of many kinds, at random but always the same."""
    functions, strange = _FUNCTIONS, _STRANGE
    while True:
        f, n = draw.choice(functions), draw.randint(70, 900)
        word = "".join(draw.choice("abcdefgh_") for _ in range(draw.randint(3, 30)))
        yield f"{f}(" * n + "x" + ")" * n
        yield "(" * n + "x" + ")" * draw.randint(0, n)
        yield "-" * n + "x"
        yield "2^" * n + "x"
        yield "x" + "+x" * (n + 130)
        yield "x" + "*sin(x)" * (n % 150 + 90)
        yield f"{f}(" * draw.randint(30, 55) + "x" + ")" * draw.randint(10, 70)
        yield "max(" * draw.randint(12, 30) + "x" + ", x)" * 30
        yield "where(x > 0, " * 20 + "x" + ", abs(abs(abs(x))))" * 20
        yield "x * " + "9" * (n + 40)
        yield f"x^{draw.randint(65, 10 ** draw.randint(3, 30))}"
        yield f"{draw.randint(2, 99)}^{draw.randint(65, 10**9)}^x"
        yield f"{draw.randint(1, 9)}e{draw.randint(100, 10 ** draw.randint(3, 20))} * x"
        yield "x * " + "^".join(str(draw.randint(9, 99)) for _ in range(draw.randint(3, 40)))
        yield f"x.{word}"
        yield f"x.__{word}__"
        yield f"{word}9({word}) + x"
        yield f"x + {word}"
        yield f"{f}.__{word}__(x)"
        yield f"{f}(x)['{word}']"
        yield f"[{word} for x in {word}]"
        yield f"(lambda {word}: x)(1)"
        yield f"x * {f}(x).{word}({draw.randint(0, 9)})"
        yield f"__import__('{word}') * x"
        yield f"{f}(x, {word}=x)"
        yield f"x + {draw.choice(strange)} * 2"
        yield f"x * {f}{draw.choice(strange)}(x)"
        yield "".join(draw.choice(strange + "x") for _ in range(draw.randint(2, 60))) + "(x"
        yield "".join(draw.choice("()*/+-^,.<>=x1") for _ in range(draw.randint(5, 300))) + "("
        yield f"{f}(x) {word} {f}(x)"
        yield f"where(x {draw.choice(['==', '!=', 'in', 'is', '<>'])} 0, x, {word})"
        yield f"{draw.choice(['1 / ', 'log', 'sqrt'])}(x - {draw.randint(-9, 9)})"


def _all(canary: Path) -> list[str]:
    fill = {"canary": str(canary), "zeros": "0" * 300, "nines": "9" * 300}
    found = [text.format(**fill) if "{" in text else text for text in BY_HAND]
    found += ["x" * 10**6, "(" * 10**5, "(" * 10**5 + "x" + ")" * 10**5, "9" * 10**6 + "*x"]
    found += [" " * 10**6 + "x", "x" + "+x" * 10**5, "tanh(" * 10**5, "\x00" * 10**5]
    seen = dict.fromkeys(found)
    made = _families(random.Random(0))
    while len(seen) < 1_000:
        seen[next(made)] = None
    return list(seen)


@contextmanager
def watching() -> Iterator[list[str]]:
    """What is run, imported or started meanwhile; running or starting it fails, too."""
    with pytest.raises(FormulaError):
        catalogue.get("relu(abs(x)) / x")  # what is imported on first use is imported now
    assert _analysis.SECONDS  # the room that starts processes is here, too
    happened: list[str] = []

    def note(name: str) -> Any:
        def refuse(*arguments: Any, **named: Any) -> Any:
            happened.append(name)
            raise AssertionError(f"{name} was called")

        return refuse

    original = builtins.__import__

    def importing(name: str, *arguments: Any, **named: Any) -> Any:
        before = set(sys.modules)
        module = original(name, *arguments, **named)
        happened.extend(f"import {new}" for new in sorted(set(sys.modules) - before))
        return module

    with pytest.MonkeyPatch.context() as patch:
        for name in ("eval", "exec", "compile", "open"):
            patch.setattr(builtins, name, note(name))
        patch.setattr(subprocess, "Popen", note("Popen"))
        patch.setattr(builtins, "__import__", importing)
        yield happened


def test_a_thousand_hostile_formulas_are_refused_and_nothing_runs(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    texts = _all(canary)
    accepted, wrong = [], []
    with watching() as happened:
        for text, use in itertools.product(texts, (catalogue.get, partial(define, "hostile"))):
            try:
                use(text)
            except REFUSED as error:
                if len(str(error).splitlines()) != 1 or len(str(error)) > 2_000:
                    wrong.append((text[:60], str(error)[:200]))
            else:
                accepted.append(text[:60])
    assert len(texts) == 1_000
    assert accepted == []
    assert wrong == []
    assert happened == []
    assert not canary.exists()
    assert "hostile" not in catalogue.names()


def test_the_watch_sees_what_it_watches_for() -> None:
    with watching() as happened:
        with pytest.raises(AssertionError, match="Popen was called"):
            catalogue.get("x * tanh(x) + 0.12345")  # a good one is analysed
        with pytest.raises(AssertionError, match="eval was called"):
            eval("1")
    assert happened == ["Popen", "eval"]


@pytest.mark.parametrize(
    "text", ["x" + "+x" * 120, "abs(" * 4 + "x" + ")" * 4, "(" * 55 + "x" + ")" * 55]
)
def test_the_largest_that_are_read_can_be_worked_with(text: str) -> None:
    tree = formula.bind(formula.parse(text), {})
    formula.text(formula.differentiate(formula.differentiate(tree)))
    assert formula.at(tree, 2.0) > 0


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.text(max_size=60) | st.text(alphabet="x1.e+-*/^()<>, \t\nabsminaxrelu²х", max_size=60))
@example("1e5000")
@example("max(x, " * 30)
@example("x\x00")
def test_any_text_is_a_tree_or_one_line(text: str) -> None:
    try:
        formula.parse(text)
    except FormulaError as error:
        assert len(str(error).splitlines()) == 1  # noqa: PT017
        str(error).encode()


_NUMBERS = st.sampled_from(["0", "1", "2", "0.5", "3.25", "10", "0.001"])
_CALLS = ["tanh", "exp", "softplus", "erf", "abs", "sign", "relu", "gelu", "hard_tanh"]


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(st.sampled_from(_CALLS), inner).map(lambda p: f"{p[0]}({p[1]})"),
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda p: f"({p[0]}){p[1]}({p[2]})"),
        st.tuples(inner, st.sampled_from(["2", "3", "-1", "0.5"])).map(
            lambda p: f"({p[0]})^{p[1]}"
        ),
        inner.map(lambda p: f"-({p})"),
        st.tuples(st.sampled_from(["max", "min"]), inner, inner).map(
            lambda p: f"{p[0]}({p[1]}, {p[2]})"
        ),
        st.tuples(inner, st.sampled_from(["<", "<=", ">", ">="]), inner, inner).map(
            lambda p: f"where({p[0]} {p[1]} {p[2]}, {p[3]}, x)"
        ),
    )


WELL_FORMED = st.recursive(st.sampled_from(["x", "x", "pi"]) | _NUMBERS, _larger, max_leaves=5)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(WELL_FORMED)
def test_text_and_tree_survive_each_other(text: str) -> None:
    try:
        tree = read(text)
    except FormulaError as error:  # too large, or a part such as 1 / 0
        assert any(word in str(error) for word in ("part", "exponent"))  # noqa: PT017
        return
    written = formula.text(tree)
    assert formula.text(read(written)) == written
    for x in (-2.0, 0.5, 3.0):  # -(x * x) is written -x * x: another tree, the same function
        before, after = (formula.at(formula.parse(t), x) for t in (text, written))
        assert after == pytest.approx(before, rel=1e-9, nan_ok=True)
