"""Sites of models that were planted by hand."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from tests.sites.planted import PLANTED, Of
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

import actscope as act
from actscope.sites import _activations, find
from actscope.sites._tracker import Tracker


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

    model = nn.Sequential(Of(fail), nn.TransformerEncoderLayer(6, 2, 8, batch_first=True))
    with pytest.raises(RuntimeError, match="on purpose"):
        find(model, torch.randn(3, 4))
    assert torch._C._len_torch_function_stack() == 0
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())
    assert not any("forward" in vars(m) for m in model.modules())


def test_channels_are_the_units_of_a_convolution_and_buffers_stay() -> None:
    model = nn.Sequential(nn.Conv2d(1, 5, 3), nn.BatchNorm2d(5), nn.ReLU(inplace=True))
    before = {k: v.clone() for k, v in model.state_dict().items()}
    (site,) = find(model, torch.randn(2, 1, 8, 8)).sites
    assert (site.name, site.axis, site.units) == ("2", -3, 5)
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())


def test_the_example_and_the_random_state_are_left_as_they_are() -> None:
    model = nn.Sequential(nn.ReLU(inplace=True), nn.Dropout(), nn.Linear(4, 2))
    x = torch.randn(3, 4)
    before, state = x.clone(), torch.get_rng_state()
    find(model, {"input": x})
    assert torch.equal(x, before)
    assert torch.equal(torch.get_rng_state(), state)


class Loop(nn.Module):
    """A recurrent cell of one's own."""

    def __init__(self) -> None:
        super().__init__()
        self.inner, self.act = nn.Linear(4, 4), nn.Tanh()

    def forward(self, x: Tensor) -> Tensor:
        h = x[:, 0]
        for t in range(x.shape[1]):
            h = self.act(self.inner(h + x[:, t]))
        return h


def test_a_loop_is_one_site() -> None:
    for length in (2, 5):
        (site,) = find(Loop(), torch.randn(3, length, 4)).sites
        assert (site.name, site.calls, site.units) == ("act", length, 4)


class Gru(nn.Module):
    """Two gates, and tanh of the candidate."""

    def __init__(self) -> None:
        super().__init__()
        self.update, self.reset, self.new = (nn.Linear(8, 4) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        h = torch.zeros(x.shape[0], 4)
        for t in range(x.shape[1]):
            both = torch.cat([x[:, t], h], 1)
            z, r = torch.sigmoid(self.update(both)), torch.sigmoid(self.reset(both))
            h = (1 - z) * h + z * torch.tanh(self.new(torch.cat([x[:, t], r * h], 1)))
        return h


def test_of_a_recurrent_cell_the_candidate_is_the_site_and_the_gates_are_not() -> None:
    found = find(Gru(), torch.randn(2, 3, 4))
    assert [(s.name, s.calls, s.units) for s in found.sites] == [("tanh(new)", 3, 4)]
    assert {name for name, _ in found.left_out} == {"sigmoid(update)", "sigmoid(reset)"}
    assert all("gate" in why for _, why in found.left_out)


@pytest.mark.parametrize("kind", [nn.RNN, nn.LSTM, nn.GRU])
def test_recurrent_layers_are_said_to_be_unseen(kind: type[nn.Module]) -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn, self.act = kind(4, 5, batch_first=True), nn.ReLU()

        def forward(self, x: Tensor) -> Tensor:
            return self.act(self.rnn(x)[0])

    found = find(Model(), torch.randn(2, 3, 4))
    assert found.unseen == ("rnn",)
    assert [(s.name, s.units) for s in found.sites] == [("act", 5)]


class Squash(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x / (1 + x.abs())


class Cubed(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        return 3 * ctx.saved_tensors[0] ** 2 * grads[0]


def test_ones_own_classes_and_autograd_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_activations, "_DECLARED", {})
    squashed = nn.Sequential(nn.Linear(4, 6), Squash(), nn.Linear(6, 2))
    cubed = Of(lambda m, z: Cubed.apply(z))
    x = torch.randn(3, 4)
    assert not find(squashed, x).sites
    assert not find(cubed, x).sites
    act.declare(Squash, "softsign")
    act.declare(Cubed, "x^3")
    before = Cubed.__dict__.get("apply")
    assert named(squashed, x) == [("1", "softsign")]
    (site,) = find(cubed, x).sites
    assert (site.name, site.units, site.record.formula) == ("x^3(first)", 6, "x^3")
    assert Cubed.__dict__.get("apply") is before
    done = act.swap(squashed, "softsign", "tanh", example=x)
    assert isinstance(squashed[1], nn.Tanh)
    done.undo()
    with pytest.raises(act.SettingError, match="cannot be patched safely"):
        act.swap(cubed, "x^3", "tanh", example=x)
    with pytest.raises(act.SettingError, match="not a class"):
        act.declare(F.relu, "relu")


class Glu(nn.Module):
    def __init__(self, functional: bool) -> None:
        super().__init__()
        self.first = nn.Conv1d(3, 10, 1)
        self.act = F.glu if functional else nn.GLU(1)
        self.dim = {"dim": 1} if functional else {}

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.first(x), **self.dim)


@pytest.mark.parametrize("functional", [True, False])
def test_of_a_glu_the_half_that_gates_is_the_unit(functional: bool) -> None:
    (site,) = find(Glu(functional), torch.randn(2, 3, 7)).sites
    assert (site.activation, site.gated, site.axis, site.units) == ("sigmoid", True, -2, 5)


class Squeeze(nn.Module):
    """Squeeze and excite (Hu et al. 2017)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.down, self.up = nn.Conv2d(1, 8, 3), nn.Conv2d(8, 2, 1), nn.Conv2d(2, 8, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.conv(x))
        return x * torch.sigmoid(self.up(F.relu(self.down(x.mean((2, 3), keepdim=True)))))


def test_squeeze_and_excite() -> None:
    found = find(Squeeze(), torch.randn(2, 1, 8, 8))
    assert [(s.name, s.units, s.gated) for s in found.sites] == [
        ("relu(conv)", 8, False), ("relu(down)", 2, False),
    ]  # fmt: skip
    ((name, why),) = found.left_out
    assert name == "sigmoid(up)"
    assert "gate" in why


def test_a_soft_cap_is_left_out_with_its_reason() -> None:
    ((name, why),) = find(Of(PLANTED["soft cap"][0]), torch.randn(3, 4)).left_out
    assert (name, "soft cap" in why) == ("tanh(first)", True)


@pytest.mark.parametrize(
    ("times", "expected"), [(1.702, "quick_gelu"), (3.0, "beta_swish(beta=3)")]
)
def test_written_out_with_a_number(times: float, expected: str) -> None:
    (site,) = find(Of(lambda m, z: z * torch.sigmoid(times * z)), torch.randn(3, 4)).sites
    assert (site.activation, site.inline, site.units) == (expected, True, 6)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("wrapped", [False, True])
def test_fused_attention_is_bit_equal_and_seen(
    training: bool, masked: bool, wrapped: bool, recwarn: pytest.WarningsRecorder
) -> None:  # recwarn: PyTorch says that nested tensors are a prototype
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
    model: nn.Module = nn.TransformerEncoder(layer, 2, enable_nested_tensor=masked)
    if wrapped:

        class Whole(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.encoder, self.last = model, nn.Linear(8, 8)

            def forward(self, *args: Any, **kwargs: Any) -> Tensor:
                return F.silu(self.last(self.encoder(*args, **kwargs)))

        model = Whole()
    model.train(training)
    x = {"src": torch.randn(2, 5, 8)}
    if masked:
        x["src_key_padding_mask"] = torch.tensor([[False] * 5, [False] * 3 + [True] * 2])
    if wrapped:
        x = {"src": x["src"], **{k: v for k, v in x.items() if k != "src"}}
    with torch.set_grad_enabled(training):
        alone, tracker = model(**x), Tracker(model)
        with tracker.watching():
            watched = model(**x)
    assert torch.equal(alone, watched)
    prefix = "encoder." if wrapped else ""
    producers = [f"{prefix}layers.{n}.linear1" for n in (0, 1)]
    assert [c.key.producer for c in tracker.calls] == producers + ["last"] * wrapped
    assert {c.axis for c in tracker.calls} == {-1}
    assert model(**x).shape == alone.shape
    assert not any("forward" in vars(m) for m in model.modules())


def test_a_dropout_left_on_in_a_fused_layer_draws_no_more_than_without_watching() -> None:
    model = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.5, batch_first=True).eval()
    model.dropout.train()
    x, states = torch.randn(2, 5, 8), []
    with torch.no_grad():
        for watched in (False, True):
            torch.manual_seed(0)
            if watched:
                with Tracker(model).watching():
                    model(x)
            else:
                model(x)
            states.append(torch.get_rng_state())
    assert torch.equal(*states)


def test_what_follows_a_fused_layer_comes_from_it() -> None:
    model = nn.Sequential(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), nn.Tanh()).eval()
    found = find(model, torch.randn(2, 3, 8)).sites
    assert [(s.key.producer, s.axis) for s in found] == [("0.linear1", -1), ("0.norm2", -1)]


@pytest.mark.parametrize("mode", [torch.inference_mode, torch.enable_grad, torch.no_grad])
def test_in_any_gradient_mode(mode: Callable[[], AbstractContextManager[None]]) -> None:
    model = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.BatchNorm1d(6))
    before = {k: v.clone() for k, v in model.state_dict().items()}
    with mode():
        assert named(model, torch.randn(3, 4)) == [("1", "relu")]
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())


def test_multihead_attention_is_bit_equal_in_evaluation() -> None:
    torch.manual_seed(0)

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = nn.MultiheadAttention(32, 4, batch_first=True)
            self.out = nn.Linear(32, 4)

        def forward(self, x: Tensor) -> Tensor:
            return F.relu(self.out(self.attention(x, x, x, need_weights=False)[0]))

    model, x, tracker = Model().eval(), torch.randn(4, 9, 32), None
    with torch.no_grad():
        alone, tracker = model(x), Tracker(model)
        with tracker.watching():
            watched = model(x)
    assert torch.equal(alone, watched)
    assert [(c.key.producer, c.axis) for c in tracker.calls] == [("out", -1)]


class Experts(nn.Module):
    """One function for all experts."""

    def __init__(self, count: int = 3) -> None:
        super().__init__()
        self.experts = nn.ModuleList(nn.Linear(4, 5 + n) for n in range(count))
        self.act = nn.GELU()

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([self.act(e(x)).sum(-1) for e in self.experts], -1)


def test_experts_that_share_one_function_are_told_apart() -> None:
    found = find(Experts(), torch.randn(3, 4)).sites
    assert [(s.name, s.units) for s in found] == [(f"act(experts.{n})", 5 + n) for n in range(3)]


def test_a_shared_instance_is_a_site_for_each_layer() -> None:
    shared = nn.ReLU()
    model = nn.Sequential(nn.Linear(4, 5), shared, nn.Linear(5, 6), shared, nn.Linear(6, 2))
    found = find(model, torch.randn(3, 4)).sites
    assert [(s.name, s.units) for s in found] == [("1(0)", 5), ("1(2)", 6)]


@pytest.mark.parametrize("reentrant", [False, True])
def test_recomputing_is_not_counted_again(reentrant: bool) -> None:
    model = Of(lambda m, z: checkpoint(m.act, z, use_reentrant=reentrant))  # type: ignore[return-value]
    x = torch.randn(3, 4)
    model(x).sum().backward()
    alone = [p.grad.clone() for p in model.parameters() if p.grad is not None]
    model.zero_grad()
    tracker = Tracker(model)
    with tracker.watching():
        out = model(x)
    out.sum().backward()
    watched = [p.grad for p in model.parameters() if p.grad is not None]
    assert len(tracker.calls) == 1
    assert len(alone) == 4
    assert all(map(torch.equal, alone, watched))


@dataclass
class Output:
    logits: Tensor
    more: dict[str, Any]


def test_outputs_of_any_shape() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Linear(4, 6)

        def forward(self, x: Tensor) -> Output:
            h = F.relu(self.first(x))
            return Output(h, {"all": [h, (h, None)]})

    model, x = Model(), torch.randn(3, 4)
    assert named(model, x) == [("relu(first)", "relu")]
    expected = (F.silu(model.first(x)) - F.relu(model.first(x))).abs().max().item()
    assert act.swap(model, "relu", "silu", example=x).difference == pytest.approx(expected)


def test_the_axis_can_be_told() -> None:
    class Mixed(nn.Module):
        """Units and positions in one axis, that no tool could know apart."""

        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Linear(4, 6)

        def forward(self, x: Tensor) -> Tensor:
            return F.relu(self.first(x).flatten(1).reshape(-1, 2, 3))

    model, x = Mixed(), torch.randn(5, 4)
    (site,) = find(model, x).sites
    assert site.axis is None
    assert "axis unknown" in site.note
    for axis in (1, -2):
        (site,) = find(model, x, axes={"relu(first)": axis}).sites
        assert (site.axis, site.units, site.note) == (-2, 2, "")
    with pytest.raises(act.SettingError, match=r"shape \(5, 2, 3\), so it must be"):
        find(model, x, axes={"relu(first)": 3})
    with pytest.raises(act.SettingError, match="no site; the sites are 'relu\\(first\\)'"):
        find(model, x, axes={"relu": 1})


def test_modules_never_called_are_idle() -> None:
    assert find(Of(lambda m, z: F.relu(z)), torch.randn(3, 4)).idle == ("act",)


class Buffers(nn.Module):
    """A sparse buffer, and one that is made, one that is set and one that is taken by a pass."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.register_buffer("graph", torch.eye(4).to_sparse())
        self.register_buffer("later", None)
        self.register_buffer("count", torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        z = F.relu(self.first(x))
        self.later, self.count = z, self.count + 1
        self.register_buffer("new", z)
        return torch.sparse.mm(self.graph, z)


def test_buffers_of_any_kind_are_put_back() -> None:
    model = Buffers()
    assert named(model, torch.randn(4, 4)) == [("relu(first)", "relu")]
    assert model.later is None
    assert model.count == 0
    assert list(model._buffers) == ["graph", "later", "count"]
    assert torch.equal(model.get_buffer("graph").to_dense(), torch.eye(4))
