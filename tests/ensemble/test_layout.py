from __future__ import annotations

import itertools

import torch
from hypothesis import given
from hypothesis import strategies as st

from actscope.ensemble._layout import VECTOR, Shape, Store, padded_rows

widths = st.lists(st.integers(1, 200), min_size=1, max_size=4)


@given(rows=st.integers(1, 500), widths=widths)
def test_padded_rows_give_whole_vectors_and_are_the_fewest(rows: int, widths: list[int]) -> None:
    padded = padded_rows(rows, widths)
    assert padded >= rows
    assert all(padded * width % VECTOR == 0 for width in widths)
    assert not any(
        all(fewer * width % VECTOR == 0 for width in widths) for fewer in range(rows, padded)
    )


@given(
    inputs=st.integers(1, 20),
    hidden=widths,
    outputs=st.integers(1, 9),
    learned=st.integers(0, 2),
    per_unit=st.booleans(),
)
def test_views_tile_the_regions_without_overlap(
    inputs: int, hidden: list[int], outputs: int, learned: int, per_unit: bool
) -> None:
    shape = Shape(inputs, tuple(hidden), outputs, learned, per_unit)
    store = Store.zeros(shape, 2, dtype=torch.float32, device=torch.device("cpu"))
    for view in (*store.weights, *store.biases, *itertools.chain(*store.learned)):
        view += 1
    ones = sum(int((region == 1).sum()) for region in store.regions)
    others = sum(int((region > 1).sum()) for region in store.regions)
    assert (ones, others) == (2 * shape.parameters, 0)
    fan_in = [inputs, *hidden]
    fan_out = [*hidden, outputs]
    assert shape.parameters == sum(
        (i + 1) * o for i, o in zip(fan_in, fan_out, strict=True)
    ) + learned * (sum(hidden) if per_unit else len(hidden))


def test_take_and_put_move_whole_members() -> None:
    store = Store.zeros(Shape(2, (3,), 2), 4, dtype=torch.float32, device=torch.device("cpu"))
    for region in store.regions:
        region += torch.arange(4)[:, None]
    some = store.take(torch.tensor([3, 1]))
    assert some.weights[0][:, 0, 0].tolist() == [3.0, 1.0]
    store.put(torch.tensor([0, 2]), some)
    assert store.biases[-1][:, 0, 0].tolist() == [3.0, 1.0, 1.0, 3.0]
