"""Activations replaced, proven, undone."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable

import pytest
import torch
from tests.sites.planted import PLANTED, Of
from torch import Tensor, nn
from torch.nn import functional as F

import actscope as act
from actscope.sites import find


@pytest.mark.parametrize("name", [n for n, (_, e) in PLANTED.items() if ("relu" in str(e))])
def test_swapped_and_undone_bit_for_bit(name: str) -> None:
    model, x = Of(PLANTED[name][0]), torch.randn(3, 4)
    before, keys = model(x), list(model.state_dict())
    done = act.swap(model, "relu", "silu", example=x)
    assert {s.activation for s in find(model, x).sites} == {"silu"}
    assert len(done.changes) == len(PLANTED[name][1])
    assert done.difference > 0
    done.undo()
    assert torch.equal(model(x), before)
    assert list(model.state_dict()) == keys
    assert "forward" not in vars(model)


class Functional(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(4, 6), nn.Linear(6, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.second(F.relu(self.first(x)))


def gradients(model: nn.Module, x: Tensor) -> list[Tensor]:
    """The output and all gradients."""
    model.zero_grad()
    out = model(x)
    out.square().sum().backward()
    return [out, *(p.grad.clone() for p in model.parameters() if p.grad is not None)]


def test_learned_parameters_are_the_models_own_and_copies_have_their_own() -> None:
    model, x = Functional(), torch.randn(3, 4)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    count = len(list(model.parameters()))
    done = act.swap(model, "relu", "prelu", example=x)
    assert len(list(model.parameters())) == count + 1
    assert torch.equal(model(x), model.second(F.prelu(model.first(x), torch.tensor([0.25]))))
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert torch.equal(twin(x), model(x))
        with torch.no_grad():
            twin.get_parameter("swapped_relu_first.weight").fill_(3.0)
        assert not torch.equal(twin(x), model(x))
    (learned,) = done.parameters
    assert learned is model.get_parameter("swapped_relu_first.weight")
    optimizer.add_param_group({"params": done.parameters})
    _, *grads = gradients(model, x)
    optimizer.step()
    assert learned.item() == pytest.approx(0.25 - 0.5 * grads[-1].item())
    other = Functional()
    act.swap(other, "relu", "prelu", example=x)
    assert not torch.equal(other(x), model(x))
    other.load_state_dict(model.state_dict())
    assert torch.equal(other(x), model(x))


@pytest.mark.parametrize("functional", [False, True])
def test_what_is_learned_has_the_models_number_format_and_mode(functional: bool) -> None:
    model = Functional() if functional else nn.Sequential(nn.Linear(4, 6), nn.ReLU())
    model.double().eval()
    x = torch.randn(3, 4, dtype=torch.float64)
    with torch.inference_mode():
        (learned,) = act.swap(model, "relu", "prelu", example=x).parameters
    assert learned.dtype == torch.float64
    assert not any(m.training for m in model.modules())
    assert learned.requires_grad
    assert not learned.is_inference()
    model(x).sum().backward()
    assert learned.grad is not None


def test_a_learned_swish_at_each_of_two_functions() -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Linear(4, 6), nn.Linear(6, 2)

        def forward(self, x: Tensor) -> Tensor:
            x = F.relu(self.first(x))
            return F.relu(self.second(x))

    model, x = Two(), torch.randn(3, 4)
    done = act.swap(model, "relu", "beta_swish(beta=2)", example=x)
    one, two = done.parameters
    with torch.no_grad():
        two.fill_(5.0)
    z = model.first(x)
    z = model.second(z * torch.sigmoid(2 * z))
    torch.testing.assert_close(model(x), z * torch.sigmoid(5 * z))
    model(x).sum().backward()
    assert one.grad is not None
    assert two.grad is not None


def test_shared_instances_are_separated() -> None:
    shared = nn.ReLU()
    model = nn.Sequential(nn.Linear(4, 5), shared, nn.Linear(5, 6), shared, nn.Linear(6, 2))
    x = torch.randn(3, 4)
    done = act.swap(model, "relu", "prelu", example=x)
    assert len(done.parameters) == 2
    assert model[1] is not model[3]
    done.undo()
    assert model[1] is shared
    assert model[3] is shared


def test_refusals() -> None:
    model, x = Functional(), torch.randn(3, 4)
    with pytest.raises(act.SettingError, match="does not apply gelu"):
        act.swap(model, "gelu", "relu", example=x)
    with pytest.raises(act.SettingError, match="old names no activation"):
        act.swap(model, [], "relu", example=x)
    with pytest.raises(act.SettingError, match="works on whole layers"):
        act.swap(model, "relu", "softmax", example=x)
    with pytest.raises(act.SettingError, match="written out"):
        act.swap(Of(PLANTED["inline silu"][0]), "silu", "relu", example=x)
    with pytest.raises(act.SettingError, match="learns"):
        act.swap(Of(PLANTED["reused"][0]), "relu", "prelu", example=x)
    with pytest.raises(act.SettingError, match="no site 'third'"):
        act.swap(model, "relu", "gelu", example=x, sites=["third"])
    with pytest.raises(act.SettingError, match="itself nothing but"):
        act.swap(nn.ReLU(), "relu", "gelu", example=x)
    assert "forward" not in vars(model)
    assert list(model._modules) == ["first", "second"]


def test_one_call_of_a_reused_module_cannot_be_swapped_alone() -> None:
    model = Of(PLANTED["reused"][0])
    x = torch.randn(3, 4)
    before = model(x)
    with pytest.raises(act.SettingError, match="did not change as it should"):
        act.swap(model, "relu", "silu", example=x, sites=["act(first)"])
    assert torch.equal(model(x), before)
    assert isinstance(model.act, nn.ReLU)


def module_ignored(m: Of, z: Tensor) -> Tensor:
    m.act(z)
    return z


def function_ignored(m: Of, z: Tensor) -> Tensor:
    F.relu(z, inplace=True)
    return z


def method_ignored(m: Of, z: Tensor) -> Tensor:
    z.relu_()
    return z


def clamp_ignored(m: Of, z: Tensor) -> Tensor:
    z.clamp_(min=0)
    return z


def read_again(m: Of, z: Tensor) -> Tensor:
    """As a residual block that computes in place, on purpose or not."""
    return m.act(z) + z


IGNORED = (module_ignored, function_ignored, method_ignored, clamp_ignored, read_again)


@pytest.mark.parametrize("between", IGNORED)
def test_what_is_written_in_place_still_is(between: Callable[[Of, Tensor], Tensor]) -> None:
    torch.manual_seed(0)
    model, x = Of(between), torch.randn(5, 4)
    model.act = nn.ReLU(inplace=True)
    plain = Of(lambda m, z: 2 * F.silu(z) if between is read_again else F.silu(z))
    plain.load_state_dict(model.state_dict())
    done = act.swap(model, "relu", "silu", example=x)
    for twin in (model, copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        for mine, theirs in zip(gradients(twin, x), gradients(plain, x), strict=True):
            torch.testing.assert_close(mine, theirs)
    done.undo()
    assert torch.equal(model(x), Of.forward(model, x))
    assert isinstance(model.act, nn.ReLU)


def test_in_place_modules_whose_input_nobody_reads_are_plain_afterwards() -> None:
    model = nn.Sequential(nn.Linear(4, 6), nn.ReLU(inplace=True), nn.Linear(6, 2))
    act.swap(model, "relu", "silu", example=torch.randn(3, 4))
    assert "forward" not in vars(model[1])


class Routed(nn.Module):
    """Which of the experts of the second layer is called depends on the values of the first."""

    def __init__(self, shared: bool) -> None:
        super().__init__()
        self.first, self.act = nn.Linear(1, 1), nn.ReLU()
        self.experts = nn.ModuleList(nn.Linear(1, 4) for _ in range(2))
        self.acts = nn.ModuleList(self.act if shared else nn.ReLU() for _ in range(2))
        nn.init.ones_(self.first.weight)
        nn.init.zeros_(self.first.bias)

    def forward(self, x: Tensor) -> Tensor:
        h = self.act(self.first(x))
        chosen = int(h.sum() > 0)
        return self.acts[chosen](self.experts[chosen](h))


@pytest.mark.parametrize("shared", [False, True])
def test_a_swap_that_changes_which_experts_are_called_is_proven_all_the_same(shared: bool) -> None:
    model, x = Routed(shared), torch.tensor([[-2.0], [1.0]])
    # relu(-2) + relu(1) > 0, but -2 + 1 < 0: then the other expert is called
    new = "leaky_relu(negative_slope=1)"
    done = act.swap(model, "relu", new, example=x)
    assert [(c.before, c.after) for c in done.changes] == [("relu", new)] * 2
    assert {s.activation for s in find(model, -x).sites} == {new}  # 2 - 1 > 0
    # what the example did not call is changed only where it is the same module
    assert {s.activation for s in find(model, x).sites} == ({new} if shared else {new, "relu"})
    done.undo()
    assert {s.activation for s in find(model, x).sites} == {"relu"}


class Growing(nn.Module):
    """Calls one more each time: nothing can be proven."""

    def __init__(self) -> None:
        super().__init__()
        self.inner, self.act, self.times = nn.Linear(4, 4), nn.ReLU(), 0

    def forward(self, x: Tensor) -> Tensor:
        self.times += 1
        for _ in range(self.times):
            x = self.act(self.inner(x))
        return x


def test_what_cannot_be_proven_is_not_swapped() -> None:
    model = Growing()
    with pytest.raises(act.SettingError, match="nothing was swapped"):
        act.swap(model, "relu", "gelu", example=torch.randn(3, 4))
    assert isinstance(model.act, nn.ReLU)


@pytest.mark.parametrize("build", [Functional, lambda: Of(PLANTED["module"][0])])
def test_two_swaps_are_undone_in_reverse_order_alone(build: Callable[[], nn.Module]) -> None:
    model, x = build(), torch.randn(3, 4)
    before, names = model(x), list(dict(model.named_modules()))
    first = act.swap(model, "relu", "silu", example=x)
    between = model(x)
    second = act.swap(model, "silu", "gelu", example=x)
    last = model(x)
    with pytest.raises(act.SettingError, match="undo that first"):
        first.undo()
    assert torch.equal(model(x), last)
    second.undo()
    assert torch.equal(model(x), between)
    first.undo()
    first.undo()
    assert torch.equal(model(x), before)
    assert list(dict(model.named_modules())) == names


def test_swaps_of_other_places_are_undone_in_any_order() -> None:
    model = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 6), nn.Tanh())
    x = torch.randn(3, 4)
    first = act.swap(model, "relu", "silu", example=x)
    second = act.swap(model, "tanh", "gelu", example=x)
    first.undo()
    assert [s.activation for s in find(model, x).sites] == ["relu", "gelu"]
    second.undo()
    assert [s.activation for s in find(model, x).sites] == ["relu", "tanh"]


@pytest.mark.parametrize("given", ["relu", "gelu", F.relu, nn.GELU()])
@pytest.mark.parametrize("training", [False, True])
def test_transformer_encoder_layers(given: object, training: bool) -> None:
    """In evaluation a fused path would go on with the old function."""
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(8, 2, 16, 0.0, given, batch_first=True)  # type: ignore[arg-type]
    model, x = nn.Sequential(layer).train(training), torch.randn(2, 3, 8)

    def by_hand(x: Tensor, function: Callable[[Tensor], Tensor]) -> Tensor:
        h = layer.norm1(x + layer.self_attn(x, x, x, need_weights=False)[0])
        return layer.norm2(h + layer.linear2(function(layer.linear1(h))))

    with torch.no_grad():
        before = model(x)
        done = act.swap(model, "all", "mish", example=x)
        torch.testing.assert_close(model(x), by_hand(x, F.mish))
        assert done.difference == (model(x).double() - before.double()).abs().max().item()
        done.undo()
        assert torch.equal(model(x), before)


@pytest.mark.filterwarnings("ignore")  # of the compiler itself
@pytest.mark.parametrize("new", ["silu", "prelu"])
def test_compiled_models_give_what_eager_ones_do_with_their_gradients(new: str) -> None:
    torch.manual_seed(0)
    x = torch.randn(5, 4)
    for build in (Functional, lambda: Of(PLANTED["module"][0]), lambda: Of(module_ignored)):
        model = build()
        if isinstance(model, Of):
            model.act = nn.ReLU(inplace=True)
        compiled = torch.compile(model, backend="aot_eager")
        assert isinstance(compiled, nn.Module)
        compiled(x)  # compiled before it is swapped
        act.swap(compiled, "relu", new, example=x)
        for mine, theirs in zip(gradients(compiled, x), gradients(model, x), strict=True):
            torch.testing.assert_close(mine, theirs)
        torch.compiler.reset()


@pytest.mark.parametrize("as_module", [True, False])
def test_new_parameters_are_of_the_format_of_the_layer_before(as_module: bool) -> None:
    class Mixed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.wide, self.narrow = nn.Linear(3, 4).double(), nn.Linear(4, 4)
            self.act = nn.ReLU()

        def forward(self, x: Tensor) -> Tensor:
            z = self.narrow(self.wide(x).float())
            return self.act(z) if as_module else F.relu(z)

    model, x = Mixed(), torch.randn(5, 3).double()
    done = act.swap(model, "relu", "prelu", example=x)
    assert [p.dtype for p in done.parameters] == [torch.float32]
    z = model.narrow(model.wide(x).float())
    assert torch.equal(model(x), torch.where(z > 0, z, 0.25 * z))


class ByMode(nn.Module):
    """Another module and another line in each mode."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.spare = nn.Linear(4, 6), nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        h = self.first(x)
        if self.training:
            return F.relu(h)
        return self.spare(h) + 1


def test_what_the_example_does_not_reach_stays_and_modules_are_named() -> None:
    model, x = ByMode(), torch.randn(3, 4)
    first = act.swap(model, "relu", "gelu", example=x)
    assert first.not_called == ("spare",)
    h = model.first(x)
    assert torch.equal(model(x), F.gelu(h))
    assert torch.equal(model.eval()(x), F.relu(h) + 1)
    act.swap(model, "relu", "gelu", example=x)
    assert torch.equal(model(x), F.gelu(h) + 1)


def test_no_sites_and_no_activation_are_refused_in_words() -> None:
    model, x = ByMode(), torch.randn(3, 4)
    with pytest.raises(act.errors.SettingError, match="sites names none"):
        act.swap(model, "relu", "gelu", example=x, sites=[])
    with pytest.raises(act.errors.SettingError, match="old is None: give the name"):
        act.swap(model, None, "gelu", example=x)  # type: ignore[arg-type]
