"""A step written out makes the calls of the module itself; what cannot be written out is not."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from tests.ensemble import factories
from tests.ensemble.factories import CASES, LABELS, TABLE, TOKENS
from torch import Tensor, nn

import actscope as act
from actscope import catalogue
from actscope.ensemble import _stacked, _stacked_pass
from actscope.ensemble._factory import Maker, build, given_back
from actscope.ensemble._stacked_tape import Tape, record, state_of

GIVEN: dict[str, Any] = {"seeds": 3, "epochs": 5, "batch_size": 16, "progress": False, "workers": 1}


def network_for(case: str, activation: str, seed: int) -> tuple[nn.Module, Tensor]:
    factory, X = CASES[case]
    x = torch.from_numpy(X)
    x = x.float() if x.is_floating_point() else x
    maker = Maker(catalogue.get(activation))
    return build(factory, maker, seed, example=x, dtype=torch.float32), x


# branching and image_normed (a cumulative mean) look into their values; replacing leaves its
# buffer behind; PyTorch's own LSTM cannot be called below autograd.
@pytest.mark.parametrize("activation", ["relu", "prelu", "gelu", "snake", "x * tanh(exp(x))"])
@pytest.mark.parametrize(
    "case", [c for c in CASES if c not in ("branching", "image_normed", "replacing", "lstm")]
)
def test_a_tape_of_one_network_plays_the_step_of_another(case: str, activation: str) -> None:
    recorded, x = network_for(case, activation, 0)
    grad = torch.randn(len(x), 3, generator=torch.Generator().manual_seed(0))
    with given_back(torch.device("cpu")):
        tape = record(recorded, x, grad)
    assert tape is not None
    network, _ = network_for(case, activation, 1)
    for _ in range(2):
        state = [t.detach().clone() for t in state_of(network).values()]
        with torch.no_grad():
            bound = tape.bind(state, x, grad)
        with given_back(torch.device("cpu")) as (generator,):
            generator.manual_seed(7)
            with torch.inference_mode():
                out, saved = bound.forward()
                grads = bound.backward(saved)
            generator.manual_seed(7)
            network.zero_grad()
            expected = network(x)
            expected.backward(grad)
        assert torch.equal(out, expected)
        got = {n: p.grad for n, p in network.named_parameters() if p.grad is not None}
        assert set(tape.learning) == set(got)
        assert all(torch.equal(g, got[n]) for n, g in zip(tape.learning, grads, strict=True))
        buffers = dict(network.named_buffers())
        for name, after in zip(state_of(network), state, strict=True):
            assert name not in buffers or torch.equal(after, buffers[name])


@pytest.mark.parametrize("activation", act.names())
def test_every_activation_is_written_out_as_it_is(activation: str) -> None:
    test_a_tape_of_one_network_plays_the_step_of_another("mlp", activation)


@pytest.mark.parametrize("case", ["branching", "image_normed"])
def test_a_step_that_looks_into_its_values_is_not_written_out(case: str) -> None:
    network, x = network_for(case, "relu", 0)
    assert record(network, x, torch.ones(len(x), 3)) is None


class Masked(nn.Module):
    def __init__(self, pick: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.layer, self.pick = nn.Linear(8, 3), pick

    def forward(self, x: Tensor) -> Tensor:
        return self.pick(self.layer(x))


@pytest.mark.parametrize(
    ("pick", "can"),
    [
        (lambda h: h * (h > 0), True),
        (lambda h: torch.where(h > 0, h, 0.1 * h), True),
        (lambda h: h[torch.arange(len(h))], True),
        (lambda h: h.flip(0).cumsum(1), True),
        (lambda h: torch.cat(h.unbind(1)[::-1]).view(3, -1).T, True),
        (lambda h: h.masked_fill(h < 0, 0.0), True),
        (lambda h: h + h[h > 0].sum(), False),
        (lambda h: h + torch.tensor([1.0, 2.0, 3.0]), False),
        (lambda h: h / max(h.detach().abs().max().item(), 1.0), False),
        (lambda h: h + len(h.detach()[:, 0].unique()), False),
    ],
)
def test_which_operations_can_be_written_out(pick: Callable[[Tensor], Tensor], can: bool) -> None:
    x = torch.from_numpy(TABLE).float()
    tape = record(Masked(pick), x, torch.ones(len(x), 3))
    assert (tape is not None) == can


def trained(model: Any, monkeypatch: pytest.MonkeyPatch, **given: Any) -> tuple[Any, list[Any]]:
    """An ensemble trained from tapes wherever they can be, and the tapes that were made."""
    made: list[Tape | None] = []

    def noted(*args: Any) -> Tape | None:
        made.append(record(*args))
        return made[-1]

    monkeypatch.setattr(_stacked, "record", noted)
    monkeypatch.setattr(_stacked, "WORTH", 3)
    return act.train_ensemble(TABLE, LABELS, model=model, **{**GIVEN, **given}), made


def in_a_loop(model: Any, monkeypatch: pytest.MonkeyPatch, **given: Any) -> np.ndarray:
    monkeypatch.setattr(_stacked, "WORTH", 10**9)
    return act.train_ensemble(TABLE, LABELS, model=model, **{**GIVEN, **given}).outputs(TABLE)


def test_tapes_are_used_where_they_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    played: list[int] = []
    play = _stacked_pass.StackedPass._play
    monkeypatch.setattr(
        _stacked_pass.StackedPass, "_play", lambda self: (played.append(self.rows), play(self))[1]
    )
    _, made = trained(factories.dropped, monkeypatch, activations="relu,prelu")
    assert len(made) == 4  # two activations, full and last batches
    # Of 5 epochs x (2 full, 1 last): all but the first step of each are played, and that, too:
    # 3 members make the threshold at once.
    assert played == [16, 16, 11] * 10


class Own(nn.Module):
    """Holds something of its own that is neither a parameter nor a buffer."""

    def __init__(self, activation: Maker) -> None:
        super().__init__()
        self.layer, self.act = nn.Linear(8, 3), activation()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.layer(x)) * self.own()

    def own(self) -> Any:
        raise NotImplementedError


class OwnNumber(Own):
    def __init__(self, activation: Maker) -> None:
        super().__init__(activation)
        self.factor = float(torch.rand(()))

    def own(self) -> float:
        return self.factor


class OwnTensor(Own):
    def __init__(self, activation: Maker) -> None:
        super().__init__(activation)
        self.factors = torch.rand(3)

    def own(self) -> Tensor:
        return self.factors


class Late(Own):
    """Counts, and acts on it only later."""

    def __init__(self, activation: Maker) -> None:
        super().__init__(activation)
        self.calls = 0

    def own(self) -> float:
        self.calls += self.training
        return 1.0 if self.calls < 8 else 0.25


@pytest.mark.parametrize("model", [OwnNumber, OwnTensor, Late])
def test_what_python_keeps_is_each_networks_own(
    model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    e, _ = trained(model, monkeypatch)
    np.testing.assert_array_equal(e.outputs(TABLE), in_a_loop(model, monkeypatch))


def test_an_input_that_is_overwritten_is_each_steps_own(monkeypatch: pytest.MonkeyPatch) -> None:
    before = TABLE.copy()
    e, made = trained(factories.Overwriting, monkeypatch)
    assert made
    np.testing.assert_array_equal(e.outputs(TABLE), in_a_loop(factories.Overwriting, monkeypatch))
    halved = {**GIVEN, "model": factories.one_layer}
    np.testing.assert_array_equal(
        e.outputs(TABLE), act.train_ensemble(TABLE / 2, LABELS, **halved).outputs(TABLE / 2)
    )
    np.testing.assert_array_equal(TABLE, before)


def test_sparse_gradients_are_gathered_like_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_stacked, "WORTH", 3)
    sparse, dense = (
        act.train_ensemble(TOKENS, LABELS, model=partial(factories.Words, sparse=s), **GIVEN)
        for s in (True, False)
    )
    np.testing.assert_allclose(sparse.outputs(TOKENS), dense.outputs(TOKENS), atol=1e-5)


def test_who_looks_on_sees_each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def watched(activation: Maker) -> nn.Module:
        network = factories.mlp(activation)
        network[0].register_forward_hook(lambda *_: seen.append(1))
        return network

    trained(watched, monkeypatch)[0].outputs(TABLE)
    count = len(seen)
    in_a_loop(watched, monkeypatch)
    assert len(seen) == 2 * count


def test_what_changes_outside_the_model_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    class Outside(Own):
        def own(self) -> float:
            calls.append(1)
            return 1.0 if len(calls) < 30 else 0.5

    with pytest.raises(act.SettingError, match=r"something outside it that changes.*in a buffer"):
        trained(Outside, monkeypatch, epochs=60)


def test_a_trained_ensemble_can_be_pickled(monkeypatch: pytest.MonkeyPatch) -> None:
    e, made = trained(factories.normed, monkeypatch)
    assert made
    again = pickle.loads(pickle.dumps(e))
    np.testing.assert_array_equal(again.outputs(TABLE), e.outputs(TABLE))
