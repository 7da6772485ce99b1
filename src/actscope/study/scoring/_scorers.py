"""Any of scikit-learn's scorers by name, fed with answers that are already there."""

from __future__ import annotations

import warnings
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import get_scorer, get_scorer_names

# scikit-learn does not say what a scorer is for. For numbers, with the rope and its unit: errors
# in the target's unit take a hundredth of its deviation, relative ones 0.01.
_REGRESSION: dict[str, tuple[float | None, str]] = {
    "explained_variance": (0.01, "1"),
    "d2_absolute_error_score": (0.01, "1"),
    "neg_max_error": (0.01, "sd"),
    "neg_median_absolute_error": (0.01, "sd"),
    "neg_mean_squared_error": (0.01, "variance"),
    "neg_mean_absolute_percentage_error": (0.01, "1"),
}
_ABOVE_ZERO = {
    "neg_root_mean_squared_log_error", "neg_mean_squared_log_error",
    "neg_mean_gamma_deviance", "neg_mean_poisson_deviance",
}  # fmt: skip
_NO_ROPE = {"neg_brier_score", "neg_negative_likelihood_ratio", "positive_likelihood_ratio"}
# For groups without names, or for several labels a row.
_OTHER_TASKS = {
    "adjusted_mutual_info_score", "adjusted_rand_score", "completeness_score",
    "fowlkes_mallows_score", "homogeneity_score", "mutual_info_score",
    "normalized_mutual_info_score", "rand_score", "v_measure_score",
    "f1_samples", "jaccard_samples", "precision_samples", "recall_samples",
}  # fmt: skip
ONE_SIDED = {"precision", "recall", "jaccard", *_NO_ROPE} - {"neg_brier_score"}
_WORDS = {
    "f1_macro": "macro F1",
    "f1_weighted": "F1 (weighted by class)",
    "f1_micro": "F1 (over all rows)",
    "roc_auc_ovr": "ROC AUC",
    "roc_auc_ovr_weighted": "ROC AUC (one class against the rest, weighted)",
    "roc_auc_ovo": "ROC AUC (class against class)",
    "roc_auc_ovo_weighted": "ROC AUC (class against class, weighted)",
    "matthews_corrcoef": "Matthews correlation",
    "neg_brier_score": "Brier score",
    "d2_brier_score": "D2 of the Brier score",
    "d2_log_loss_score": "D2 of the log loss",
    "d2_absolute_error_score": "D2 of the absolute error",
}


def names() -> list[str]:
    """Those that can rank networks on a table, errors also without their "neg_"."""
    known = [name for name in get_scorer_names() if name not in _OTHER_TASKS]
    return [*known, *(name.removeprefix("neg_") for name in known if name.startswith("neg_"))]


def describe(name: str) -> dict[str, Any] | None:
    """The fields of the `Metric` that a scorer makes; None when there is none.

    An error, which scikit-learn negates ("neg_brier_score"), goes by its own name and numbers.

    >>> describe("matthews_corrcoef")["reads"], describe("brier_score")["scorer"]
    ('labels', 'neg_brier_score')
    """
    known = set(get_scorer_names()) - _OTHER_TASKS
    scorer = name if name in known else f"neg_{name}"
    if scorer not in known:
        return None
    lower = scorer.startswith("neg_")
    rope, unit = _REGRESSION.get(scorer, (None if scorer in _NO_ROPE else 0.01, "1"))
    regression = scorer in _REGRESSION or scorer in _ABOVE_ZERO
    return {
        "name": scorer.removeprefix("neg_"),
        "task": "regression" if regression else "classification",
        "words": _WORDS.get(scorer, scorer.removeprefix("neg_").replace("_", " ")),
        "reads": "values" if regression else _reads(scorer),
        "rope": rope,
        "unit": unit,
        "lower": lower,
        "floor": 0.0 if lower else -inf,
        "ceiling": inf if lower or scorer == "positive_likelihood_ratio" else 1.0,
        "scorer": scorer,
    }


def score(
    scorer: str,
    truth: NDArray[Any],
    *,
    said: NDArray[Any] | None = None,
    p: NDArray[np.float64] | None = None,
) -> float:
    """What scikit-learn gives a model with these labels or values, or these probabilities.

    More is better, as with all scorers. 0 where it is undefined, as scikit-learn sets it.
    """
    known = _Numbers(said) if truth.dtype.kind == "f" else _Classes(said, p)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        return float(get_scorer(scorer)(known, np.empty((len(truth), 1)), truth))


def misfit(scorer: str, task: str, target: NDArray[Any], classes: int) -> str | None:
    """Why this scorer cannot judge such a target, in scikit-learn's words; None when it can."""
    if scorer in _ABOVE_ZERO:
        return "it needs predictions above 0, which these networks do not promise"
    try:
        if task == "regression":
            score(scorer, target, said=target)
        else:
            truth = np.arange(3 * classes) % classes
            p = np.full((len(truth), classes), 0.5 / classes)
            p[np.arange(len(truth)), truth] += 0.5
            score(scorer, truth, said=truth, p=p)
    except (ValueError, TypeError, AttributeError) as error:
        said = str(error).split("\n")[0].rstrip(".")
        averaged = f"{scorer}_macro"
        hint = f"; try {averaged!r}" if averaged in get_scorer_names() else ""
        return f"scikit-learn says: {said}{hint}"
    return None


def _reads(scorer: str) -> str:
    """Whether a scorer asks for labels or for probabilities, found by watching it."""
    watched = _Classes(np.array([0, 1]), np.eye(2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        get_scorer(scorer)(watched, np.empty((2, 1)), np.array([0, 1]))
    return "probabilities" if "predict_proba" in watched.asked else "labels"


class _Classes(ClassifierMixin, BaseEstimator):
    """A classifier that has answered already."""

    def __init__(self, said: NDArray[Any] | None = None, p: NDArray[np.float64] | None = None):
        self.said, self.p = said, p
        self.asked: list[str] = []
        self.classes_ = np.arange(2 if p is None else p.shape[1])
        if p is None and said is not None:
            self.classes_ = np.arange(int(said.max(initial=1)) + 1)

    def predict(self, X: object) -> NDArray[Any]:
        self.asked.append("predict")
        assert self.said is not None
        return self.said

    def predict_proba(self, X: object) -> NDArray[np.float64]:
        self.asked.append("predict_proba")
        assert self.p is not None
        return self.p


class _Numbers(RegressorMixin, BaseEstimator):
    """A regressor that has answered already."""

    def __init__(self, said: NDArray[Any] | None = None):
        self.said = said

    def predict(self, X: object) -> NDArray[Any]:
        assert self.said is not None
        return self.said
