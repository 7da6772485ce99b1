"""Who trains the same networks: actscope, scikit-learn, PyTorch in two ways.

Each does the same work: mini-batch Adam, as many epochs, a new order of the rows in each, the
incomplete last batch too, ReLU, float32, no weight decay. They start from weights of
the same distribution, scikit-learn's (`_shapes.layers`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from benchmarks._shapes import RATE, Data, Shape, layers
from numpy.typing import NDArray
from sklearn.neural_network import MLPClassifier, MLPRegressor
from torch import Tensor, nn
from torch.nn import functional

import actscope as act

Array = NDArray[Any]
# ["network row"] labels or values on the test rows.
Predict = Callable[[], Array]


@dataclass(frozen=True)
class Contestant:
    """networks: how many `train` is given seeds for. notes: what its name leaves unsaid."""

    name: str
    networks: int
    train: Callable[[Sequence[int]], Predict]
    notes: dict[str, Any] = field(default_factory=dict)


def actscope(
    shape: Shape, data: Data, device: str, workers: int, *, validation: bool = False
) -> Callable[[Sequence[int]], Predict]:
    """All seeds as one; with validation rows evaluated each epoch and the best weights kept."""
    study: dict[str, Any] = {}
    if validation:
        study = {"validation": tuple(data.valid), "patience": shape.epochs}

    def train(seeds: Sequence[int]) -> Predict:
        trained = act.train_ensemble(
            *data.train, hidden=shape.hidden, seeds=seeds, learning_rates=[RATE],
            epochs=shape.epochs, batch_size=shape.batch_size, task=shape.task, device=device,
            workers=workers, init="glorot", progress=False, **study,
        )  # fmt: skip
        return lambda: trained.predict(data.test.X)

    return train


def scikit_learn(shape: Shape, data: Data) -> Callable[[Sequence[int]], Predict]:
    """Its MLP without weight decay, and without stopping early."""
    kind: Any = MLPClassifier if shape.task == "classification" else MLPRegressor

    def train(seeds: Sequence[int]) -> Predict:
        models = [
            kind(
                hidden_layer_sizes=shape.hidden, batch_size=shape.batch_size, alpha=0.0,
                learning_rate_init=RATE, max_iter=shape.epochs,
                n_iter_no_change=shape.epochs + 1, random_state=seed,
            ).fit(*data.train)
            for seed in seeds
        ]  # fmt: skip
        return lambda: np.stack([model.predict(data.test.X) for model in models])

    return train


def pytorch_loop(
    shape: Shape, data: Data, device: str, *, fused: bool
) -> Callable[[Sequence[int]], Predict]:
    """nn.Sequential, autograd, torch.optim.Adam, one network after the other."""
    X, y, test = _tensors(data, device)
    loss_of = _loss(shape)

    def train(seeds: Sequence[int]) -> Predict:
        models = []
        for seed in seeds:
            torch.manual_seed(seed)
            parts: list[nn.Module] = []
            for fan_in, fan_out, bound in layers(shape):
                linear = nn.Linear(fan_in, fan_out)
                nn.init.uniform_(linear.weight, -bound, bound)
                nn.init.uniform_(linear.bias, -bound, bound)
                parts += [linear, nn.ReLU()]
            model = nn.Sequential(*parts[:-1]).to(device)
            optimiser = torch.optim.Adam(model.parameters(), lr=RATE, fused=fused)
            for _ in range(shape.epochs):
                for batch in torch.randperm(len(X)).to(device).split(shape.batch_size):
                    optimiser.zero_grad()
                    loss_of(model(X[batch]), y[batch]).backward()
                    optimiser.step()
            models.append(model)
        return lambda: _predictions(shape, torch.stack([model(test) for model in models]))

    return train


def pytorch_stacked(
    shape: Shape, data: Data, device: str, *, at_once: int
) -> Callable[[Sequence[int]], Predict]:
    """Parameters of `at_once` networks stacked, baddbmm and autograd, one fused Adam."""
    X, y, test = _tensors(data, device)
    loss_of = _loss(shape)

    def outputs(weights: list[Tensor], biases: list[Tensor], h: Tensor) -> Tensor:
        for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
            h = torch.baddbmm(bias, h, weight).relu_()
        return torch.baddbmm(biases[-1], h, weights[-1])

    def chunk(seeds: Sequence[int]) -> tuple[list[Tensor], list[Tensor]]:
        torch.manual_seed(seeds[0])
        weights, biases = [], []
        for fan_in, fan_out, bound in layers(shape):
            for made, rows in ((weights, fan_in), (biases, 1)):
                start = torch.empty(len(seeds), rows, fan_out, device=device)
                made.append(start.uniform_(-bound, bound).requires_grad_())
        optimiser = torch.optim.Adam([*weights, *biases], lr=RATE, fused=True)
        for _ in range(shape.epochs):
            orders = torch.stack([torch.randperm(len(X)) for _ in seeds]).to(device)
            for batch in orders.split(shape.batch_size, 1):
                optimiser.zero_grad()
                made = outputs(weights, biases, X[batch])
                # The mean over all networks' rows, times the networks: each one's own mean.
                loss = loss_of(made.flatten(0, 1), y[batch].flatten(0, 1)) * len(seeds)
                loss.backward()
                optimiser.step()
        return weights, biases

    def train(seeds: Sequence[int]) -> Predict:
        chunks = [chunk(seeds[i : i + at_once]) for i in range(0, len(seeds), at_once)]

        def predict() -> Array:
            made = [outputs(w, b, test.expand(len(w[0]), -1, -1)) for w, b in chunks]
            return _predictions(shape, torch.cat(made))

        return predict

    return train


def _tensors(data: Data, device: str) -> tuple[Tensor, Tensor, Tensor]:
    arrays = (data.train.X, data.train.y, data.test.X)
    X, y, test = (torch.from_numpy(part).to(device) for part in arrays)
    return X, y if y.dtype == torch.int64 else y[:, None], test


def _loss(shape: Shape) -> Callable[[Tensor, Tensor], Tensor]:
    return functional.cross_entropy if shape.task == "classification" else functional.mse_loss


def _predictions(shape: Shape, outputs: Tensor) -> Array:
    """["network row"] from ["network row output"]."""
    chosen = outputs.argmax(2) if shape.task == "classification" else outputs[:, :, 0]
    return chosen.detach().cpu().numpy()
