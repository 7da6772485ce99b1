"""The hand-written forward and backward pass against PyTorch's autograd."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor, nn

from actscope import catalogue
from actscope.ensemble._layout import Shape, Store
from actscope.ensemble._loss import CrossEntropy, HalfSquaredError
from actscope.ensemble._network import Network, Span
from actscope.nn import module
from actscope.nn._kernels import kernel

MEMBERS, ROWS, INPUTS, HIDDEN, OUTPUTS = 3, 5, 7, (6, 11), 4


def random_store(shape, members: int = MEMBERS) -> Store:
    torch.manual_seed(0)
    store = Store.zeros(shape, members, dtype=torch.float64, device=torch.device("cpu"))
    for view in (*store.weights, *store.biases):
        view.copy_(0.3 * torch.randn(view.shape, dtype=torch.float64))  # exp(exp(z)) stays finite
    for view in itertools.chain(*store.learned):
        view.copy_(torch.rand(view.shape, dtype=torch.float64))
    return store


def oracle(store: Store, name: str, member: int) -> nn.Sequential:
    """The same network made of PyTorch's modules."""
    parts: list[nn.Module] = []
    last = len(store.weights) - 1
    for layer, (weight, bias) in enumerate(zip(store.weights, store.biases, strict=True)):
        w = weight[member] if layer == last else weight[member].T  # nn.Linear has (out, in)
        linear = nn.Linear(w.shape[1], w.shape[0], dtype=torch.float64)
        with torch.no_grad():
            linear.weight.copy_(w)
            linear.bias.copy_(bias[member, 0])
        parts.append(linear)
        if layer < last:
            f = module(name).double().eval()  # rrelu: its mean slope
            with torch.no_grad():
                for parameter, value in zip(f.parameters(), store.learned[layer], strict=True):
                    parameter.fill_(value[member].item())
            parts.append(f)
    return nn.Sequential(*parts)


def expected_loss(model: nn.Sequential, X: Tensor, y: Tensor, classify: bool) -> Tensor:
    if classify:
        return nn.functional.cross_entropy(model(X), y)
    return 0.5 * ((model(X) - y.T) ** 2).sum(1).mean()


@pytest.mark.parametrize("classify", [True, False], ids=["classes", "values"])
@pytest.mark.parametrize("name", catalogue.names())
def test_outputs_loss_and_all_gradients_equal_autograd(name: str, classify: bool) -> None:
    f = kernel(catalogue.get(name))
    shape = Shape(INPUTS, HIDDEN, OUTPUTS, len(f.learned))
    store = random_store(shape)
    grads = random_store(shape)  # filled with rubbish: every element must be written
    network = Network(store, [[Span(0, MEMBERS, f)]] * len(HIDDEN), ROWS, grads=grads)
    X = torch.randn(MEMBERS, ROWS, INPUTS, dtype=torch.float64)
    network.inputs[:, :ROWS] = X
    network.inputs[:, ROWS:] = X[:, :1]  # padding must carry no weight
    if classify:
        y = torch.randint(OUTPUTS, (MEMBERS, ROWS))
        targets = torch.zeros(1, MEMBERS, network.padded, dtype=torch.int64)
        targets[0, :, :ROWS] = y
        loss = CrossEntropy(network.outputs, ROWS)
    else:
        y = torch.randn(MEMBERS, OUTPUTS, ROWS, dtype=torch.float64)
        targets = torch.zeros(1, MEMBERS, OUTPUTS, network.padded, dtype=torch.float64)
        targets[0, :, :, :ROWS] = y
        loss = HalfSquaredError(network.outputs, ROWS)
    network.forward()
    network.backward(loss.gradient(network.outputs, loss.prepare(targets)[0]))
    value = loss.epoch_total()

    for member in range(MEMBERS):
        model = oracle(store, name, member)
        expected = expected_loss(model, X[member], y[member], classify)
        torch.testing.assert_close(network.outputs[member, :, :ROWS].T, model(X[member]))
        torch.testing.assert_close(value[member] / ROWS, expected)
        if any(p.requires_grad for p in model.parameters()) and expected.requires_grad:
            expected.backward()
        linears = [part for part in model if isinstance(part, nn.Linear)]
        for layer, linear in enumerate(linears):
            w = grads.weights[layer][member]
            w = w if layer == len(HIDDEN) else w.T
            zero = torch.zeros_like(linear.weight)
            torch.testing.assert_close(
                w, zero if linear.weight.grad is None else linear.weight.grad
            )
            zero = torch.zeros_like(linear.bias)
            bias = zero if linear.bias.grad is None else linear.bias.grad
            torch.testing.assert_close(grads.biases[layer][member, 0], bias)
        layers = [part for part in model if not isinstance(part, nn.Linear)]
        for part, learned in zip(layers, grads.learned, strict=True):
            for slope, ours in zip(part.parameters(), learned, strict=True):
                assert slope.grad is not None
                torch.testing.assert_close(ours[member, 0], slope.grad)


def test_activations_may_differ_between_spans() -> None:
    relu, gelu = (kernel(catalogue.get(n)) for n in ("relu", "gelu"))
    store = random_store(Shape(INPUTS, HIDDEN, OUTPUTS))
    network = Network(store, [[Span(0, 1, relu), Span(1, 3, gelu)]] * len(HIDDEN), ROWS)
    X = torch.randn(MEMBERS, ROWS, INPUTS, dtype=torch.float64)
    network.inputs[:, :ROWS] = X
    network.forward()
    outputs = network.outputs[:, :, :ROWS]
    for member, name in enumerate(["relu", "gelu", "gelu"]):
        torch.testing.assert_close(outputs[member].T, oracle(store, name, member)(X[member]))
