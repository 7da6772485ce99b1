"""Test accuracy on 8x8 digits: our ensemble and scikit-learn's MLPClassifier, side by side.

    python benchmarks/agreement.py [--seeds 20] [--json]

Same split, same settings (scikit-learn's defaults), the two packages' own random numbers.
"""

from __future__ import annotations

import argparse
import json
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import warnings

import numpy as np
from scipy import stats
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

import actscope as act

NAMES = {"identity": "identity", "sigmoid": "logistic", "tanh": "tanh", "relu": "relu"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)

    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X / 16, y, stratify=y, random_state=0)
    ensemble = act.train_ensemble(
        X_train,
        y_train,
        hidden=100,
        activations=list(NAMES),
        seeds=options.seeds,
        epochs=200,
        batch_size=200,
        l2=1e-4 / 200,
        init="glorot",
    )
    ours = (ensemble.predict(X_test) == y_test).mean(1).reshape(len(NAMES), -1)
    results = []
    for name, scores in zip(NAMES, ours, strict=True):
        theirs = np.array([
            MLPClassifier(activation=NAMES[name], random_state=seed)
            .fit(X_train, y_train)
            .score(X_test, y_test)
            for seed in range(options.seeds)
        ])  # fmt: skip
        gap = stats.ttest_ind(scores, theirs, equal_var=False).confidence_interval()
        results.append({
            "activation": name,
            "actscope": [float(scores.mean()), float(scores.std(ddof=1))],
            "scikit-learn": [float(theirs.mean()), float(theirs.std(ddof=1))],
            "difference_95": [float(gap.low), float(gap.high)],
        })  # fmt: skip
    if options.json:
        print(json.dumps({"seeds": options.seeds, "results": results}, indent=1))
        return
    print(f"{'':10}{'actscope':>18}{'scikit-learn':>18}{'difference (95%)':>22}")
    for row in results:
        cells = [f"{mean:10.4f} ±{sd:.4f}" for mean, sd in (row["actscope"], row["scikit-learn"])]
        low, high = row["difference_95"]
        print(f"{row['activation']:10}{cells[0]:>18}{cells[1]:>18}{low:>12.4f} to {high:.4f}")


if __name__ == "__main__":
    main()
