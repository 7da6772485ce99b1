"""What cannot be looked into is refused in one clear line, by everything that looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
import torch.distributed as dist
from torch import nn

import actscope as act
from actscope.sites import find, refuse


def model() -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, 6), nn.ReLU())


@pytest.fixture
def alone(tmp_path: Any) -> Iterator[None]:
    """A process group of one."""
    dist.init_process_group("gloo", f"file://{tmp_path}/store", rank=0, world_size=1)
    try:
        yield
    finally:
        dist.destroy_process_group()


X = torch.ones(2, 4)
USES: dict[str, Callable[[Any], object]] = {
    "find": lambda m: find(m, X),
    "swap": lambda m: act.swap(m, "relu", "gelu", example=X),
    "init_": lambda m: act.init_(m, example=X),
}


def refused(given: object, says: str) -> None:
    for use in USES.values():
        with pytest.raises(act.SettingError, match=says) as caught:
            use(given)
        assert "\n" not in str(caught.value)
    with pytest.raises(act.SettingError, match=f"{says}.*"):
        refuse(given, "watch it")


def test_what_is_no_module() -> None:
    refused(torch.relu, "must be a torch.nn.Module")


@pytest.mark.filterwarnings("ignore")  # torch.jit and torch.ao say that they are old
def test_scripted_traced_and_quantised() -> None:
    refused(torch.jit.script(model()), "torch.jit")
    refused(torch.jit.trace(model(), X), "torch.jit")
    refused(nn.Sequential(model(), torch.jit.script(nn.ReLU())), "1 is compiled by torch.jit")
    refused(
        torch.ao.quantization.quantize_dynamic(model(), {nn.Linear}), r"0 is quantised \(Linear\)"
    )


def test_inside_torch_func() -> None:
    given = model()
    for use in USES.values():

        def of_one(x: torch.Tensor, use: Callable[[Any], object] = use) -> torch.Tensor:
            use(given)
            return x

        with pytest.raises(act.SettingError, match=r"inside torch\.func"):
            torch.func.vmap(of_one)(X)
        with pytest.raises(act.SettingError, match=r"inside torch\.func"):
            torch.func.grad(lambda x, of_one=of_one: of_one(x).sum())(X)


def test_the_meta_device_has_shapes_alone() -> None:
    meta = model().to("meta")
    x = X.to("meta")
    assert [(s.name, s.units) for s in find(meta, x).sites] == [("1", 6)]
    with pytest.raises(act.SettingError, match=r"0\.weight is on the meta device.*then swap"):
        act.swap(meta, "relu", "gelu", example=x)
    with pytest.raises(act.SettingError, match=r"0\.weight is on the meta device.*then initialise"):
        act.init_(meta, example=x)


def test_lazy_modules_until_they_have_run() -> None:
    lazy = nn.Sequential(nn.LazyLinear(3), nn.ReLU())
    for use in USES.values():
        with pytest.raises(act.SettingError, match=r"0\.weight has no shape yet \(a lazy module\)"):
            use(lazy)
    lazy(X)
    assert [s.units for s in find(lazy, X).sites] == [3]


@pytest.mark.usefixtures("alone")
def test_sharded_models() -> None:
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard
    from torch.distributed.tensor import distribute_module

    mesh = init_device_mesh("cpu", (1,))
    refused(fully_shard(model(), mesh=mesh), "sharded by FSDP")
    refused(distribute_module(model(), mesh), r"0\.weight is spread over devices \(DTensor\)")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("alone")
def test_what_distributes_data_alone_is_not_refused() -> None:
    for wrapped in (nn.parallel.DistributedDataParallel(model()), nn.DataParallel(model())):
        assert [s.name for s in find(wrapped, X).sites] == ["module.1"]
        assert act.swap(wrapped, "relu", "gelu", example=X).difference > 0
    wrapped = nn.parallel.DistributedDataParallel(model())
    with pytest.raises(act.SettingError, match=r"prelu learns.*swap before wrapping"):
        act.swap(wrapped, "relu", "prelu", example=X)
