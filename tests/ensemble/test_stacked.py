"""Networks of a user's own: each is what PyTorch makes of it alone, bit for bit in company."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ensemble import factories
from tests.ensemble.factories import CASES, LABELS, TABLE
from torch import Tensor, nn

import actscope as act
from actscope import catalogue
from actscope.ensemble import _stacked
from actscope.ensemble._factory import Maker, build, given_back
from actscope.ensemble._init import batch_order, initial
from actscope.ensemble._stacked_pass import key_of

Model = Callable[[Maker], nn.Module]
GIVEN: dict[str, Any] = {
    "learning_rates": [3e-3, 3e-2],
    "seeds": 3,
    "epochs": 4,
    "batch_size": 16,
    "progress": False,
}


@pytest.fixture(params=["loop", "tape"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Through the networks themselves, or from tapes from the second step on."""
    monkeypatch.setattr(_stacked, "WORTH", 10**9 if request.param == "loop" else 2)
    return request.param


def pytorch_loop(
    factory: Model, X: np.ndarray, *, activation: str, lr: float, seed: int, optimizer: str,
    dtype: torch.dtype, l2: float = 0.0, epochs: int = 4, clip: float | None = None,
) -> nn.Module:  # fmt: skip
    """The same training as anyone would write it; what it draws, from the member's seed."""
    x = torch.from_numpy(X)
    x = x.to(dtype) if x.is_floating_point() else x
    y = torch.from_numpy(LABELS)
    maker = Maker(catalogue.get(activation))
    model = build(factory, maker, seed, example=x[:16], dtype=dtype)
    kinds = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}
    momentum: Any = {"momentum": 0.9} if optimizer == "sgd" else {}
    learning = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in learning if p.ndim >= 2], "weight_decay": l2},
        {"params": [p for p in learning if p.ndim < 2], "weight_decay": 0.0},
    ]
    optimiser = kinds[optimizer](groups, lr=lr, **momentum)
    with given_back(torch.device("cpu")) as (generator,):
        for epoch in range(epochs):
            order = torch.from_numpy(batch_order(seed, epoch, len(X)))
            for number, batch in enumerate(order.split(16)):
                generator.manual_seed(key_of(seed, 2, epoch) + number)
                optimiser.zero_grad()
                nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()
                if clip is not None:
                    nn.utils.clip_grad_norm_(learning, clip)
                optimiser.step()
    return model.eval()


def logits(model: nn.Module, X: np.ndarray, dtype: torch.dtype) -> np.ndarray:
    x = torch.from_numpy(X)
    with torch.no_grad():
        return model(x.to(dtype) if x.is_floating_point() else x).double().numpy()


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("case", CASES)
def test_a_member_is_the_module_that_an_ordinary_loop_trains(case: str) -> None:
    factory, X = CASES[case]
    optimizer = ["adam", "adamw", "sgd"][list(CASES).index(case) % 3]
    e = act.train_ensemble(X, LABELS, model=factory, activations=["tanh"], dtype="float64",
                           optimizer=optimizer, l2=1e-2, **GIVEN)  # fmt: skip
    for member in (0, 5):
        lr, seed = ((3e-3, 0), (3e-2, 2))[member == 5]
        alone = pytorch_loop(factory, X, activation="tanh", lr=lr, seed=seed, l2=1e-2,
                             optimizer=optimizer, dtype=torch.float64)  # fmt: skip
        expected = logits(alone, X, torch.float64)
        np.testing.assert_allclose(e.outputs(X)[member], expected, rtol=1e-6, atol=1e-8)
        mine = e.module(member).state_dict()
        for name, value in alone.state_dict().items():
            torch.testing.assert_close(mine[name], value, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("case", ["cnn", "normed", "encoder"])
def test_in_single_precision_it_stays_within_rounding(case: str) -> None:
    factory, X = CASES[case]
    # Not with Adam: what a bias below a BatchNorm gets is nothing but rounding, which Adam
    # makes steps of.
    e = act.train_ensemble(X, LABELS, model=factory, activations=["gelu"], optimizer="sgd",
                           **GIVEN)  # fmt: skip
    alone = pytorch_loop(factory, X, activation="gelu", lr=3e-2, seed=1, optimizer="sgd",
                         dtype=torch.float32)  # fmt: skip
    np.testing.assert_allclose(e.outputs(X)[4], logits(alone, X, torch.float32), atol=1e-4)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("case", ["normed", "residual", "encoder"])
def test_gradients_are_clipped_as_those_of_the_module_alone(case: str) -> None:
    factory, X = CASES[case]
    e = act.train_ensemble(X, LABELS, model=factory, activations=["tanh"], dtype="float64",
                           optimizer="sgd", clip_grad_norm=0.1, **GIVEN)  # fmt: skip
    alone = pytorch_loop(factory, X, activation="tanh", lr=3e-2, seed=2, optimizer="sgd",
                         dtype=torch.float64, clip=0.1)  # fmt: skip
    np.testing.assert_allclose(e.outputs(X)[5], logits(alone, X, torch.float64), rtol=1e-6)


def test_every_task_serves_with_a_model() -> None:
    several = (TABLE[:, :3] > 0).astype(int)
    how: dict[str, Any] = {"model": factories.normed, **GIVEN, "epochs": 30}
    labels = act.train_ensemble(TABLE, several, **how, sample_weight=np.arange(1.0, 44.0))
    assert labels.settings.task == "multilabel"
    assert (labels.predict(TABLE)[-1] == several).mean() > 0.9
    classes = act.train_ensemble(TABLE, LABELS, **how, class_weight="balanced",
                                 lr_schedule="one_cycle")  # fmt: skip
    assert (classes.predict(TABLE)[-1] == LABELS).mean() > 0.9
    numbers = act.train_ensemble(TABLE, TABLE[:, :3] ** 2 + 0.5, **how, lr_schedule="cosine")
    assert numbers.predict(TABLE).shape == (6, factories.ROWS, 3)


@pytest.mark.parametrize("case", CASES)
def test_a_member_does_not_depend_on_who_shares_its_ensemble(
    case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the chunk, the number of workers, and whether a step is played from a tape."""
    factory, X = CASES[case]

    def run(worth: int, **how: Any) -> act.Ensemble:
        monkeypatch.setattr(_stacked, "WORTH", worth)
        return act.train_ensemble(
            X, LABELS, model=factory, **{**GIVEN, "epochs": 3, "seeds": 2, **how}
        )

    names = ["x * tanh(exp(x))", "gelu", "prelu"]
    together = run(20, activations=names)
    for how in ({"members_at_once": 4}, {"workers": 2}):
        other = run(10**9, activations=names, **how)
        assert together.outputs(X).tobytes() == other.outputs(X).tobytes()
    alone = run(3, activations=["gelu"], learning_rates=[3e-2], seeds=[1])
    assert together.outputs(X)[7].tobytes() == alone.outputs(X)[0].tobytes()
    mine, theirs = together.module(7).state_dict(), alone.module(0).state_dict()
    assert all(torch.equal(mine[name], theirs[name]) for name in theirs)
    losses = [e.members["final_loss"].to_numpy() for e in (together, alone)]
    assert losses[0][7] == losses[1][0]


@given(
    inputs=st.integers(1, 9),
    width=st.integers(1, 20),
    outputs=st.integers(2, 5),
    batch=st.integers(1, 40),
)
@settings(max_examples=15, deadline=None)
def test_odd_shapes_do_not_share_vectors_either(
    inputs: int, width: int, outputs: int, batch: int
) -> None:
    def model(activation: Maker) -> nn.Module:
        return nn.Sequential(
            nn.Linear(inputs, width), activation(), nn.Linear(width, outputs), nn.SiLU()
        )

    X = np.resize(TABLE, (41, inputs))
    how: dict[str, Any] = {"model": model, "activations": "gelu", "batch_size": batch,
                           "epochs": 2, "progress": False}  # fmt: skip
    five = act.train_ensemble(X, np.arange(41) % outputs, seeds=5, members_at_once=5, **how)
    for seed in (1, 4):
        alone = act.train_ensemble(X, np.arange(41) % outputs, seeds=[seed], **how)
        assert five.outputs(X)[seed].tobytes() == alone.outputs(X)[0].tobytes()


def test_a_perceptron_from_a_factory_is_the_built_in_one() -> None:
    sizes = ((8, 6), (6, 5), (5, 3))

    def factory(activation: Maker) -> nn.Module:
        record = activation.record
        weights, biases = initial([record, record], torch.initial_seed(), sizes, "gain")
        layers: list[nn.Module] = []
        for weight, bias in zip(weights, biases, strict=True):
            layers += [nn.Linear(*weight.shape), activation()]
            linear: Any = layers[-2]
            linear.weight.data, linear.bias.data = (
                torch.tensor(v).float() for v in (weight.T, bias)
            )
        return nn.Sequential(*layers[:-1])

    how: dict[str, Any] = {**GIVEN, "activations": ["gelu", "prelu"], "l2": 1e-3}
    ours = act.train_ensemble(TABLE, LABELS, hidden=(6, 5), **how)
    theirs = act.train_ensemble(TABLE, LABELS, model=factory, **how)
    np.testing.assert_allclose(ours.outputs(TABLE), theirs.outputs(TABLE), atol=2e-5)
    np.testing.assert_allclose(ours.members["final_loss"], theirs.members["final_loss"], rtol=1e-4)


def test_the_callers_generators_are_left_alone_and_do_not_matter() -> None:
    factory, X = CASES["dropped"]

    def run(seed: int) -> bytes:
        torch.manual_seed(seed)
        random.seed(seed)
        np.random.seed(seed)
        before = torch.get_rng_state(), random.getstate()
        numpy: Any = np.random.get_state()
        e = act.train_ensemble(X, LABELS, model=factory, **GIVEN)
        outputs = e.outputs(X).tobytes()
        assert torch.equal(torch.get_rng_state(), before[0])
        assert random.getstate() == before[1]
        after: Any = np.random.get_state()
        assert after[1].tobytes() == numpy[1].tobytes()
        return outputs

    assert run(1) == run(2)


def test_dropout_is_a_seeds_own_and_new_at_each_step() -> None:
    seen: list[tuple[int, Tensor]] = []

    class Masked(nn.Module):
        def __init__(self, activation: Maker) -> None:
            super().__init__()
            self.layer, self.act = nn.Linear(8, 3), activation()
            self.seed = torch.initial_seed()

        def forward(self, x: Tensor) -> Tensor:
            if self.training:
                mask = nn.functional.dropout(torch.ones(4), 0.5)
                seen.append((self.seed, mask))
            return self.act(self.layer(x))

    e = act.train_ensemble(TABLE, LABELS, model=Masked, activations=["tanh", "relu"], seeds=2,
                           epochs=3, batch_size=22, progress=False, workers=1)  # fmt: skip
    assert np.array_equal(e.outputs(TABLE), e.outputs(TABLE))
    # At the end come two activations x 3 epochs x 2 batches x 2 seeds.
    drawn = torch.stack([mask for _, mask in seen[-24:]]).view(2, 6, 2, 4)
    assert [seed for seed, _ in seen[-24:]] == [0, 1] * 12
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0, :, 0], drawn[0, :, 1])
    assert len(drawn[0].reshape(12, 4).unique(dim=0)) > 6


@pytest.mark.usefixtures("way")
def test_early_stopping_gives_back_the_running_statistics_of_the_best_epoch() -> None:
    factory, X = CASES["normed"]
    held = (X[30:], LABELS[30:])
    given = {**GIVEN, "epochs": 40, "learning_rates": [3e-2], "activations": "tanh"}
    e = act.train_ensemble(X[:30], LABELS[:30], model=factory, validation=held, patience=3, **given)
    table: Any = e.members
    assert table["best_epoch"].nunique() > 1
    assert table["epochs"].max() < 40
    for member, best in enumerate(table["best_epoch"]):
        short = {**given, "epochs": int(best), "seeds": [member]}
        other = act.train_ensemble(X[:30], LABELS[:30], model=factory, **short)
        assert e.outputs(X)[member].tobytes() == other.outputs(X)[0].tobytes()


class Fussy(nn.Module):
    """Raises for NaN, as distributions and decompositions do."""

    def __init__(self, activation: Maker) -> None:
        super().__init__()
        self.layer, self.act, self.end = nn.Linear(8, 7), activation(), nn.Linear(7, 3)

    def forward(self, x: Tensor) -> Tensor:
        h = self.end(self.act(self.layer(x)))
        if not h.isfinite().all():
            raise ValueError("NaN!")
        return h


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("factory", [factories.mlp, factories.normed, Fussy])
def test_a_member_that_diverges_stays_alone(factory: Model) -> None:
    given = {**GIVEN, "optimizer": "sgd", "activations": "relu"}
    good = act.train_ensemble(TABLE, LABELS, model=factory, **{**given, "learning_rates": [1e-2]})
    rates = [1e-2, 1e30]
    mixed = act.train_ensemble(TABLE, LABELS, model=factory, **{**given, "learning_rates": rates})
    assert mixed.members["diverged"].tolist() == [False] * 3 + [True] * 3
    assert good.outputs(TABLE).tobytes() == mixed.outputs(TABLE)[:3].tobytes()


def test_a_model_of_one_output_may_leave_its_axis_out() -> None:
    def flat(activation: Maker) -> nn.Module:
        return nn.Sequential(nn.Linear(8, 5), activation(), nn.Linear(5, 1), nn.Flatten(0))

    def column(activation: Maker) -> nn.Module:
        return nn.Sequential(nn.Linear(8, 5), activation(), nn.Linear(5, 1))

    values = TABLE[:, 0] ** 2 + 0.1
    one, other = (
        act.train_ensemble(TABLE, values, model=m, **{**GIVEN, "epochs": 40})
        for m in (flat, column)
    )
    assert one.predict(TABLE).shape == (6, factories.ROWS)
    np.testing.assert_array_equal(one.predict(TABLE), other.predict(TABLE))
    assert np.corrcoef(one.predict(TABLE)[-1], values)[0, 1] > 0.9


def test_frozen_parameters_stay_and_tied_ones_stay_tied() -> None:
    factory, X = CASES["residual"]
    e = act.train_ensemble(X, LABELS, model=factory, activations=["relu"], l2=1e-2, **GIVEN)
    start: Any = build(factory, Maker(catalogue.get("relu")), 1, example=torch.zeros(1, 8),
                       dtype=torch.float32)  # fmt: skip
    mine: Any = e.module(4)
    assert torch.equal(mine.end.bias, start.end.bias)
    assert torch.equal(mine.shift, start.shift)
    assert mine.first.weight is mine.second.weight
    assert not torch.equal(mine.first.weight, start.first.weight)


@pytest.mark.parametrize("case", ["normed", "encoder"])
def test_a_members_module_answers_as_the_ensemble_and_is_a_copy(case: str) -> None:
    factory, X = CASES[case]
    e = act.train_ensemble(X, LABELS, model=factory, activations=["gelu"], **GIVEN)
    before = e.outputs(X)
    for member in range(6):
        module = e.module(member)
        assert not module.training
        np.testing.assert_allclose(logits(module, X, torch.float32), before[member], atol=1e-5)
        for tensor in module.state_dict().values():
            assert tensor.untyped_storage().nbytes() == tensor.nbytes  # nothing of the others
            tensor.zero_()
    np.testing.assert_array_equal(e.outputs(X), before)


@pytest.mark.parametrize("per", ["layer", "unit"])
def test_a_built_in_members_module_answers_as_the_ensemble(per: str) -> None:
    names = ["relu", "prelu", ("beta_swish", "prelu")]
    e = act.train_ensemble(TABLE, LABELS, hidden=(6, 5), activations=names, learned_per=per,
                           **{**GIVEN, "dtype": "float64"})  # fmt: skip
    for member in range(len(e)):
        answered = logits(e.module(member), TABLE, torch.float64)
        np.testing.assert_allclose(answered, e.outputs(TABLE)[member], rtol=1e-9)


def test_any_kind_of_activation_serves_in_a_model() -> None:
    def gated(activation: Maker) -> nn.Module:
        return nn.Sequential(nn.Linear(8, 6), activation(), nn.LazyLinear(3))

    names = ["rrelu", "glu", "softmax", "where(x > 200, x, 0)"]
    given = {**GIVEN, "activations": names, "learning_rates": [1e-2]}
    e = act.train_ensemble(TABLE, LABELS, model=gated, **given)
    assert not e.members["diverged"].to_numpy().any()
    again = act.train_ensemble(TABLE, LABELS, model=gated, **given, members_at_once=1)
    assert e.outputs(TABLE).tobytes() == again.outputs(TABLE).tobytes()
