"""The stored facts: derived again, and held against functions written out by hand."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import integrate, special

from actscope import catalogue
from actscope.catalogue import Record, __main__, _facts, _names, _records
from actscope.catalogue._facts import Facts, disagreements, from_json, to_json

Array = np.ndarray
_SELU = (1.0507009873554805, 1.6732632423543772)

# Written without looking at the formulas; an entry that is not here is held against itself.
BY_HAND: dict[str, Callable[[Array], Array]] = {
    "identity": lambda x: x,
    "step": lambda x: np.heaviside(x, 0.0),
    "sigmoid": special.expit,
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0),
    "leaky_relu": lambda x: np.maximum(x, 0.01 * x),
    "prelu": lambda x: np.maximum(x, 0.25 * x),
    "elu": lambda x: np.maximum(x, 0) + np.expm1(np.minimum(x, 0)),
    "selu": lambda x: _SELU[0] * (np.maximum(x, 0) + _SELU[1] * np.expm1(np.minimum(x, 0))),
    "celu": lambda x: np.maximum(x, 0) + np.minimum(np.expm1(np.minimum(x, 0)), 0),
    "gelu": lambda x: x * special.erfc(-x / math.sqrt(2)) / 2,
    "silu": lambda x: x * special.expit(x),
    "mish": lambda x: x * np.tanh(np.logaddexp(x, 0)),
    "softplus": lambda x: np.logaddexp(x, 0),
    "hard_swish": lambda x: x * np.clip(x + 3, 0, 6) / 6,
    "bent_identity": lambda x: x + (np.hypot(x, 1) - 1) / 2,
    "symlog": lambda x: np.copysign(np.log(1 + abs(x)), x),
    "sign": np.sign,
    "hard_sigmoid": lambda x: np.minimum(np.maximum(x + 3, 0), 6) / 6,
    "sparse_sigmoid": lambda x: np.minimum(np.maximum(x + 1, 0), 2) / 2,
    "log_sigmoid": lambda x: -np.logaddexp(0, -x),
    "cloglog": lambda x: 1 - np.exp(-np.exp(np.minimum(x, 50))),
    "probit": lambda x: special.erfc(-x / math.sqrt(2)) / 2,
    "dsilu": lambda x: special.expit(x) + x * special.expit(x) * special.expit(-x),
    "lecun_tanh": lambda x: 1.7159 * np.tanh(2 * x / 3),
    "dynamic_tanh": lambda x: np.tanh(x / 2),
    "hard_tanh": lambda x: np.minimum(np.maximum(x, -1), 1),
    "softsign": lambda x: x / (np.abs(x) + 1),
    "arctan": np.arctan,
    "erf": special.erf,
    "isru": lambda x: x / np.hypot(1, x),
    "relu6": lambda x: np.minimum(np.maximum(x, 0), 6),
    "threshold": lambda x: x * (x > 1),
    "shifted_relu": lambda x: np.maximum(x, -1),
    "rrelu": lambda x: np.maximum(x, 11 / 48 * x),
    "absolute": np.abs,
    "squared_relu": lambda x: np.maximum(x, 0) ** 2,
    "star_relu": lambda x: 0.8944 * np.maximum(x, 0) ** 2 - 0.4472,
    "squareplus": lambda x: np.where(
        x < 0, 2 / (np.hypot(x, 2) + abs(x)), (x + np.hypot(x, 2)) / 2
    ),
    "sparse_plus": lambda x: np.clip(x + 1, 0, 2) ** 2 / 4 + np.maximum(x - 1, 0),
    "smelu": lambda x: np.clip(x + 1, 0, 2) ** 2 / 4 + np.maximum(x - 1, 0),
    "pelu": lambda x: np.where(x < 0, np.expm1(np.minimum(x, 0)), x),
    "isrlu": lambda x: np.where(x < 0, x / np.hypot(1, x), x),
    "elish": lambda x: special.expit(x) * np.where(x < 0, np.expm1(np.minimum(x, 0)), x),
    "gelu_tanh": lambda x: x * special.expit(math.sqrt(8 / math.pi) * (x + 0.044715 * x**3)),
    "quick_gelu": lambda x: x / (1 + np.exp(np.minimum(-1.702 * x, 700))),
    "beta_swish": lambda x: x / (1 + np.exp(np.minimum(-x, 700))),
    "serf": lambda x: x * special.erf(np.logaddexp(0, x)),
    "telu": lambda x: x * np.tanh(np.exp(np.minimum(x, 50))),
    "acon_c": lambda x: x / (1 + np.exp(np.minimum(-x, 700))),
    "logish": lambda x: x * np.log(1 + special.expit(x)),
    "smish": lambda x: x * np.tanh(np.log(1 + special.expit(x))),
    "phish": lambda x: x * np.tanh(x * special.ndtr(x)),
    "lisht": lambda x: np.abs(x) * np.tanh(np.abs(x)),
    "softshrink": lambda x: np.maximum(x - 0.5, 0) + np.minimum(x + 0.5, 0),
    "hardshrink": lambda x: x * (abs(x) > 0.5),
    "tanhshrink": lambda x: x - np.tanh(x),
    "sine": np.sin,
    "cosine": np.cos,
    "sinc": lambda x: np.sinc(x / math.pi),
    "snake": lambda x: x + (1 - np.cos(2 * x)) / 2,
    "gcu": lambda x: x * np.cos(x),
    "sinlu": lambda x: (x + np.sin(x)) * special.expit(x),
    "gaussian": lambda x: np.exp(-(x**2)),
    "ricker": lambda x: (1 - x**2) * np.exp(-(x**2) / 2),
    "inverse_multiquadric": lambda x: 1 / np.hypot(1, x),
}
NEAR = np.arange(-24 * 2048, 24 * 2048 + 1) / 2048  # exact: slopes of straight lines are too
STEP = NEAR[1] - NEAR[0]
FAR = np.concatenate([-np.geomspace(1e12, 24, 400), NEAR[1:-1], np.geomspace(24, 1e12, 400)])


def by_hand(record: Record) -> Callable[[Array], Array]:
    return BY_HAND.get(record.name, record) if record.label == record.name else record


def contradictions(r: Record, f: Callable[[Array], Array]) -> set[str]:
    """The facts that a dense sample of f contradicts."""
    plain = f
    f = lambda x: np.clip(plain(x), -1e300, 1e300)  # noqa: E731  # exponentials overflow
    values = f(FAR)
    near = f(NEAR)
    slopes = np.diff(near) / STEP  # at the middles of NEAR
    middles = (NEAR[1:] + NEAR[:-1]) / 2
    kinks = np.array(r.kinks)
    smooth = np.ones_like(slopes, dtype=bool)
    for kink in kinks:
        smooth &= abs(middles - kink) > STEP
    bends = abs(np.diff(slopes))
    moved = abs(np.diff(near))
    jumps = bool(np.any(moved[4:-4] > 0.1 + 1.5 * np.maximum(moved[8:], moved[:-8])))
    far = np.array([-1e4, -1e4 + 1, 1e4 - 1, 1e4])  # slopes that approach their limit slowly
    steepest = max(abs(slopes[smooth]).max(), abs(np.diff(f(far)))[[0, 2]].max())
    z = np.sqrt(2.0) * special.erfinv(np.linspace(-1, 1, 200_001)[1:-1])  # normal quantiles
    wrong = set()

    def check(fact: str, holds: Any) -> None:
        if not holds:
            wrong.add(fact)

    low, high = r.range
    check("range", np.all(values >= low - 1e-12) and np.all(values <= high + 1e-12))
    inner = values[abs(FAR) < 100]
    check(
        "range", values.max() > inner.max() + 1 if high == math.inf else high - values.max() < 1e-6
    )
    check(
        "range", values.min() < inner.min() - 1 if low == -math.inf else values.min() - low < 1e-6
    )
    moves = np.diff(values)
    check("monotonic", r.monotonic == bool((moves >= -1e-13).all() or (moves <= 1e-13).all()))
    centred = abs(_normal_mean(f, r.kinks)) < 1e-9
    check("zero_centred", r.zero_centred == centred)
    check("mean", math.isclose(r.mean, _normal_mean(f, r.kinks), abs_tol=1e-9))
    square = _normal_mean(lambda x: f(x) ** 2, r.kinks)
    check("gain", math.isclose(r.gain, square**-0.5, rel_tol=1e-9))
    odd, even = (np.allclose(f(-NEAR), s * near, atol=1e-12) for s in (-1, 1))
    check("symmetry", r.symmetry == ("odd" if odd else "even" if even else None))
    grows = steepest > 1.5 * abs(slopes[smooth & (abs(middles) < 12)]).max()
    check("max_slope", (r.max_slope == math.inf) == grows)
    if not grows:
        check("max_slope", steepest * (1 - 1e-10) <= r.max_slope <= steepest * (1 + 8e-4))
    check("lipschitz", (r.lipschitz == math.inf) == (jumps or grows))
    if not (jumps or grows):
        largest = max(steepest, abs(slopes).max())
        check("lipschitz", largest * (1 - 1e-10) <= r.lipschitz <= largest * (1 + 8e-4))
    check("step_like", r.step_like == bool((slopes[smooth] == 0).all()))
    if not r.step_like:
        # Far out exp underflows to a constant: a slope of 0 there is not a dead region.
        flat = (slopes == 0) & (abs(middles) < 3.25)
        inside = np.zeros_like(flat)
        for start, end in r.dead_region:
            inside |= (middles > start) & (middles < end)
            check("dead_region", np.ptp(near[(start <= NEAR) & (end >= NEAR)]) == 0)
        check("dead_region", not (flat & ~inside).any())
    around = np.maximum(np.roll(bends, 4), np.roll(bends, -4))
    corner = np.where(bends > 4e-3 + 1.5 * around)[0]
    corner = corner[(corner > 4) & (corner < len(bends) - 5)]
    check("kinks", all(np.min(abs(kinks - NEAR[i + 1]), initial=9) < 2 * STEP for i in corner))
    check("kinks", all(np.min(abs(NEAR[corner + 1] - k), initial=9) < 2 * STEP for k in kinks))
    _check_tails(r, f, check)
    _check_limits(r, f, check)
    here = [
        _normal_mean(lambda x, q=q: f(x * q**0.5) ** 2, tuple(k / q**0.5 for k in r.kinks))
        for q in (1 - 1e-4, 1 + 1e-4)
    ]
    check("variance_slope", abs(r.variance_slope - (here[1] - here[0]) / 2e-4 / square) < 1e-4)
    check("zero_share", abs(r.zero_share - float(np.mean(f(z) == 0))) < 2e-5)
    return wrong


def _normal_mean(f: Callable[[Array], Array], kinks: tuple[float, ...]) -> float:
    edges = [-38.0, *kinks, 0.0, 38.0]
    whole = 0.0
    for start, end in zip(sorted(edges), sorted(edges)[1:], strict=False):
        weighted = lambda x: float(f(np.array([x]))[0]) * math.exp(-x * x / 2)  # noqa: E731
        whole += integrate.quad(weighted, start, end, limit=200, epsabs=1e-13)[0]
    return whole / math.sqrt(2 * math.pi)


def _check_tails(r: Record, f: Callable[[Array], Array], check: Callable[[str, Any], None]) -> None:
    for side, sign, point in (
        ("left", -1, r.saturation_points[0]),
        ("right", 1, r.saturation_points[1]),
    ):
        ends = f(sign * np.array([1e9, 1e10]))
        level = abs(ends[1] - ends[0]) < 1e-6 and abs(ends[0]) < 1e300
        dead = any(low <= sign * 1e9 <= high for low, high in r.dead_region)
        moving = not (dead or r.step_like) and float(np.ptp(f(sign * np.linspace(1, 12, 9)))) > 0
        check("saturates", (side in r.saturates) == (level and moving))
        steep = math.isinf(r.max_slope)  # then nothing is flat beside it
        check("saturation_points", math.isfinite(point) == (side in r.saturates and not steep))
        if not math.isfinite(point):
            continue
        beyond = sign * NEAR > sign * point
        h = 1e-5
        slope = abs(f(NEAR[beyond] + h) - f(NEAR[beyond] - h)) / (2 * h)
        check("saturation_points", np.all(slope < 1e-3 * r.max_slope * (1 + 1e-3) + 1e-9))
        at = np.array([point - sign * 0.01 - h, point - sign * 0.01 + h])
        check("saturation_points", abs(np.diff(f(at))[0]) / (2 * h) > 1e-3 * r.max_slope)


def _check_limits(
    r: Record, f: Callable[[Array], Array], check: Callable[[str, Any], None]
) -> None:
    def slope(x: Array) -> Array:
        return (f(x + 0.25) - f(x - 0.25)) / 0.5

    for side, sign in enumerate((-1, 1)):
        for fact, g, far in (("limits", f, 1e12), ("slope_limits", slope, 1e4)):
            goes = getattr(r, fact)[side]
            wave = g(sign * np.linspace(1e4, 1e4 + 10, 200))
            check(
                fact,
                math.isnan(goes)
                == (
                    np.ptp(wave) > 0.1
                    and np.any(np.diff(wave) * sign < 0)
                    and np.any(np.diff(wave) * sign > 0)
                ),
            )
            nearer, there = (
                g(sign * np.array([200.0, 400.0]))
                if math.isinf(goes)
                else g(sign * np.array([1.0, far]))
            )
            if math.isinf(goes):
                check(fact, (there - nearer) * math.copysign(1, goes) > 0.5)
            elif math.isfinite(goes):
                check(fact, abs(there - goes) < 1e-3)


@pytest.fixture(params=catalogue.names())
def record(request: pytest.FixtureRequest) -> Record:
    return catalogue.get(request.param)


def test_stored_facts_are_what_the_formula_gives(record: Record) -> None:
    entry = _names.built_in()[_names.key(record.name)]
    assert disagreements(record, _records.derived(entry, record.parameters)) == []
    assert _facts.stored()[record.name]["from"] == _records.origin(entry, record.parameters)


def test_no_fact_is_contradicted_by_a_dense_sample(record: Record) -> None:
    assert contradictions(record, by_hand(record)) == set()


@pytest.mark.parametrize(
    "spec",
    [
        "leaky_relu(negative_slope=0.3)",
        "leaky_relu(negative_slope=-0.5)",
        "leaky_relu(negative_slope=0)",
        "elu(alpha=0.5)",
        "celu(alpha=2)",
        "softplus(beta=3)",
    ],
)
def test_facts_for_other_parameters_hold_too(spec: str) -> None:
    record = catalogue.get(spec)
    assert record.label == spec
    assert contradictions(record, record) == set()


def test_nearly_every_fact_is_proven() -> None:
    unproven: dict[str, set[str]] = {}
    for name in catalogue.names():
        for fact, proven in catalogue.get(name).certified.items():
            if not proven:
                unproven.setdefault(name, set()).add(fact)
    # A logarithm has no bound, but no double shows it; sin(x) / x divides by 0 at 0.
    assert unproven.pop("symlog") == {"range", "limits", "saturates", "saturation_points"}
    assert set(unproven) == {"sinc"}


def test_every_builtin_is_held_against_a_function_written_by_hand() -> None:
    trivial = {"square", "cube", "exponential", "soft_exponential"}
    assert set(catalogue.names()) - set(BY_HAND) == trivial


def _perturbed() -> list[Any]:
    nudges: list[tuple[str, dict[str, Any]]] = [
        ("relu", {"range": (0.001, math.inf)}),
        ("tanh", {"range": (-1.0, 1.001)}),
        ("tanh", {"range": (-1.0, math.inf)}),
        ("silu", {"range": (-0.2784, math.inf)}),
        ("silu", {"monotonic": True}),
        ("relu", {"monotonic": False}),
        ("sigmoid", {"zero_centred": True}),
        ("selu", {"zero_centred": False}),
        ("relu", {"mean": 0.4}),
        ("gelu", {"gain": 1.5335}),
        ("tanh", {"symmetry": None}),
        ("sigmoid", {"symmetry": "odd"}),
        ("silu", {"max_slope": 1.0998}),
        ("silu", {"max_slope": 1.101}),
        ("silu", {"lipschitz": 1.0998}),
        ("step", {"lipschitz": 1.0}),
        ("relu", {"lipschitz": math.inf}),
        ("sigmoid", {"step_like": True}),
        ("step", {"step_like": False}),
        ("relu", {"dead_region": ()}),
        ("relu", {"dead_region": ((-math.inf, 0.1),)}),
        ("hard_swish", {"dead_region": ((-math.inf, -3.1),)}),
        ("tanh", {"dead_region": ((5.0, math.inf),)}),
        ("relu", {"kinks": ()}),
        ("elu", {"kinks": (0.0,)}),
        ("hard_swish", {"kinks": (-3.0,)}),
        ("tanh", {"saturates": ("left",)}),
        ("relu", {"saturates": ("left",)}),
        ("tanh", {"saturation_points": (-4.1, 4.1467)}),
        ("tanh", {"saturation_points": (-4.3, 4.1467)}),
        ("elu", {"saturation_points": (-math.inf, math.inf)}),
        ("sigmoid", {"limits": (0.0, 0.9)}),
        ("relu", {"limits": (0.0, 5.0)}),
        ("softplus", {"limits": (-math.inf, math.inf)}),
        ("sine", {"limits": (math.nan, 0.0)}),
        ("tanh", {"limits": (-1.0, math.nan)}),
        ("gelu", {"slope_limits": (0.0, 1.1)}),
        ("squared_relu", {"slope_limits": (0.0, 2.0)}),
        ("snake", {"slope_limits": (1.0, math.nan)}),
        ("silu", {"variance_slope": 1.17}),
        ("threshold", {"variance_slope": 1.0}),
        ("relu", {"zero_share": 0.501}),
        ("hard_swish", {"zero_share": 0.0}),
    ]
    return [pytest.param(n, c, id=f"{n}-{next(iter(c))}-{i}") for i, (n, c) in enumerate(nudges)]


@pytest.mark.parametrize(("name", "change"), _perturbed())
def test_the_sample_sees_a_wrong_fact(name: str, change: dict[str, Any]) -> None:
    wrong = dataclasses.replace(catalogue.get(name), **change)
    assert set(change) <= contradictions(wrong, BY_HAND[name])


def test_the_check_sees_every_changed_fact(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = from_json(_facts.stored()["silu"])
    for field in dataclasses.fields(Facts):
        value = getattr(facts, field.name)
        changed = _other(value)
        assert disagreements(facts, dataclasses.replace(facts, **{field.name: changed})) == [
            field.name
        ]
    assert __main__.main(["--check"]) == 0
    stale = {**_facts.stored(), "silu": {**_facts.stored()["silu"], "gain": 1.7}}
    monkeypatch.setattr(__main__, "stored", lambda: stale)
    assert __main__.main(["--check"]) == 1


def _other(value: Any) -> Any:
    match value:
        case bool():
            return not value
        case float():
            return value + 1e-9 if math.isfinite(value) else 0.0
        case str():
            return value + " "
        case None:
            return "odd"
        case tuple():
            return (*value[:-1], 0.125) if value else (0.125,)
        case _:
            return {**value, "gain": not value["gain"]}


def test_facts_survive_json(record: Record) -> None:
    facts = from_json(to_json(record))
    assert [repr(getattr(facts, f.name)) for f in dataclasses.fields(Facts)] == [
        repr(getattr(record, f.name)) for f in dataclasses.fields(Facts)
    ]


# Values published elsewhere.
@pytest.mark.parametrize(
    ("name", "fact", "published"),
    [
        ("sigmoid", "lipschitz", 0.25),
        ("relu", "gain", math.sqrt(2)),  # He et al. 2015
        ("leaky_relu", "gain", math.sqrt(2 / (1 + 0.01**2))),  # torch.nn.init.calculate_gain
        ("selu", "gain", 1.0),  # Klambauer et al. 2017: the fixed point
        ("tanh", "gain", 1.5925),  # PyTorch rounds it to 5/3
        ("silu", "lipschitz", 1.0998),  # Ramachandran et al. 2017
        ("gelu", "lipschitz", 1.129),
        ("mish", "lipschitz", 1.0885),
        ("selu", "variance_slope", 0.782648),  # Klambauer et al. 2017, the Jacobian's variance
    ],
)
def test_facts_agree_with_the_literature(name: str, fact: str, published: float) -> None:
    assert getattr(catalogue.get(name), fact) == pytest.approx(published, rel=1e-4)


def test_what_cannot_be_proven_is_not_called_proven() -> None:
    from actscope.catalogue._derive import derive

    pole = derive("1 / x")  # its divisor reaches 0
    assert not any(pole.certified.values())
    logarithm = derive("log(1 + x^2)")
    assert logarithm.range == (0.0, math.inf)
    assert not logarithm.certified["range"]  # growth without bound is seen, not proven
    assert logarithm.certified["max_slope"]
    assert logarithm.max_slope == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("formula", "true"),
    [
        # A point that belongs to neither side.
        (
            "where(x >= 0, where(x <= 0, 5, tanh(x)), tanh(x))",
            {"range": (-1.0, 5.0), "monotonic": False, "symmetry": None, "kinks": (0.0,)},
        ),
        ("abs(sign(x))", {"range": (0.0, 1.0), "lipschitz": math.inf, "kinks": (0.0,)}),
        ("where(x > 0, 1, -1)", {"symmetry": None, "monotonic": True}),
        ("abs(x)", {"symmetry": "even", "lipschitz": 1.0, "kinks": (0.0,)}),
    ],
)
def test_the_value_at_a_breakpoint_counts(formula: str, true: dict[str, Any]) -> None:
    from actscope.catalogue._derive import derive

    facts = derive(formula)
    assert {name: getattr(facts, name) for name in true} == true
    assert all(facts.certified[name] for name in true)


@pytest.mark.parametrize(
    ("formula", "unproven"),
    [
        ("1 / log(2 + x^2)", {"range", "limits", "saturates"}),  # slower than doubles can show
        ("0.0005 * log1p(x^2)", {"range", "limits", "saturates"}),
        ("log1p(log1p(x^2))", {"range", "limits"}),
        ("x * (x + 11) / sqrt(x + 11)^2 + x", {"range", "monotonic", "limits"}),  # nan at -20
        ("where(x > 0, x + 1 - 1e-60, x + 1)", {"monotonic", "lipschitz", "kinks"}),
        ("exp(x^2 / 4)", {"gain", "variance_slope"}),  # E f^2 has no bound
    ],
)
def test_what_is_doubtful_is_not_called_proven(formula: str, unproven: set[str]) -> None:
    from actscope.catalogue._derive import derive

    facts = derive(formula)
    assert not any(facts.certified[name] for name in unproven)
    assert formula != "exp(x^2 / 4)" or facts.gain == 0


def test_threads_leave_the_precision_of_arb_as_it_was() -> None:
    from concurrent.futures import ThreadPoolExecutor

    from flint import ctx

    from actscope.catalogue._derive import derive

    before = ctx.prec
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda i: derive(f"x * sigmoid({i} * x)").range, range(1, 9)))
    assert ctx.prec == before
    assert found == [derive(f"x * sigmoid({i} * x)").range for i in range(1, 9)]
