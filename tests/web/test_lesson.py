"""The lesson without a browser: its cells run, and what they show agrees with others' numbers."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import actscope.web.lesson_parts as parts
from actscope.render import _style
from actscope.web.lesson import lesson
from actscope.web.lesson_parts import _cutoff, _digits, _dying, _own, _words

CASES = [list(map(float, case)) for case in itertools.product((0, 1), repeat=3)]


@pytest.fixture(scope="module")
def ran() -> tuple[list[str], dict[str, Any]]:
    """Every cell once: the HTML that each shows, and what they define."""
    outputs, defined = lesson.app.run()
    shown = [output.text if hasattr(output, "text") else "" for output in outputs]
    return shown, dict(defined)


def test_every_cell_runs_and_every_chapter_has_words_controls_and_a_question(ran: Any) -> None:
    page = "".join(ran[0])
    for key, name in _words.CHAPTERS:
        assert f'<h2 id="{key}" tabindex="-1">{name}</h2>' in page
        assert f'href="#{key}"' in page
    opened = re.split(r'class="lesson opening"', page)[1:]
    assert len(opened) == 10
    for at, chapter in enumerate(opened, start=1):
        assert "marimo-anywidget" in chapter, at
        assert "<svg" in chapter, at
        assert "<details" in chapter or at == 10


def test_every_picture_is_well_formed_and_named(ran: Any) -> None:
    pictures = re.findall(r"<svg.*?</svg>", "".join(ran[0]), flags=re.S)
    assert len(pictures) >= 20
    for picture in pictures:
        root = ET.fromstring(picture)
        named = [root.attrib["aria-labelledby"], root.attrib["aria-describedby"]]
        inside = {child.attrib.get("id"): child.text for child in root}
        assert root.attrib["role"] == "img"
        assert all(inside[key] for key in named)
        assert not re.search(r"\b(nan|inf)\b", picture)
    said = [re.findall(r"<title[^>]*>(.*?)</title>", p)[0] for p in pictures]
    assert sorted(said) == sorted(set(said)), "two pictures would share their ids"


def test_the_page_asks_no_other_host() -> None:
    folder = Path(lesson.__file__).parent
    sources = [*folder.iterdir(), *(folder.parent / "lesson_parts").iterdir()]
    for source in sources:
        if source.suffix in (".py", ".css", ".js", ".html"):
            assert not re.search(r"(https?:)?//[a-z]", source.read_text("utf-8")), source


def test_the_colours_are_those_of_the_pages() -> None:
    css = (Path(lesson.__file__).parent / "lesson.css").read_text("utf-8")
    light, dark = re.findall(r"\{([^{}]*--ls-paper: #[^{}]*)\}", css)
    for block, of in ((light, 0), (dark, 1)):
        for name, value in re.findall(r"--ls-([a-z0-9-]+):\s*(#[0-9a-f]{6});", block):
            pair = _style.SERIES[int(name[-1])] if "series" in name else _style.NEUTRALS[name]
            assert value == pair[of], (name, of)


# --- 1: the network


def test_the_network_is_what_its_numbers_say() -> None:
    for moment in (parts.moments()[0], parts.moments()[40], parts.moments()[-1]):
        first, last = (torch.tensor(w) for w in moment.weights)
        hidden = torch.tensor(moment.hidden).double()
        logit = torch.logit(torch.tensor(moment.output))
        # What is left once the weights are taken off is the bias: the same for every case.
        rest = torch.atanh(hidden).T - torch.tensor(CASES).double() @ first.double()
        assert float((rest - rest[0]).abs().max()) < 1e-4
        rest = logit - hidden.T @ last[:, 0].double()
        assert float((rest - rest[0]).abs().max()) < 1e-4


def test_the_network_begins_ignorant_and_learns_all_eight_cases() -> None:
    moments = parts.moments()
    assert moments[0].right < 8
    assert moments[-1].right == 8
    errors = [m.error for m in moments]
    assert errors == sorted(errors, reverse=True)
    assert len(moments) == parts.CHANGES + 1
    assert [parts.case_of(case) for case in CASES] == list(range(8))


# --- 2: the neuron


def test_the_table_of_eight_cases(ran: Any) -> None:
    table = ran[1]["movie_table"]
    wanted = [bool(marvel or (near and friend)) for marvel, near, friend in CASES]
    assert table["fires"].tolist() == wanted
    assert table["sum"].tolist() == [4 * a + 2 * b + 2 * c for a, b, c in CASES]


NUMBERS = st.integers(-8, 24).map(lambda n: n / 4)


@given(st.tuples(NUMBERS, NUMBERS, NUMBERS), NUMBERS, st.sampled_from(CASES))
@settings(max_examples=60, deadline=None)
def test_the_sentence_agrees_with_the_sum(
    weights: tuple[float, float, float], threshold: float, case: list[float]
) -> None:
    neuron = parts.neuron(weights, threshold)
    total = sum(w * x for w, x in zip(weights, case, strict=True))
    said = parts.verdict_in_words(neuron, case)
    assert said.endswith("I go." if total > threshold else "I stay at home.")
    assert ("equal" in said) == (total == threshold)
    assert neuron.explain(case).endswith("fires" if "I go" in said else "does not fire")
    assert parts.sum_in_words(neuron, case).endswith(f"= {parts.number(total)}")
    ET.fromstring(parts.scale_picture(neuron, case))
    assert parts.cases_table(neuron, case).count('class="now"') == 1


# --- 3: nudges


def test_a_step_jumps_and_the_smooth_answer_follows() -> None:
    weights = np.arange(1, 5.001, 0.05).round(2)
    found = np.array([parts.answers(w) for w in weights])
    np.testing.assert_array_equal(found[:, 0], (weights > 3).astype(float))
    np.testing.assert_allclose(found[:, 1], 1 / (1 + np.exp(3 - weights)), rtol=1e-12)


def test_what_the_chapter_says_of_its_runs() -> None:
    learned = parts.learned()
    assert learned["sigmoid"] == parts.RUNS
    assert learned["step"] < parts.RUNS / 2
    for luck in (0, 7):
        step, smooth = parts.run("step", luck), parts.run("sigmoid", luck)
        assert len(step.error) == len(smooth.error) == parts.TRIES + 1
        assert step.kept[-1] < smooth.kept[-1] / 5
        assert (np.diff(smooth.error) <= 0).all()


# --- 4 and 6: curves


@given(st.integers(1, 30), st.integers(-40, 40))
@settings(max_examples=60, deadline=None)
def test_a_softened_step(steepness: int, tenths: int) -> None:
    z = tenths / 10
    wanted = float(torch.sigmoid(torch.tensor(steepness * z, dtype=torch.float64)))
    assert parts.softened(steepness, z) == pytest.approx(wanted, abs=1e-12)
    change = parts.softened(steepness, z + 0.01) - parts.softened(steepness, z)
    assert 0 <= change <= 0.01 * steepness / 4 + 1e-12


def test_averages_of_the_cousins(ran: Any) -> None:
    draws = np.random.default_rng(0).standard_normal(500)
    for spread in (0.2, 1.0, 4.0):
        assert parts.average("tanh", spread) == pytest.approx(np.tanh(spread * draws).mean())
        assert abs(parts.average("tanh", spread)) < 0.06
        assert parts.average("sigmoid", spread) == pytest.approx(0.5, abs=0.03)
    assert ran[1]["tanh_value"] == pytest.approx(np.tanh(1))


# --- 5: the cutoff


@pytest.fixture(scope="module")
def others() -> tuple[np.ndarray, np.ndarray]:
    """The same split and neuron, by scikit-learn alone."""
    data: Any = load_breast_cancer()
    X = data.data[:, [0, 1]]
    assert data.feature_names[:2].tolist() == list(_cutoff.FEATURES)
    ill = data.target == 0
    parted: Any = train_test_split(X, ill, test_size=0.5, stratify=ill, random_state=0)
    A, B, a, b = parted
    neuron = make_pipeline(StandardScaler(), LogisticRegression()).fit(A, a)
    return b, neuron.predict_proba(B)[:, 1]


@pytest.mark.parametrize("cutoff", [0.0, 0.07, 0.5, 0.93, 1.0])
def test_the_confusion_matrix_is_scikit_learns(others: Any, cutoff: float) -> None:
    ill, probability = others
    (calm, alarms), (missed, found) = confusion_matrix(
        ill, probability >= cutoff, labels=[False, True]
    )
    now = parts.counts(cutoff)
    assert (now.found, now.missed, now.alarms, now.calm) == (found, missed, alarms, calm)
    assert now.cost == parts.PRICE * missed + alarms
    assert now.right == pytest.approx((found + calm) / len(ill))


def test_the_chosen_cutoff_does_less_harm_and_one_half_is_right_more_often() -> None:
    best = parts.counts(parts.tumours().best)
    half = parts.counts(0.5)
    assert best.cost < half.cost
    assert best.missed < half.missed
    assert best.alarms > half.alarms
    most = max(np.linspace(0, 1, 101), key=lambda c: parts.counts(float(c)).right)
    assert 0.3 < most < 0.7
    assert best.right < half.right


# --- 7: bends


def test_what_the_chapter_says_of_bends() -> None:
    last = {units: float(parts.fit(units).bent_error[-1]) for units in parts.UNITS}
    assert last[1] > 0.2
    assert last[2] > 0.2
    assert all(last[units] < 0.01 for units in parts.UNITS if units >= 4)
    wave = np.sin(1.5 * parts.XS)
    line = np.polyval(np.polyfit(parts.XS, wave, 1), parts.XS)
    for units in parts.UNITS:
        straight = parts.fit(units)
        bends = np.diff(straight.straight[-1], 2)
        assert np.abs(bends).max() < 1e-5, "without an activation it is a line"
        least = ((line - wave) ** 2).mean()  # no line is better than the best line
        assert straight.straight_error[-1] >= least - 1e-9


def test_about_half_of_the_units_are_awake_at_the_start_only() -> None:
    assert parts.active(False) == pytest.approx(0.5, abs=0.05)
    assert parts.active(True) < parts.active(False) - 0.04
    rows = [parts.active(False, row) for row in range(600)]
    assert np.mean(rows) == pytest.approx(parts.active(False))


# --- 8 and 9: dying, and the cure


def test_dead_units_say_0_to_every_digit_and_a_leak_has_none() -> None:
    lives = parts.lives(0.1)
    assert lives["relu"].dead[-1].sum() > 10
    for rate in parts.RATES:
        for name in ("leaky_relu", "prelu"):
            assert not parts.lives(rate)[name].dead.any()
    assert not lives["relu"].dead[0].any()
    shares = [parts.lives(rate)["relu"].share[-1] for rate in (0.01, 0.1, 0.3)]
    assert shares == sorted(shares)


def test_a_life_is_that_of_a_network_trained_by_itself() -> None:
    import actscope as act

    rows = _digits.digits()
    X, y = rows.X[0].numpy(), rows.y[0].numpy()
    e = act.train_ensemble(
        X, y, hidden=(24, 24, 24), activations=["relu", "leaky_relu", "prelu"],
        learning_rates=[0.1], epochs=parts.ROUNDS, batch_size=32, progress=False,
    )  # fmt: skip
    table = e.health(X)
    for member, life in enumerate(parts.lives(0.1).values()):
        assert life.right[-1] == (e.predict(X)[member] == y).mean()
        for layer, units in enumerate(table[table["member"] == member]["dead_units"]):
            assert np.flatnonzero(life.dead[-1, layer]).tolist() == units


def test_what_the_chapters_say_of_rates_holds_for_every_start() -> None:
    for seed in range(parts.STARTS):
        high, low = _dying.lives(0.3, seed), _dying.lives(0.01, seed)
        assert high["relu"].share[-1] > 0.5
        assert high["relu"].right[-1] < 0.15
        assert 0.25 < high["leaky_relu"].right[-1] < 0.75
        assert low["relu"].share[-1] < 0.05
        assert all(life.right[-1] > 0.99 for life in low.values())


def test_digits_are_standardised_pixel_by_pixel() -> None:
    X = _digits.digits().X[0].numpy()
    wanted = StandardScaler().fit_transform(_digits.pixels())
    np.testing.assert_allclose(X, wanted, atol=1e-5)


# --- 10: all of them, and one's own data


def test_the_poster_shows_every_function() -> None:
    import actscope as act

    few, all_ = parts.poster(False), parts.poster(True)
    assert few.count("<figure") == 6
    assert all_.count("<figure") == len(act.names())
    for name in act.names():
        assert f"<figcaption>{name}</figcaption>" in all_


GOOD = "size,colour,price\n" + "".join(
    f"{i % 13},{'red' if i % 3 else 'blue'},{'high' if i % 13 > 6 else 'low'}\n" for i in range(120)
)


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        (b"", "a.csv is empty"),
        (b" \n\n", "a.csv is empty"),
        (b"x\n1\n2\n", "one column"),
        (
            ",".join(f"c{i}" for i in range(301)).encode() + b"\n" + b"1," * 300 + b"2\n",
            "301 columns",
        ),
        (b"x,y\n" + b"1,2\n" * 2_000_000, "8.0 MB"),
        (bytes(range(256)) * 40, "a.csv"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "a.csv"),
    ],
)
def test_bad_files_get_one_clear_line(contents: bytes, said: str) -> None:
    upload = parts.read("a.csv", contents)
    assert upload.frame is None
    assert said in upload.error
    assert "\n" not in upload.error
    assert "/tmp" not in upload.error
    assert "table.csv" not in upload.error


def test_a_long_table_is_sampled_and_said_so() -> None:
    text = "x,y\n" + "".join(f"{i},{i % 7}\n" for i in range(5_000))
    upload = parts.read("long.csv", text.encode())
    assert upload.frame is not None
    assert len(upload.frame) == _own.MOST_ROWS
    assert "3,000 rows drawn at random" in upload.note


def test_a_study_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_own, "SEEDS", 2)
    monkeypatch.setattr(_own, "EPOCHS", 4)
    monkeypatch.setattr(_own, "HIDDEN", (8,))
    job = parts.Job(parts.read("mine.csv", GOOD.encode()), "price")
    shares = list(job.shares())
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert job.result is not None
    assert job.result.data.name == "mine.csv"
    page = parts.result(job.result)
    assert all(name in page for name in ("relu", "tanh", "prelu", "dead units"))
    assert str(job.result.verdict.text)[:20] in page


def test_a_target_that_cannot_be_predicted_is_said_in_one_line() -> None:
    job = parts.Job(parts.read("mine.csv", b"x,y\n1,5\n2,5\n3,5\n"), "y")
    assert list(job.shares())[-1] == 1
    assert job.result is None
    assert job.error
    assert "\n" not in job.error


def test_a_second_study_waits_for_its_turn() -> None:
    job = parts.Job(parts.read("mine.csv", GOOD.encode()), "price")
    with _own._turn:
        assert list(job.shares()) == []
    assert "try again" in job.error


@pytest.mark.parametrize("name", ["<b>.csv", "a&b.csv"])
def test_what_a_reader_names_is_text(name: str) -> None:
    said = parts.complaint(parts.read(name, b"").error)
    assert name not in said
