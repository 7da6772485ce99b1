"""The page, the pictures and the terminal table of a study, made of results made by hand."""

from __future__ import annotations

import dataclasses
import io
import json
import math
import re
import shlex
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest
from rich.console import Console
from tests.study.comparisons import HOSTILE, NAMES, comparison, hostile

from actscope.study._result import Comparison, Interval
from actscope.study.report import _method, _page, _present, _terminal
from actscope.study.report._panels import curves, cutoffs, learning_rates
from actscope.study.report._pictures import dead, score_window, scores


class Text(HTMLParser):
    """What a reader sees, and which elements there are."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[str] = []
        self._quiet = 0
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._quiet += tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._quiet -= tag == "style"

    def handle_data(self, data: str) -> None:
        if not self._quiet and data.strip():
            self.words.append(" ".join(data.split()))

    @property
    def text(self) -> str:
        return " ".join(self.words)


@pytest.fixture(scope="module")
def shown() -> Text:
    return Text(_page.page(comparison()))


def test_the_answer_stands_before_everything_else(shown: Text) -> None:
    text = shown.text
    assert text.index("Only in that step") < text.index("The evidence") < text.index("Scores")


def test_the_page_says_every_number_of_the_table(shown: Text) -> None:
    for row in comparison().rows:
        assert _present.score("accuracy", row.score.mean) in shown.words
        assert _present.interval("accuracy", row.score) in shown.words
    for name in ("linear model", "majority class", "96.6%", "10.1%", ["1", "of", "30"][0]):
        assert name in shown.words


def test_all_pictures_are_there_with_caption_and_words_for_who_cannot_see(shown: Text) -> None:
    assert shown.tags.count("figure") == shown.tags.count("figcaption") == 4
    two = Text(_page.page(comparison(NAMES[-2:], classes=("no", "yes"))))
    assert two.tags.count("figure") == 5
    assert shown.tags.count("svg") == 2 + 8 + 8 + 2
    assert "relu 98.1% (97.8 to 98.4%)" in shown.text


def test_the_step_function_is_explained_from_what_was_measured() -> None:
    c = comparison(NAMES[-2:])
    exact = "step: its hidden weights moved by exactly 0: the derivative is 0 everywhere"
    assert exact in Text(_page.page(c)).text
    moved = [
        dataclasses.replace(r, hidden_change=0.25) if r.activation == "step" else r for r in c.rows
    ]
    other = Text(_page.page(dataclasses.replace(c, rows=tuple(moved)))).text
    assert exact not in other
    assert "step: its hidden weights moved by 0.25 of their size, but not by learning" in other
    no_step = [dataclasses.replace(r, dead_share=0.0) for r in c.rows]
    assert (
        "its hidden weights"
        not in Text(_page.page(dataclasses.replace(c, rows=tuple(no_step)))).text
    )


def test_hostile_names_stay_text() -> None:
    page = _page.page(hostile())
    read = Text(page)
    assert "script" not in read.tags
    assert "img" not in read.tags
    assert "b" not in read.tags
    assert not re.search(r"<[^>]*\son\w+\s*=", page.replace("&quot;", ""))
    for expected in (
        HOSTILE,
        '"><img src=x onerror=alert(2)>',
        "$\\frac{1}{2}$ & [red]",
        "</style><script>alert(4)</script>",
        "<b onclick=alert(5)>one</b> network diverged",
    ):
        assert expected in read.text
    assert "\x1b" not in page
    assert "\u202e" not in page


def test_every_picture_of_hostile_names_is_well_formed() -> None:
    c = hostile()
    made = [scores(c), curves(c), learning_rates(c), dead(c), cutoffs(c)]
    for picture in made:
        assert picture is not None
        for markup in picture.pictures:
            ET.fromstring(f"<div>{markup}</div>")


def test_the_same_result_gives_the_same_page() -> None:
    c = comparison(NAMES[-2:])
    assert _page.page(c) == _page.page(comparison(NAMES[-2:]))


def test_ids_on_the_page_are_unique() -> None:
    ids = re.findall(r'\sid="([^"]+)"', _page.page(comparison(NAMES[-3:], classes=("no", "yes"))))
    assert len(ids) > 20
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    "c",
    [
        comparison(("relu",)),
        comparison(NAMES[-3:], seeds=1),
        comparison(NAMES[-3:], rates=(0.001,)),
        comparison(NAMES[-3:], metric="r2"),
        comparison(NAMES[-3:], layers=6),
        comparison(NAMES[-3:], classes=tuple(f"class {i}" for i in range(40))),
        comparison(NAMES[-3:], notes=()),
        comparison(tuple(f"name{i}" for i in range(20))),
    ],
    ids=["alone", "one seed", "one rate", "regression", "deep", "many classes", "no notes", "many"],
)
def test_unusual_studies_have_a_page(c: Comparison) -> None:
    text = Text(_page.page(c)).text
    assert "nan" not in text.lower().split()
    assert "inf" not in text.lower().split()
    assert c.rows[0].activation in text


def test_one_rate_is_said_instead_of_drawn() -> None:
    text = Text(_page.page(comparison(NAMES[-2:], rates=(0.001,)))).text
    assert "Only one learning rate was tried (0.001)" in text


def test_a_network_that_diverged_everywhere_does_not_spoil_the_page() -> None:
    c = comparison(NAMES[-3:], metric="r2")
    bad = dataclasses.replace(
        c.rows[-1], score=Interval(-1e30, -3e30, 1e30), hidden_change=math.inf, cost=math.nan
    )
    lost = dataclasses.replace(c.rows[-2], score=Interval(math.nan, math.nan, math.nan))
    frame = c.curves.copy()
    frame.loc[frame["activation"] == "step", ["validation_loss", "train_loss", "high"]] = 1e30
    frame.loc[frame["activation"] == "sigmoid", ["validation_loss", "low", "high"]] = math.nan
    page = _page.page(dataclasses.replace(c, rows=(*c.rows[:-2], lost, bad), curves=frame))
    assert "-1e+30" in page
    assert "nan" not in Text(page).text.lower().split()


def test_nothing_at_all_to_draw_is_no_error() -> None:
    c = comparison()
    empty = dataclasses.replace(
        c,
        curves=c.curves.iloc[:0],
        by_rate=c.by_rate.iloc[:0],
        dead_by_layer=c.dead_by_layer.iloc[:0],
    )
    assert (curves(empty), learning_rates(empty), dead(empty)) == (None, None, None)
    assert "Scores" in Text(_page.page(empty)).text


def test_a_score_far_below_does_not_flatten_the_rest() -> None:
    means = [0.981, 0.979, 0.978, 0.976, 0.97, 0.5]
    low, high = score_window(means, [0.985, 0.96, 0.45, 0.55])
    assert 0.9 < low < 0.97
    assert high > 0.985
    assert score_window([0.9, 0.5], [])[0] < 0.5
    assert score_window([0.9], [])[0] < 0.9 < score_window([0.9], [])[1]


def test_a_small_share_never_reads_as_zero() -> None:
    assert _present.share(0.0) == "0.0%"
    assert _present.share(0.0001) == "<0.1%"
    assert _present.share(0.014) == "1.4%"
    assert _present.share(0.5) == "50%"
    assert _present.share(None) == _present.share(math.nan) == "–"


def test_numbers_read_as_a_person_writes_them() -> None:
    assert _present.score("accuracy", 0.98051) == "98.1%"
    assert _present.score("r2", -0.5) == "-0.500"
    assert _present.interval("r2", Interval(0.5, 0.4, 0.6)) == "0.400 to 0.600"
    assert _present.interval("accuracy", Interval(0.5, math.nan, math.nan)) == ""
    assert _present.rates({0.001: 3, 0.01: 7}) == "7× 0.01, 3× 0.001"
    assert _present.rates({0.001: 10}) == ""
    assert _present.movement(0.0) == "0"
    assert _present.movement(1e-9) == "1e-09"
    assert _present.duration(42.7) == "43 seconds"
    assert _present.duration(7300) == "2.0 hours"
    assert _present.count(1, "row") == "1 row"
    assert _present.count(1797, "row") == "1,797 rows"


def test_the_command_can_be_pasted_back(monkeypatch: pytest.MonkeyPatch) -> None:
    c = comparison(("x*tanh(exp(x))", "relu; rm -rf /"), target="it's $HOME", data="my file.csv")
    c = dataclasses.replace(c, plan={**c.plan, "source": "my file.csv", "drop": ["a", "-b"]})
    command = _method.command(c)
    assert command is not None
    words = shlex.split(command.replace("\\\n", " "))
    assert words[:3] == ["actscope", "compare", "my file.csv"]
    assert words[words.index("--target") + 1] == "it's $HOME"
    assert words[words.index("--activations") + 1] == "x*tanh(exp(x)),relu; rm -rf /"
    assert words[words.index("--drop") + 1] == "a,-b"


def test_what_is_not_usual_is_repeated_and_seeds_by_hand_have_no_command() -> None:
    c = comparison()
    c = dataclasses.replace(c, plan={**c.plan, "optimizer": "sgd", "l2": 0.1, "seeds": [3, 5]})
    assert "optimizer='sgd'" in _method.python(c)
    assert "l2=0.1" in _method.python(c)
    assert "seeds=[3, 5]" in _method.python(c)
    assert _method.command(c) is None
    counted = dataclasses.replace(c, plan={**c.plan, "seeds": [0, 1]})
    command = _method.command(counted) or ""
    assert "--seeds 2" in command
    assert "--optimizer sgd" in command


def test_the_python_code_can_be_run() -> None:
    c = comparison(("relu", "it's"), target="a\nb")
    c = dataclasses.replace(c, plan={**c.plan, "source": "sklearn:digits"})
    called: list[tuple[tuple[object, ...], dict[str, object]]] = []
    code = _method.python(c).replace("import actscope as act", "")

    class Act:
        @staticmethod
        def compare(*args: object, **kwargs: object) -> None:
            called.append((args, kwargs))

    exec(code, {"act": Act})
    assert called[0][0] == ("sklearn:digits",)
    assert called[0][1]["activations"] == ["relu", "it's"]
    assert called[0][1]["seeds"] == 10


def test_without_a_source_the_reader_is_told_what_data_stands_for() -> None:
    text = Text(_page.page(comparison(NAMES[-2:]))).text
    assert "With what was given as sklearn:digits for DATA" in text
    assert "actscope compare DATA" in text


def test_the_settings_are_all_there(shown: Text) -> None:
    for key, value in comparison().plan.items():
        assert key.replace("_", " ") in shown.words
        assert (value if isinstance(value, str) else json.dumps(value)) in shown.words


def _printed(thing: object, width: int = 140) -> str:
    stream = io.StringIO()
    Console(file=stream, width=width, markup=False, emoji=False).print(thing)
    return stream.getvalue()


def test_the_terminal_table_has_a_line_for_each_activation_best_first() -> None:
    out = _printed(_terminal.table(comparison()))
    lines = [line for line in out.splitlines() if line.strip()]
    first_words = [line.split()[0] for line in lines[3:]]
    assert first_words == [*NAMES, "linear", "majority"]
    assert "97.8 to 98.4%" in lines[3]
    assert "1/30" in out
    assert "cutoff" not in out
    assert "cutoff" in _printed(_terminal.table(comparison(classes=("a", "b"))))


def test_the_terminal_shows_hostile_names_as_text() -> None:
    out = _printed(_terminal.table(hostile()), width=200)
    assert "[red]" in out
    assert "\x1b" not in out


def test_the_terminal_text_ends_with_why_step_cannot_learn() -> None:
    lines = _terminal.text(comparison()).split("\n")
    assert lines[0].startswith("Does the choice of activation function matter here?")
    assert lines[-1].startswith("step: its hidden weights moved by exactly 0")


def test_a_notebook_gets_verdict_table_and_scores_without_a_page() -> None:
    fragment = _page.fragment(hostile())
    read = Text(fragment)
    assert read.tags.count("table") == 1
    assert read.tags.count("svg") == 2
    assert not {"html", "body", "script", "meta", "img"} & set(read.tags)
    assert fragment.startswith('<div class="actscope fragment">')
