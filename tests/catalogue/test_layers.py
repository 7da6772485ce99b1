"""Gated layers and functions of a vector: their records, against functions written elsewhere."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import special

from actscope import catalogue
from actscope.catalogue._vector_facts import measure
from actscope.catalogue.formula import FLOATS, evaluate, parse
from actscope.errors import SettingError

Z = np.random.default_rng(1).standard_normal((2, 400_000))
GATES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "glu": special.expit,
    "bilinear": lambda b: b,
    "reglu": lambda b: np.maximum(b, 0),
    "geglu": lambda b: b * special.ndtr(b),
    "swiglu": lambda b: b * special.expit(b),
}


def test_kinds_have_their_names() -> None:
    assert catalogue.names("gated") == list(GATES)
    assert catalogue.names("vector") == [
        "softmax",
        "log_softmax",
        "softmin",
        "sparsemax",
        "maxout",
    ]
    kinds = [catalogue.names(kind) for kind in ("elementwise", "gated", "vector")]
    assert catalogue.names("all") == [name for kind in kinds for name in kind]
    with pytest.raises(SettingError, match=r"'gatd'.*elementwise, gated, vector, all"):
        catalogue.names("gatd")


@pytest.mark.parametrize("name", GATES)
def test_a_gated_record_says_what_sampling_says(name: str) -> None:
    record, gate = catalogue.get(name), GATES[name]
    a, b = Z
    out = a * gate(b)
    assert record.kind == "gated"
    np.testing.assert_allclose(record(a[:100], b[:100]), out[:100], rtol=1e-12, atol=1e-300)
    assert record.gain == pytest.approx(np.mean(out**2) ** -0.5, rel=0.02)
    assert record.zero_share == pytest.approx(np.mean(out == 0), abs=0.01)
    # Both halves larger by q: how much faster than q does the output's variance grow?
    h = 0.05
    up, down = (np.mean((a * s**0.5 * gate(b * s**0.5)) ** 2) for s in (1 + h, 1 - h))
    assert record.variance_slope == pytest.approx((up - down) / (2 * h) / np.mean(out**2), rel=0.02)
    for low, high in record.dead_region:
        assert not np.any(gate(np.linspace(max(low, -9), min(high, 9), 50)))
    sign = {"odd": -1, "even": 1}.get(record.symmetry or "", 0)
    turned = record(-a[:100], -b[:100])
    assert np.allclose(turned, sign * out[:100]) == (record.symmetry is not None)
    assert all(record.certified[fact] for fact in ("range", "mean", "gain", "symmetry", "kinks"))
    assert all(record.certified.values())


@pytest.mark.parametrize("name", GATES)
def test_the_slopes_of_a_gated_record_are_those_of_its_formula(name: str) -> None:
    record = catalogue.get(name)
    slopes = [parse(text, ("a", "b")) for text in catalogue.split(record.derivative)]
    h = 1e-6
    for a, b in ((0.7, 0.3), (-2.0, 1.5), (1.1, -0.4)):
        towards_a, towards_b = (
            evaluate(s, {"a": a, "b": b, "pi": math.pi}, FLOATS) for s in slopes
        )
        assert towards_a == pytest.approx((record(a + h, b) - record(a - h, b)) / (2 * h), abs=1e-9)
        assert towards_b == pytest.approx((record(a, b + h) - record(a, b - h)) / (2 * h), abs=1e-9)


def test_vectors_against_scipy() -> None:
    x = Z[:, :60].reshape(-1, 6) * 5
    np.testing.assert_allclose(catalogue.get("softmax")(x), special.softmax(x, -1), rtol=1e-12)
    np.testing.assert_allclose(catalogue.get("softmin")(x), special.softmax(-x, -1), rtol=1e-12)
    log = catalogue.get("log_softmax")(x)
    np.testing.assert_allclose(log, special.log_softmax(x, -1), rtol=1e-12)
    assert catalogue.get("maxout")([1.0, 3.0, 2.0, -1.0]).tolist() == [3.0, 2.0]
    assert catalogue.get("maxout(pieces=4)")([1.0, 3.0, 2.0, -1.0]).tolist() == [3.0]


def test_sparsemax_is_the_nearest_point_of_the_simplex() -> None:
    x = Z[:, :60].reshape(-1, 6)
    p = catalogue.get("sparsemax")(x)
    assert np.all(p >= 0)
    np.testing.assert_allclose(p.sum(-1), 1)
    # Nearest: no other point of the simplex lies at an acute angle (variational inequality).
    corners = np.eye(6)
    angle = np.einsum("ni,nki->nk", x - p, corners[None] - p[:, None])
    assert np.all(angle <= 1e-12)


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("softmax", ((0.0, 1.0), 1.0, "invariant", True, 0.5, 0.0)),
        ("softmin", ((0.0, 1.0), 1.0, "invariant", False, 0.5, 0.0)),
        ("log_softmax", ((-math.inf, 0.0), None, "invariant", True, math.inf, 0.0)),
        ("maxout", ((-math.inf, math.inf), None, "equivariant", None, 1.0, 0.0)),
    ],
)
def test_measured_facts_are_the_known_ones(name: str, facts: tuple[object, ...]) -> None:
    r = catalogue.get(name)
    found = (r.range, r.total, r.shift, r.keeps_order, r.lipschitz, r.zero_share)
    assert found == facts
    assert not any(r.certified.values())


def test_sparsemax_has_zeros_and_measure_sees_other_functions() -> None:
    sparse = catalogue.get("sparsemax")
    assert (sparse.range, sparse.total, sparse.lipschitz) == ((0.0, 1.0), 1.0, 1.0)
    assert 0.5 < sparse.zero_share < 0.9
    doubled = measure(lambda x: 2 * x)
    assert (doubled.total, doubled.shift, doubled.lipschitz) == (None, None, 2.0)
    assert doubled.range == (-math.inf, math.inf)
    assert measure(lambda x: -x).keeps_order is False


@pytest.mark.parametrize("value", ["2.5", "1", "nan", "two"])
def test_maxout_wants_whole_pieces(value: str) -> None:
    with pytest.raises(SettingError, match="pieces"):
        catalogue.get(f"maxout(pieces={value})")
