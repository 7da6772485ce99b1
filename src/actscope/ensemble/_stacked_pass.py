"""All members of a chunk through networks of a user's own, one after the other.

Each member makes exactly the calls that it makes alone, so who shares its chunk cannot change
a bit of its result. Stacked through `torch.func.vmap` it would: convolutions become grouped
ones, and elementwise functions run over all members at once, whose vectors and tails then fall
elsewhere (measured: no member of 3 equal to itself alone, CNN or perceptron of odd widths).

A step that can be written out as a list of calls (`_stacked_tape`) is played from it, which
takes half the time or less and gives the same bits. The list is compared with each network
itself before it is used, and with one network again in each epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from actscope.ensemble._factory import Attempt, Spared, Told, given_back
from actscope.ensemble._layout import LINE, Values, round_up
from actscope.ensemble._plan import Member
from actscope.ensemble._stacked_check import Seen
from actscope.ensemble._stacked_layout import StackedValues
from actscope.ensemble._stacked_tape import Bound, Tape, state_of
from actscope.errors import SettingError

_torch: Any = torch
_STREAM = 2  # beside the streams of _init: 0 for weights, 1 for batches
_USE = 3  # what a network draws outside training


class Room(NamedTuple):
    """The buffers of a pass, as `Pass` describes them."""

    rows: int
    padded: int
    inputs: Tensor
    outputs: Tensor


class StackedPass:
    """A `Pass` of one chunk."""

    def __init__(
        self,
        members: Sequence[Member],
        values: StackedValues,
        grads: Values | None,
        room: Room,
        seen: Seen,
        tape: Callable[[int], tuple[bool, Tape | None]],
    ) -> None:
        """grads: None: forward only, in evaluation mode. tape: told of so many more steps, says
        whether it is decided if there is to be one, and which."""
        self.rows, self.padded, self.inputs, self.outputs = room
        self._members, self._values, self._grads, self._tape = members, values, grads, tape
        # .data: a network may overwrite its rows, which is not to count as a change of others'.
        self._x = [x[: self.rows].data for x in self.inputs.unbind()]
        self._slots = [out[:, : self.rows].T for out in self.outputs.unbind()]
        count, width = self.outputs.shape[:2]
        share = self.outputs.new_zeros(count, round_up(self.rows * width, LINE))
        self._flow = share[:, : self.rows * width].unflatten(1, (self.rows, width))
        self._flows = self._flow.unbind()
        first = values.layout.parameters[:1]
        self._bound_at = [
            (dict(network.named_parameters())[first[0].name], values.views(first, i)[0].data_ptr())
            for i, network in enumerate(values.networks)
        ]
        self._made: list[Any] = []
        self._played: list[tuple[Bound, list[Tensor]]] = []
        self._decided = self._check = False
        self._epoch, self._keys = -1, [key_of(m.seed, _USE, 0) for m in members]
        self._now = self._keys
        self._draws = seen.draws_in_use if grads is None else seen.draws
        self._replaces = seen.replaces and grads is not None
        self._device = self.outputs.device
        self._generators: list[torch.Generator] = []
        told = Told(f"the model for {members[0].activation}")
        # Some code raises for NaN; a member that has diverged takes no other with it.
        self._told = [Spared(told, lambda i=i: values.gone(i)) for i in range(len(members))]

    def begin(self, epoch: int, batch: int) -> None:
        """Each member's own randomness for one step."""
        if epoch != self._epoch:
            found = {s: key_of(s, _STREAM, epoch) for s in {m.seed for m in self._members}}
            self._epoch, self._keys = epoch, [found[m.seed] for m in self._members]
            self._check = bool(self._played)
        self._now = [key + batch for key in self._keys]

    def forward(self) -> None:
        """Fill `outputs`."""
        if not self._draws:
            self._run()
            return
        with given_back(self._device) as self._generators:
            self._run()

    def _run(self) -> None:
        if self._grads is None:
            with torch.no_grad():
                self._walk()
            self._made = []
            return
        if not self._decided:
            self._decided, tape = self._tape(len(self._members))
            if tape is not None:
                self._begin_to_play(tape)
        if self._check:
            self._look_again()
        if self._played:
            with torch.inference_mode():
                self._play()
        else:
            with torch.enable_grad():
                self._walk()

    def _seed(self, seed: int) -> None:
        for generator in self._generators:
            generator.manual_seed(seed)

    def backward(self, grad: Tensor) -> None:
        """From Float["member output padded"] to every element of the gradients."""
        assert self._grads is not None
        self._flow.copy_(grad[:, :, : self.rows].transpose(1, 2))
        made, self._made = self._made, []
        if self._played:
            with torch.inference_mode():
                for (bound, into), saved in zip(self._played, made, strict=True):
                    _torch._foreach_copy_(into, bound.backward(saved))
            return
        for region in self._grads.regions[: self._grads.trained]:
            region.zero_()
        with torch.enable_grad():
            for out, flow, told in zip(made, self._flows, self._told, strict=True):
                if out is not None:
                    with told:
                        torch.autograd.backward(out, flow)

    def _walk(self) -> None:
        """Through the networks themselves."""
        self._bind()
        made: list[Tensor | None] = [None] * len(self._members)
        for i, network in enumerate(self._values.networks):
            self._seed(self._now[i])
            with self._told[i]:
                out = network(self._x[i])
                made[i] = out = out.reshape(self._flows[i].shape)
                self._slots[i].copy_(out.detach())
            if self._replaces:
                self._values.gather(i)
            if made[i] is None:
                self._slots[i].fill_(torch.nan)
        self._made = made

    def _play(self) -> None:
        """Through the calls that they were found to make."""
        made = []
        for (bound, _), seed, slot in zip(self._played, self._now, self._slots, strict=True):
            self._seed(seed)
            out, saved = bound.forward()
            slot.copy_(out)
            made.append(saved)
        self._made = made

    def _bind(self) -> None:
        training = self._grads is not None
        for member, (parameter, place) in enumerate(self._bound_at):
            if parameter.data_ptr() != place or (training and parameter.grad is None):
                self._values.bind(member, self._grads)
            network = self._values.networks[member]
            if network.training != training:
                network.train(training)

    def _begin_to_play(self, tape: Tape) -> None:
        assert self._grads is not None
        self._bind()
        places = {p.name: p for p in self._values.layout.parameters}
        learning = [places[name] for name in tape.learning]
        played = []
        with Attempt():
            for member, network in enumerate(self._values.networks):
                state = [t.detach() for t in state_of(network).values()]
                bound = tape.bind(state, self._x[member], self._flows[member])
                into = [p.of(self._grads.regions[p.region], member) for p in learning]
                played.append((bound, into))
                if not self._agrees(member, bound, into):
                    return
            self._played = played

    def _look_again(self) -> None:
        self._check = False
        member = self._epoch % len(self._members)
        if self._values.gone(member):
            return
        self._bind()
        if not self._agrees(member, *self._played[member]):
            raise SettingError(
                f"the model for {self._members[0].activation} does not do in epoch "
                f"{self._epoch + 1} what it did at first, by something outside it that changes: "
                "keep what changes in a buffer or in an attribute of the module"
            )

    def _agrees(self, member: int, bound: Bound, into: list[Tensor]) -> bool:
        """Whether a network and its tape give the same bits for the rows at hand."""
        network, flow = self._values.networks[member], self._flows[member]
        moving = self._values.views(self._values.layout.buffers, member)
        # A step may change these; the next one is to find them as they are.
        changing = [*moving, self._x[member]]
        before = [t.clone() for t in changing]
        torch.linspace(-1, 1, flow.numel(), out=flow.view(-1))

        def came(out: Tensor) -> list[Tensor]:
            found = [t.clone() for t in (out, *into, *moving)]
            for tensor, value in zip(changing, before, strict=True):
                tensor.copy_(value)
            return found

        for parameter in network.parameters():
            if parameter.grad is not None:
                parameter.grad.zero_()
        self._seed(self._now[member])
        with torch.enable_grad():
            out = network(self._x[member])
            out = out.reshape(flow.shape)
            torch.autograd.backward(out, flow)
        if self._replaces:
            self._values.gather(member)
        itself = came(out.detach())
        self._seed(self._now[member])
        with torch.inference_mode():
            out, saved = bound.forward()
            _torch._foreach_copy_(into, bound.backward(saved))
            played = came(out)
        return all(
            torch.allclose(a, b, rtol=0, atol=0, equal_nan=True)
            for a, b in zip(itself, played, strict=True)
        )


def key_of(seed: int, stream: int, epoch: int) -> int:
    # PyTorch's generator on a processor takes 32 bits of a seed.
    return int(np.random.default_rng([seed, stream, epoch]).integers(2**31))
