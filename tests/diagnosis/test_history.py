"""Series keep what matters in a fixed size; what was noted is told beside it."""

from __future__ import annotations

import copy
import itertools
import pickle
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from actscope.diagnosis._history import KEPT, RECENT, Series, Timeline, fallen
from actscope.diagnosis._live import Live
from actscope.diagnosis._report import Finding
from actscope.diagnosis._watch import watch
from actscope.errors import SettingError


def series(values: list[float], every: int = 1) -> Series:
    made = Series()
    for n, value in enumerate(values):
        made.append(n * every, torch.tensor(value), torch.tensor(100.0 * (n + 1)))
    return made


def test_a_short_history_is_kept_whole() -> None:
    values = [float(n % 7) for n in range(KEPT)]
    assert [row[:2] for row in series(values).rows()] == list(enumerate(values))


@settings(max_examples=25, deadline=None)
@given(st.integers(400, 4000), st.data())
def test_a_long_one_keeps_first_last_and_both_sides_of_the_jump(
    looks: int, data: st.DataObject
) -> None:
    at = data.draw(st.integers(1, looks - 1))
    kept = series([3.0 if n >= at else 0.01 * (n % 3) for n in range(looks)]).rows()
    steps = [row[0] for row in kept]
    assert len(kept) <= KEPT + RECENT
    assert {0, looks - 1, at - 1, at} <= set(steps)
    assert steps == sorted(set(steps))
    assert max(b - a for a, b in itertools.pairwise(steps)) <= looks / 40


def test_nothing_is_read_back_before_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(*_: object) -> None:
        raise AssertionError("waits for the device")

    made = Series()
    with monkeypatch.context() as patched:
        for name in ("item", "tolist", "cpu", "__bool__", "__float__", "__int__"):
            patched.setattr(torch.Tensor, name, read)
        for n in range(1000):
            made.append(n, torch.ones(()), torch.ones(()))
    assert made.rows()[-1][0] == 999


def test_a_series_can_be_sent_to_another_process() -> None:
    made = series([1.0, 2.0])
    assert pickle.loads(pickle.dumps(made)).rows() == made.rows()


# --- units that fell silent


def test_how_much_silence_is_proof() -> None:
    # 100 looks of 100 inputs; unit 0 awake on every other input up to step 49, unit 1 on 2 of the
    # 5,000, unit 2 to the last step, unit 3 never.
    past = series([0.0] * 100)
    last = torch.tensor([49.0, 49.0, 99.0, -1.0])
    outside = torch.tensor([2500.0, 2.0, 5000.0, 0.0])
    found = fallen(outside, last, past)
    assert list(found) == [0]
    assert (found[0].step, found[0].samples) == (49, 5000)


@pytest.mark.parametrize(("awake", "told"), [(14, True), (13, False)])
def test_the_bound_is_a_millionth(awake: int, told: bool) -> None:
    # Awake on `awake` of 5,000 inputs, silent on as many: by chance at most exp(-awake).
    found = fallen(torch.tensor([float(awake)]), torch.tensor([49.0]), series([0.0] * 100))
    assert bool(found) == told


@pytest.mark.parametrize(
    ("last", "inputs", "told"),
    [(90.0, 200.0, False), (89.0, 200.0, True), (79.0, 50.0, True), (80.0, 50.0, False)],
)
def test_silence_must_last_ten_looks_and_a_thousand_inputs(
    last: float, inputs: float, told: bool
) -> None:
    past = Series()
    for n in range(100):
        past.append(n, 0.0, torch.tensor(inputs * (n + 1)))
    assert bool(fallen(torch.tensor([inputs * 80]), torch.tensor([last]), past)) == told


def test_what_two_watches_saw_is_added() -> None:
    one, two = series([0.0] * 100), series([0.0] * 100)
    one.add(two)
    found = fallen(torch.tensor([500.0]), torch.tensor([49.0]), one)
    assert found[0].samples == 10_000


# --- loss and learning rate


def test_notes_are_kept_of_the_passes_looked_at() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU())
    optimizer = torch.optim.SGD(model.parameters(), 0.5)
    with watch(model, every=2, optimizer=optimizer) as seen:
        for n in range(6):
            model(torch.ones(2, 3))
            seen.note(loss=torch.tensor(float(n)))
            if n == 3:
                optimizer.param_groups[0]["lr"] = 0.125
    moments = seen.report().moments
    assert [(m.step, m.loss, m.lr) for m in moments] == [
        (0, 0.0, 0.5), (2, 2.0, 0.5), (4, 4.0, 0.125)
    ]  # fmt: skip


def test_a_loss_changed_later_is_kept_as_it_was() -> None:
    loss, line = torch.tensor(1.0), Timeline()
    line.look(0)
    line.note(0, loss, 0.25)
    loss += 5
    (moment,) = line.moments()
    assert (moment.loss, moment.lr) == (1.0, 0.25)


def test_a_loss_that_is_nan_is_told_from_none() -> None:
    line = Timeline()
    for n, loss in enumerate((1.0, torch.tensor(torch.nan), float("nan"), None)):
        line.look(n)
        line.note(n, loss, 0.1)
    assert [m.loss for m in line.moments()] == [1.0, torch.inf, torch.inf, None]
    assert line.moments()[1].to_dict()["loss"] is None


def test_a_rate_that_is_a_tensor_is_read_at_the_end() -> None:
    model = nn.Linear(2, 2)
    rate = torch.tensor(0.5)
    optimizer = torch.optim.Adam(model.parameters(), rate, capturable=False)
    line = Timeline(optimizer)
    line.look(0)
    rate /= 2
    line.look(1)
    assert [m.lr for m in line.moments()] == [0.5, 0.25]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda line: line.note(0, torch.zeros(3), None), r"loss has shape \(3,\)"),
        (lambda line: line.note(0, None, "fast"), "lr is 'fast'"),
        (lambda line: Timeline(torch.nn.ReLU()), "param_groups"),
    ],
)
def test_what_cannot_be_noted_is_said(call: Callable[[Timeline], object], words: str) -> None:
    with pytest.raises(SettingError, match=words):
        call(Timeline())


# --- told live


def test_findings_are_told_once_and_again_when_they_get_worse() -> None:
    torch.manual_seed(0)
    model, told = nn.Sequential(nn.Linear(3, 20), nn.ReLU(), nn.Linear(20, 1)), list[Finding]()
    x = torch.randn(200, 3)
    silent = {10: 4, 30: 12}
    with watch(model, every=1, on_finding=told.append):
        for n in range(90):
            if n in silent:
                nn.init.constant_(model[0].bias[: silent[n]], -99.0)  # type: ignore[index]
            model(x)
            if n == 25:
                assert [(f.kind, f.severity) for f in told] == [("dying", "warning")]
    assert [(f.kind, f.severity, len(f.units)) for f in told] == [
        ("dying", "warning", 4), ("dying", "serious", 12)
    ]  # fmt: skip
    assert told[1].units == list(range(12))


@pytest.mark.parametrize(
    ("severity", "units", "told"),
    [("warning", 4, False), ("serious", 4, True), ("note", 4, False), ("note", 8, True),
     ("warning", 7, False)],
)  # fmt: skip
def test_what_counts_as_worse(severity: str, units: int, told: bool) -> None:
    heard = list[Finding]()
    live = Live(heard.append)
    for kind, count in (("warning", 4), (severity, units)):
        live.tell([Finding("dead", "act", list(range(count)), kind, "", "")])
    assert len(heard) == 1 + told
    live.tell([Finding("dead", "other", [], "note", "", "")])
    assert len(heard) == 2 + told


def test_a_short_run_is_told_at_its_end() -> None:
    model, told = nn.Sequential(nn.Linear(3, 4), nn.ReLU()), list[Finding]()
    nn.init.constant_(model[0].bias, -99.0)  # type: ignore[arg-type]
    with watch(model, on_finding=told.append):
        model(torch.randn(200, 3))
        assert told == []
    assert [f.kind for f in told] == ["dead"]


def test_an_error_of_the_listener_is_the_users() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU())
    nn.init.constant_(model[0].bias, -99.0)  # type: ignore[arg-type]

    def stop(finding: Finding) -> None:
        raise KeyboardInterrupt(finding.kind)

    def run() -> None:
        with watch(model, every=1, on_finding=stop):
            for _ in range(20):
                model(torch.randn(200, 3))

    with pytest.raises(KeyboardInterrupt, match="dead"):
        run()
    assert not model._forward_hooks


def test_a_listener_must_be_callable() -> None:
    with pytest.raises(SettingError, match="on_finding"):
        watch(nn.Linear(2, 2), on_finding="print")  # type: ignore[arg-type]


def test_a_model_is_copied_as_before() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU())
    with watch(model, every=1):
        model(torch.ones(2, 3))
    copy.deepcopy(model)
