"""Tables and points of one's own."""

from __future__ import annotations

import numpy as np
import pytest

from actscope.web._config import Refused
from actscope.web._table import MAX_ROWS, points_of, read_table

IRIS = "length,width,kind\n" + "\n".join(
    f"{i % 7 + 0.5},{i % 5},{'setosa' if i % 3 else 'other'}" for i in range(40)
)


def test_the_last_column_is_the_target_and_the_first_two_numbers_the_inputs() -> None:
    table = read_table(IRIS, None, None)
    assert table.data == {
        "columns": ["length", "width", "kind"], "numeric": ["length", "width"],
        "inputs": ["length", "width"], "target": "kind", "rows": 40, "note": None,
        "classes": ["other", "setosa"],
    }  # fmt: skip
    assert table.plane.task == "classification"
    expected = [1.0 if i % 3 else 0.0 for i in range(40)]  # other < setosa
    assert table.plane.target.tolist() == expected
    length = np.array([i % 7 for i in range(40)]) / 6
    np.testing.assert_allclose(table.plane.points[:, 0], -2.7 + 5.4 * length)


def test_columns_may_be_chosen_and_many_values_are_a_quantity() -> None:
    rows = [f"{i},{i * i},{i % 4},{3 * i + 1}" for i in range(60)]
    text = "a,b,c,d\n" + "\n".join(rows)
    table = read_table(text, "a", ("d", "b"))
    assert table.data["inputs"] == ["d", "b"]
    assert table.plane.task == "regression"
    numbers = np.arange(60)
    np.testing.assert_allclose(table.plane.target, (numbers - 29.5) / numbers.std())
    several = read_table(text, "c", None)
    assert several.plane.task == "classification"
    assert several.data["note"] == "c is 0, against 3 others"
    assert several.plane.target.mean() == 0.25


def test_a_long_table_is_sampled_and_says_so() -> None:
    text = "a,b,t\n" + "\n".join(f"{i},{i % 97},{i % 2}" for i in range(6000)) + "\n1,,0"
    table = read_table(text, None, None)
    assert len(table.plane.points) == MAX_ROWS == table.data["rows"]
    assert (
        table.data["note"] == "1 left out for a missing value; 5,000 of 6,000 rows, drawn at random"
    )


@pytest.mark.parametrize(
    ("text", "target", "inputs", "says"),
    [
        ("", None, None, "the table is empty"),
        ("a,b,c\n", None, None, "only a header"),
        ("a,b,c\n1,2,3\n4,5\n", None, None, "ragged"),
        ("a,b\nx,1\ny,0\nz,1\nx,0", None, None, "0 numeric columns besides the target 'b'"),
        (IRIS, "knd", None, "Did you mean 'kind'?"),
        (IRIS, None, ("length", "kind"), "'kind' is not among the table's numeric columns"),
        (IRIS, None, ("../../etc", "width"), "'../../etc' is not among"),
        ("a,b,t\n" + "1,2,x\n3,1,x\n" * 3, None, None, "'t' has the same value in every row"),
        ("a,b,t\n1,2,x\n3,4,y\n", None, None, "2 complete rows: 4 are needed"),
        (IRIS, "length", ("length", "width"), "'length' is both input and target"),
        (
            "a,b,day\n" + "\n".join(f"{i},{i % 3},2020-01-{i:02}" for i in range(1, 29)),
            None,
            None,
            "'day' has 28 different values in 28 rows",
        ),
        ("\x00\x01\x02" * 50, None, None, "binary"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_other_tables_are_refused_in_one_line(
    text: str, target: str | None, inputs: tuple[str, str] | None, says: str
) -> None:
    with pytest.raises(Refused) as caught:
        read_table(text, target, inputs)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "/tmp" not in str(caught.value)


def test_clicked_points() -> None:
    inputs = np.array([[0, 1], [2, -4], [1, 1], [0, 0]], float)
    two = points_of(inputs, np.array([-1.0, 1, 1, -1]))
    assert (two.task, two.target.tolist()) == ("classification", [0, 1, 1, 0])
    assert two.domain == (-4.2, 4.2)
    many = points_of(inputs, np.array([0.0, 1, 2, 3]))
    assert many.task == "regression"
    with pytest.raises(Refused, match="the same target"):
        points_of(inputs, np.ones(4))
    with pytest.raises(Refused, match="4 inputs and 3 targets"):
        points_of(inputs, np.ones(3))
