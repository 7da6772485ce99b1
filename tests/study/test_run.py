"""The whole study on small tables: fair, repeatable, the same with any number of workers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import actscope as act
from actscope.data import load
from actscope.study._plan import make_plan
from actscope.study.scoring._metrics import METRICS, smallest_step
from actscope.study.training import _shard
from actscope.study.training._shard import cut_shards
from actscope.study.training._split import part_sizes, split


def test_table_and_verdict_of_a_nonlinear_problem(small: Any) -> None:
    table = small.table.set_index("activation")
    assert set(table.index) == {"relu", "tanh", "step", "identity"}
    assert small.members_trained == 4 * 2 * 4 == len(small.members)
    assert table["score"].is_monotonic_decreasing
    assert small.verdict.best == table.index[0]
    assert table.loc["relu", "score"] > table.loc["identity", "score"] + 0.1
    assert ((table["score_low"] <= table["score"]) & (table["score"] <= table["score_high"])).all()
    assert table["seeds"].eq(4).all()
    assert all(sum(counts.values()) == 4 for counts in table["learning_rates"])
    assert small.baselines.keys() == {"majority class", "linear model"}
    assert small.verdict.text in str(small)


def test_step_keeps_its_hidden_weights_and_has_no_dead_share(small: Any) -> None:
    rows = {row.activation: row for row in small.rows}
    assert rows["step"].hidden_change == 0.0
    assert rows["step"].dead_share is None
    assert rows["relu"].hidden_change > 0.01
    assert rows["relu"].dead_share is not None


def test_the_same_study_gives_the_same_table_with_any_workers(table: Any, small: Any) -> None:
    again: Any = act.compare(
        table,
        "y",
        activations=["relu", "tanh", "step", "identity"],
        seeds=range(4),
        learning_rates=[0.03, 0.003],
        hidden=[16],
        epochs=30,
        workers=2,
    )
    pd.testing.assert_frame_equal(again.table, small.table, check_exact=True)
    timeless = [c for c in small.members if c != "seconds"]
    pd.testing.assert_frame_equal(
        again.members[timeless], small.members[timeless], check_exact=True
    )
    assert again.verdict == small.verdict
    assert again.plan["hash"] == small.plan["hash"]


def test_a_result_does_not_depend_on_what_else_is_compared(table: Any, small: Any) -> None:
    alone: Any = act.compare(
        table, "y", activations="tanh", seeds=[2], learning_rates=[0.003, 0.03], hidden=16,
        epochs=30, workers=1,
    )  # fmt: skip
    both = small.members.query("activation == 'tanh' and seed == 2")
    columns = ["learning_rate", "validation_loss", "test_score", "chosen", "cutoff", "epochs"]
    pd.testing.assert_frame_equal(
        alone.members[columns], both[columns].reset_index(drop=True), check_exact=True
    )


def test_the_rate_is_chosen_on_validation_rows_alone(small: Any) -> None:
    for _, group in small.members.groupby(["activation", "seed"]):
        chosen = group[group["chosen"]]
        assert len(chosen) == 1
        assert chosen["validation_score"].iloc[0] == group["validation_score"].max()
        assert group[~group["chosen"]]["test_score"].isna().all()  # never looked at


def test_changed_test_rows_change_no_training_and_no_choice(table: Any) -> None:
    test = split(load(table, "y"), 0).test
    changed = table.copy()
    numbers = changed.loc[test, ["a", "b", "c"]]
    changed.loc[test, ["a", "b", "c"]] = numbers.where(numbers.isna(), 1e6)

    def members(source: Any) -> Any:
        return act.compare(source, "y", activations="relu", seeds=1, hidden=8, epochs=10,
                           learning_rates=[0.003, 0.03], workers=1).members  # fmt: skip

    before, after = members(table), members(changed)
    columns = ["validation_score", "validation_loss", "chosen", "cutoff", "epochs"]
    pd.testing.assert_frame_equal(before[columns], after[columns], check_exact=True)
    assert not np.array_equal(before["test_score"], after["test_score"], equal_nan=True)


def test_regression_recovers_a_curve() -> None:
    rng = np.random.default_rng(1)
    X = rng.uniform(-2, 2, (200, 2))
    y = 100 + 20 * X[:, 0] ** 2 + rng.standard_normal(200)
    c: Any = act.compare(X, y, activations="relu,identity", seeds=3, learning_rates=[0.01],
                    hidden=16, workers=1)  # fmt: skip
    assert c.metric == "r2"
    table: Any = c.table.set_index("activation")
    assert table.loc["relu", "score"] > 0.8 > 0.3 > table.loc["identity", "score"]
    assert "cutoff" not in c.table or c.table["cutoff"].isna().all()


def test_when_everything_diverges_no_activation_is_recommended(table: Any, tmp_path: Path) -> None:
    c = act.compare(table, "y", activations="relu,tanh", seeds=2, learning_rates=[1e30],
                    optimizer="sgd", hidden=8, epochs=3, workers=1)  # fmt: skip
    assert all(row.diverged == 2 for row in c.rows if row.activation == "relu")
    assert c.rows[0].score.mean == pytest.approx(c.baselines["majority class"].mean)
    assert c.verdict.text.startswith("No network learned anything")
    assert "Use" not in c.verdict.text
    assert (c.verdict.equivalent, c.verdict.worse, c.verdict.matters) == ((), (), False)
    assert c.winner is None
    with pytest.raises(act.StoreError, match="no network learned"):
        act.load_winner(c.save(tmp_path))


def test_networks_too_little_trained_for_a_linear_relation_are_told_so() -> None:
    rng = np.random.default_rng(5)
    X = rng.standard_normal((200, 2))
    c = act.compare(X, 3 * X[:, 0] - X[:, 1], activations="relu,tanh", seeds=5, hidden=4,
                    learning_rates=[1e-4], epochs=3, workers=1)  # fmt: skip
    assert "learned less than a linear model" in c.verdict.text
    assert "Look first at what the columns" not in c.verdict.text


@pytest.mark.parametrize("scale", [1e300, 1e-300])
def test_a_target_beyond_what_floats_can_square_is_refused(scale: float) -> None:
    X = np.random.default_rng(0).standard_normal((50, 2))
    with pytest.raises(act.DataError, match="rescale"):
        act.compare(X, X[:, 0] * scale, workers=1)


def test_one_name_to_drop_may_stand_alone(table: Any) -> None:
    wide = table.rename(columns={"c": "ab"})
    c = act.compare(wide, "y", drop="ab", activations="relu", seeds=1, hidden=2, epochs=1,
                    learning_rates=[0.01], workers=1)  # fmt: skip
    assert c.plan["drop"] == ["ab"]
    assert c.data.inputs == 3  # a, b and kind


def test_shards_cover_every_cell_once(monkeypatch: pytest.MonkeyPatch) -> None:
    data = load("sklearn:iris")
    plan, _ = make_plan(
        data, activations="relu,tanh", seeds=25, learning_rates=[0.1, 0.2, 0.3], hidden=4,
        metric=None, epochs=1, batch_size=None, optimizer="adam", l2=0.0,
    )  # fmt: skip
    shards = cut_shards(data, plan)
    assert len(shards) == 6
    cells = [(s.activation, seed) for s in shards for seed in s.seeds]
    assert sorted(cells) == sorted((a, s) for a in ("relu", "tanh") for s in range(25))
    assert max(len(s.seeds) for s in shards) - min(len(s.seeds) for s in shards) <= 1
    monkeypatch.setattr(_shard, "SHARD_BYTES", 1)  # a huge table: one seed at a time
    assert len(cut_shards(data, plan)) == 50


def test_a_script_needs_no_main_guard(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import actscope as act\n"
        "c = act.compare('sklearn:iris', activations='relu,tanh', seeds=2, epochs=2, hidden=4,\n"
        "                learning_rates=0.01, workers=2)\n"
        "print(c.members_trained)\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, cwd=tmp_path, timeout=120
    )
    assert (done.returncode, done.stdout.strip()) == (0, "4"), done.stderr
    assert done.stderr == ""  # no terminal, no bar; no warnings


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"metric": "acuracy"}, "Did you mean 'accuracy'"),
        ({"metric": "r2"}, "must be one of accuracy, balanced_accuracy"),
        ({"seeds": 0}, "seeds must be at least 1"),
        ({"activations": ""}, "activation"),
        ({"activations": ["relu", "gelo"]}, "Did you mean"),
        ({"learning_rates": [0]}, "above 0"),
        ({"hidden": -4}, "at least 1"),
        ({"hidden": 10**9}, "use fewer units"),
        ({"seeds": [2**63]}, "each seed must be at most"),
        ({"workers": 0}, "workers must be at least 1"),
        ({"engine": "slurm"}, "engine must be one of"),
        ({"drop": ["nope"]}, "nope"),
    ],
    ids=str,
)
def test_bad_settings_get_one_line_before_any_training(
    change: dict[str, object], says: str, table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from actscope.study.engines import local

    monkeypatch.setattr(local, "run", lambda *_, **__: pytest.fail("training started"))
    with pytest.raises(act.ActscopeError) as caught:
        act.compare(table, "y", **change)  # type: ignore[arg-type]
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_class_too_small_to_split_is_named(table: Any) -> None:
    rare = table.copy()
    rare.loc[:2, "y"] = "perhaps"
    with pytest.raises(act.DataError, match=r"'perhaps' has 3"):
        act.compare(rare, "y")
    with pytest.raises(act.DataError, match="at least 20"):
        act.compare(table[:15], "y")


def test_intervals_account_for_the_overlap_of_the_splits(small: Any) -> None:
    """mean +- t(S-1) sqrt((1/S + n_test/n_learn) s^2): 160 rows, 40 of them test rows."""
    scores = small.members.query("activation == 'relu' and chosen")["test_score"]
    half = stats.t.ppf(0.975, 3) * np.sqrt((1 / 4 + 40 / 120) * scores.var(ddof=1))
    row = next(row for row in small.rows if row.activation == "relu")
    assert row.score.mean == pytest.approx(scores.mean())
    assert row.score.low == pytest.approx(max(0.0, scores.mean() - half))
    assert row.score.high == pytest.approx(min(1.0, scores.mean() + half))


def test_targets_of_test_rows_teach_a_regression_nothing() -> None:
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"x": rng.uniform(-1, 1, 100)})
    frame["y"] = 5 + frame["x"]
    changed = frame.copy()
    test = split(load(frame, "y"), 0).test
    changed.loc[test, "y"] *= 100

    def members(source: Any) -> Any:
        c: Any = act.compare(source, "y", activations="tanh", seeds=1, hidden=4, epochs=5,
                             learning_rates=[0.01], workers=1)  # fmt: skip
        return c.members

    before, after = members(frame), members(changed)
    columns = ["validation_score", "validation_loss", "hidden_change"]
    pd.testing.assert_frame_equal(before[columns], after[columns], check_exact=True)
    assert before["test_score"].iloc[0] != after["test_score"].iloc[0]


def test_health_is_taken_on_test_rows(table: Any) -> None:
    """Test rows that lie far to one side make units dead or alive; no other number moves."""
    far = table.copy()
    test = split(load(table, "y"), 0).test
    numbers = far.loc[test, ["a", "b", "c"]]
    far.loc[test, ["a", "b", "c"]] = numbers.where(numbers.isna(), 500.0)

    def run(source: Any) -> Any:
        c: Any = act.compare(source, "y", activations="relu", seeds=1, hidden=16, epochs=3,
                             learning_rates=[0.01], workers=1)  # fmt: skip
        return c.members.iloc[0]

    near, away = run(table), run(far)
    assert near["validation_loss"] == away["validation_loss"]
    assert away["dead_share"] > near["dead_share"] + 0.1


def test_the_winner_is_the_best_activations_best_member_on_validation_rows(small: Any) -> None:
    mine = small.members[(small.members["activation"] == small.verdict.best)]
    chosen = mine[mine["chosen"]]
    top = chosen[chosen["validation_score"] == chosen["validation_score"].max()]
    assert small.winner.activation == small.verdict.best
    assert small.winner.seed == top["seed"].min()
    assert small.winner.score == top["validation_score"].iloc[0]


def test_curves_carry_a_stopped_member_on_and_costs_are_relative(small: Any) -> None:
    for name in small.table["activation"]:
        curve = small.curves[small.curves["activation"] == name]
        chosen = small.members[(small.members["activation"] == name) & small.members["chosen"]]
        assert curve["epoch"].max() == chosen["epochs"].max()
        assert curve["epoch"].tolist() == list(range(1, len(curve) + 1))
        assert (curve["low"] <= curve["high"]).all()
        assert curve["validation_loss"].notna().all()
    assert min(row.cost for row in small.rows) == 1.0


def test_a_rate_at_the_end_of_those_tried_is_said() -> None:
    rng = np.random.default_rng(3)
    X = rng.standard_normal((120, 2))
    y = (X[:, 0] * X[:, 1] > 0).astype(int)
    c = act.compare(X, y, activations="tanh", seeds=3, learning_rates=[1e-6, 1e-5, 0.03],
                    hidden=8, epochs=30, workers=1)  # fmt: skip
    assert "the best for tanh was the largest tried" in c.verdict.text
    c = act.compare(X, y, activations="tanh", seeds=3, learning_rates=[0.03, 30.0, 300.0],
                    hidden=8, epochs=30, workers=1)  # fmt: skip
    assert "the best for tanh was the smallest tried" in c.verdict.text


def test_a_mild_divergence_scores_no_worse_than_knowing_nothing() -> None:
    rng = np.random.default_rng(4)
    X = rng.standard_normal((120, 3))
    c = act.compare(X, X[:, 0] + 0.1, activations="relu", seeds=2, learning_rates=[3.0],
                    optimizer="sgd", hidden=16, epochs=10, workers=1)  # fmt: skip
    assert c.rows[0].score.mean > -0.5


def test_a_target_that_is_nearly_always_0_is_answered(table: Any) -> None:
    rare = table.drop(columns="y").assign(y=0.0)
    rare.loc[[5, 50, 100], "y"] = [1.5, 2.5, 3.5]
    c = act.compare(rare, "y", task="regression", activations="relu", seeds=3, hidden=4,
                    epochs=2, learning_rates=[0.01], workers=1)  # fmt: skip
    assert np.isfinite(c.rows[0].score.mean)


def test_ties_of_balanced_accuracy_are_no_proof() -> None:
    """One row of a rare class moves the score by 1/(2 x rows of it), far more than 1/rows."""
    labels = np.repeat([0, 1], [188, 12])
    data = load(pd.DataFrame({"x": np.arange(200) % 17 + 0.5, "y": labels}), "y")
    plan, _ = make_plan(
        data, activations="relu", seeds=2, learning_rates=0.1, hidden=4, metric=None,
        epochs=1, batch_size=None, optimizer="adam", l2=0.0,
    )  # fmt: skip
    assert plan.metric == "balanced_accuracy"
    step = smallest_step(METRICS[plan.metric], part_sizes(data)[0])
    assert step == 1 / (2 * 3)


def test_a_function_is_told_how_much_is_done() -> None:
    told: list[float] = []
    act.compare(
        "sklearn:iris", activations=["relu"], seeds=1, learning_rates=[0.01], hidden=4, epochs=2,
        workers=1, progress=told.append,
    )  # fmt: skip
    assert told[-1] == 1
    assert told == sorted(told)
