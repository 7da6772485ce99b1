"""All claims, quickly; the order; the registry."""

from __future__ import annotations

import dataclasses
import json
import math
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from actscope import claims
from actscope.claims import Number, Outcome
from actscope.claims._verdict import Check, verdict
from actscope.errors import SettingError

# The table of the article that this project began with.
ARTICLE = [
    "movie", "nudge-step", "small-changes", "step-cannot-learn", "nudge-sigmoid", "cutoff",
    "tanh-cousin", "tanh-groups", "tanh-centres", "more-than-lines", "universal", "relu-cheap",
    "half-active", "dying", "leaky-cures", "leaky-faster", "relu-not-centred", "relu-kink",
]  # fmt: skip
QUICK = ["movie", "nudge-step", "nudge-sigmoid", "tanh-cousin"]


def test_the_registry_is_the_articles_list() -> None:
    assert claims.names() == ARTICLE
    assert all(c.says.endswith(".") and c.how.endswith(".") for c in claims.CLAIMS)
    assert all(c.thorough > c.seeds > 1 for c in claims.CLAIMS if c.seeds)


def test_all_claims_with_two_seeds(tmp_path: Path) -> None:
    seen: list[Outcome] = []
    outcomes = claims.run(seeds=2, on_result=seen.append)
    assert [o.id for o in outcomes] == ARTICLE
    assert tuple(seen) == outcomes
    for outcome in outcomes:
        _is_sound(outcome)
        _reaches_each_verdict(outcome)
    json.dumps([claims.to_json(o) for o in outcomes])

    page = claims.save(outcomes, tmp_path).read_text()
    assert [line[3:] for line in page.splitlines() if line.startswith("## ")] == ARTICLE
    for outcome in outcomes:
        picture = tmp_path / "claims" / f"{outcome.id}.svg"
        texts = [e.text or "" for e in ET.parse(picture).getroot().iter()]
        assert f"](claims/{outcome.id}.svg)" in page
        assert outcome.picture.title in texts
        assert not any("$" in text for text in texts)  # a formula that nobody set


def _is_sound(outcome: Outcome) -> None:
    """The verdict and all numbers agree with the conditions, worked out anew."""
    essential = [c for c in outcome.checks if c.essential]
    held = {id(c): _inside(c) for c in outcome.checks}
    expected = "not confirmed"
    if all(held[id(c)] for c in essential):
        expected = "holds" if all(held.values()) else "holds in part"
    assert outcome.verdict == expected, outcome.id
    assert outcome.text.endswith(".")
    assert "nan" not in outcome.text
    names = [number.name for number in outcome.numbers]
    assert len(names) == len(set(names)), outcome.id
    assert outcome.number in outcome.numbers
    for number in outcome.numbers:
        assert number.name
        assert math.isnan(number.low) or number.low <= number.value <= number.high, number
        assert number.once == (number.interval == "none")


def _inside(check: Check) -> bool:
    bound, number = check.bound, check.number
    above = number.low > bound.least if bound.above else number.low >= bound.least
    return above and number.high <= bound.most


def _reaches_each_verdict(outcome: Outcome) -> None:
    """Made-up numbers under this claim's conditions."""

    def put(check: Check, good: bool) -> Check:
        bound = check.bound
        value = bound.least + 1e-9 if math.isfinite(bound.least) else bound.most
        if bound.least == bound.most:
            value = bound.least
        if not good:
            value = bound.least - 1 if math.isfinite(bound.least) else bound.most + 1
        return dataclasses.replace(check, number=Number("made up", value, value, value, runs=3))

    good = [put(check, True) for check in outcome.checks]
    assert verdict(good) == "holds", outcome.id
    assert verdict([put(c, not c.essential) for c in outcome.checks]) == "not confirmed"
    if any(not check.essential for check in outcome.checks):
        assert verdict([put(c, c.essential) for c in outcome.checks]) == "holds in part"


def test_the_same_seeds_give_the_same_numbers() -> None:
    first, second = (claims.run(QUICK, seeds=3) for _ in range(2))
    assert [o.numbers for o in first] == [o.numbers for o in second]
    assert [o.seeds for o in first] == [0, 3, 3, 0]


def test_claims_come_in_the_order_asked_for_once_each() -> None:
    assert [o.id for o in claims.run(["tanh-cousin", "movie", "movie"])] == ["tanh-cousin", "movie"]
    assert [o.id for o in claims.run("movie")] == ["movie"]
    assert claims.run([]) == ()


def test_thorough_takes_more_seeds() -> None:
    usual, thorough = (claims.run("nudge-step", thorough=t)[0] for t in (False, True))
    assert thorough.seeds > usual.seeds
    assert thorough.number.high - thorough.number.low < usual.number.high - usual.number.low


def test_mistakes_are_said_before_anything_is_measured() -> None:
    seen: list[Outcome] = []
    with pytest.raises(SettingError, match=r"no claim 'dyin'\. Did you mean 'dying'\?"):
        claims.run(["movie", "dyin"], on_result=seen.append)
    with pytest.raises(SettingError, match="seeds=1"):
        claims.run("movie", seeds=1)
    assert seen == []
