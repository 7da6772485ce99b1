"""What is wrong along the depth of a model: signals and gradients that shrink or grow."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from math import isfinite

from actscope.diagnosis import _repairs as repairs
from actscope.diagnosis._entrance import Entering
from actscope.diagnosis._report import Finding, SiteHealth

# AUTOTRAINER (Zhang et al. 2021): first layer's gradient over the last's, and its own size.
VANISHING_RATIO, VANISHING_SIZE, EXPLODING_RATIO = 1e-3, 1e-4, 70.0
# With the right gain the spread of what enters the activations stays as it is from layer to layer
# (He et al. 2015, eq. 10). PyTorch's default for a linear layer before ReLU gives 0.41 each time:
# a factor of 10 (100 in the variance) after three more layers.
SPREAD = 10.0
# Gradients are compared between sites whose numbers of positions differ by no more: twice
# smaller along both axes of an image.
ALIKE = 4.0
# A unit's sums lie about offset x g spreads from zero, g standard normal. At 3 a unit in eight
# (g < -1.17) lies 3.5 spreads below, where ReLU is silent on all but 1 input in 4,000.
OFFSET = 3.0
# Of fewer samples the mean is no better known than this.
FEW_ENTERING = 10


def offset(entering: Entering | None) -> Iterator[Finding]:
    """Inputs far from zero compared with their spread."""
    if entering is None or entering.samples < FEW_ENTERING or not entering.offset >= OFFSET:
        return
    times = f"{entering.offset:.3g} times" if isfinite(entering.offset) else "infinitely"
    yield Finding(
        "input_not_centred",
        entering.layer,
        [],
        "warning",
        f"{entering.layer}: what enters the model's first layer is not centred: its mean (over "
        f"{entering.features} features and {entering.samples:,} inputs) lies {times} as far from "
        "0 as the inputs lie from it, which pushes whole units to one side",
        repairs.STANDARDISE,
    )


def flow(sites: Sequence[SiteHealth], entering: Entering | None = None) -> Iterator[Finding]:
    """Gradients and signals from the first site of each chain to its last."""
    counted = [s for s in sites if s.units]
    if not all(isfinite(s.unit_std) and not s.broken_units for s in counted):
        return  # that is what to mend first
    branches = entering.branches if entering is not None else frozenset()
    for chain in _chains(counted, branches):
        for alike in _alike([s for s in chain if s.gradient is not None]):
            yield from _gradients(alike)
        yield from _signals([s for s in chain if s.unit_std > 0 and not s.step_like])


def _chains(sites: Sequence[SiteHealth], branches: Collection[str]) -> list[list[SiteHealth]]:
    """Sites one behind the other: a new chain begins where a layer reads what was there before
    the site that comes before it."""
    chains: list[list[SiteHealth]] = []
    for site in sites:
        known = bool(chains) and any(s.producer == site.producer for s in chains[-1])
        if not chains or (site.producer in branches and not known):
            chains.append([])
        chains[-1].append(site)
    return chains


def _alike(sites: Sequence[SiteHealth]) -> list[list[SiteHealth]]:
    """Groups with about as many positions: where a loss reads one position of 64, the mean over
    all says nothing beside a site that has that one only."""
    groups: list[list[SiteHealth]] = []
    for site in sites:
        of = [g for g in groups if 1 / ALIKE <= site.samples / g[0].samples <= ALIKE]
        if of:
            of[0].append(site)
        else:
            groups.append([site])
    return groups


def _gradients(sites: Sequence[SiteHealth]) -> Iterator[Finding]:
    if len(sites) < 2:
        return
    first, last = sites[0], sites[-1]
    start, end = first.gradient or 0.0, last.gradient or 0.0
    if not (isfinite(start) and isfinite(end)):
        yield Finding(
            "exploding_gradient", first.name, [], "serious",
            f"{first.name}: the gradient is not finite (NaN or infinity)", repairs.CLIP,
        )  # fmt: skip
    elif end > 0 and start / end < VANISHING_RATIO and start < VANISHING_SIZE:
        fewer = f"{start / end:.1g} times that at {last.name}" if start else "0"
        squashed = {s.activation for s in sites} & {"sigmoid", "tanh"}
        yield Finding(
            "vanishing_gradient", first.name, [], "serious",
            f"{first.name}: the gradient vanishes on its way back through {len(sites)} sites: "
            f"here it is {fewer}, so that the first layers hardly learn",
            repairs.unsaturated(first.activation, first.name) if first.activation in squashed
            else repairs.INITIALISE,
        )  # fmt: skip
    elif end > 0 and start / end > EXPLODING_RATIO:
        yield Finding(
            "exploding_gradient", first.name, [], "serious",
            f"{first.name}: the gradient explodes on its way back through {len(sites)} sites: here "
            f"it is {start / end:.3g} times that at {last.name}", repairs.CLIP,
        )  # fmt: skip


def _signals(sites: Sequence[SiteHealth]) -> Iterator[Finding]:
    if len(sites) < 2:
        return
    first, last = sites[0], sites[-1]
    ratio = last.unit_std / first.unit_std
    if 1 / SPREAD <= ratio <= SPREAD:
        return
    each = ratio ** (1 / (len(sites) - 1))
    grows = ratio > 1
    yield Finding(
        "initialisation",
        last.name,
        [],
        "warning",
        f"{last.name}: what enters the activations {'grows' if grows else 'shrinks'} from a spread "
        f"of {first.unit_std:.2g} at {first.name} to {last.unit_std:.2g} here, {each:.2g} times at "
        f"{_each(len(sites) - 1)} where 1 would keep it: the weights are too "
        f"{'large' if grows else 'small'} for {last.activation}",
        repairs.INITIALISE,
    )


def _each(layers: int) -> str:
    return f"each of {layers} layers" if layers > 1 else "one layer"
