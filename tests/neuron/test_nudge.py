"""What small changes of one number do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import actscope as act
from actscope import Neuron

from .strategies import UNHURRIED, WRITTEN

MOVIE = Neuron([4, 2, 2], threshold=3, names=["marvel", "theatre", "company"])
SMALL = st.integers(-500, 500).map(lambda whole: whole / 1000)


def test_a_small_change_of_a_step_changes_nothing() -> None:
    nudge = MOVIE.nudge(weight=0, by=0.01)
    before, after, change = nudge
    assert before.tolist() == after.tolist() == [0, 0, 0, 1, 1, 1, 1, 1]
    assert not change.any()
    assert repr(nudge) == "The weight of marvel from 4 to 4.01: none of 8 answers changed."
    assert nudge.neuron.weights == (4.01, 2, 2)
    assert MOVIE.weights == (4, 2, 2)


@pytest.mark.parametrize(
    ("arguments", "changed", "said"),
    [
        # by hand: the rows of the table (counting up) whose total crosses 3
        ({"weight": 0, "by": -1}, [4], "The weight of marvel from 4 to 3: 1 of 8 answers changed,"),
        ({"weight": "company", "by": -1}, [3], "The weight of company from 2 to 1: 1 of 8"),
        ({"weight": 2, "by": 1.5}, [1], "from does not fire to fires."),
        ({"threshold": True, "by": 1}, [3, 4], "The threshold from 3 to 4: 2 of 8"),
        ({"bias": True, "by": -1}, [3, 4], "The bias from -3 to -4: 2 of 8"),
        ({"bias": True, "by": 1}, [], "none of 8 answers changed."),  # 2 is not more than 2
        ({"bias": True, "by": 1.01}, [1, 2], "2 of 8 answers changed, from does not fire to fires"),
    ],
)
def test_which_answers_change(arguments: dict[str, object], changed: list[int], said: str) -> None:
    nudge = MOVIE.nudge(**arguments)  # pyright: ignore[reportArgumentType]
    assert np.flatnonzero(nudge.change).tolist() == changed
    assert said in nudge.text


def test_answers_that_change_both_ways_and_rows_of_ones_own() -> None:
    neuron = Neuron([1, -1])
    nudge = neuron.nudge(0, by=-3, X=[[1, 0], [-1, 0], [0, 1]])
    assert nudge.change.tolist() == [-1, 1, 0]
    assert nudge.text == (
        "The first weight from 1 to -2: 2 of 3 answers changed: "
        "1 from does not fire to fires, 1 from fires to does not fire."
    )
    assert neuron.nudge(0, by=-3, X=[1, 0]).text.endswith(
        "the answer changed, from fires to does not fire."
    )
    assert neuron.nudge(0, by=3, X=[1, 0]).text.endswith("the answer did not change.")


@UNHURRIED
@given(
    st.lists(WRITTEN, min_size=1, max_size=4),
    WRITTEN,
    st.data(),
    SMALL,
    st.sampled_from([("sigmoid", 1 / 4), ("tanh", 1.0), ("relu", 1.0)]),
)
def test_a_smooth_answer_changes_at_most_in_proportion(
    weights: list[float], bias: float, data: st.DataObject, by: float, kind: tuple[str, float]
) -> None:
    name, steepest = kind
    neuron = Neuron(weights, bias=bias, activation=name)
    place = data.draw(st.integers(0, len(weights) - 1))
    row = st.lists(WRITTEN, min_size=len(weights), max_size=len(weights))
    rows = np.array(data.draw(st.lists(row, min_size=1, max_size=5)))
    before, after, change = neuron.nudge(place, by=by, X=rows)
    assert np.array_equal(before, neuron(rows))
    assert np.array_equal(change, after - before)
    moved = np.array(weights)
    moved[place] += by
    assert after == pytest.approx(neuron.replace(weights=moved)(rows), abs=1e-12)
    bound = steepest * abs(by) * np.abs(rows[:, place])
    assert np.all(np.abs(change) <= bound + 1e-12)


@UNHURRIED
@given(st.lists(WRITTEN, min_size=1, max_size=4), WRITTEN, SMALL)
def test_a_step_changes_by_one_or_not_at_all(
    weights: list[float], threshold: float, by: float
) -> None:
    neuron = Neuron(weights, threshold=threshold)
    nudge = neuron.nudge(by=by)
    assert set(nudge.change.tolist()) <= {-1, 0, 1}
    assert not nudge.change[neuron.cases()[:, 0] == 0].any()  # the nudged weight counts for nothing
    up, down = neuron.nudge(threshold=True, by=by), neuron.nudge(bias=True, by=-by)
    assert up.neuron == down.neuron
    assert np.array_equal(up.after, down.after)


def test_nudges_add_up_as_on_paper() -> None:
    neuron = Neuron([0.1])
    for _ in range(7):
        neuron = neuron.nudge(by=0.1).neuron
    assert neuron.weights == (0.8,)
    assert sum([0.1] * 8) != 0.8  # which floats alone do not


def test_smooth_changes_are_told_in_numbers() -> None:
    text = MOVIE.replace(activation="sigmoid").nudge(weight=0, by=1).text
    assert text == "The weight of marvel from 4 to 5: 4 of 8 answers changed, by 0.15 at most."


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"weight": 3}, "weight is 3: give the place of a weight, 0 to 2"),
        ({"weight": -1}, "weight is -1"),
        ({"weight": True}, "weight is True"),
        ({"weight": 1.0}, "weight is 1.0"),
        ({"weight": "cost"}, "no input is called 'cost': the inputs are marvel, theatre"),
        ({"weight": 0, "bias": True}, "one thing at a time"),
        ({"bias": True, "threshold": True}, "one thing at a time"),
        ({"by": float("nan")}, "by is nan"),
        ({"by": "much"}, "by is 'much'"),
    ],
)
def test_nudges_that_are_none(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(act.SettingError, match=said):
        MOVIE.nudge(**arguments)  # pyright: ignore[reportArgumentType]


def test_what_cannot_be_added() -> None:
    with pytest.raises(act.SettingError, match="a weight is inf"):
        Neuron([1e308]).nudge(by=1e308)
    with pytest.raises(act.SettingError, match="at most 16 inputs"):
        Neuron([1] * 20).nudge()
    assert Neuron([1] * 20).nudge(by=-2, X=[1] + [0] * 19).change.tolist() == [-1]


def test_a_notebook_shows_the_words() -> None:
    html = Neuron([1], names=["<b>"]).nudge(by=-2)._repr_html_()
    assert html == "<p>The weight of &lt;b&gt; from 1 to -1: 1 of 2 answers changed, " + (
        "from fires to does not fire.</p>"
    )
