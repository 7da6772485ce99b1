"""Several data sets: each study as it would be alone, the ranks over all, page and JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import actscope as act
from actscope.errors import DataError, SettingError

QUICK: dict[str, Any] = {
    "activations": "relu,tanh,identity",
    "seeds": 2,
    "learning_rates": 0.01,
    "hidden": 4,
    "epochs": 3,
    "workers": 1,
    "progress": False,
}


def frames() -> list[pd.DataFrame]:
    rng = np.random.default_rng(0)
    made = []
    for rows in (60, 80):
        frame = pd.DataFrame(rng.standard_normal((rows, 2)), columns=["a", "b"])
        frame["y"] = frame["a"] * frame["b"] + 0.1 * rng.standard_normal(rows)
        made.append(frame)
    return made


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> act.Comparisons:
    folder = tmp_path_factory.mktemp("several") / "here"
    return act.compare(frames(), "y", metric="rmse", out=folder, **QUICK)


def test_ranks_are_those_of_the_studies_lower_better(kept: act.Comparisons) -> None:
    for study, (name, of) in zip(kept.studies, _columns(kept).items(), strict=True):
        means = study.table.set_index("activation")["score"]
        expected = means.rank()
        assert of == pytest.approx([expected[n] for n in _names(kept)]), name
    average = np.mean(list(_columns(kept).values()), axis=0)
    assert kept.table["average_rank"].tolist() == pytest.approx(list(average))
    assert kept.table["average_rank"].is_monotonic_increasing


def _names(kept: act.Comparisons) -> list[str]:
    return kept.table["activation"].tolist()


def _columns(kept: act.Comparisons) -> dict[str, list[float]]:
    table = kept.table.drop(columns=["activation", "average_rank"])
    return {str(name): table[name].tolist() for name in table}


def test_each_study_is_the_one_it_would_be_alone(kept: act.Comparisons) -> None:
    alone = act.compare(frames()[1], "y", metric="rmse", **QUICK)
    pd.testing.assert_frame_equal(alone.table, kept.studies[1].table)


def test_all_is_kept_and_gone_on_with(kept: act.Comparisons) -> None:
    folder = kept.folder
    assert folder is not None
    document = json.loads((folder / "results.json").read_text())
    assert document["schema"] == 1
    assert len(document["studies"]) == 2
    assert document["ranking"]["average_ranks"] == kept.ranking.average
    assert document["studies"][0]["verdict"]["pairs"][0]["first"] in ("relu", "tanh", "identity")
    page = (folder / "index.html").read_text()
    assert 'href="1/index.html"' in page
    assert (folder / "2" / "index.html").exists()
    again = act.compare(frames(), "y", metric="rmse", out=folder, **QUICK)
    assert again.table.equals(kept.table)


def test_the_answer_comes_first_then_each_data_set(kept: act.Comparisons) -> None:
    lines = kept.text.split("\n")
    assert lines[0].startswith("Over 2 data sets no activation ranks clearly better")
    assert lines[1].startswith("data: ")
    assert lines[2].startswith("data (2): ")  # two frames of one name
    assert str(kept) == kept.text
    assert "average rank" in kept._repr_html_()


def test_names_cannot_leave_their_place_on_the_page(tmp_path: Path) -> None:
    path = tmp_path / "<b>x.csv"
    frames()[0].to_csv(path, index=False)
    act.define("bold", "x * tanh(x)")
    quick = QUICK | {"activations": ["bold", "relu"]}
    found = act.compare([str(path), str(path)], "y", **quick)
    page = found.to_html(tmp_path / "page.html").read_text()
    assert "<b>x" not in page
    assert "&lt;b&gt;x" in page


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(SettingError, match=r"several data sets are needed.*not 1"):
        act.compare([frames()[0]], "y", **QUICK)
    with pytest.raises(SettingError, match="name are for one data set"):
        act.compare(frames(), "y", name="x", **QUICK)
    with pytest.raises(DataError, match="no_such"):
        act.compare(frames(), "no_such", **QUICK)
