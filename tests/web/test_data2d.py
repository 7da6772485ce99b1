"""The data sets of the plane."""

from __future__ import annotations

import numpy as np
import pytest

from actscope.web import _data2d as data

CLASSES = [name for name, one in data.DATA.items() if one.task == "classification"]


def points(name: str, noise: float = 0.0, seed: int = 0) -> data.Plane:
    return data.made(name, noise, np.random.default_rng(seed))


@pytest.mark.parametrize("name", data.DATA)
def test_within_the_picture_and_the_same_at_one_seed(name: str) -> None:
    plane = points(name)
    assert plane.points.shape == (data.ROWS, 2)
    inside = (np.abs(plane.points) <= 3).all(axis=1).mean()
    assert inside > 0.98
    assert np.array_equal(plane.points, points(name).points)
    assert not np.array_equal(plane.points, points(name, seed=1).points)
    assert not np.array_equal(
        np.column_stack([plane.points, plane.target]),
        np.column_stack([(n := points(name, 0.3)).points, n.target]),
    )
    if plane.task == "classification":
        assert set(plane.target) == {0.0, 1.0}
        assert 0.4 < plane.target.mean() < 0.6
    else:
        assert np.abs(plane.target).max() <= 1.01


def test_without_noise_the_rules_are_exact() -> None:
    circle = points("circle")
    assert np.array_equal(np.hypot(*circle.points.T) < 1.5, circle.target == 1)
    xor = points("xor")
    assert np.array_equal(xor.points.prod(axis=1) > 0, xor.target == 1)
    plane = points("plane")
    np.testing.assert_allclose(plane.target, plane.points.sum(axis=1) / 6)
    spiral = points("spiral")
    radius = np.hypot(*spiral.points.T)
    turned = np.arctan2(spiral.points[:, 0], spiral.points[:, 1]) - 3.5 * np.pi * radius / 2.6
    arm = np.round(turned / np.pi).astype(int) % 2
    assert np.array_equal(arm == 1, spiral.target == 1)


def test_two_moons_are_scikit_learns() -> None:
    from sklearn.datasets import make_moons
    from sklearn.neighbors import KNeighborsClassifier

    theirs, classes = make_moons(400, random_state=0)
    moons = points("moons")
    ours = moons.points / 1.6 + np.array([0.5, 0.25])
    near = KNeighborsClassifier(1).fit(theirs, classes)
    assert (near.predict(ours) == moons.target).all()
    assert near.kneighbors(ours)[0].max() < 0.05


def test_splits_keep_every_row_once() -> None:
    plane = points("circle")
    train, test = plane.split(0.3, np.random.default_rng(2))
    assert len(train) == 150
    assert sorted([*train, *test]) == list(range(data.ROWS))
    few = data.Plane(plane.points[:2], plane.target[:2], "classification")
    assert [len(part) for part in few.split(0.9, np.random.default_rng(0))] == [1, 1]


def test_features_are_what_their_names_say() -> None:
    some = np.array([[0.5, -2.0], [3.0, 1.5]])
    names = tuple(data.FEATURES)
    found = data.inputs(some, names)
    for column, name in zip(found.T, names, strict=True):
        for value, (x1, x2) in zip(column, some, strict=True):
            text = data.FEATURES[name]
            expected = eval(text, {"np": np, "x1": x1, "x2": x2})
            assert value == pytest.approx(expected), name


def test_the_grid_starts_at_the_top_left() -> None:
    cells = data.grid((-3, 3), 30).reshape(30, 30, 2)
    np.testing.assert_allclose(cells[0, 0], [-2.9, 2.9])
    np.testing.assert_allclose(cells[0, -1], [2.9, 2.9])
    np.testing.assert_allclose(cells[-1, 0], [-2.9, -2.9])
