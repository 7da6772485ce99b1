"""Trees as text: the formula language itself, and LaTeX."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction

from ._tree import Binary, Call, Compare, Name, Negate, Node, Number, Where

# How tightly each operator binds; a part that binds less is put into brackets.
_SUM, _SIGN, _PRODUCT, _POWER, _ATOM = range(5)
_STRENGTH = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT}
_RIGHT = {"+": _SUM, "-": _PRODUCT, "*": _PRODUCT, "/": _POWER}  # of what stands on the right


def decimal(value: Fraction) -> str | None:
    """The finite decimal of a fraction, or None when it has none.

    >>> decimal(Fraction(1, 8)), decimal(Fraction(1, 3))
    ('0.125', None)
    """
    rest, digits = value.denominator, 0
    twos = fives = 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    if rest != 1:
        return None
    digits = max(twos, fives)
    if digits == 0:
        return str(value.numerator)
    whole = str(abs(value.numerator) * 10**digits // value.denominator).rjust(digits + 1, "0")
    return f"{'-' if value < 0 else ''}{whole[:-digits]}.{whole[-digits:]}"


def text(node: Node) -> str:
    """The tree in the formula language; parsing it gives an equal expression."""
    return _text(node)[0]


def _bracket(part: tuple[str, int], least: int) -> str:
    return part[0] if part[1] >= least else f"({part[0]})"


def _text(node: Node) -> tuple[str, int]:
    match node:
        case Number(value):
            shown = decimal(value)
            if shown is None:
                return f"{value.numerator} / {value.denominator}", _PRODUCT
            return shown, _ATOM if value >= 0 else _SUM
        case Name(name):
            return name, _ATOM
        case Negate(operand):
            return f"-{_bracket(_text(operand), _PRODUCT)}", _SIGN
        case Binary("^", base, exponent):
            return f"{_bracket(_text(base), _ATOM)}^{_bracket(_text(exponent), _ATOM)}", _POWER
        case Binary(op, left, right):
            first, strength = _text(left), _STRENGTH[op]
            # -x * y is read as (-x) * y, so a sign in front of a product needs no brackets.
            signed = strength == _PRODUCT and first[1] == _SIGN
            begin = _bracket(first, _SIGN if signed else strength)
            end = _bracket(_text(right), _RIGHT[op])
            return f"{begin} {op} {end}", _SIGN if signed else strength
        case Call(function, arguments):
            return f"{function}({', '.join(text(a) for a in arguments)})", _ATOM
        case Where(condition, yes, no):
            return f"where({_compared(condition)}, {text(yes)}, {text(no)})", _ATOM


def _compared(condition: Compare) -> str:
    return f"{text(condition.left)} {condition.op} {text(condition.right)}"


# --- LaTeX ---------------------------------------------------------------------------------

_GREEK = frozenset({
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "kappa", "lambda", "mu",
    "nu", "xi", "pi", "rho", "sigma", "tau", "phi", "chi", "psi", "omega",
})  # fmt: skip
_NUMBERED = re.compile(r"([A-Za-z])_?([0-9]+)")
_LATEX_COMPARE = {"<": "<", "<=": r"\le", ">": ">", ">=": r"\ge"}
_LATEX_NAMED = {
    "sigmoid": r"\sigma",
    "normal_cdf": r"\Phi",
    "normal_pdf": r"\varphi",
    "erf": r"\operatorname{erf}",
    "log": r"\ln",
    "tanh": r"\tanh",
    "sinh": r"\sinh",
    "cosh": r"\cosh",
    "sech": r"\operatorname{sech}",
    "asinh": r"\operatorname{arsinh}",
    "atan": r"\arctan",
    "sin": r"\sin",
    "cos": r"\cos",
    "sign": r"\operatorname{sign}",
    "max": r"\max",
    "min": r"\min",
    "clip": r"\operatorname{clip}",
}


def latex(node: Node, symbols: Mapping[str, str] | None = None) -> str:
    """The tree as LaTeX; `symbols` says how a parameter is written.

    >>> from actscope.catalogue._parse import parse
    >>> print(latex(parse("x * sigmoid(x) / 2")))
    \\frac{x \\, \\sigma\\left(x\\right)}{2}
    """
    return _Latex(symbols or {}).of(node)[0]


class _Latex:
    def __init__(self, symbols: Mapping[str, str]) -> None:
        self.symbols = symbols

    def of(self, node: Node) -> tuple[str, int]:
        match node:
            case Number(value):
                return self.number(value)
            case Name(name):
                return self.name(name), _ATOM
            case Negate(operand):
                return f"-{self.bracket(self.of(operand), _PRODUCT)}", _SUM
            case Binary("/", top, bottom):
                return rf"\frac{{{self.of(top)[0]}}}{{{self.of(bottom)[0]}}}", _PRODUCT
            case Binary("^", base, exponent):
                return self.power(base, exponent)
            case Binary("*", left, right):
                first = self.bracket(self.of(left), _PRODUCT)
                second = self.bracket(self.of(right), _PRODUCT)
                dot = r" \cdot " if second[0].isdigit() else r" \, "
                return f"{first}{dot}{second}", _PRODUCT
            case Binary(op, left, right):
                second = self.bracket(self.of(right), _SUM + (op == "-"))
                return f"{self.bracket(self.of(left), _SUM)} {op} {second}", _SUM
            case Call(function, arguments):
                return self.call(function, arguments)
            case Where():
                return self.cases(node), _ATOM

    @staticmethod
    def bracket(part: tuple[str, int], least: int) -> str:
        return part[0] if part[1] >= least else rf"\left({part[0]}\right)"

    def name(self, name: str) -> str:
        if name in self.symbols:
            return self.symbols[name]
        if name in _GREEK:
            return f"\\{name}"
        if name == "lambd":  # PyTorch's spelling: lambda is a word of Python
            return r"\lambda"
        if numbered := _NUMBERED.fullmatch(name):
            return f"{numbered[1]}_{{{numbered[2]}}}"
        escaped = name.replace("_", r"\_")
        return name if len(name) == 1 else rf"\mathrm{{{escaped}}}"

    @staticmethod
    def number(value: Fraction) -> tuple[str, int]:
        shown = decimal(value)
        if shown is None:
            return rf"\frac{{{value.numerator}}}{{{value.denominator}}}", _PRODUCT
        if len(shown) > 10:  # the formula's text has all digits
            shown = f"{float(value):.5g}\\ldots"
        return shown, _ATOM if value >= 0 else _SUM

    def power(self, base: Node, exponent: Node) -> tuple[str, int]:
        raised = self.of(exponent)[0]
        match base:
            case Call(function, arguments) if function in _LATEX_NAMED:
                inside = ", ".join(self.of(a)[0] for a in arguments)
                head = _LATEX_NAMED[function]
                return rf"{head}^{{{raised}}}\left({inside}\right)", _POWER
            case _:
                return f"{self.bracket(self.of(base), _ATOM)}^{{{raised}}}", _POWER

    def call(self, function: str, arguments: tuple[Node, ...]) -> tuple[str, int]:
        inside = ", ".join(self.of(a)[0] for a in arguments)
        match function:
            case "exp":
                return f"e^{{{inside}}}", _POWER
            case "expm1":
                return f"e^{{{inside}}} - 1", _SUM
            case "log1p":
                return rf"\ln\left(1 + {self.bracket(self.of(arguments[0]), _SUM)}\right)", _ATOM
            case "softplus":
                return rf"\ln\left(1 + e^{{{inside}}}\right)", _ATOM
            case "sqrt":
                return rf"\sqrt{{{inside}}}", _ATOM
            case "abs":
                return rf"\left|{inside}\right|", _ATOM
            case _:
                return rf"{_LATEX_NAMED[function]}\left({inside}\right)", _ATOM

    def cases(self, node: Where) -> str:
        rows: list[str] = []
        rest: Node = node
        while isinstance(rest, Where):  # a where in the last place is one more row
            test = rest.condition
            left, right = self.of(test.left)[0], self.of(test.right)[0]
            rows.append(f"{self.of(rest.yes)[0]} & {left} {_LATEX_COMPARE[test.op]} {right}")
            rest = rest.no
        rows.append(rf"{self.of(rest)[0]} & \text{{otherwise}}")
        body = r" \\ ".join(rows)
        return rf"\begin{{cases}} {body} \end{{cases}}"
