"""Scores that a study ranks by: what each is for, which way is better, how much matters.

A metric's own number is what a user reads (an RMSE of 3.2). Inside a study, where members are
chosen, `Metric.sign` times that number is used, so that more is better throughout.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from actscope.errors import SettingError, did_you_mean
from actscope.study.scoring import _scorers as scorers

# The smallest class has fewer than half as many rows as an even share would give it:
# always answering the commonest class then scores well enough to hide a useless model.
IMBALANCED_SHARE = 0.5


@dataclass(frozen=True)
class Metric:
    """One score, and all that is to be known of it.

    task: what it is for. words: its name in a sentence.
    reads: what of a model it looks at; "cutoff": labels, and for two classes the probability
        above which a row counts as the second is chosen on validation rows.
    lower: lower is better. percent: shown in percent. floor, ceiling: where it ends.
    rope: the difference below which nobody would decide otherwise; None: has to be given.
    unit: of the rope: 1, or the target's standard deviation, or its square.
    scorer: scikit-learn's name for it, where scikit-learn computes it.
    """

    name: str
    task: Literal["classification", "regression"]
    words: str
    reads: Literal["cutoff", "labels", "probabilities", "values"]
    rope: float | None = 0.01
    unit: Literal["1", "sd", "variance"] = "1"
    lower: bool = False
    percent: bool = False
    floor: float = -inf
    ceiling: float = 1.0
    scorer: str | None = None

    @property
    def sign(self) -> int:
        """Times this, more is better."""
        return -1 if self.lower else 1


# The ropes. Accuracies: one more right answer in a hundred, the usual choice for classifiers
# (Benavoli, Corani, Demsar & Zaffalon 2017, JMLR 18(77)). Other scores that end at 1: the same
# step. Log loss: exp(0.01) = 1.01, the truth held to be one percent likelier, on (geometric)
# average. RMSE and MAE: a hundredth of the target's standard deviation, so that it is the same
# step whatever the unit.
_OWN = (
    Metric("accuracy", "classification", "accuracy", "cutoff", percent=True, floor=0.0),
    Metric(
        "balanced_accuracy", "classification", "balanced accuracy", "cutoff", percent=True, floor=0
    ),
    Metric("f1", "classification", "F1", "cutoff", floor=0.0),
    Metric("roc_auc", "classification", "ROC AUC", "probabilities", floor=0.0),
    Metric("average_precision", "classification", "average precision", "probabilities", floor=0.0),
    Metric(
        "log_loss", "classification", "log loss", "probabilities",
        lower=True, floor=0.0, ceiling=inf,
    ),
    Metric("r2", "regression", "R2", "values"),
    Metric("rmse", "regression", "RMSE", "values", unit="sd", lower=True, floor=0.0, ceiling=inf),
    Metric("mae", "regression", "MAE", "values", unit="sd", lower=True, floor=0.0, ceiling=inf),
)  # fmt: skip
METRICS = {metric.name: metric for metric in _OWN}
_ALIASES = {
    "neg_log_loss": "log_loss",
    "neg_root_mean_squared_error": "rmse",
    "root_mean_squared_error": "rmse",
    "neg_mean_absolute_error": "mae",
    "mean_absolute_error": "mae",
}
_SEVERAL_CLASSES = {"f1": "f1_macro", "roc_auc": "roc_auc_ovr"}


class OwnName(str):
    """The name of a score of a user's own, which brings along what is known of it."""

    metric: Metric


def own_metric(name: str, lower: bool) -> OwnName:
    """The name of a score that nobody here computes.

    >>> name = own_metric("bits_per_byte", lower=True)
    >>> name, metric_named(name).words, metric_named(name).lower
    ('bits_per_byte', 'bits per byte', True)
    """
    own = OwnName(name)
    words = name.replace("_", " ")
    own.metric = Metric(name, "regression", words, "values", None, lower=lower, ceiling=inf)
    return own


def metric_named(name: str) -> Metric:
    """The metric of a plan; those of scikit-learn's scorers are made here.

    >>> metric_named("neg_root_mean_squared_error").name, metric_named("neg_brier_score").lower
    ('rmse', True)
    """
    if isinstance(name, OwnName):
        return name.metric
    name = _ALIASES.get(name, name)
    if name in METRICS:
        return METRICS[name]
    found = scorers.describe(name)
    if found is None:
        raise SettingError(f"metric {name!r} is unknown.{did_you_mean(name, _all())}")
    return Metric(**found)


def choose_metric(
    name: str | None, task: str, target: NDArray[Any], classes: tuple[str, ...]
) -> tuple[Metric, str | None]:
    """The metric asked for, or the task's default and a note that says why it is not plain.

    >>> import numpy as np
    >>> choose_metric(None, "classification", np.array([0, 1, 1, 0]), ("a", "b"))[0].name
    'accuracy'
    """
    if name is not None:
        return _asked_for(str(name), task, target, classes)
    if task == "regression":
        return METRICS["r2"], None
    counts = np.bincount(target, minlength=len(classes))
    rare, common = int(counts.argmin()), int(counts.argmax())
    if counts[rare] < IMBALANCED_SHARE * len(target) / len(classes):
        note = (
            f"classes are imbalanced ({counts[common]} rows of {classes[common]!r}, "
            f"{counts[rare]} of {classes[rare]!r}): scored by balanced accuracy, the mean of "
            "each class's share of right answers; --metric accuracy to change"
        )
        return METRICS["balanced_accuracy"], note
    return METRICS["accuracy"], None


def _asked_for(
    name: str, task: str, target: NDArray[Any], classes: tuple[str, ...]
) -> tuple[Metric, str | None]:
    allowed = ", ".join(m.name for m in METRICS.values() if m.task == task)
    wanted = _SEVERAL_CLASSES.get(name, name) if len(classes) > 2 else name
    try:
        metric = metric_named(wanted)
    except SettingError:
        raise SettingError(
            f"metric {name!r} is not known; for a {task} give one of {allowed}, or the name of a "
            f"scikit-learn scorer.{did_you_mean(name, _all())}"
        ) from None
    if metric.task != task:
        raise SettingError(
            f"metric for a {task} must be one of {allowed} or a scikit-learn scorer for it, "
            f"not {name!r}, which is for {metric.task}"
        )
    if metric.scorer:
        problem = scorers.misfit(metric.scorer, task, target, len(classes))
        if problem:
            raise SettingError(f"metric {name!r} does not fit this table: {problem}")
    return metric, _note(metric, name, classes)


def _note(metric: Metric, name: str, classes: tuple[str, ...]) -> str | None:
    if metric.name == _SEVERAL_CLASSES.get(name):
        how = (
            "the mean of the classes' F1"
            if name == "f1"
            else "the mean over the classes, each against the rest"
        )
        return f"{len(classes)} classes: scored by {metric.name}, {how}"
    sided = metric.name in ("f1", "average_precision") or metric.scorer in scorers.ONE_SIDED
    if sided and len(classes) == 2:
        return f"{metric.words} is of the class {classes[1]!r}: it counts as yes, the other as no"
    return None


def _all() -> list[str]:
    return [*METRICS, *_ALIASES, *scorers.names()]


def default_rope(metric: Metric, target: NDArray[Any]) -> float:
    """The difference that matters, for a target with these values.

    Raises:
        SettingError: none is known for this metric.

    >>> import numpy as np
    >>> default_rope(METRICS["rmse"], np.array([10.0, 30.0]))
    0.1
    """
    if metric.rope is None:
        raise SettingError(
            f"no difference that matters is known for the metric {metric.name!r}: give one with "
            "--rope (rope= in Python), the smallest difference that would change your decision"
        )
    if metric.unit == "1":
        return metric.rope
    spread = float(np.std(target))
    # Two digits: a convention needs no more, and is read and typed again as it is.
    return float(f"{metric.rope * (spread if metric.unit == 'sd' else spread**2):.2g}")


def check_rope(rope: float) -> float:
    """The region asked for, if it is one."""
    if isinstance(rope, bool) or not isinstance(rope, int | float | np.number):
        raise SettingError(f"rope is {rope!r}, must be a number above 0, such as 0.01")
    if not (np.isfinite(rope) and rope > 0):
        raise SettingError(f"rope is {rope}, must be above 0: the difference that matters to you.")
    return float(rope)


def smallest_step(metric: Metric, test_rows: NDArray[np.int64]) -> float:
    """How far a score moves when one more test row goes the other way; 0 where it moves freely.

    test_rows: Int["class"], of one split; for regression anything.
    """
    if metric.reads == "values" or metric.lower:
        return 0.0
    rarest = max(int(test_rows.min()), 1)
    if metric.name == "accuracy":
        return 1.0 / int(test_rows.sum())
    if metric.name == "f1":  # 2 TP / (2 TP + FP + FN) near the top
        return 0.5 / max(int(test_rows[1]), 1)
    if metric.reads == "probabilities":  # past half of the other class
        return 0.5 / rarest
    return 1.0 / (len(test_rows) * rarest)


# --- scores, each in the metric's own numbers


def score_labels(metric: Metric, truth: NDArray[np.int64], said: NDArray[np.int64]) -> float:
    """Of labels; balanced accuracy is over the classes present in `truth`."""
    if metric.scorer:
        return metric.sign * scorers.score(metric.scorer, truth, said=said)
    right = said == truth
    if metric.name == "accuracy":
        return float(right.mean())
    if metric.name == "f1":
        yes, hits = (truth == 1).sum() + (said == 1).sum(), (right & (truth == 1)).sum()
        return float(2 * hits / yes) if yes else 0.0
    counts = np.bincount(truth)
    hits = np.bincount(truth, weights=right, minlength=len(counts))
    present = counts > 0
    return float((hits[present] / counts[present]).mean())


def score_probabilities(metric: Metric, truth: NDArray[np.int64], p: NDArray[np.float64]) -> float:
    """Of probabilities, Float["row class"]."""
    if metric.scorer:
        return metric.sign * scorers.score(metric.scorer, truth, p=p)
    if metric.name == "log_loss":
        smallest = np.finfo(p.dtype).eps  # as scikit-learn: a certain error costs 36, not infinity
        return float(-np.log(np.clip(p[np.arange(len(truth)), truth], smallest, 1.0)).mean())
    function = roc_auc_score if metric.name == "roc_auc" else average_precision_score
    return float(function(truth, p[:, 1] if p.shape[1] == 2 else p))


def score_values(metric: Metric, truth: NDArray[np.float64], said: NDArray[np.float64]) -> float:
    """Of predicted numbers. R2 of a constant truth, as in scikit-learn: 1 if hit exactly, else 0.

    R2 = 1 - residual sum of squares / total sum of squares.
    """
    if metric.scorer:
        return metric.sign * scorers.score(metric.scorer, truth, said=said)
    if metric.name == "mae":
        return float(np.abs(truth - said).mean())
    if metric.name == "rmse":
        return float(np.sqrt(((truth - said) ** 2).mean()))
    total = ((truth - truth.mean()) ** 2).sum()
    residual = ((truth - said) ** 2).sum()
    if total == 0:
        return float(residual == 0)
    return float(1 - residual / total)
