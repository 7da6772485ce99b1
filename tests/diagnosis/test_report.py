"""The report printed, as JSON, as a page, and two of them compared."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.diagnosis.reports import HOSTILE, report, site, troubled
from torch import nn

import actscope as act
from actscope.diagnosis._diff import LISTS
from actscope.diagnosis._report import HealthReport
from actscope.diagnosis._units_shown import STATES, counts, share, states, summary, worst_first
from actscope.errors import SettingError, StoreError

# --- in words


def test_print_shows_the_verdict_the_table_and_what_to_do() -> None:
    shown = str(troubled())
    first = shown.split("\n")[0]
    assert first == "Not healthy: 3 serious findings, 1 warning and 1 note."
    assert "160 units at 5 sites; 100 passes looked at, of 400." in shown
    row = next(line for line in shown.split("\n") if line.strip().startswith("blocks.1.act"))
    cells = re.split(r"\s{2,}", row.strip())
    assert cells[:6] == ["blocks.1.act", "relu", "40", "5 (12%)", "22 (55%)", "0"]
    text = " ".join(shown.split())  # however wide the terminal is
    assert "serious: blocks.1.act: 22 of 40 units (55%) died while watched, after step 49" in text
    assert "the learning rate was 3 and the loss went from 2 to 9" in text
    assert 'group["lr"] *= 0.1' in text
    assert "Not seen, as it runs outside Python: lstm." in shown


def test_a_site_that_is_not_there_is_told_with_those_that_are() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2), nn.Tanh())
    seen = act.diagnose(model, torch.randn(5, 3))
    assert seen.site("3").activation == "tanh"
    with pytest.raises(SettingError, match=r"^'nope' is no site; the sites are '1', '3'$"):
        seen.site("nope")


def test_a_healthy_report_says_so() -> None:
    healthy = report(site())
    assert healthy.ok
    assert str(healthy).startswith("Healthy: nothing was found.")
    assert "died" not in str(healthy)


def test_findings_of_one_kind_stand_together_with_their_repair_once() -> None:
    sites = [site(f"act{n}", activation="tanh", saturated_units=list(range(9))) for n in range(20)]
    made = report(*sites)
    (repair,) = {finding.repair for finding in made.findings}
    shown = " ".join(str(made).split())
    assert shown.count(" ".join(repair.split())) == 1
    assert shown.count("(22%) are saturated") == 12
    assert "and 8 more of this kind" in shown
    plain = html.unescape(re.sub(r"<[^>]+>", " ", made.to_html()))
    assert plain.count(repair.split("  # ")[0]) == 1
    assert plain.count("(22%) are saturated") == 20


def test_units_that_died_are_not_told_as_dormant_too() -> None:
    # 12 of 40 died; of the 28 others 7 are dormant, a quarter; with one fewer it is no finding.
    dormant = [*range(4), *range(20, 27)]
    told = {"died_units": list(range(12)), "silent_since": dict.fromkeys(range(12), 3),
            "silent_samples": dict.fromkeys(range(12), 2000)}  # fmt: skip
    dying, quiet = report(site(dormant_units=dormant, **told)).findings
    assert (dying.kind, quiet.kind) == ("dying", "dormant")
    assert quiet.units == list(range(20, 27))
    assert "7 of the 28 units that did not die (25%) are dormant" in quiet.text
    (alone,) = report(site(dormant_units=dormant[:-1], **told)).findings
    assert alone.kind == "dying"
    every = {name: dict.fromkeys(range(40), 2000) for name in ("silent_since", "silent_samples")}
    all_died = site(died_units=list(range(40)), dormant_units=[1], **every)  # type: ignore[arg-type]
    assert [f.kind for f in report(all_died).findings] == ["dying"]


def test_a_model_of_hundreds_of_sites_fits_a_screen() -> None:
    sites = [site(f"block{n}", dead_units=[0, 1] if n == 250 else []) for n in range(300)]
    shown = str(report(*sites))
    assert len(shown.split("\n")) < 50
    assert "block250" in shown
    assert "270 more sites are not shown" in shown


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.integers(1, 10_000))
def test_a_share_that_is_not_0_never_reads_as_0(part: int, whole: int) -> None:
    part = min(part, whole)
    shown = share(part / whole)
    assert (shown == "0%") == (part == 0)
    if not shown.startswith("<"):
        assert float(shown.rstrip("%")) == pytest.approx(100 * part / whole, abs=0.5)


def test_no_colours_reach_a_string(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" not in str(troubled())


# --- units


def test_a_unit_is_shown_in_its_worst_state() -> None:
    made = site(units=6, dead_units=[0], died_units=[1, 2], saturated_units=[2, 3],
                dormant_units=[1, 4])  # fmt: skip
    names = [STATES[state].name for state in states(made)]
    assert names == ["dead", "died", "died", "saturated", "dormant", "awake"]
    assert counts(made) == [1, 2, 1, 1, 1]


def test_the_worst_sites_are_chosen_and_stay_in_order() -> None:
    sites = [site(f"{n}", dead_units=list(range(n % 7))) for n in range(20)]
    assert [s.name for s in worst_first(sites, 4)] == ["5", "6", "12", "13"]


def test_summary_counts() -> None:
    assert summary([]) == "Healthy: nothing was found."
    assert summary(report(site(dead_units=[1, 2, 3, 4])).findings) == "Nothing serious: 1 warning."


# --- JSON


def test_json_has_no_nan_and_all_that_was_promised() -> None:
    bad = report(site(mean=float("nan"), std=float("nan"), unit_std=float("inf"),
                      broken_units=[0]), idle=["spare"])  # fmt: skip
    read = json.loads(json.dumps(bad.to_dict(), allow_nan=False))
    assert read["schema"] == 1
    assert read["ok"] is False
    assert set(read["sites"][0]) >= {
        "name", "activation", "units", "dead_units", "saturated_units", "dormant_units",
        "sparsity", "samples",
    }  # fmt: skip
    assert set(read["findings"][0]) == {"kind", "site", "units", "severity", "text", "repair"}
    assert read["sites"][0]["mean"] is None


# --- the page


def test_the_page_says_what_the_report_says(tmp_path: Path) -> None:
    made = troubled()
    path = tmp_path / "health.html"
    text = made.to_html(path)
    assert path.read_text("utf-8") == text
    plain = html.unescape(re.sub(r"<[^>]+>", " ", text))
    for finding in made.findings:
        assert finding.text in plain
        assert finding.repair.split("  # ")[0] in plain
    assert "Not healthy: 3 serious findings" in plain
    assert "5 (12%)" in plain
    assert not re.search(r"<script|https?://(?!www\.w3\.org/2000/svg)", text)


def test_each_unit_in_trouble_has_a_cell() -> None:
    made = troubled()
    text = made.to_html()
    description = "blocks.1.act: dead 12%, died 55%, dormant 5.0%"
    assert text.count(description) == 4  # bars and raster, wide and narrow
    wide = text[text.index("Every unit") :]
    closed = [len(re.findall("z", path)) for path in re.findall(r' d="([^"]+)"', wide)]
    # dead, died, dormant, awake of blocks.1.act; saturated and awake of tanh
    assert closed[1:7] == [5, 22, 2, 11, 30, 10]  # the first is the paper


def test_hostile_names_are_text() -> None:
    made = troubled(HOSTILE)
    for text in (made.to_html(), made._repr_html_()):
        assert "<script" not in text
        assert "&lt;script&gt;" in text
        assert "\x1b" not in text
    assert "\x1b" not in str(made)
    assert "[bold]" in str(made)


def test_a_notebook_gets_a_part_of_the_page() -> None:
    part = troubled()._repr_html_()
    assert part.startswith("<div")
    assert "Not healthy" in part
    assert "<html" not in part


def test_a_healthy_page_draws_no_raster() -> None:
    text = report(site("a"), site("b")).to_html()
    assert "Every unit" not in text
    assert "Nothing is wrong with the units" in text


def test_a_report_of_nothing_can_be_shown() -> None:
    empty = HealthReport([], [], 0, 0)
    assert str(empty).startswith("Nothing was looked at")
    assert "Healthy" not in empty.to_html()
    assert str(HealthReport([], [], 1, 1)).startswith("No activation was seen")
    assert str(HealthReport([site(units=None, samples=0)], [], 1, 1)).startswith("No unit")
    assert "0 units at 0 sites" in str(empty)
    assert "0 units at 0 sites" in empty.to_html()


def test_many_units_share_a_cell() -> None:
    wide = report(site(units=50_000, dead_units=list(range(9_000)), sparsity=0.9))
    text = wide.to_html()
    assert "worst of up to 49 neighbours" in text
    assert len(text) < 400_000


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot write"):
        report(site()).to_html(tmp_path / "no such folder" / "health.html")


# --- before and after


def test_what_changed_is_told_by_unit() -> None:
    before = report(
        site("a", dead_units=[0, 1, 2, 3], dormant_units=[9]),
        site("b", saturated_units=[7]),
        site("gone"),
        idle=["spare"],
    )
    after = report(
        site("a", activation="gelu", dead_units=[3, 5], dormant_units=[0]),
        site("b", died_units=[6], silent_since={6: 3}, silent_samples={6: 900}),
        site("new"),
    )
    change = before.diff(after)
    first, second = change.sites
    assert first.revived == [0, 1, 2]
    assert first.became == {"dead": [5], "saturated": [], "dormant": [0]}
    assert first.left == {"dead": [0, 1, 2], "saturated": [], "dormant": [9]}
    assert first.activation == ("relu", "gelu")
    assert second.became["dead"] == [6]
    assert second.left["saturated"] == [7]
    assert (change.only_before, change.only_after) == (["gone"], ["new"])
    assert [(f.kind, f.site) for f in change.gone] == [("dead", "a"), ("not_called", "spare")]
    assert change.new == []
    shown = str(change)
    assert "2 of 2 sites changed" in shown
    assert "relu to gelu" in shown
    assert re.search(r"a\s+relu to gelu\s+\+1 -3\s+0\s+\+1 -1", shown)
    json.dumps(change.to_dict(), allow_nan=False)


UNITS = st.lists(st.integers(0, 39), max_size=40).map(set)


@settings(max_examples=60)
@given(st.tuples(*[UNITS] * 6))
def test_a_difference_leads_from_one_report_to_the_other(drawn: tuple[set[int], ...]) -> None:
    def lists(dead: set[int], saturated: set[int], dormant: set[int]) -> dict[str, set[int]]:
        return {"dead": dead, "saturated": saturated - dead, "dormant": dormant - saturated - dead}

    was, now = lists(*drawn[:3]), lists(*drawn[3:])
    one, two = (
        report(site("act", **{f"{name}_units": sorted(units) for name, units in of.items()}))
        for of in (was, now)
    )
    (change,) = one.diff(two).sites
    for name in LISTS:
        assert (was[name] - set(change.left[name])) | set(change.became[name]) == now[name]
    assert one.diff(two).changed == (was != now)
    assert not one.diff(one).changed
    assert str(one.diff(one)).startswith("Nothing changed")


def test_sites_of_other_sizes_are_not_compared_by_unit() -> None:
    change = report(site(dead_units=[1, 2])).diff(report(site(units=80))).sites[0]
    assert not change.comparable
    assert not any(change.left.values())


def test_a_real_repair_shows_up() -> None:
    torch.manual_seed(0)
    model, x = nn.Sequential(nn.Linear(5, 40), nn.ReLU(), nn.Linear(40, 1)), torch.randn(300, 5)
    nn.init.constant_(model[0].bias[:10], -99.0)  # type: ignore[index]
    before = act.diagnose(model, x)
    act.swap(model, "relu", "leaky_relu", example=x)
    change = before.diff(act.diagnose(model, x))
    assert change.sites[0].revived == list(range(10))
    assert [f.kind for f in change.gone] == ["dead"]


@pytest.mark.parametrize("path", [3, ""])
def test_a_page_is_written_to_a_path(path: int | str) -> None:
    with pytest.raises(StoreError, match=f"cannot write to {path!r}: give the path of a file"):
        report(site()).to_html(path)  # type: ignore[arg-type]
