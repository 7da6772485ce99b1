"""Every word for an activation in PyTorch, Keras, JAX and TensorFlow Playground resolves."""

from __future__ import annotations

import pytest
import torch
from torch.nn.modules import activation as torch_activations

from actscope import catalogue

# Not functions of numbers: attention has weights.
LAYERS_WITH_WEIGHTS = {"MultiheadAttention"}
PYTORCH_CLASSES = sorted(set(torch_activations.__all__) - LAYERS_WITH_WEIGHTS)
# torch.nn.functional, "non-linear activation functions" in its documentation.
PYTORCH_FUNCTIONS = [
    "threshold",
    "relu",
    "hardtanh",
    "hardswish",
    "relu6",
    "elu",
    "selu",
    "celu",
    "leaky_relu",
    "prelu",
    "rrelu",
    "glu",
    "gelu",
    "logsigmoid",
    "hardshrink",
    "tanhshrink",
    "softsign",
    "softplus",
    "softmin",
    "softmax",
    "softshrink",
    "log_softmax",
    "tanh",
    "sigmoid",
    "hardsigmoid",
    "silu",
    "mish",
]
# keras.activations and keras.layers, Keras 3.
KERAS = [
    "celu",
    "elu",
    "exponential",
    "gelu",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
    "ELU",
    "LeakyReLU",
    "PReLU",
    "ReLU",
    "Softmax",
    "ThresholdedReLU",
]
# jax.nn, "activation functions" in its documentation; flax.linen adds PReLU.
JAX = [
    "relu",
    "relu6",
    "sigmoid",
    "softplus",
    "sparse_plus",
    "sparse_sigmoid",
    "soft_sign",
    "silu",
    "swish",
    "log_sigmoid",
    "leaky_relu",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "elu",
    "celu",
    "selu",
    "gelu",
    "glu",
    "squareplus",
    "mish",
    "identity",
    "tanh",
    "softmax",
    "log_softmax",
    "PReLU",
]
PLAYGROUND = ["ReLU", "Tanh", "Sigmoid", "Linear"]


@pytest.mark.parametrize(
    "word",
    [
        *(f"torch.nn.{name}" for name in PYTORCH_CLASSES),
        *(f"nn.{name}" for name in PYTORCH_CLASSES),
        *(f"F.{name}" for name in PYTORCH_FUNCTIONS),
        *(f"keras.activations.{name}" for name in KERAS),
        *(f"jax.nn.{name}" for name in JAX),
        *PLAYGROUND,
        *("hardswish", "hard_silu", "swish", "nn.SiLU", "ReLU", "HARD-SWISH", "leaky relu"),
    ],
)
def test_it_resolves(word: str) -> None:
    record = catalogue.get(word)
    if word == "jax.nn.gelu":  # JAX's default is the approximation
        assert record.name == "gelu_tanh"
        return
    spelled = {record.name, *record.aliases}
    plain = word.rpartition(".")[2].lower().replace("_", "").replace("-", "").replace(" ", "")
    assert plain in {s.lower().replace("_", "") for s in spelled}


def test_pytorch_functions_listed_here_exist() -> None:
    assert all(hasattr(torch.nn.functional, name) for name in PYTORCH_FUNCTIONS)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("leaky_relu", ("0.01", "0.2", "0.3")),
        ("gelu", ("jax.nn.gelu", "approximate=False")),
        ("prelu", ("0.25", "Keras")),
        ("hard_sigmoid", ("1/6", "0.2")),
        ("sinc", ("torch.sinc",)),
    ],
)
def test_a_card_says_where_libraries_differ(name: str, words: tuple[str, ...]) -> None:
    assert all(word in catalogue.get(name).differs for word in words)


def test_every_entry_says_where_it_comes_from() -> None:
    records = [catalogue.get(name) for name in catalogue.names("all")]
    assert len(catalogue.names()) >= 55
    for record in records:
        assert any(c.isdigit() for c in record.reference) or "torch.nn" in record.reference, record
        assert record.summary.endswith(".")
        assert record.family
    # No function twice under two names.
    formulas = [record.formula for record in records]
    assert len(set(formulas)) == len(formulas)
