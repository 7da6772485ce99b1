"""Models of every kind are watched without a change, and without a mistake."""

from __future__ import annotations

import copy
import pickle
import threading
import warnings
from dataclasses import dataclass
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from tests.diagnosis import planted
from tests.diagnosis.test_planted import looked_at, truth
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.checkpoint import checkpoint

from actscope.diagnosis._report import SiteHealth
from actscope.diagnosis._watch import watch
from actscope.errors import SettingError


def build(kind: type[nn.Module] = planted.MLP, *args: Any) -> Any:
    torch.manual_seed(0)
    model: Any = kind(*args)
    planted.plant(model.first.weight, model.first.bias)
    return model


def seen_in(model: nn.Module, *inputs: Any, every: int = 1) -> list[SiteHealth]:
    with watch(model, every=every) as seen:
        for x in inputs:
            model(x)
    return seen.report().sites


class NoWaiting(TorchDispatchMode):
    """Fails on whatever reads a number back from the device."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = str(func)
        assert "_local_scalar_dense" not in name, "a number is read back"
        assert "nonzero" not in name, "a size is read back"
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("style", [s for s in planted.STYLES if s != "maximum"])
def test_nothing_waits_for_the_device_in_a_step(style: str) -> None:
    # (maximum(x, 0) reads its one number, to know that it is 0)
    model, x = build(planted.MLP, style), planted.inputs()
    with watch(model, every=1) as seen, NoWaiting():
        for _ in range(40):
            model(x).square().mean().backward()
    assert seen.report().sites[0].samples == 40 * planted.ROWS


@pytest.mark.parametrize("style", ["reused", "functional"])
def test_what_is_kept_does_not_grow_with_steps(style: str) -> None:
    import gc

    model, x = build(planted.MLP, style), planted.inputs()[:20]
    numbers: list[int] = []
    with watch(model, every=1) as seen:
        for steps in (1000, 2000):
            for _ in range(steps):
                model(x)
            _ = [state.units for state in seen.states.values()]
            gc.collect()
            numbers.append(sum(o.numel() for o in gc.get_objects() if type(o) is Tensor))
    assert numbers[1] - numbers[0] < 600  # one number a step would be 2000


def test_most_passes_are_looked_at_as_planned() -> None:
    for style in ("module", "reused", "inplace", "functional", "residual"):
        model, x = build(planted.MLP, style), planted.inputs()
        seen = watch(model, every=1)
        kinds: list[str] = []
        with seen:
            model.last.register_forward_hook(
                lambda *_, kinds=kinds, seen=seen: kinds.append(type(seen._pass).__name__)
            )
            for _ in range(10):
                model(x)
        assert kinds == ["WholePass"] + 9 * ["PlannedPass"], style


class Experts(nn.Module):
    """One of two layers, in an order that inputs decide."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Linear(3, 4), nn.Linear(3, 4)
        with torch.no_grad():
            self.one.bias.fill_(-99.0)
            self.two.bias.fill_(99.0)
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        order = (self.one, self.two) if x.sum() > 0 else (self.two, self.one)
        return sum((self.act(layer(x)) for layer in order), torch.zeros(()))


class Choosing(Experts):
    """Both layers in one order; which of them is activated is another matter."""

    def forward(self, x: Tensor) -> Tensor:
        one, two = self.one(x), self.two(x)
        return F.relu(one) if x.sum() > 0 else F.relu(two)


def test_a_pass_that_goes_another_way_is_never_taken_for_the_planned_one() -> None:
    model = Experts()
    signs = [1.0] * 5 + [-1.0] * 5 + [1.0, -1.0] * 10
    with watch(model, every=1) as seen:
        for sign in signs:
            model(torch.full((2, 3), sign))
    sites = {site.name: site for site in seen.report().sites}
    assert sites["act(one)"].dead_units == [0, 1, 2, 3]
    assert sites["act(two)"].dead_units == []
    assert sites["act(one)"].samples == 2 * (len(signs) - 1)  # one pass was not kept


@pytest.mark.parametrize("reentrant", [False, True])
def test_checkpointed_calls_count_once(reentrant: bool) -> None:
    class Checkpointed(planted.MLP):
        def forward(self, x: Tensor) -> Tensor:
            h = checkpoint(self.hidden, x, use_reentrant=reentrant)
            assert isinstance(h, Tensor)
            return self.last(self.activate(self.second(h), True))

    model, x = build(Checkpointed), planted.inputs().requires_grad_()
    site = looked_at(model, x).sites[0]
    assert site.samples == planted.ROWS
    assert site.dead_units == truth(model, x)["dead"]


@pytest.mark.parametrize("whole", [True, False])
def test_the_fused_path_of_an_encoder_is_taken_as_without_watching(whole: bool) -> None:
    torch.manual_seed(0)
    layer: nn.Module = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    model = (layer if whole else nn.Sequential(nn.Linear(8, 8), layer)).eval()
    x = torch.randn(3, 5, 8)
    with torch.no_grad():
        plain = model(x)
        with watch(model) as seen:
            assert torch.equal(model(x), plain)
        assert torch.equal(model(x), plain)
    sites = seen.report().sites
    assert [(s.activation, s.units, s.samples) for s in sites] == [("relu", 16, 15)]


def test_autocast() -> None:
    model, x = build(), planted.inputs()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        plain = model(x)
        with watch(model, every=1) as seen:
            assert torch.equal(model(x), plain)
        z = model.first(x)
    site = seen.report().sites[0]
    assert z.dtype is torch.bfloat16
    assert site.dead_units == (z <= 0).all(0).nonzero().flatten().tolist()
    assert site.mean == pytest.approx(z.double().mean().item(), abs=1e-6)
    assert site.std == pytest.approx(z.double().std(correction=0).item(), rel=1e-6)


@pytest.mark.parametrize("size", [300.0, 1e30, 3e38])
def test_very_large_inputs_have_room(size: float) -> None:
    kind = torch.float16 if size == 300.0 else torch.float32
    model = nn.Sequential(nn.Identity(), nn.Linear(2, 2), nn.ReLU()).to(kind)
    with torch.no_grad():
        model[1].weight.copy_(torch.eye(2))  # type: ignore[operator]
        model[1].bias.zero_()  # type: ignore[operator]
    x = torch.tensor([[size, -size], [size, -size]], dtype=kind)
    (site,) = seen_in(model, x)
    assert site.dead_units == [1]
    assert site.mean == 0.0
    assert site.std == pytest.approx(float(x[0, 0]), rel=1e-3)


def test_what_is_no_number_is_in_no_list() -> None:
    model = nn.Sequential(nn.Linear(1, 3), nn.ReLU())
    with torch.no_grad():
        model[0].weight.zero_()  # type: ignore[operator]
        model[0].bias.copy_(torch.tensor([-1.0, 1.0, -1.0]))  # type: ignore[operator]
    with watch(model, every=1) as seen:
        model(torch.zeros(2, 1))
        with torch.no_grad():
            model[0].bias[0] = float("nan")  # type: ignore[index]
        model(torch.zeros(2, 1))
    (site,) = seen.report().sites
    assert site.dead_units == [2]
    assert site.dormant_units == []
    # Of the first unit, the look with the NaN is left out.
    assert site.mean == pytest.approx((-1.0 + 2 * 1.0 + 2 * -1.0) / 5)


def test_frozen_parts_and_inference_mode() -> None:
    model, x = build(), planted.inputs()
    model.first.requires_grad_(False)
    assert looked_at(model, x).sites[0].dead_units == truth(model, x)["dead"]
    with watch(model, every=1) as seen:
        with torch.inference_mode():
            model(x)
        model(x)
        with torch.inference_mode():
            for _ in range(20):
                model(x)
    assert seen.report().sites[0].samples == 22 * planted.ROWS


@dataclass
class Output:
    hidden: Tensor
    logits: Tensor


@pytest.mark.parametrize("kind", ["dict", "dataclass", "nothing"])
def test_outputs_of_any_kind(kind: str) -> None:
    class Model(planted.MLP):
        kept: Tensor

        def forward(self, x: Tensor) -> Any:
            h = self.act(self.first(x))
            if kind == "nothing":
                self.kept = h
                return None
            return {"h": h} if kind == "dict" else Output(h, self.last(h))

    model, x = build(Model), planted.inputs()
    assert seen_in(model, x)[0].dead_units == truth(model, x)["dead"]


def test_shapes_may_vary_and_batches_be_empty() -> None:
    model, x = build().eval(), planted.inputs()
    sites = seen_in(model, x[:0], x[:3], x[0], x.view(10, 100, -1), x[:0], x[3:])
    assert sites[0].samples == 3 + 1 + 1000 + 997
    assert sites[0].dead_units == truth(model, x)["dead"]


def test_lazy_modules_are_watched_from_their_first_pass() -> None:
    model = nn.Sequential(nn.LazyLinear(5), nn.ReLU())
    (site,) = seen_in(model, torch.randn(4, 3), torch.randn(4, 3))
    assert (site.name, site.units, site.samples) == ("1", 5, 8)


class Later(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.late = nn.Linear(3, 4), nn.Linear(4, 4), False

    def forward(self, x: Tensor) -> Tensor:
        h = F.relu(self.first(x))
        return torch.tanh(self.second(h)) if self.late else h


def test_sites_that_appear_later_are_found() -> None:
    model, x = Later(), torch.randn(5, 3)
    with watch(model, every=1) as seen:
        for _ in range(5):
            model(x)
        model.late = True
        for _ in range(410):  # in training the whole is seen at least every 400 steps
            model(x)
    assert [site.name for site in seen.report().sites] == ["relu(first)", "tanh(second)"]


def test_two_watches_on_one_model_and_on_one_inside_another() -> None:
    inner = build()
    outer = nn.Sequential(nn.Identity(), inner)
    x = planted.inputs()
    plain = outer(x)
    with watch(outer, every=1) as one, watch(inner, every=1) as two, watch(inner, every=2) as three:
        for _ in range(4):
            assert torch.equal(outer(x), plain)
    wanted = truth(inner, x)["dead"]
    for seen, passes in ((one, 4), (two, 4), (three, 2)):
        site = seen.report().sites[0]
        assert (site.samples, site.dead_units) == (passes * planted.ROWS, wanted)
    assert not torch.overrides._get_current_function_mode_stack()


class Recursive(planted.MLP):
    def forward(self, x: Tensor, again: bool = True) -> Tensor:
        h = super().forward(x)
        return h + self(x, False) if again else h


def test_a_model_that_calls_itself_is_one_pass() -> None:
    model, x = build(Recursive), planted.inputs()
    with watch(model, every=1) as seen:
        for _ in range(3):
            model(x)
    assert (seen.step, seen.looked) == (3, 3)
    assert seen.report().sites[0].samples == 6 * planted.ROWS


def test_an_interrupt_leaves_nothing_on() -> None:
    class Stops(planted.MLP):
        stops = False

        def forward(self, x: Tensor) -> Tensor:
            if self.stops:
                self.first(x)
                raise KeyboardInterrupt
            return super().forward(x)

    model, x = build(Stops), planted.inputs()
    with watch(model, every=1) as seen:
        model.stops = True
        with pytest.raises(KeyboardInterrupt):
            model(x)
        model.stops = False
        model(x)
        model.stops = True
        with pytest.raises(KeyboardInterrupt):
            model(x)
    assert seen.report().sites[0].samples == planted.ROWS
    assert not torch.overrides._get_current_function_mode_stack()
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def test_calls_from_other_threads_are_not_seen() -> None:
    model, x = build(), planted.inputs()
    other = threading.Thread(target=lambda: [model(-x) for _ in range(20)])
    with watch(model, every=1) as seen:
        other.start()
        for _ in range(20):
            model(x)
        other.join()
    assert seen.step == 20
    assert seen.report().sites[0].samples == 20 * planted.ROWS


def test_copies_made_while_watched_are_not_watched() -> None:
    model, x = build(), planted.inputs()
    with watch(model, every=1) as seen:
        for _ in range(3):  # from the second pass on, modules have hooks that last
            model(x)
        twins = [copy.deepcopy(model), pickle.loads(pickle.dumps(model))]
        for twin in twins:
            assert torch.equal(twin(x), model(x))
    assert seen.step == 5
    for twin in twins:
        pickle.dumps(twin)


class Gelu(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(planted.FEATURES, 16), nn.Linear(16, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(F.relu(self.first(x)))


@pytest.mark.parametrize("way", ["method", "wrapper", "part"])
def test_compiled_before(way: str) -> None:
    model, x = build(Gelu), planted.inputs()
    run: nn.Module = model
    if way == "method":
        model.compile(backend="eager")
    elif way == "wrapper":
        run = torch.compile(model, backend="eager")  # type: ignore[assignment]
    else:
        model.first.compile(backend="eager")
    run(x)
    with watch(run, every=2) as seen:
        for _ in range(6):
            run(x)
    site = seen.report().sites[0]
    assert site.samples == 3 * planted.ROWS
    assert site.dead_units == truth(model, x)["dead"]
    assert torch._dynamo.eval_frame._stance.stance == "default"


def test_compiled_inside_the_block_runs_unseen_and_whole() -> None:
    model, x = build(Gelu), planted.inputs()
    plain = model(x)
    with watch(model, every=1) as seen:
        compiled = torch.compile(model, backend="eager", fullgraph=True)
        for _ in range(3):
            assert torch.equal(compiled(x), plain)
    assert seen.looked == 0
    assert any("compile" in text for text in seen.report().unseen)


def test_functional_transforms_are_refused() -> None:
    model, x = build(), planted.inputs()[:4]
    with watch(model, every=1):
        with pytest.raises(SettingError, match="vmap"):
            torch.func.vmap(model)(x)
        parameters = dict(model.named_parameters())
        torch.func.functional_call(model, parameters, (x,))
    with pytest.raises(SettingError, match="vmap"):
        torch.func.vmap(lambda row: watch(model).__enter__() and row)(x)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def test_quantised_and_scripted_models_are_refused() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scripted: Any = torch.jit.trace(build(), planted.inputs())
    with pytest.raises(SettingError, match=r"torch\.jit"):
        watch(scripted)
    with pytest.raises(SettingError, match=r"torch\.nn\.Module"):
        watch(lambda x: x)  # type: ignore[arg-type]


def test_silence_is_dated_by_the_looks() -> None:
    """Unit 0 fires at steps 0 to 9 alone; every third is looked at."""
    model = nn.Sequential(nn.Linear(1, 2), nn.ReLU())
    with torch.no_grad():
        model[0].weight.zero_()  # type: ignore[operator]
        model[0].bias.fill_(1.0)  # type: ignore[operator]
    with watch(model, every=3) as seen:
        for step in range(30):
            if step == 10:
                with torch.no_grad():
                    model[0].bias[0] = -1.0  # type: ignore[index]
            model(torch.zeros(50, 1))
    (site,) = seen.report().sites
    (state,) = seen.states.values()
    assert state.units.last_outside.tolist() == [9.0, 27.0]
    assert dict(site.history)[9] == 0.0
    assert dict(site.history)[12] == 0.5
    assert site.dead_units == []
