"""Several data sets: each study as it would be alone, the ranks over all, page and JSON."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import actscope as act
from actscope.errors import DataError, SettingError, StoreError

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
    with pytest.raises(SettingError, match="name is for one data set"):
        act.compare(frames(), "y", name="x", **QUICK)
    with pytest.raises(DataError, match="no_such"):
        act.compare(frames(), "no_such", **QUICK)


def test_a_table_that_cannot_be_used_is_told_before_anything_is_trained(tmp_path: Path) -> None:
    bad = frames()[1].drop(columns="y")
    with pytest.raises(DataError, match=r"table 2: .*'y'"):
        act.compare([frames()[0], bad], "y", out=tmp_path / "here", **QUICK)
    assert not (tmp_path / "here").exists()


def test_gone_on_with_from_the_folder_alone(tmp_path: Path) -> None:
    """An own function, and settings of every kind, for a study that had not begun."""
    act.define("kept_own", "x * tanh(a * x)", a=0.5)
    paths = []
    for number, frame in enumerate(frames()):
        paths.append(str(tmp_path / f"{number}.csv"))
        frame.assign(spare=1.5 * frame["a"]).to_csv(paths[-1], index=False)
    asked = QUICK | {"activations": ["relu", "kept_own"], "seeds": range(3), "l2": 0.01,
                     "learning_rates": np.array([0.01, 0.1]), "drop": "spare"}  # fmt: skip
    first = act.compare(paths, "y", out=tmp_path / "all", **asked)
    assert isinstance(first, act.Comparisons)
    shutil.rmtree(tmp_path / "all" / "2")
    again = act.compare(resume=tmp_path / "all", workers=1, progress=False)
    assert isinstance(again, act.Comparisons)
    assert again.table.equals(first.table)
    assert again.studies[1].plan == first.studies[1].plan
    with pytest.raises(SettingError, match=r"l2 0\.01 there, 0\.02 here"):
        act.compare(resume=tmp_path / "all", l2=0.02, workers=1, progress=False)
    with pytest.raises(SettingError, match="are of 2 tables, and these are 3"):
        act.compare([*paths, paths[0]], "y", out=tmp_path / "all", **asked)
    with pytest.raises(SettingError, match="are of 2 tables, and these are 3"):
        act.compare([*paths, paths[0]], resume=tmp_path / "all")
    Path(paths[1]).unlink()
    with pytest.raises(DataError, match="is not there: say where all are"):
        act.compare(resume=tmp_path / "all")


def test_tables_in_memory_are_to_be_given_again(tmp_path: Path) -> None:
    first = act.compare(frames(), "y", out=tmp_path, **QUICK)
    with pytest.raises(SettingError, match="tables in memory: give the same tables again"):
        act.compare(resume=tmp_path)
    again = act.compare(frames(), resume=tmp_path, workers=1, progress=False)
    assert again.table.equals(first.table)


def test_other_studies_get_a_folder_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folders = [
        act.compare(frames(), "y", out=True, **(QUICK | change)).folder
        for change in ({}, {"epochs": 2}, {})
    ]
    assert folders == [Path("actscope-ranking"), Path("actscope-ranking-2"), folders[0]]


def test_a_damaged_list_of_tables_is_one_line(tmp_path: Path) -> None:
    act.compare(frames(), "y", out=tmp_path, **QUICK)
    kept = json.loads((tmp_path / "tables.json").read_text())
    for damage in ("", "[]", "{}", json.dumps({**kept, "schema": 9}),
                   json.dumps({**kept, "plans": ["x"]}), "\xff"):  # fmt: skip
        (tmp_path / "tables.json").write_text(damage, encoding="latin-1")
        with pytest.raises(StoreError, match=r"tables\.json is .*name another folder") as caught:
            act.compare(resume=tmp_path)
        assert "\n" not in str(caught.value)


def test_a_store_that_fails_says_which_table_and_what_goes_on(tmp_path: Path) -> None:
    act.compare(frames(), "y", out=tmp_path, **QUICK)
    (tmp_path / "2" / "study.sqlite").write_bytes(b"x" * 5000)
    with pytest.raises(StoreError, match=r"table 2 of 2: .*is damaged"):
        act.compare(frames(), "y", out=tmp_path, **QUICK)
