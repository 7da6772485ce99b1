"""The same training in JAX, the networks one after the other (or some abreast) in one program.

Nothing here is imported unless JAX is there: `pip install -e '.[bench]'`.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from benchmarks._shapes import RATE, Data, Shape, layers
from numpy.typing import NDArray

Array = NDArray[Any]


def installed() -> bool:
    """Whether JAX can be imported."""
    return importlib.util.find_spec("jax") is not None


def training(
    shape: Shape, data: Data, *, abreast: int
) -> Callable[[Sequence[int]], Callable[[], Array]]:
    """Train the networks of all seeds within one jit.

    abreast: 1: `lax.map`, one after the other; more: so many at a time, as `vmap`.
    """
    # One thread, as everybody has.
    flags = os.environ.get("XLA_FLAGS", "")
    os.environ["XLA_FLAGS"] = f"{flags} --xla_cpu_multi_thread_eigen=false".strip()
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    jax: Any = importlib.import_module("jax")
    jnp, lax = jax.numpy, jax.lax
    X, y = jnp.asarray(data.train.X), jnp.asarray(data.train.y)
    rows, batch = len(X), shape.batch_size
    full = rows // batch

    def outputs(parameters: Any, h: Any) -> Any:
        for weight, bias in parameters[:-1]:
            h = jax.nn.relu(h @ weight + bias)
        weight, bias = parameters[-1]
        return h @ weight + bias

    def loss(parameters: Any, index: Any) -> Any:
        made = outputs(parameters, X[index])
        if shape.task == "regression":
            return jnp.mean((made[:, 0] - y[index]) ** 2)
        chosen = jnp.take_along_axis(made, y[index][:, None], 1)[:, 0]
        return jnp.mean(jax.nn.logsumexp(made, 1) - chosen)

    def step(state: Any, index: Any) -> tuple[Any, None]:
        parameters, first, second, count = state
        grads, count = jax.grad(loss)(parameters, index), count + 1
        tree = jax.tree_util.tree_map
        first = tree(lambda m, g: 0.9 * m + 0.1 * g, first, grads)
        second = tree(lambda v, g: 0.999 * v + 0.001 * g * g, second, grads)
        rate, scale = RATE / (1 - 0.9**count), 1 / (1 - 0.999**count)
        parameters = tree(
            lambda p, m, v: p - rate * m / (jnp.sqrt(v * scale) + 1e-8), parameters, first, second
        )
        return (parameters, first, second, count), None

    def epoch(state: Any, order: Any) -> tuple[Any, None]:
        state, _ = lax.scan(step, state, order[: full * batch].reshape(full, batch))
        if rows % batch:
            state, _ = step(state, order[full * batch :])
        return state, None

    def network(job: Any) -> Any:
        parameters, orders = job
        zeros = jax.tree_util.tree_map(jnp.zeros_like, parameters)
        state, _ = lax.scan(epoch, (parameters, zeros, zeros, jnp.zeros(())), orders)
        return state[0]

    many = jax.jit(lambda jobs: lax.map(network, jobs, batch_size=abreast if abreast > 1 else None))
    answer = jax.jit(jax.vmap(outputs, in_axes=(0, None)))

    def train(seeds: Sequence[int]) -> Callable[[], Array]:
        draw = np.random.default_rng(seeds[0])
        start = []
        for fan_in, fan_out, bound in layers(shape):
            sizes = ((fan_in, fan_out), (fan_out,))
            drawn = [draw.uniform(-bound, bound, (len(seeds), *size)) for size in sizes]
            start.append(tuple(values.astype(np.float32) for values in drawn))
        orders = np.stack([
            [draw.permutation(rows).astype(np.int32) for _ in range(shape.epochs)] for _ in seeds
        ])  # fmt: skip
        parameters = jax.block_until_ready(many((start, orders)))

        def predict() -> Array:
            made = np.asarray(answer(parameters, jnp.asarray(data.test.X)))
            return made.argmax(2) if shape.task == "classification" else made[:, :, 0]

        return predict

    return train
