"""Sites of models that were planted by hand."""

from __future__ import annotations

import pytest
import torch
from tests.sites.planted import PLANTED, Of
from torch import Tensor, nn

import actscope as act
from actscope.sites import find


def named(model: nn.Module, example: object) -> list[tuple[str, str]]:
    return [(site.name, site.activation) for site in find(model, example).sites]


@pytest.mark.parametrize("name", PLANTED)
def test_planted(name: str) -> None:
    between, expected = PLANTED[name]
    model = Of(between)
    assert named(model, torch.randn(3, 4)) == expected
    for site in find(model, torch.randn(3, 5, 4)).sites:
        assert (site.axis, site.units) == (-1, 6)
    if not expected:
        assert len(find(model, torch.randn(3, 4)).left_out) == 1


def test_an_exception_leaves_nothing_behind() -> None:
    def fail(m: Of, z: Tensor) -> Tensor:
        raise RuntimeError("on purpose")

    model = Of(fail)
    with pytest.raises(RuntimeError, match="on purpose"):
        find(model, torch.randn(3, 4))
    assert torch._C._len_torch_function_stack() == 0
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def test_channels_are_the_units_of_a_convolution_and_buffers_stay() -> None:
    model = nn.Sequential(nn.Conv2d(1, 5, 3), nn.BatchNorm2d(5), nn.ReLU(inplace=True))
    before = {k: v.clone() for k, v in model.state_dict().items()}
    (site,) = find(model, torch.randn(2, 1, 8, 8)).sites
    assert (site.name, site.axis, site.units) == ("2", -3, 5)
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())


def test_lazy_modules_are_refused() -> None:
    with pytest.raises(act.SettingError, match="lazy"):
        find(nn.Sequential(nn.LazyLinear(3), nn.ReLU()), torch.randn(2, 4))


def test_a_loop_is_one_site() -> None:
    class Loop(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner, self.act = nn.Linear(4, 4), nn.Tanh()

        def forward(self, x: Tensor) -> Tensor:
            h = x[:, 0]
            for t in range(x.shape[1]):
                h = self.act(self.inner(h + x[:, t]))
            return h

    for length in (2, 5):
        (site,) = find(Loop(), torch.randn(3, length, 4)).sites
        assert (site.name, site.calls, site.units) == ("act", length, 4)
