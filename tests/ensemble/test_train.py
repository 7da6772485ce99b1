"""A member is the network trained alone: bit for bit, and as PyTorch would train it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch
from torch import nn

from actscope import catalogue
from actscope.ensemble import Member, Perceptron, Rows, Settings, Trained, train_chunk
from actscope.ensemble._init import batch_order
from actscope.ensemble._layout import Store
from actscope.nn import module

SETTINGS = Settings(outputs=10, hidden=(16, 16), epochs=4, batch_size=32)


def same(one: Trained, i: int, other: Trained, j: int) -> bool:
    """Equal to the last bit: parameters, losses, epochs."""

    def bits(trained: Trained, k: int) -> list[bytes]:
        parts = [region[k].numpy() for region in trained.values.regions]
        tables = [trained.train_loss[:, k], trained.valid_loss[:, k], trained.epochs[k]]
        return [part.tobytes() for part in (*parts, *tables, trained.best_epoch[k])]

    return bits(one, i) == bits(other, j)


@pytest.mark.parametrize("hidden", [(16, 16), (13, 7), (16, 1, 16)], ids=str)
@pytest.mark.parametrize("name", catalogue.names())
def test_member_equals_the_network_alone_bit_for_bit(
    name: str, hidden: tuple[int, ...], rows: Rows, held: Rows
) -> None:
    settings = dataclasses.replace(SETTINGS, hidden=hidden, patience=2)
    members = [Member(name, lr, seed) for lr in (1e-3, 1e-2, 0.5) for seed in range(4)]
    together = train_chunk(members, settings, rows, held)
    for i in (0, 6, 11):
        alone = train_chunk([members[i]], settings, rows, held)
        assert same(together, i, alone, 0)
    five = train_chunk(members[3:8], settings, rows, held)
    assert all(same(together, 3 + j, five, j) for j in range(5))


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
def test_members_of_mixed_activations_are_independent_for_every_optimiser(
    optimizer: str, rows: Rows
) -> None:
    settings = dataclasses.replace(SETTINGS, optimizer=optimizer, l2=1e-2)
    members = [Member(n, lr, 1) for n in ("gelu", "prelu", "step") for lr in (1e-3, 1e-2)]
    together = train_chunk(members, settings, rows)
    for i, member in enumerate(members):
        alone = train_chunk([member], settings, rows)
        ours, theirs = together.values, alone.values
        for a, b in zip(
            (*ours.weights, *ours.biases), (*theirs.weights, *theirs.biases), strict=True
        ):
            assert torch.equal(a[i], b[0])


def test_240_members_of_a_study_equal_their_networks_alone(rows: Rows, held: Rows) -> None:
    names = ("relu", "leaky_relu", "elu", "gelu", "silu", "tanh", "sigmoid", "step")
    settings = dataclasses.replace(SETTINGS, hidden=(64, 64), epochs=2)
    members = [Member(n, lr, s) for n in names for lr in (1e-3, 3e-3, 1e-2) for s in range(10)]
    together = train_chunk(members, settings, rows, held)
    for i in range(0, 240, 17):
        assert same_weights(
            together.values, i, train_chunk([members[i]], settings, rows, held).values
        )


def same_weights(store: Store, i: int, alone: Store) -> bool:
    return all(
        torch.equal(a[i], b[0])
        for a, b in zip(
            (*store.weights, *store.biases), (*alone.weights, *alone.biases), strict=True
        )
    )


def pytorch_loop(member: Member, settings: Settings, rows: Rows, start: Store) -> nn.Sequential:
    """The same training as anyone would write it."""
    parts: list[nn.Module] = []
    last = len(start.weights) - 1
    for layer, (weight, bias) in enumerate(zip(start.weights, start.biases, strict=True)):
        w = weight[0] if layer == last else weight[0].T
        linear = nn.Linear(w.shape[1], w.shape[0])
        with torch.no_grad():
            linear.weight.copy_(w)
            linear.bias.copy_(bias[0, 0])
        parts.append(linear)
        if layer < last:
            record = member.records(last)[layer]
            parts.append(module(record))
            if settings.learned_per == "unit":
                for parameter in parts[-1].parameters():
                    parameter.data = parameter.data.expand(len(bias[0, 0])).clone()
    model = nn.Sequential(*parts)
    decayed = [p for m in model if isinstance(m, nn.Linear) for p in (m.weight,)]
    plain = [p for p in model.parameters() if all(p is not d for d in decayed)]
    groups = [
        {"params": decayed, "weight_decay": settings.l2},
        {"params": plain, "weight_decay": 0.0},
    ]
    lr = member.learning_rate
    if settings.optimizer == "sgd":
        optimiser = torch.optim.SGD(groups, lr=lr, momentum=settings.momentum)
    elif settings.optimizer == "adamw":
        optimiser = torch.optim.AdamW(groups, lr=lr)
    else:
        optimiser = torch.optim.Adam(groups, lr=lr)
    X, y = rows.X[0], rows.y[0]
    for epoch in range(settings.epochs):
        order = torch.from_numpy(batch_order(member.seed, epoch, len(X)))
        for batch in order.split(settings.batch_size):
            optimiser.zero_grad()
            nn.functional.cross_entropy(model(X[batch]), y[batch]).backward()
            optimiser.step()
    return model


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
@pytest.mark.parametrize("name", ["relu", "gelu", "tanh", "prelu", "selu"])
def test_100_steps_agree_with_a_pytorch_loop(name: str, optimizer: str, rows: Rows) -> None:
    # 203 rows in batches of 32: 7 steps an epoch, 15 epochs = 105 steps
    settings = dataclasses.replace(SETTINGS, epochs=15, optimizer=optimizer, l2=1e-3)
    member = Member(name, 1e-3, 5)
    trained = train_chunk([member], settings, rows)
    cpu = torch.device("cpu")
    start = Perceptron(64, settings).start([member], torch.float32, cpu)
    model = pytorch_loop(member, settings, rows, start)
    linears = [part for part in model if isinstance(part, nn.Linear)]
    moved = 0.0
    for layer, linear in enumerate(linears):
        ours = trained.values.weights[layer][0]
        ours = ours if layer == len(linears) - 1 else ours.T
        torch.testing.assert_close(ours, linear.weight, rtol=0, atol=1e-4)
        torch.testing.assert_close(
            trained.values.biases[layer][0, 0], linear.bias, rtol=0, atol=1e-4
        )
        moved = max(moved, float((linear.bias.detach() - start.biases[layer][0, 0]).abs().max()))
    assert moved > 5e-3  # and it did train


def test_a_member_that_diverges_stays_alone(rows: Rows, held: Rows) -> None:
    good = [Member("relu", 1e-3, s) for s in range(3)]
    settings = dataclasses.replace(SETTINGS, optimizer="sgd")
    without = train_chunk(good, settings, rows, held)
    mixed = train_chunk([*good[:2], Member("relu", 1e20, 9), good[2]], settings, rows, held)
    assert mixed.diverged.tolist() == [False, False, True, False]
    assert all(same(without, i, mixed, j) for i, j in enumerate((0, 1, 3)))
    assert mixed.epochs[2] < settings.epochs  # not trained on
    assert np.isnan(mixed.train_loss[-1, 2])


class Poisoned(Perceptron):
    """The second member starts with a NaN."""

    def start(self, members: Sequence[Member], dtype: torch.dtype, device: torch.device) -> Store:
        store = super().start(members, dtype, device)
        store.weights[0][1, 0, 0] = float("nan")
        return store


def test_a_member_that_starts_as_nan_stays_alone(rows: Rows, held: Rows) -> None:
    members = [Member("gelu", 1e-3, s) for s in range(3)]
    healthy = train_chunk(members, SETTINGS, rows, held)
    sick = train_chunk(members, SETTINGS, rows, held, architecture=Poisoned(64, SETTINGS))
    assert sick.diverged.tolist() == [False, True, False]
    assert same(healthy, 0, sick, 0)
    assert same(healthy, 2, sick, 2)


def test_early_stopping_gives_back_the_best_weights(rows: Rows, held: Rows) -> None:
    settings = dataclasses.replace(SETTINGS, epochs=60, patience=3)
    members = [Member("relu", lr, s) for lr in (3e-3, 3e-2) for s in range(4)]
    trained = train_chunk(members, settings, rows, held)
    assert len(set(trained.epochs)) > 1  # each by itself, and some were taken out on the way
    for i, member in enumerate(members):
        losses = trained.valid_loss[: trained.epochs[i], i]
        best = int(trained.best_epoch[i])
        assert best == losses.argmin() + 1
        assert trained.epochs[i] in (best + 3, 60)
        short = dataclasses.replace(settings, epochs=best, patience=None)
        assert same_weights(trained.values, i, train_chunk([member], short, rows, held).values)


def test_hidden_weights_before_a_step_never_move(rows: Rows) -> None:
    member = Member("step", 1e-2, 0)
    trained = train_chunk([member], SETTINGS, rows)
    cpu = torch.device("cpu")
    start = Perceptron(64, SETTINGS).start([member], torch.float32, cpu)
    for layer in range(2):
        assert torch.equal(trained.values.weights[layer], start.weights[layer])
        assert torch.equal(trained.values.biases[layer], start.biases[layer])
    assert not torch.equal(trained.values.weights[2], start.weights[2])


def layers_of(model: nn.Sequential) -> list[nn.Module]:
    return [part for part in model if not isinstance(part, nn.Linear)]


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize("depth", [1, 2, 5])
def test_neighbours_that_learn_more_or_fewer_slopes_change_nothing(
    depth: int, optimizer: str, rows: Rows
) -> None:
    settings = dataclasses.replace(
        SETTINGS, hidden=(8,) * depth, optimizer=optimizer, clip_grad_norm=0.1, epochs=2
    )
    names = ("relu", "prelu", "pelu", "acon_c", "star_relu", "beta_swish", "snake", "telu")
    members = [Member(name, 1e-2, s) for name in names for s in range(2)]
    together = train_chunk(members, settings, rows)
    assert not together.diverged.any()
    for i, member in enumerate(members):
        alone = train_chunk([member], settings, rows)
        count = min(len(alone.values.regions), len(together.values.regions) - 1)
        for a, b in zip(together.values.regions[:count], alone.values.regions, strict=False):
            assert torch.equal(a[i], b[0])
        for ours, own in zip(together.values.learned, alone.values.learned, strict=True):
            for a, b in zip(ours, own, strict=False):
                assert torch.equal(a[i], b[0])
        assert together.train_loss[-1, i] == alone.train_loss[-1, 0]


@pytest.mark.parametrize("per", ["layer", "unit"])
@pytest.mark.parametrize("formula", ["sign(x)*sqrt(abs(x))", "p*sign(x)*sqrt(abs(x))"])
def test_what_fills_the_vectors_stays_out_of_it_whatever_the_slope_at_0(
    formula: str, per: str, rows: Rows, defining: Callable[..., catalogue.Record]
) -> None:
    """sign(x) sqrt|x| is infinitely steep at 0, where a width of 100 leaves 28 numbers unused."""
    settings = dataclasses.replace(SETTINGS, hidden=(100, 16), learned_per=per)
    learned = {"p": catalogue.Learned(1.0)} if "p*" in formula else {}
    record = defining(f"steep_{per}_{len(learned)}", formula, **learned)
    done = train_chunk([Member(record.name, 1e-3, 0, known=record)], settings, rows)
    assert not done.diverged.any()
    assert all(region.isfinite().all() for region in done.values.regions)


def test_a_table_in_order_of_time_does_not_look_diverged() -> None:
    t = torch.linspace(0, 1, 20_000)
    rows = Rows(t[None, :, None], (100 * t)[None, :, None])
    settings = Settings(outputs=1, task="regression", hidden=(8,), epochs=2, batch_size=512)
    assert not train_chunk([Member("relu", 1e-3, 0)], settings, rows).diverged.any()


def test_validation_rows_of_another_scale_do_not_call_training_diverged(rows: Rows) -> None:
    X, settings = rows.X, Settings(outputs=1, task="regression", hidden=(8,), epochs=3)
    y = 100 * X[:, :, :1]
    held = Rows(0.01 * X, 0.01 * y)
    assert not train_chunk([Member("relu", 1e-3, 0)], settings, Rows(X, y), held).diverged.any()


def test_each_hidden_layer_may_have_an_activation_of_its_own(rows: Rows) -> None:
    pairs = [("tanh", "relu"), ("relu", "tanh"), ("tanh", "tanh"), ("gelu", "step")]
    members = [
        Member(" > ".join(pair), 1e-3, s, known=tuple(map(catalogue.get, pair)))
        for pair in pairs
        for s in range(2)
    ]
    together = train_chunk(members, SETTINGS, rows)
    for i, member in enumerate(members):
        assert same(together, i, train_chunk([member], SETTINGS, rows), 0)
    plain = train_chunk([Member("tanh", 1e-3, 1)], SETTINGS, rows)
    assert same_weights(together.values, 5, plain.values)
    start = Perceptron(64, SETTINGS).start(members[:1], torch.float32, torch.device("cpu"))
    model = pytorch_loop(members[0], SETTINGS, rows, start)
    assert [type(part).__name__ for part in layers_of(model)] == ["Tanh", "ReLU"]
    linears = [part for part in model if isinstance(part, nn.Linear)]
    torch.testing.assert_close(
        together.values.weights[1][0].T, linears[1].weight, rtol=0, atol=1e-4
    )


@pytest.mark.parametrize("name", ["prelu", "beta_swish"])
def test_each_unit_may_learn_its_own_slope(name: str, rows: Rows) -> None:
    settings = dataclasses.replace(SETTINGS, hidden=(13, 7), learned_per="unit", epochs=10)
    members = [Member(name, lr, s) for lr in (1e-3, 1e-2) for s in range(2)]
    together = train_chunk(members, settings, rows)
    for i, member in enumerate(members):
        assert same(together, i, train_chunk([member], settings, rows), 0)
    learned = together.values.learned
    assert [value.shape for layer in learned for value in layer] == [(4, 1, 13), (4, 1, 7)]
    start = Perceptron(64, settings).start(members[:1], torch.float32, torch.device("cpu"))
    model = pytorch_loop(members[0], settings, rows, start)
    for ours, part in zip(learned, layers_of(model), strict=True):
        (slope,) = part.parameters()
        torch.testing.assert_close(ours[0][0, 0], slope.detach(), rtol=0, atol=1e-4)
        assert slope.std() > 1e-3  # they did part


def test_dropout_is_a_members_own_and_equals_pytorchs_arithmetic(rows: Rows) -> None:
    settings = dataclasses.replace(SETTINGS, dropout=0.4, epochs=2)
    members = [Member(n, 1e-3, s) for n in ("relu", "gelu", "sigmoid") for s in range(3)]
    together = train_chunk(members, settings, rows)
    for i, member in enumerate(members):
        assert same(together, i, train_chunk([member], settings, rows), 0)
    without = train_chunk(members, dataclasses.replace(settings, dropout=0.0), rows)
    assert not torch.equal(together.values.weights[0], without.values.weights[0])

    # One step, its masks given to autograd.
    kind = Perceptron(64, settings)
    values = kind.start(members[:1], torch.float64, torch.device("cpu"))
    grads = values.zeros_like()
    network = kind.training(members[:1], values, grads, 32)
    network.begin(0, 0)
    kept = [mask[0] for mask in network._masks]
    for mask in kept:
        assert set(mask.unique().tolist()) == {0.0, 1 / 0.6}
        assert (mask == 0).double().mean() == pytest.approx(0.4, abs=0.1)
    network.inputs.copy_(rows.X[:, :32])
    network.forward()
    grad = torch.randn_like(network.outputs)
    network.backward(grad)
    weights = [w[0].clone().requires_grad_() for w in values.weights]
    h = network.inputs[0]
    for weight, mask in zip(weights, kept, strict=False):
        h = torch.relu(h @ weight) * mask
    (weights[-1] @ h.T).backward(grad[0])
    for ours, weight in zip(grads.weights, weights, strict=True):
        torch.testing.assert_close(ours[0], weight.grad)


def test_members_read_their_own_data_set(digits: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = digits
    two = Rows(
        torch.from_numpy(np.stack([X[:100], X[100:200]])),
        torch.from_numpy(np.stack([y[:100], y[100:200]])),
    )
    second = Rows(two.X[1:], two.y[1:])
    members = [Member("relu", 1e-3, 0, 0), Member("relu", 1e-3, 0, 1)]
    both = train_chunk(members, SETTINGS, two)
    alone = train_chunk([Member("relu", 1e-3, 0, 0)], SETTINGS, second)
    assert same_weights(both.values, 1, alone.values)
    assert not torch.equal(both.values.weights[0][0], both.values.weights[0][1])
