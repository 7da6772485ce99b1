"""`act.Neuron`: inputs times weights, summed, compared with a threshold."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from actscope import catalogue
from actscope.errors import SettingError

from ._decimals import Floats, finite, margins
from ._inputs import names_of, number, of_one_number, rows_of, weights_of
from ._table import cases, truth_table
from ._text import short

if TYPE_CHECKING:
    from pandas import DataFrame

    from actscope.catalogue import Record
    from actscope.render import Figure, Markup

    from ._learning import Learning
    from ._nudge import Nudge


@dataclass(frozen=True, init=False, repr=False)
class Neuron:
    """One neuron: f(w.x - threshold), which is f(w.x + bias).

    With the step as f it decides: it fires (1) when the weighted sum is more than the threshold,
    and does not (0) when it is less or equal. Numbers are what they are written as: with the
    weights 0.1 and 0.2 and the threshold 0.3, the inputs 1 and 1 do not fire, although in binary
    0.1 + 0.2 is more than 0.3. Sums are exact and rounded once.

    A neuron never changes; `replace` and `fit` give new ones.

    Args:
        weights: a number for each input.
        threshold: what the weighted sum must exceed; the bias is minus that.
        bias: what is added to the weighted sum; give this or the threshold (neither: 0).
        activation: any name, alias or formula of the catalogue, "name(parameter=number)", or a
            record.
        names: what the inputs are called; x1, x2, ... if not given.

    >>> movie = Neuron([4, 2, 2], threshold=3, names=["marvel", "theatre", "company"])
    >>> movie([1, 0, 0]), movie([0, 1, 0]), movie.bias
    (1.0, 0.0, -3.0)
    >>> print(movie.explain([0, 1, 1]))
    marvel 0, theatre 1, company 1: 4 x 0 + 2 x 1 + 2 x 1 = 4, more than 3: fires

    Raises:
        SettingError: what is not finite, names that are too few, too many or alike, both a
            threshold and a bias, or an activation of more than one number.
        UnknownActivation: no such activation.

    Source: McCulloch & Pitts, Bull. Math. Biophysics 5, 1943 (the threshold); Rosenblatt,
    Psychological Review 65, 1958 (the weights).
    """

    weights: tuple[float, ...]
    bias: float
    activation: Record
    names: tuple[str, ...]
    named: bool

    def __init__(
        self,
        weights: Iterable[float],
        threshold: float | None = None,
        activation: str | Record = "step",
        names: Sequence[str] | None = None,
        *,
        bias: float | None = None,
    ) -> None:
        if threshold is not None and bias is not None:
            raise SettingError("both a threshold and a bias: give one of them (bias = -threshold)")
        if threshold is not None:
            bias = 0.0 - number("threshold", threshold)
        values = {
            "weights": weights_of(weights),
            "bias": 0.0 if bias is None else number("bias", bias),
            "activation": of_one_number(catalogue.get(activation)),
        }
        values["names"] = names_of(names, len(values["weights"]))
        values["named"] = names is not None
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @property
    def threshold(self) -> float:
        """What the weighted sum must exceed: minus the bias."""
        return 0.0 - self.bias

    @property
    def decides(self) -> bool:
        """Whether the answer is yes or no: the activation is the step."""
        return self.activation.formula == "where(x > 0, 1, 0)"

    @property
    def text(self) -> str:
        """The neuron in words.

        >>> Neuron([4, 2, 2], threshold=3).text
        'Weights: x1 4, x2 2, x3 2. It fires if the weighted sum is more than 3 (a bias of -3).'
        """
        from ._explain import text

        return text(self)

    def __call__(self, x: Any) -> Any:
        """The output: a float for one row of inputs, an array for rows, (row, input) -> (row,).

        Rows are lists, arrays or a frame (columns by name where the inputs have names); a single
        row may be a mapping from names.

        >>> Neuron([1, 1], bias=0, activation="relu")([[1, 2], [-1, 0]]).tolist()
        [3.0, 0.0]

        Raises:
            DataError: another count of inputs, or what is not a finite number.
        """
        return self._each(x, self.bias, self.activation)

    def sum(self, x: Any) -> Any:
        """The weighted sum w.x, before threshold or bias.

        >>> Neuron([0.1, 0.2], threshold=0.3).sum([1, 1])
        0.3
        """
        return self._each(x, 0.0, None)

    def margin(self, x: Any) -> Any:
        """How far the sum is above the threshold: w.x - threshold, what the activation gets."""
        return self._each(x, self.bias, None)

    def _each(self, x: Any, bias: float, function: Record | None) -> Any:
        rows, single = rows_of(x, self.names, self.named)
        found = margins(rows, self.weights, bias)
        if function is not None:  # as an array for a single row too: the same to the last bit
            found = np.asarray(function(finite(found)), dtype=float)
        return float(found[0]) if single else found

    def cases(self) -> Floats:
        """All rows of inputs of 0 and 1, counting up: (2**inputs, input).

        >>> Neuron([1, 1]).cases().tolist()
        [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]

        Raises:
            SettingError: more than 16 inputs.
        """
        return cases(len(self.weights))

    def truth_table(self) -> DataFrame:
        """All cases of inputs 0 and 1, counting up: the inputs, their "sum" and the "output".

        For a step also "fires": whether the output is 1.

        >>> table = Neuron([1, 1], threshold=1).truth_table()
        >>> table.columns.tolist(), table["fires"].tolist()
        (['x1', 'x2', 'sum', 'output', 'fires'], [False, False, False, True])

        Raises:
            SettingError: more than 16 inputs.
        """
        return truth_table(self)

    def replace(self, **changes: Any) -> Neuron:
        """A neuron with some of its parts changed, by the names of the arguments of `Neuron`.

        >>> Neuron([1, 1], threshold=1).replace(activation="sigmoid")
        Neuron([1, 1], bias=-1, activation='sigmoid')

        Raises:
            SettingError: what is no part of a neuron, and whatever `Neuron` refuses.
        """
        parts = ("weights", "threshold", "bias", "activation", "names")
        for name in changes:
            if name not in parts:
                raise SettingError(f"a neuron has no {name!r}: change {', '.join(parts)}")
        now: dict[str, Any] = {
            "weights": self.weights,
            "activation": self.activation,
            "names": self.names if self.named else None,
        }
        if not changes.keys() & {"threshold", "bias"}:
            now["bias"] = self.bias
        return Neuron(**{**now, **changes})

    def nudge(
        self,
        weight: int | str | None = None,
        by: float = 0.01,
        *,
        bias: bool = False,
        threshold: bool = False,
        X: Any = None,
    ) -> Nudge:
        """What a small change of one weight, of the bias or of the threshold does to the answers.

        Args:
            weight: which weight, by its place (from 0) or the name of its input; the first if
                nothing is said.
            by: how much is added to it.
            bias, threshold: change this instead.
            X: the rows to answer; all cases of 0 and 1 if not given.

        Returns:
            The arrays (before, after, change), a number for each row.

        >>> Neuron([4, 2, 2], threshold=3).nudge(weight=0, by=-1)
        The first weight from 4 to 3: 1 of 8 answers changed, from fires to does not fire.

        Raises:
            SettingError: no such weight, or more than one thing to change.
        """
        from ._nudge import nudge

        return nudge(self, weight, by, bias=bias, threshold=threshold, X=X)

    def fit(
        self,
        X: Any,
        y: Any,
        rule: str = "nudge",
        *,
        steps: int | None = None,
        learning_rate: float | None = None,
        seed: int | None = None,
        loss: str | None = None,
        surrogate: str | None = None,
        keep_equal: bool | None = None,
        tolerance: float = 0.0,
    ) -> Learning:
        """Learn from rows and the answers wanted, starting from this neuron's own numbers.

        - "nudge": change one weight or the bias by a little, at random; keep that if the error
          got smaller, else take it back; again and again.
        - "perceptron": at each row that is answered wrongly add rate * (wanted - output) * x to
          the weights; a step is one correction. Only for the step.
        - "gradient": all weights at once down the slope of the error. Through a step the slope
          is 0 and nothing ever moves: the result is then `stuck`.
        - "straight_through": as "gradient", but as if the slope were the surrogate's.

        Args:
            X, y: rows of inputs, and the output wanted for each: (row, input) and (row,). A
                frame gives its columns by the names of the inputs; a neuron without names takes
                the frame's.
            steps: the most steps, 1,000 if not given; fewer if the error gets down to `tolerance`.
            learning_rate: how far a step goes. For "nudge" the standard deviation of a change
                (0.5); for "perceptron" 1; for the others 1 over the largest curvature that the
                error can have, worked out from the rows.
            seed: of the random changes ("nudge"), 0 if not given.
            loss: "squared" or, for outputs between 0 and 1, "log" ("nudge" and "gradient").
            surrogate: "identity" or "hard_tanh" ("straight_through").
            keep_equal: keep a change also if the error stays the same ("nudge"): a step, whose
                answers seldom change, then wanders instead of standing still.

        >>> movie = Neuron([4, 2, 2], threshold=3)
        >>> table = movie.truth_table()
        >>> ignorant = Neuron([0, 0, 0], bias=0)
        >>> ignorant.fit(table[["x1", "x2", "x3"]], table["output"], "perceptron").converged
        True

        Raises:
            DataError: rows or answers that are not numbers, do not fit each other, or that the
                activation cannot give.
            SettingError: no such rule, or a setting that it does not take.

        Source: Rosenblatt 1958 (perceptron); Bengio et al. 2013, arXiv:1308.3432
        (straight-through).
        """
        from ._learning import fit

        return fit(
            self,
            X,
            y,
            rule,
            steps=steps,
            tolerance=tolerance,
            learning_rate=learning_rate,
            seed=seed,
            loss=loss,
            surrogate=surrogate,
            keep_equal=keep_equal,
        )

    def explain(self, x: Any) -> str:
        """How the output for one row comes about, in plain words.

        >>> Neuron([4, 2, 2], threshold=3).explain([1, 0, 0])
        '4 x 1 + 2 x 0 + 2 x 0 = 4, more than 3: fires'
        >>> Neuron([4, 2, 2], threshold=3, activation="sigmoid").explain([1, 0, 0])
        '4 x 1 + 2 x 0 + 2 x 0 = 4; 4 - 3 = 1; sigmoid(1) = 0.731'

        Raises:
            DataError: not one row with a number for each input.
        """
        from ._explain import explain

        return explain(self, x)

    def plot(self, x: Any = None, path: str | os.PathLike[str] | None = None) -> Figure:
        """The neuron as a picture: inputs, weights, sum, activation, output.

        Args:
            x: one row of inputs; their numbers are then shown on the way.
            path: where the picture is written: a .svg, .png or .pdf file.

        Returns:
            The matplotlib figure.

        Raises:
            SettingError: a wrong ending.
            StoreError: a file that cannot be written.
        """
        from ._picture import plot

        return plot(self, x, path)

    def picture(self, x: Any = None, *, narrow: bool = False) -> Markup:
        """The picture of `plot` as inline SVG that follows the page's light or dark colours.

        Args:
            x: one row of inputs.
            narrow: the activation below the inputs, for a phone.
        """
        from ._picture import inline

        return inline(self, x, for_phone=narrow)

    def _repr_html_(self) -> str:
        from ._picture import fragment

        return fragment(self)

    def __repr__(self) -> str:
        parts = [f"[{', '.join(map(short, self.weights))}]"]
        # A step is read by its threshold, all others by their bias.
        key = "threshold" if self.decides else "bias"
        parts.append(f"{key}={short(getattr(self, key))}")
        if self.activation.label != "step":
            parts.append(f"activation={self.activation.label!r}")
        if self.named:
            parts.append(f"names={list(self.names)!r}")
        return f"Neuron({', '.join(parts)})"
