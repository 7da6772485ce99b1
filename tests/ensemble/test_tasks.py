"""Every task, with weights, schedules and clipping: as PyTorch would train one network."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import lr_scheduler

import actscope as act
from actscope.ensemble import Member, Perceptron, Rows, Settings, member_weights, train_chunk
from actscope.ensemble._init import batch_order
from actscope.ensemble._layout import Store
from actscope.ensemble._loss import Task
from actscope.ensemble._optimiser import Clip
from actscope.ensemble._schedule import SCHEDULES, Schedule

ROWS, INPUTS, OUTPUTS = 50, 5, 3
TASKS: tuple[Task, ...] = ("classification", "multilabel", "regression")
ALL = list(itertools.product(TASKS, (False, True), SCHEDULES, (None, 0.05)))


def data(task: Task, *, weighted: bool, dtype: torch.dtype = torch.float64) -> Rows:
    generator = torch.Generator().manual_seed(3)
    X = torch.randn(1, ROWS, INPUTS, generator=generator, dtype=torch.float64)
    y = X[:, :, :OUTPUTS] + 0.3 * X[:, :, -OUTPUTS:] ** 2
    weights = torch.rand(1, ROWS, generator=generator, dtype=torch.float64)
    weights[:, ::7] = 0.0
    if task == "classification":
        target = y.argmax(2)
    else:
        target = (y > 0).to(dtype) if task == "multilabel" else y.to(dtype)
    return Rows(X.to(dtype), target, weights.to(dtype) if weighted else None)


def settings_of(
    task: Task, schedule: Schedule = "constant", clip: float | None = None, **more: Any
) -> Settings:
    return Settings(
        outputs=OUTPUTS,
        task=task,
        hidden=(7, 6),
        epochs=5,
        batch_size=16,  # 50 rows: an incomplete batch of 2
        lr_schedule=schedule,
        clip_grad_norm=clip,
        **more,
    )


def rows_loss(task: Task, outputs: Tensor, y: Tensor) -> Tensor:
    if task == "classification":
        return functional.cross_entropy(outputs, y, reduction="none")
    if task == "multilabel":
        return functional.binary_cross_entropy_with_logits(outputs, y, reduction="none").sum(1)
    return 0.5 * functional.mse_loss(outputs, y, reduction="none").sum(1)


def stacked(start: Store) -> nn.Sequential:
    """The network of one member made of PyTorch's modules, tanh between its layers."""
    parts: list[nn.Module] = []
    last = len(start.weights) - 1
    for layer, (weight, bias) in enumerate(zip(start.weights, start.biases, strict=True)):
        w = weight[0] if layer == last else weight[0].T
        linear = nn.Linear(w.shape[1], w.shape[0], dtype=w.dtype)
        with torch.no_grad():
            linear.weight.copy_(w)
            linear.bias.copy_(bias[0, 0])
        parts += [linear] if layer == last else [linear, nn.Tanh()]
    return nn.Sequential(*parts)


def torch_optimiser(
    model: nn.Sequential, settings: Settings, rate: float, steps: int
) -> tuple[torch.optim.Optimizer, Any]:
    named = list(model.named_parameters())
    groups = [
        {"params": [p for n, p in named if "weight" in n], "weight_decay": settings.l2},
        {"params": [p for n, p in named if "weight" not in n], "weight_decay": 0.0},
    ]
    if settings.optimizer == "sgd":
        optimiser: Any = torch.optim.SGD(groups, lr=rate, momentum=settings.momentum)
    elif settings.optimizer == "adamw":
        optimiser = torch.optim.AdamW(groups, lr=rate)
    else:
        optimiser = torch.optim.Adam(groups, lr=rate)
    if settings.lr_schedule == "cosine":
        return optimiser, lr_scheduler.CosineAnnealingLR(optimiser, steps)
    if settings.lr_schedule == "one_cycle":
        return optimiser, lr_scheduler.OneCycleLR(
            optimiser, rate, total_steps=steps, cycle_momentum=False
        )
    return optimiser, lr_scheduler.ConstantLR(optimiser, factor=1.0)


def pytorch_loop(
    member: Member, settings: Settings, rows: Rows, start: Store
) -> tuple[nn.Sequential, float, int]:
    """(network, mean loss of the last epoch, steps whose gradient was too long)."""
    model = stacked(start)
    batches = -(-ROWS // settings.batch_size)
    optimiser, scheduler = torch_optimiser(
        model, settings, member.learning_rate, settings.epochs * batches
    )
    X, y = rows.X[0], rows.y[0]
    weights = torch.ones(ROWS, dtype=X.dtype) if rows.weights is None else rows.weights[0]
    step = long = 0
    epoch_loss = 0.0
    for epoch in range(settings.epochs):
        order = torch.from_numpy(batch_order(member.seed, epoch, ROWS))
        epoch_loss = 0.0
        for batch in order.split(settings.batch_size):
            optimiser.zero_grad()
            each, w = rows_loss(settings.task, model(X[batch]), y[batch]), weights[batch]
            loss = (each * w).sum() / (w.sum() if w.any() else 1.0)
            loss.backward()
            epoch_loss += loss.item() * len(batch) / ROWS
            if settings.clip_grad_norm is not None:
                norm = nn.utils.clip_grad_norm_(model.parameters(), settings.clip_grad_norm)
                long += int(norm > settings.clip_grad_norm)
            optimiser.step()
            step += 1
            if step < settings.epochs * batches:  # OneCycleLR refuses one more
                scheduler.step()
    return model, epoch_loss, long


@pytest.mark.parametrize(("task", "weighted", "schedule", "clip"), ALL, ids=str)
def test_training_agrees_with_a_pytorch_loop(
    task: Task, weighted: bool, schedule: Schedule, clip: float | None
) -> None:
    for optimizer in ("adam", "adamw", "sgd"):
        settings = settings_of(task, schedule, clip, optimizer=optimizer, l2=1e-2)
        rows = data(task, weighted=weighted)
        member = Member("tanh", 0.03, 5)
        trained = train_chunk([member], settings, rows)
        start = Perceptron(INPUTS, settings).start([member], rows.X.dtype, torch.device("cpu"))
        model, loss, long = pytorch_loop(member, settings, rows, start)
        linears = [part for part in model if isinstance(part, nn.Linear)]
        for layer, linear in enumerate(linears):
            ours = trained.values.weights[layer][0]
            ours = ours if layer == len(linears) - 1 else ours.T
            torch.testing.assert_close(ours, linear.weight.detach(), rtol=1e-7, atol=1e-8)
            torch.testing.assert_close(
                trained.values.biases[layer][0, 0], linear.bias.detach(), rtol=1e-7, atol=1e-8
            )
        np.testing.assert_allclose(trained.train_loss[-1, 0], loss, rtol=1e-7)
        assert clip is None or long > 10  # of 20 steps: clipping did something


@pytest.mark.parametrize(("task", "weighted", "schedule", "clip"), ALL, ids=str)
def test_a_member_equals_itself_alone_bit_for_bit_beside_one_that_diverges(
    task: Task, weighted: bool, schedule: Schedule, clip: float | None
) -> None:
    settings = dataclasses.replace(
        settings_of(task, schedule, clip, optimizer="sgd"), batch_size=13
    )
    rows, held = data(task, weighted=weighted, dtype=torch.float32), data(task, weighted=False)
    held = Rows(held.X.float(), held.y if task == "classification" else held.y.float())
    members = [
        Member("relu", 1e30, 0),
        *(Member(name, lr, 1) for name in ("gelu", "prelu", "sigmoid") for lr in (1e-2, 0.3)),
    ]
    together = train_chunk(members, settings, rows, held)
    assert together.diverged[0]
    for i in (1, 3, 6):
        alone = train_chunk([members[i]], settings, rows, held)
        for table in ("train_loss", "valid_loss"):
            ours, theirs = getattr(together, table)[:, i], getattr(alone, table)[:, 0]
            assert ours.tobytes() == theirs.tobytes()
        pairs = zip(
            (*together.values.weights, *together.values.biases),
            (*alone.values.weights, *alone.values.biases),
            strict=True,
        )
        assert all(torch.equal(a[i], b[0]) for a, b in pairs)


def test_members_that_are_taken_out_leave_the_schedule_of_the_others_alone() -> None:
    settings = dataclasses.replace(settings_of("classification", "one_cycle"), epochs=30)
    settings = dataclasses.replace(settings, optimizer="sgd", clip_grad_norm=0.5)
    rows = data("classification", weighted=True, dtype=torch.float32)
    members = [Member("relu", 1e-2, 1), Member("relu", 1e38, 1), Member("relu", 1e38, 2)]
    together = train_chunk(members, settings, rows)
    assert (together.epochs[1:] < 30).all()
    alone = train_chunk(members[:1], settings, rows)
    assert together.train_loss[:, 0].tobytes() == alone.train_loss[:, 0].tobytes()


def gradients(members: int, width: int, dtype: torch.dtype) -> Store:
    settings = dataclasses.replace(settings_of("regression"), hidden=(width, 6))
    chosen = [Member("prelu", 1e-3, seed) for seed in range(members)]
    store = Perceptron(INPUTS, settings).start(chosen, dtype, torch.device("cpu"))
    generator = torch.Generator().manual_seed(0)
    for view in (*store.weights, *store.biases):
        view.copy_(torch.randn(view.shape, generator=generator, dtype=torch.float64))
    return store


@pytest.mark.parametrize("limit", [1e-3, 5.0, 1e4])
def test_clipping_is_that_of_pytorch_on_each_network(limit: float) -> None:
    grads = gradients(4, 7, torch.float64)
    for view in (*grads.weights, *grads.biases):
        view[2] *= 1e6
    parts = [
        [view[m].clone() for view in (*grads.weights, *grads.biases)]
        + [view[m].clone() for layer in grads.learned for view in layer]
        for m in range(4)
    ]
    Clip(grads, limit)()
    for member, tensors in enumerate(parts):
        leaves = [torch.zeros_like(t).requires_grad_() for t in tensors]
        for leaf, tensor in zip(leaves, tensors, strict=True):
            leaf.grad = tensor
        nn.utils.clip_grad_norm_(leaves, limit)
        views = (*grads.weights, *grads.biases, *(v for layer in grads.learned for v in layer))
        for view, tensor in zip(views, tensors, strict=True):
            torch.testing.assert_close(view[member], tensor, rtol=1e-12, atol=0)


@pytest.mark.parametrize("width", [1, 7, 64, 100])
def test_clipping_bits_depend_neither_on_neighbours_nor_on_their_nan(width: int) -> None:
    whole = gradients(9, width, torch.float32)
    for first, last in ((0, 1), (4, 5), (2, 7)):
        alone = whole.take(torch.arange(first, last))
        Clip(alone, 0.1)()
        beside = whole.take(torch.arange(9))
        for region in beside.regions:
            region[7:, 0] = float("nan")
            region[8, 0] = float("inf")
        Clip(beside, 0.1)()
        for ours, theirs in zip(alone.regions, beside.regions, strict=True):
            assert ours.numpy().tobytes() == theirs[first:last].contiguous().numpy().tobytes()


@pytest.mark.parametrize(("task", "weighted", "schedule", "clip"), ALL, ids=str)
def test_train_ensemble_hands_it_all_on(
    task: Task, weighted: bool, schedule: Schedule, clip: float | None
) -> None:
    rows = data(task, weighted=weighted)
    settings = settings_of(task, schedule, clip)
    e = act.train_ensemble(
        rows.X[0].numpy(),
        rows.y[0].numpy(),
        hidden=settings.hidden,
        activations="tanh",
        learning_rates=0.03,
        epochs=settings.epochs,
        batch_size=settings.batch_size,
        task=task,
        sample_weight=None if rows.weights is None else rows.weights[0].numpy(),
        lr_schedule=schedule,
        clip_grad_norm=clip,
        dtype="float64",
        progress=False,
    )
    trained = train_chunk([Member("tanh", 0.03, 0)], settings, rows)
    for ours, theirs in zip(e.weights(0), member_weights(trained, 0), strict=True):
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(e.members["final_loss"], trained.train_loss[-1], rtol=1e-9)
