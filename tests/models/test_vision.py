"""Vision networks with reused modules or functions alone: every site against a count by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
import torch
from tests.models.vision import GoogLeNet, HRNet, dla34, resnet18
from torch import Tensor, nn

import actscope as act
from actscope.sites import find
from actscope.sites._observe import leaves
from actscope.sites._tracker import Tracker

# How many sites of how many channels.
CASES: dict[str, tuple[Callable[[], nn.Module], dict[int, int]]] = {
    # Stem of 4, then two a block in 8 blocks of 4, 4, 8, 8, 16, 16, 32, 32: 17.
    "resnet18": (resnet18, {4: 1 + 2 * 2, 8: 2 * 2, 16: 2 * 2, 32: 2 * 2}),
    # Stem of 4, 4, 16; each of 9 inceptions 4 of 4 and 2 of 2: 57.
    "googlenet": (GoogLeNet, {4: 2 + 9 * 4, 16: 1, 2: 9 * 2}),
    # 3 convolutions of 4; a tree of one level has 2 blocks of two and a root, of two levels 2
    # such trees: 5 of 4, 10 and 10 of 8, 5 of 16: 33.
    "dla34": (dla34, {4: 3 + 5, 8: 10 + 10, 16: 5}),
    # Stem 2 of 8; bottleneck 2 of 4, 1 of 16; transition 4, 8. Two resolutions: 4 blocks of two
    # each, and the sums; one more transition of 16; three: the same, and one step inside 4 -> 16.
    "hrnet": (
        HRNet,
        {4: 2 + 1 + 8 + 1 + 8 + 1 + 1, 8: 2 + 1 + 8 + 1 + 8 + 1, 16: 1 + 1 + 8 + 1},
    ),
}
# ReLU modules called again. resnet18: one a block; dla34: one in each of 2 + 4 + 4 + 2 blocks;
# hrnet: one in each of 8 + 12 blocks and in the bottleneck, and the ReLU of both exchanges' sums.
REUSED = {"resnet18": 8, "googlenet": 0, "dla34": 12, "hrnet": 23}

Built = tuple[str, nn.Module, dict[int, int]]


@pytest.fixture(params=CASES)
def built(request: pytest.FixtureRequest) -> Built:
    torch.manual_seed(0)
    build, counts = CASES[request.param]
    return request.param, build().eval(), counts


def image() -> Tensor:
    return torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))


def test_hand_counted_sites(built: Built) -> None:
    name, model, counts = built
    found = find(model, image())
    assert Counter(site.units for site in found.sites) == counts
    assert {(site.activation, site.axis, site.calls) for site in found.sites} == {("relu", -3, 1)}
    assert not found.left_out
    assert not found.idle
    sites = Counter(site.key.module for site in found.sites if site.key.own)
    assert sum(calls > 1 for calls in sites.values()) == REUSED[name]


@pytest.mark.parametrize("training", [False, True])
def test_outputs_and_gradients_are_bit_equal_when_watched(built: Built, training: bool) -> None:
    _, model, _ = built
    model.train(training)

    def step() -> list[Tensor]:
        model.zero_grad()
        outs = list(leaves(model(image())))
        torch.stack([t.square().sum() for t in outs]).sum().backward()
        return [*outs, *(p.grad.clone() for p in model.parameters() if p.grad is not None)]

    alone = step()
    with Tracker(model).watching():
        watched = step()
    assert len(alone) == len(watched)
    assert all(map(torch.equal, alone, watched))


@pytest.mark.parametrize("new", ["gelu", "silu"])
def test_swapped_at_every_site_and_undone(built: Built, new: str) -> None:
    _, model, counts = built
    x, state = image(), {k: v.clone() for k, v in model.state_dict().items()}
    with torch.no_grad():
        before = list(leaves(model(x)))
    done = act.swap(model, "relu", new, example=x)
    assert len(done.changes) == sum(counts.values())
    sites = find(model, x).sites
    assert Counter(site.units for site in sites) == counts
    assert {site.activation for site in sites} == {new}
    assert done.difference > 0
    done.undo()
    with torch.no_grad():
        assert all(map(torch.equal, before, leaves(model(x))))
    assert list(model.state_dict()) == list(state)
    assert all(torch.equal(v, state[k]) for k, v in model.state_dict().items())


def test_compiled() -> None:
    for build in (resnet18, GoogLeNet):
        torch.manual_seed(0)
        model, x = build().eval(), image()
        count = len(act.swap(model, "relu", "gelu", example=x).changes)
        compiled = torch.compile(model, backend="eager")
        assert isinstance(compiled, nn.Module)
        with torch.no_grad():
            assert torch.equal(compiled(x), model(x))
        assert len(find(compiled, x).sites) == count
