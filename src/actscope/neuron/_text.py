"""Numbers and sums in plain words."""

from __future__ import annotations

from collections.abc import Sequence


def short(value: float) -> str:
    """The shortest text that gives the number back: 4, not 4.0.

    >>> short(4.0), short(0.1), short(-0.0)
    ('4', '0.1', '0')
    """
    return repr(float(value) + 0.0).removesuffix(".0")


def brief(value: float, digits: int = 3) -> str:
    """A number for reading, with so many digits.

    >>> brief(0.7310585786300049), brief(12345.678), brief(4.0)
    ('0.731', '12346', '4')
    """
    if 10**digits - 0.5 <= abs(value) < 1e15:
        return f"{value:.0f}"
    return f"{value + 0.0:.{digits}g}"


def apart(a: float, b: float) -> tuple[str, str]:
    """Two numbers for reading, with as many digits as it takes to see that they differ.

    >>> apart(4.0, 3.0), apart(3.0001, 3.0)
    (('4', '3'), ('3.0001', '3'))
    """
    for digits in range(4, 17):
        texts = brief(a, digits), brief(b, digits)
        if a == b or texts[0] != texts[1]:
            return texts
    return short(a), short(b)


def products(weights: Sequence[float], row: Sequence[float]) -> str:
    """A weighted sum written out.

    >>> products([4.0, -2.0], [1.0, 0.0])
    '4 x 1 - 2 x 0'
    """
    text = ""
    for i, (weight, x) in enumerate(zip(weights, row, strict=True)):
        sign = ("-" if weight < 0 else "") if i == 0 else (" - " if weight < 0 else " + ")
        text += f"{sign}{brief(abs(weight), 6)} x {brief(x, 6)}"
    return text


def plus(text: str, number: float, digits: int = 4) -> str:
    """text + number, or text - |number|."""
    return f"{text} {'-' if number < 0 else '+'} {brief(abs(number), digits)}"
