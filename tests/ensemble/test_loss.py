"""Losses written by hand against PyTorch's own through autograd."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.neural_network._base import binary_log_loss, log_loss
from torch import Tensor
from torch.nn import functional

from actscope.ensemble._loss import ADD_UP_AFTER, SLOT_NUMBERS, Loss, Task, loss_of, shares

TASKS: tuple[Task, ...] = ("classification", "multilabel", "regression")


class Case:
    """Random outputs, targets and weights of several batches, and what PyTorch says of them."""

    def __init__(
        self,
        task: Task,
        *,
        members: int = 3,
        width: int = 4,
        rows: int = 5,
        surplus: int = 3,
        batches: int = 2,
        scale: float = 3.0,
        dtype: torch.dtype = torch.float64,
        seed: int = 0,
    ) -> None:
        generator = torch.Generator().manual_seed(seed)

        def normal(*size: int) -> Tensor:
            return torch.randn(*size, generator=generator, dtype=torch.float64).to(dtype)

        padded = rows + surplus
        self.task: Task = task
        self.rows = rows
        self.outputs = scale * normal(batches, members, width, padded)
        if task == "classification":
            self.targets = torch.randint(width, (batches, members, padded), generator=generator)
        else:
            self.targets = normal(batches, members, width, padded)
            if task == "multilabel":
                self.targets = (self.targets > 0).to(dtype)
        self.weights = normal(batches, members, padded).abs()

    def loss(self, members: slice = slice(None), *, weighted: bool) -> Loss:
        return loss_of(self.task, self.outputs[0, members], self.rows, weighted=weighted)

    def run(self, members: slice = slice(None), *, weighted: bool) -> tuple[Tensor, Tensor, Tensor]:
        """Gradients of all batches, the epoch's total, the value of the first batch."""
        loss = self.loss(members, weighted=weighted)
        targets = loss.prepare(self.targets[:, members].contiguous())
        share = shares(self.weights[:, members], self.rows)
        steps = range(len(self.outputs))
        grads = [
            loss.gradient(
                self.outputs[i, members].contiguous(), targets[i], share[i] if weighted else None
            ).clone()
            for i in steps
        ]
        value = loss.value(self.outputs[0, members].contiguous(), targets[0])
        return torch.stack(grads), loss.epoch_total(), value

    def torch_loss(self, batch: int, member: int, weights: Tensor | None) -> tuple[Tensor, Tensor]:
        """(mean loss, gradient) of one member's rows, by autograd."""
        z = self.outputs[batch, member, :, : self.rows].T.clone().requires_grad_()
        y = self.targets[batch, member, ..., : self.rows]
        if self.task == "classification":
            each = functional.cross_entropy(z, y, reduction="none")
        elif self.task == "multilabel":
            each = functional.binary_cross_entropy_with_logits(z, y.T, reduction="none").sum(1)
        else:
            each = 0.5 * functional.mse_loss(z, y.T, reduction="none").sum(1)
        mean = each.mean() if weights is None else (each * weights).sum() / weights.sum()
        mean.backward()
        assert z.grad is not None
        return mean.detach(), z.grad.T


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("task", TASKS)
def test_gradient_total_and_value_equal_autograd(task: Task, weighted: bool) -> None:
    case = Case(task)
    grads, total, value = case.run(weighted=weighted)
    for member in range(3):
        mean = torch.zeros((), dtype=torch.float64)
        for batch in range(2):
            weights = case.weights[batch, member, : case.rows] if weighted else None
            loss, grad = case.torch_loss(batch, member, weights)
            torch.testing.assert_close(grads[batch, member, :, : case.rows], grad)
            mean += loss
        torch.testing.assert_close(total[member], case.rows * mean)
        torch.testing.assert_close(value[member], case.rows * case.torch_loss(0, member, None)[0])
    assert (grads[..., case.rows :] == 0).all()  # padding has no weight


@pytest.mark.parametrize("task", ["classification", "multilabel"])
def test_values_are_those_of_scikit_learn(task: Task) -> None:
    case = Case(task, batches=1)
    _, total, _ = case.run(weighted=True)
    for member in range(3):
        z = case.outputs[0, member, :, : case.rows].T
        y = case.targets[0, member, ..., : case.rows]
        if task == "classification":
            truth, p = functional.one_hot(y, 4), z.softmax(1)
        else:
            truth, p = y.T, z.sigmoid()
        theirs = (log_loss if task == "classification" else binary_log_loss)(
            truth.numpy(), p.numpy(), case.weights[0, member, : case.rows].numpy()
        )
        np.testing.assert_allclose(total[member] / case.rows, theirs, rtol=1e-9)


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("task", TASKS)
def test_an_epoch_of_many_steps_loses_nothing(task: Task, weighted: bool) -> None:
    batches = 2 * max(SLOT_NUMBERS // 8, ADD_UP_AFTER) + 3
    case = Case(task, members=2, width=1 if task != "classification" else 3, batches=batches)
    loss = case.loss(weighted=weighted)
    targets = loss.prepare(case.targets)
    share = shares(case.weights, case.rows)
    for _ in range(2):  # an epoch starts anew
        for i in range(batches):
            loss.gradient(case.outputs[i], targets[i], share[i] if weighted else None)
        total = loss.epoch_total()
        for member in range(2):
            expected = sum(
                case.torch_loss(
                    i, member, case.weights[i, member, : case.rows] if weighted else None
                )[0]
                for i in range(batches)
            )
            torch.testing.assert_close(total[member], case.rows * torch.as_tensor(expected))
    assert loss.epoch_total().tolist() == [0.0, 0.0]


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("task", TASKS)
@given(
    width=st.integers(2, 11),
    rows=st.integers(1, 70),
    surplus=st.integers(0, 9),
    first=st.integers(0, 6),
    count=st.integers(1, 7),
    seed=st.integers(0, 99),
)
@example(width=9, rows=1, surplus=0, first=2, count=1, seed=52)  # reshape copies nothing here
@example(width=2, rows=1, surplus=8, first=3, count=7, seed=78)
@settings(max_examples=15, deadline=None)
def test_bits_do_not_depend_on_the_members_beside_nor_on_their_nan(
    task: Task,
    weighted: bool,
    width: int,
    rows: int,
    surplus: int,
    first: int,
    count: int,
    seed: int,
) -> None:
    case = Case(
        task,
        members=7,
        width=width,
        rows=rows,
        surplus=surplus,
        batches=5,
        dtype=torch.float32,
        seed=seed,
    )
    part = slice(first, min(7, first + count))
    alone = case.run(part, weighted=weighted)
    sick = [m for m in range(7) if not first <= m < first + count]
    case.outputs[:, sick[::2]] = float("nan")
    case.outputs[:, sick[1::2]] = float("inf")
    together = case.run(weighted=weighted)
    for ours, theirs, axis in zip(together, alone, (1, 0, 0), strict=True):
        kept = ours.narrow(axis, part.start, part.stop - part.start)
        assert kept.contiguous().numpy().tobytes() == theirs.numpy().tobytes()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("size", [1e4, 1e30])
def test_extreme_outputs_have_exact_losses_and_gradients(size: float, dtype: torch.dtype) -> None:
    outputs = torch.tensor([[[size], [0.0]], [[-size], [size]]], dtype=dtype)
    codes = loss_of("classification", outputs, 1)
    targets = codes.prepare(torch.zeros(1, 2, 1, dtype=torch.int64))
    assert codes.gradient(outputs, targets[0])[:, :, 0].tolist() == [[0.0, 0.0], [-1.0, 1.0]]
    assert codes.epoch_total().tolist() == pytest.approx([0.0, 2 * size])
    labels = loss_of("multilabel", outputs, 1)
    signs = labels.prepare(torch.tensor([[[[1.0], [0.0]], [[1.0], [0.0]]]], dtype=dtype))
    grad = labels.gradient(outputs, signs[0])
    assert grad[:, :, 0].tolist() == [[0.0, 0.5], [-1.0, 1.0]]
    assert labels.epoch_total().tolist() == pytest.approx([np.log(2), 2 * size])


def test_certain_labels_keep_the_digits_of_their_gradients() -> None:
    outputs = torch.tensor([[[30.0, -30.0]]])  # sigmoid(30) rounds to 1 in float32
    loss = loss_of("multilabel", outputs, 2)
    grad = loss.gradient(outputs, loss.prepare(torch.tensor([[[[1.0, 0.0]]]]))[0])
    expected = np.exp(-30.0) / 2
    np.testing.assert_allclose(grad[0, 0], [-expected, expected], rtol=1e-5)


@pytest.mark.parametrize("task", TASKS)
def test_a_batch_without_weight_has_no_loss_and_no_gradient(task: Task) -> None:
    case = Case(task)
    case.weights[0, 1] = 0.0
    case.weights[1, :, case.rows :] = 0.0  # that of padding never counts
    grads, total, _ = case.run(weighted=True)
    assert (grads[0, 1] == 0).all()
    only = case.torch_loss(1, 1, case.weights[1, 1, : case.rows])[0]
    torch.testing.assert_close(total[1], case.rows * only)
    assert grads.isfinite().all()


@pytest.mark.parametrize("task", TASKS)
def test_weights_of_one_are_no_weights(task: Task) -> None:
    case = Case(task)
    case.weights[:] = 2.0  # nor does their scale matter
    for ours, plain in zip(case.run(weighted=True), case.run(weighted=False), strict=True):
        torch.testing.assert_close(ours, plain)
