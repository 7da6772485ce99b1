"""Races against full grids: networks, seconds and verdicts, over ten data sets.

    python benchmarks/racing.py [--seeds 20] [--workers 2]

For each data set the same study is run whole and as a race, one after the other. "same best":
the same activation is named best. "alike": of the other activations, how many are told alike (as
good, worse, undecided). "against": how many are told the opposite, worse in one and best or as
good in the other.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
from sklearn.datasets import make_classification, make_friedman1, make_moons, make_regression

import actscope as act


def data_sets() -> dict[str, tuple[Any, Any]]:
    """Five that come with scikit-learn, five generated ones."""
    bundled = ("digits", "breast_cancer", "wine", "iris", "diabetes")
    wide = make_classification(1500, 30, n_informative=12, n_classes=4, random_state=0)
    ring = np.random.default_rng(0).uniform(-1, 1, (1200, 6))
    sets: dict[str, Any] = {
        **{name: (f"sklearn:{name}", None) for name in bundled},
        "moons": make_moons(1500, noise=0.25, random_state=0),
        "friedman": make_friedman1(1200, noise=1.0, random_state=0),
        "linear": make_regression(800, 15, noise=20.0, random_state=0),
        "four classes": wide,
        "ring": (ring, (np.hypot(ring[:, 0], ring[:, 1]) > 0.75).astype(int)),
    }
    return sets


def standing(c: act.Comparison) -> dict[str, str]:
    """How each activation is told."""
    v = c.verdict
    lists = {"as good": v.equivalent, "worse": v.worse, "open": v.undecided, "best": (v.best,)}
    return {name: word for word, names in lists.items() for name in names}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    settings: dict[str, Any] = {"seeds": args.seeds, "workers": args.workers, "progress": False}
    act.compare("sklearn:iris", seeds=2, epochs=2, workers=args.workers)  # workers start
    print("| data | networks | of | seconds | against | same best | alike | against |")
    print("| --- | ---: | ---: | ---: | ---: | --- | ---: | ---: |")
    sums = np.zeros(5)
    for name, (source, target) in data_sets().items():
        whole = act.compare(source, target, **settings, race=False)
        raced = act.compare(source, target, **settings, race=True)
        one, two = standing(whole), standing(raced)
        good = {"best", "as good"}
        opposite = sum(
            {one[n], two[n]} & good != set() and "worse" in (one[n], two[n]) for n in one
        )
        others = [n for n in one if "best" not in (one[n], two[n])]
        alike = sum(one[n] == two[n] for n in others)
        same = whole.verdict.best == raced.verdict.best
        print(
            f"| {name} | {raced.members_trained} | {whole.members_trained} | {raced.seconds:.1f} "
            f"| {whole.seconds:.1f} | {'yes' if same else 'no'} | {alike} of {len(others)} "
            f"| {opposite} |",
            flush=True,
        )
        sums += [
            raced.members_trained, whole.members_trained, same, alike / len(others), opposite,
        ]  # fmt: skip
    trained, full, best, alike, opposite = sums
    print(
        f"\nNetworks {trained / full:.0%} of the grid; the same best in "
        f"{best:.0f} of {len(data_sets())}, {alike / len(data_sets()):.0%} told alike, "
        f"{opposite:.0f} told the opposite."
    )


if __name__ == "__main__":
    main()
