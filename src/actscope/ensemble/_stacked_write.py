"""From recorded calls to a Python function that makes them again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

_aten: Any = torch.ops.aten
# bind(*inputs) -> (forward, backward)
Written = Callable[..., tuple[Callable[..., Any], Callable[..., Any]]]

# The same numbers in the same place.
_SAME = {_aten.detach.default, _aten.alias.default}
# Views: made once for each member where what they look at stays in its place.
_VIEWS = {
    _aten.t.default, _aten.view.default, _aten._unsafe_view.default, _aten.transpose.int,
    _aten.permute.default, _aten.unsqueeze.default, _aten.squeeze.dim, _aten.expand.default,
    _aten.select.int, _aten.slice.Tensor, _aten.split.Tensor, _aten.unbind.int,
}  # fmt: skip
# Operations whose binding in `torch` takes the same arguments and is quicker to call.
_QUICK = {
    "mm", "bmm", "addmm", "baddbmm", "relu", "tanh", "sigmoid", "mul", "add", "sub", "div", "neg",
    "exp", "sum", "native_layer_norm", "native_dropout", "native_batch_norm",
    "native_group_norm", "convolution", "embedding",
}  # fmt: skip


class Name(str):
    """A tensor, by the name that it has in a function."""


@dataclass(frozen=True)
class Call:
    """One operation: its arguments with names for tensors, and the names of its results."""

    function: Any
    arguments: list[Any]
    named: dict[str, Any]
    results: tuple[str, ...]
    several: bool

    @property
    def used(self) -> set[str]:
        """Names of the tensors that it is given."""
        return set(_names([self.arguments, list(self.named.values())]))

    @property
    def made(self) -> tuple[str, ...]:
        """Names of its results, without what it was given and changed in place."""
        return tuple("_" if name in self.used else name for name in self.results)

    @property
    def has_effect(self) -> bool:
        """It changes a tensor, or moves a random generator on."""
        if not isinstance(self.function, torch._ops.OpOverload):
            return False
        drawn = torch.Tag.nondeterministic_seeded in self.function.tags
        return self.function._schema.is_mutable or drawn


def _names(value: Any) -> list[str]:
    if isinstance(value, Name):
        return [str(value)]
    if isinstance(value, list):
        return [name for item in value for name in _names(item)]
    return []


def write(
    inputs: Sequence[str], calls: Sequence[Call], turn: int, out: str, grads: Sequence[str]
) -> Written:
    """A function of the inputs that gives (forward, backward).

    turn: how many of the calls make the way forward. out: what they end in. grads: what the
    others end in.
    """
    return _Writer(inputs, out, grads).function(calls, turn)


class _Writer:
    def __init__(self, inputs: Sequence[str], out: str, grads: Sequence[str]) -> None:
        self._inputs, self._out, self._grads = list(inputs), out, list(grads)
        self._same: dict[str, str] = {}
        self._turned: dict[str, str] = {}  # t(x) -> x
        self._space: dict[str, Any] = {}
        self._functions: dict[Any, str] = {}

    def function(self, calls: Sequence[Call], turn: int) -> Written:
        ways = [self._simplified(calls[:turn]), self._simplified(calls[turn:])]
        out, grads = self._final(self._out), [self._final(g) for g in self._grads]
        forth, back = self._needed(ways, {out, *grads})
        fixed, once = set(self._inputs), []
        for way in (forth, back):
            for call in list(way):
                if call.function in _VIEWS and call.used <= fixed:
                    fixed.update(call.results)
                    once.append(call)
                    way.remove(call)
        made = {name for call in forth for name in call.made}
        wanted = set(grads).union(*(call.used for call in back))
        saved = sorted(made & wanted)
        listed = f"({', '.join(saved)}{',' * (len(saved) == 1)})"
        text = [f"def bind({', '.join(self._inputs)}):"]
        text += [f"    {self._line(call)}" for call in once]
        text += ["    def forward():", *self._body(forth, {*saved, out})]
        text += [f"        return {out}, {listed}", "    def backward(saved):"]
        text += [f"        {listed} = saved"] if saved else []
        text += [*self._body(back, set(grads)), f"        return [{', '.join(grads)}]"]
        text += ["    return forward, backward"]
        # The text is our own: numbered names and whole numbers, nothing that a user wrote.
        exec("\n".join(text), self._space)
        return self._space["bind"]

    def _final(self, name: str) -> str:
        return self._same.get(name, name)

    def _simplified(self, calls: Sequence[Call]) -> list[Call]:
        """Without calls that give back what they were given."""
        kept = []
        for call in calls:
            call = Call(
                call.function,
                self._replaced(call.arguments),
                self._replaced(call.named),
                call.results,
                call.several,
            )
            if call.function in _SAME:
                self._same[call.results[0]] = call.arguments[0]
            elif call.function is _aten.t.default:
                (before,), (after,) = call.arguments, call.results
                if before in self._turned:
                    self._same[after] = self._turned[before]
                else:
                    self._turned[after] = before
                    kept.append(call)
            else:
                kept.append(call)
        return kept

    def _replaced(self, value: Any) -> Any:
        if isinstance(value, Name):
            return Name(self._final(value))
        if isinstance(value, list):
            return [self._replaced(item) for item in value]
        if isinstance(value, dict):
            return {key: self._replaced(item) for key, item in value.items()}
        return value

    @staticmethod
    def _needed(ways: list[list[Call]], wanted: set[str]) -> list[list[Call]]:
        """Without calls whose results nobody uses."""
        kept: list[list[Call]] = [[], []]
        for side in (1, 0):
            for call in reversed(ways[side]):
                if call.has_effect or wanted.intersection(call.results):
                    wanted |= call.used
                    kept[side].insert(0, call)
        return kept

    def _line(self, call: Call) -> str:
        names = call.made
        left = f"({', '.join(names)},)" if call.several else names[0]
        given = [self._text(a) for a in call.arguments]
        given += [f"{key}={self._text(a)}" for key, a in call.named.items()]
        return f"{left} = {self._function(call.function)}({', '.join(given)})"

    def _function(self, target: Any) -> str:
        function = target
        if isinstance(target, torch._ops.OpOverload) and target.namespace == "aten":
            packet = target.overloadpacket.__name__
            function = getattr(torch, packet) if packet in _QUICK else target
        name = self._functions.setdefault(function, f"f{len(self._functions)}")
        self._space[name] = function
        return name

    def _text(self, value: Any) -> str:
        if isinstance(value, Name):
            return str(value)
        if isinstance(value, list):
            return f"[{', '.join(map(self._text, value))}]"
        if value is None or isinstance(value, bool | int):
            return repr(value)
        name = f"c{len(self._space)}"
        self._space[name] = value
        return name

    def _body(self, calls: Sequence[Call], kept: set[str]) -> list[str]:
        """The calls, each result given back to memory after its last use."""
        last: dict[str, int] = {}
        made = {name for call in calls for name in call.made} - {"_"}
        for number, call in enumerate(calls):
            last.update(dict.fromkeys((call.used | set(call.made)) & made, number))
        text = []
        for number, call in enumerate(calls):
            text.append(f"        {self._line(call)}")
            done = sorted(n for n, at in last.items() if at == number and n not in kept)
            text += [f"        del {', '.join(done)}"] if done else []
        return text
