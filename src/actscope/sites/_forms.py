"""Formulas written out in a model's code: which function of which tensor a result is.

Only what is exactly known is followed: operations element by element on one tensor and numbers.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from actscope.sites._call import Call
from actscope.sites._formulas import STORED, Formula

_SYNONYMS = {
    **dict.fromkeys(("add", "radd", "iadd"), "add"),
    **dict.fromkeys(("sub", "isub", "subtract"), "sub"),
    **dict.fromkeys(("mul", "rmul", "imul", "multiply"), "mul"),
    **dict.fromkeys(("div", "truediv", "itruediv", "divide", "true_divide"), "div"),
    **dict.fromkeys(("pow", "ipow"), "pow"),
    **dict.fromkeys(("rdiv", "rtruediv"), "rdiv"),
    **dict.fromkeys(("gt", "greater"), "gt"),
    **dict.fromkeys(("ge", "greater_equal"), "ge"),
    **dict.fromkeys(("lt", "less"), "lt"),
    **dict.fromkeys(("le", "less_equal"), "le"),
    **dict.fromkeys(("max", "maximum"), "maximum"),
    **dict.fromkeys(("min", "minimum"), "minimum"),
    **dict.fromkeys(("abs", "absolute"), "abs"),
    **dict.fromkeys(("neg", "negative"), "neg"),
    **dict.fromkeys(("erf", "special_erf"), "erf"),
    **dict.fromkeys(("expm1", "special_expm1"), "expm1"),
    **{n: n for n in ("rsub", "exp", "square", "reciprocal", "where", "masked_fill", "setitem")},
    **dict.fromkeys(("float", "double", "half", "bfloat16", "to", "type_as", "type"), "same"),
    **dict.fromkeys(("contiguous", "clone"), "same"),
    **dict.fromkeys(("zeros", "zeros_like", "new_zeros"), "zeros"),
    **dict.fromkeys(("ones", "ones_like", "new_ones"), "ones"),
    "tensor": "tensor",
}
_COUNT = {
    **dict.fromkeys(("add", "sub", "rsub", "mul", "div", "rdiv", "pow", "maximum", "minimum"), 2),
    **dict.fromkeys(("gt", "ge", "lt", "le"), 2),
    **dict.fromkeys(("abs", "neg", "erf", "exp", "expm1", "square", "reciprocal"), 1),
    **dict.fromkeys(("where", "masked_fill", "setitem"), 3),
}
_COMPARISONS = {"gt", "ge", "lt", "le"}
# Choices by a unit's own value: what is none of a known activation is told.
_CHOICES = {"where", "masked_fill", "setitem", "maximum", "minimum"}
# Longer formulas are not followed.
_LONGEST = 60


@dataclass(frozen=True, eq=False)
class Form:
    """A tensor as a formula of another.

    start: that other tensor; None: a number. calls: of activations in it. chooses: by the sign
    of itself or so. gates: an activation in it is multiplied by a function of its own input.
    guess: it may be an activation.
    """

    number: int | None
    start: weakref.ref[Tensor] | None
    formula: Formula
    length: int = 1
    calls: tuple[Call, ...] = ()
    chooses: bool = False
    gates: bool = False
    guess: bool = False


_ZERO, _ONE = Form(None, None, 0.0), Form(None, None, 1.0)


@dataclass
class Forms:
    """The formulas of the tensors of one pass. It keeps none of them alive.

    stored: whether a tensor is a parameter or buffer, or made of these alone.
    """

    stored: Callable[[Tensor], bool]
    _known: dict[int, tuple[weakref.ref[Tensor], Form]] = field(default_factory=dict)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def clear(self) -> None:
        self._known.clear()

    def of(self, tensor: Tensor) -> Form:
        """A tensor that is no formula of another one is one to start from."""
        found = self._known.get(id(tensor))
        if found is not None and found[0]() is tensor:
            return found[1]
        if self.stored(tensor):
            return Form(None, None, STORED)
        here = weakref.ref(tensor)
        form = Form(next(self._numbers), here, "x")
        self._known[id(tensor)] = here, form
        return form

    def put(self, out: Any, form: Form | None, name: str = "") -> None:
        """Say what the result of a function is; None: something new."""
        if isinstance(out, Tensor):
            if form is not None and _holds(form, out, name):
                self._known[id(out)] = weakref.ref(out), form
            else:
                self._known.pop(id(out), None)

    def start_of(self, form: Form) -> Tensor | None:
        """The tensor that the formula starts from, if it is still there as it was."""
        tensor = None if form.start is None else form.start()
        found = None if tensor is None else self._known.get(id(tensor))
        same = found is not None and found[1].number == form.number and found[1].formula == "x"
        return tensor if same else None

    def activated(self, z: Form, call: Call, out: Any) -> None:
        """An activation was called on what has the form z."""
        formula = ("activation", call.record.label, z.formula)
        length = z.length + 1
        calls = (*z.calls, call)
        form = Form(z.number, z.start, formula, length, calls, guess=call.inline)
        self.put(out, form if length <= _LONGEST else None)

    def made(self, name: str, args: Any, named: Any) -> Form | None:
        """What a function will give; None where that is not followed."""
        name = _SYNONYMS.get(name, "")
        if not name:
            return None
        if name in ("zeros", "ones"):
            return _ZERO if name == "zeros" else _ONE
        if name == "tensor":
            number = args and isinstance(args[0], int | float)
            return Form(None, None, float(args[0])) if number else None
        if name == "same":
            return self.of(args[0]) if args and isinstance(args[0], Tensor) else None
        given = (*args, *named.values()) if name in ("where", "masked_fill") else args
        if len(given) != _COUNT[name] or (named and given is args):
            return None
        if name == "maximum" and not isinstance(given[1], Tensor):
            return None
        parts = [self._part(value) for value in given]
        if name == "where" and not isinstance(given[0], Tensor):  # x.where(condition, other)
            return None
        known = [part for part in parts if part is not None]
        if len(known) < len(parts):
            return None
        if name == "where" and not _is_truth(known[0]) and _is_truth(known[1]):
            known = [known[1], known[0], known[2]]  # Tensor.where
        elif name in ("masked_fill", "setitem"):
            x, mask, value = known
            if not _is_truth(mask):
                return None
            known = [mask, value, x]
        return _combined("where" if name in ("masked_fill", "setitem") else name, known)

    def _part(self, value: Any) -> Form | None:
        if isinstance(value, Tensor):
            return self.of(value)
        if isinstance(value, int | float):
            return Form(None, None, float(value))
        return None


def _combined(name: str, parts: Sequence[Form]) -> Form | None:
    numbers = {part.number for part in parts if part.number is not None}
    length = 1 + sum(part.length for part in parts)
    if len(numbers) != 1 or length > _LONGEST:
        return None
    whole = next(part for part in parts if part.number is not None)
    calls = tuple(dict.fromkeys(call for part in parts for call in part.calls))
    several = sum(part.number is not None for part in parts) > 1
    product = name in ("mul", "div") and several
    chooses = (name in _CHOICES and (name != "where" or parts[0].number is not None)) or (
        product and any(map(_is_truth, parts))
    )
    return Form(
        whole.number,
        whole.start,
        (name, *(part.formula for part in parts)),
        length,
        calls,
        chooses or any(part.chooses for part in parts),
        (product and bool(calls)) or any(part.gates for part in parts),
        name in ("abs", "erf") or any(part.guess for part in parts),
    )


def _is_truth(form: Form) -> bool:
    return isinstance(form.formula, tuple) and form.formula[0] in _COMPARISONS


def _holds(form: Form, out: Tensor, name: str) -> bool:
    if form.number is not None and form.start is not None:
        start = form.start()
        if start is not None and start.shape != out.shape:
            return False
    return _SYNONYMS.get(name) != "same" or out.is_floating_point() or _is_truth(form)
