"""Seconds per trained network: our ensemble, scikit-learn's MLPClassifier, a PyTorch loop.

    python benchmarks/train.py [--repeats 5] [--members 30] [--json]

8x8 digits, 1,347 training rows, 64-64-64-10, ReLU, batch 32, Adam 1e-3, 10 epochs. Everything
in one process on one core, the contestants in turn, so that a slow moment of the machine meets
all of them; medians and ratios of medians. Only ratios within a run mean anything.
"""

from __future__ import annotations

import argparse
import json
import os
import platform

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import statistics
import time
import warnings
from collections.abc import Callable

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

import actscope as act

HIDDEN, BATCH, EPOCHS, RATE = (64, 64, 64), 32, 10, 1e-3
Score = Callable[[], tuple[float, float]]  # -> seconds per network, mean test accuracy


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--members", type=int, default=30)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    torch.set_num_threads(1)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

    X, y = load_digits(return_X_y=True)
    data = train_test_split((X / 16).astype(np.float32), y, stratify=y, random_state=0)
    contestants: dict[str, Score] = {
        f"actscope, {options.members} as one": lambda: ensemble(data, options.members),
        "actscope, one alone": lambda: ensemble(data, 1),
        "scikit-learn MLPClassifier": lambda: scikit_learn(data),
        "PyTorch loop": lambda: pytorch_loop(data),
    }
    for run in contestants.values():  # warm-up
        run()
    times: dict[str, list[float]] = {name: [] for name in contestants}
    scores: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(options.repeats):
        for name, run in contestants.items():
            seconds, accuracy = run()
            times[name].append(seconds)
            scores[name].append(accuracy)

    ours = statistics.median(times[next(iter(contestants))])
    results = [
        {
            "name": name,
            "ms_per_network": 1e3 * statistics.median(values),
            "min": 1e3 * min(values),
            "max": 1e3 * max(values),
            "times_ours": statistics.median(values) / ours,
            "accuracy": statistics.mean(scores[name]),
        }
        for name, values in times.items()
    ]
    if options.json:
        print(json.dumps({"machine": platform.processor(), "results": results}, indent=1))
        return
    print(f"{'':28}{'ms a network':>13}{'min':>8}{'max':>8}{'x ours':>8}{'accuracy':>10}")
    for row in results:
        print(
            f"{row['name']:28}{row['ms_per_network']:13.1f}{row['min']:8.1f}{row['max']:8.1f}"
            f"{row['times_ours']:8.1f}{row['accuracy']:10.3f}"
        )


def ensemble(data: list[np.ndarray], members: int) -> tuple[float, float]:
    X_train, X_test, y_train, y_test = data
    start = time.perf_counter()
    trained = act.train_ensemble(
        X_train, y_train, hidden=HIDDEN, seeds=members, learning_rates=[RATE], epochs=EPOCHS,
        batch_size=BATCH, device="cpu",
    )  # fmt: skip
    seconds = (time.perf_counter() - start) / members
    return seconds, float((trained.predict(X_test) == y_test).mean())


def scikit_learn(data: list[np.ndarray]) -> tuple[float, float]:
    X_train, X_test, y_train, y_test = data
    model = MLPClassifier(HIDDEN, batch_size=BATCH, learning_rate_init=RATE, max_iter=EPOCHS)
    start = time.perf_counter()
    model.fit(X_train, y_train)
    return time.perf_counter() - start, float(model.score(X_test, y_test))


def pytorch_loop(data: list[np.ndarray]) -> tuple[float, float]:
    X_train, X_test, y_train, y_test = (torch.from_numpy(part) for part in data)
    widths = (X_train.shape[1], *HIDDEN)
    parts: list[torch.nn.Module] = []
    for fan_in, fan_out in zip(widths[:-1], HIDDEN, strict=True):
        parts += [torch.nn.Linear(fan_in, fan_out), torch.nn.ReLU()]
    model = torch.nn.Sequential(*parts, torch.nn.Linear(HIDDEN[-1], 10))
    optimiser = torch.optim.Adam(model.parameters(), lr=RATE)
    start = time.perf_counter()
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(X_train)).split(BATCH):
            loss = torch.nn.functional.cross_entropy(model(X_train[batch]), y_train[batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    seconds = time.perf_counter() - start
    with torch.no_grad():
        return seconds, float((model(X_test).argmax(1) == y_test).float().mean())


if __name__ == "__main__":
    main()
