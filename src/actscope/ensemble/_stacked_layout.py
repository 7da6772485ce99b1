"""Where the parameters of a user's own networks lie: views into the regions of a chunk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn

from actscope.ensemble._layout import LINE, Values, round_up

# No network that learns has parameters of this size.
_GONE = 1e6


@dataclass(frozen=True)
class Place:
    """Where one tensor lies within a member's share of one region."""

    name: str
    region: int
    first: int
    shape: torch.Size

    def of(self, region: Tensor, member: int) -> Tensor:
        """The member's view."""
        last = self.first + self.shape.numel()
        return region[member, self.first : last].view(self.shape)


@dataclass(frozen=True)
class Layout:
    """The places of one network's tensors.

    Parameters of two axes or more (what weight decay shrinks) lie in the first region, the
    other trained ones in the second, buffers that training moves in one region for each of
    their types. Each tensor starts a cache line: a matrix product may round differently
    elsewhere.
    """

    parameters: tuple[Place, ...]
    buffers: tuple[Place, ...]
    sizes: tuple[int, ...]
    types: tuple[torch.dtype, ...]
    decayed: int
    trained: int

    @classmethod
    def of(cls, network: nn.Module, moving: Sequence[str], dtype: torch.dtype) -> Layout:
        """moving: the names of buffers that a step changes."""
        trained = [(n, p) for n, p in network.named_parameters() if p.requires_grad]
        state = dict(network.named_buffers())
        types = list(dict.fromkeys(state[name].dtype for name in moving))
        groups: list[list[tuple[str, Tensor]]] = [
            [(n, p) for n, p in trained if p.ndim >= 2],
            [(n, p) for n, p in trained if p.ndim < 2],
        ]
        kinds = [dtype, dtype]
        kept = [i for i, group in enumerate(groups) if group]
        groups, kinds = [groups[i] for i in kept], [kinds[i] for i in kept]
        count = len(groups)
        for kind in types:
            groups.append([(name, state[name]) for name in moving if state[name].dtype == kind])
            kinds.append(kind)
        places: list[Place] = []
        sizes = []
        for region, group in enumerate(groups):
            end = 0
            for name, tensor in group:
                places.append(Place(name, region, end, tensor.shape))
                end = round_up(end + tensor.numel(), LINE)
            sizes.append(max(end, LINE))
        return cls(
            tuple(p for p in places if p.region < count),
            tuple(p for p in places if p.region >= count),
            tuple(sizes),
            tuple(kinds),
            decayed=1 if 0 in kept else 0,
            trained=count,
        )

    def zeros(self, members: int, device: torch.device) -> list[Tensor]:
        """Regions for so many members."""
        return [
            torch.zeros(members, size, dtype=kind, device=device)
            for size, kind in zip(self.sizes, self.types, strict=True)
        ]


class StackedValues(Values):
    """The parameters of many networks, and the networks themselves.

    networks: one for each member. What lies in the regions is theirs only while they are
    bound to these values (`bind`); all else that a network holds (frozen parameters, buffers
    that never move, Python attributes) is with the network alone.
    """

    def __init__(
        self, regions: Sequence[Tensor], layout: Layout, networks: Sequence[nn.Module]
    ) -> None:
        super().__init__(regions, layout.decayed, layout.trained)
        self.layout, self.networks = layout, tuple(networks)

    @classmethod
    def start(cls, layout: Layout, networks: Sequence[nn.Module], device: torch.device) -> Self:
        """The values that the networks have now."""
        values = cls(layout.zeros(len(networks), device), layout, networks)
        with torch.no_grad():
            for member, network in enumerate(networks):
                now = {**dict(network.named_parameters()), **dict(network.named_buffers())}
                for place in (*layout.parameters, *layout.buffers):
                    place.of(values.regions[place.region], member).copy_(now[place.name])
        return values

    def like(self, regions: Sequence[Tensor]) -> Self:
        """Other numbers in the same places."""
        return type(self)(regions, self.layout, self.networks)

    def take(self, index: Tensor) -> Self:
        """A copy of the members at `index`."""
        regions = [region.index_select(0, index) for region in self.regions]
        return type(self)(regions, self.layout, [self.networks[i] for i in index.tolist()])

    def views(self, places: Sequence[Place], member: int) -> list[Tensor]:
        """The member's tensors at `places`."""
        return [place.of(self.regions[place.region], member) for place in places]

    def gone(self, member: int) -> bool:
        """Whether a member has diverged beyond any use."""
        return any(not r[member].abs().max() < _GONE for r in self.regions[: self.trained])

    def gather(self, member: int) -> None:
        """Take over the tensors that a network has put in the place of its buffers."""
        state = dict(self.networks[member].named_buffers())
        for place in self.layout.buffers:
            view, buffer = place.of(self.regions[place.region], member), state[place.name]
            if buffer.data_ptr() != view.data_ptr():
                view.copy_(buffer.detach())
                buffer.data = view

    def bind(self, member: int, grads: Values | None = None) -> None:
        """Make these values a network's own, and `grads` where its gradients are gathered."""
        network = self.networks[member]
        state = {**dict(network.named_parameters()), **dict(network.named_buffers())}
        for place in (*self.layout.parameters, *self.layout.buffers):
            state[place.name].grad = None
            state[place.name].data = place.of(self.regions[place.region], member)
        if grads is not None:
            for place in self.layout.parameters:
                state[place.name].grad = place.of(grads.regions[place.region], member)
