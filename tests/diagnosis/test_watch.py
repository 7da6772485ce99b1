"""Watching changes nothing, always ends, and adds up."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from tests.diagnosis import planted
from torch import Tensor, nn

from actscope.diagnosis._watch import watch
from actscope.errors import SettingError


def hooks(model: nn.Module) -> int:
    return sum(
        len(m._forward_hooks) + len(m._forward_pre_hooks) + len(m._backward_hooks)
        for m in model.modules()
    )


def trained(model: nn.Module, x: Tensor, watched: bool) -> list[Tensor]:
    """Outputs, gradients, parameters and a random number after three steps with dropout."""
    torch.manual_seed(3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    kept: list[Tensor] = []

    def steps() -> None:
        for part in x.split(400):
            out = model(part)
            optimizer.zero_grad()
            out.square().mean().backward()
            optimizer.step()
            kept.extend(
                [out.detach(), *(p.grad.clone() for p in model.parameters() if p.grad is not None)]
            )

    if watched:
        with watch(model, every=1):
            steps()
    else:
        steps()
    return [*kept, *(p.detach().clone() for p in model.parameters()), torch.rand(3)]


def with_dropout() -> nn.Module:
    return nn.Sequential(
        nn.Linear(planted.FEATURES, 16), nn.BatchNorm1d(16), nn.ReLU(inplace=True), nn.Dropout(0.3),
        nn.Linear(16, 16), nn.GELU(), nn.Linear(16, 3),
    )  # fmt: skip


MAKERS: dict[str, Callable[[], nn.Module]] = {
    style: lambda style=style: planted.MLP(style) for style in planted.STYLES
}
MAKERS |= {"conv": planted.Conv, "tokens": planted.Tokens, "dropout": with_dropout}


@pytest.mark.parametrize("name", MAKERS)
def test_outputs_gradients_parameters_and_random_state_are_the_same_to_the_bit(name: str) -> None:
    x, results = planted.inputs(), []
    for watched in (False, True):
        torch.manual_seed(0)
        results.append(trained(MAKERS[name](), x, watched))
    for plain, seen in zip(*results, strict=True):
        assert torch.equal(plain, seen)


def test_it_always_detaches() -> None:
    model = planted.MLP()
    with watch(model, every=1):
        model(planted.inputs())
        assert hooks(model) > 0
    assert hooks(model) == 0


class Breaks(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.act, self.breaks = nn.Linear(planted.FEATURES, 4), nn.ReLU(), False

    def forward(self, x: Tensor) -> Tensor:
        h = self.act(self.first(x))
        if self.breaks:
            raise RuntimeError("on purpose")
        return h


def test_a_pass_that_fails_counts_for_nothing_and_leaves_nothing_on() -> None:
    model, x = Breaks(), planted.inputs()
    with watch(model, every=1) as seen:
        model(x)
        model.breaks = True
        with pytest.raises(RuntimeError):
            model(x)
        assert not torch.overrides._get_current_function_mode_stack()
        model.breaks = False
        model(x)
    assert seen.report().sites[0].samples == 2 * planted.ROWS
    assert hooks(model) == 0


def test_an_error_inside_the_block_comes_through_and_detaches() -> None:
    model = planted.MLP()

    def fails() -> None:
        with watch(model, every=1):
            model(planted.inputs())
            _ = 1 / 0

    with pytest.raises(ZeroDivisionError):
        fails()
    assert hooks(model) == 0
    assert not torch.overrides._get_current_function_mode_stack()


def test_in_evaluation_every_pass_is_looked_at_in_training_a_sample() -> None:
    model, x = planted.MLP(), planted.inputs()[:10]
    with watch(model) as seen:
        for _ in range(120):
            model(x)
    assert seen.report().sites[0].samples == 10 * 5  # the first 3, the 51st and the 101st
    model.eval()
    with watch(model) as seen:
        for _ in range(120):
            model(x)
    assert seen.report().sites[0].samples == 1200


def test_batches_add_up_to_the_whole() -> None:
    model, x = planted.MLP(), planted.inputs()
    reports = []
    for size in (planted.ROWS, 7):
        with torch.no_grad(), watch(model.eval()) as seen:
            for part in x.split(size):
                model(part)
        reports.append(seen.report().sites[0])
    one, two = reports
    assert (one.samples, one.dead_units, one.dormant_units) == (
        two.samples, two.dead_units, two.dormant_units,
    )  # fmt: skip
    assert one.mean == pytest.approx(two.mean, rel=1e-5)
    assert one.sparsity == pytest.approx(two.sparsity, rel=1e-12)


def test_numbers_are_those_of_numpy() -> None:
    torch.manual_seed(1)
    model, x = planted.MLP(), planted.inputs()
    with watch(model, every=1) as seen:
        model(x).square().mean().backward()
    site = seen.report().sites[0]
    z = (x @ model.first.weight.T + model.first.bias).detach().double()
    assert site.mean == pytest.approx(z.mean().item(), abs=1e-6)
    assert site.std == pytest.approx(z.std(correction=0).item(), rel=1e-5)
    assert site.sparsity == pytest.approx((z <= 0).double().mean().item(), abs=1e-12)
    a = z.float().relu().requires_grad_()
    model.last(model.second(a).relu()).square().mean().backward()
    assert a.grad is not None
    assert site.gradient == pytest.approx(a.grad.abs().mean().item(), rel=1e-4)


def test_padding_does_not_count() -> None:
    torch.manual_seed(0)
    model = planted.Tokens()
    x = torch.randn(6, 10, planted.FEATURES)
    lengths = torch.tensor([10, 3, 7, 1, 9, 5])
    mask = torch.arange(10) < lengths[:, None]
    x[~mask] = 1e6
    with torch.no_grad(), watch(model.eval(), mask=mask) as seen:
        model(x.flatten(0, 1))
    site = seen.report().sites[0]
    z = model.first(x)[mask].detach()
    assert site.samples == len(z)
    assert site.mean == pytest.approx(z.mean().item(), rel=1e-5)
    assert site.sparsity == pytest.approx((z <= 0).double().mean().item(), abs=1e-12)


@pytest.mark.parametrize("every", [0, -1, 1.5, "often", True])
def test_every_is_checked(every: object) -> None:
    with pytest.raises(SettingError, match="every is"):
        watch(planted.MLP(), every=every)  # type: ignore[arg-type]


def test_when_units_fell_silent_is_known() -> None:
    model, x = planted.MLP(), planted.inputs()
    with watch(model, every=1) as seen:
        for step in range(6):
            if step == 3:
                with torch.no_grad():
                    model.first.bias[2] = -1e4
            model(x)
    site = seen.report().sites[0]
    assert 2 not in site.dead_units  # it was awake at first
    assert site.history[2][1] < site.history[3][1]


def test_padding_may_be_told_in_any_kind_of_mask() -> None:
    model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 2)).eval()
    x, mask = torch.randn(20, 9, 6), torch.zeros(20, 9, dtype=torch.bool)
    mask[:, :4] = True
    for kind in (mask, mask.numpy(), mask.tolist(), mask[:, :, None], mask.float(), lambda: mask):
        with watch(model, mask=kind) as seen:
            model(x)
        assert seen.report().sites[0].samples == 80


@pytest.mark.parametrize("mask", ["x", 3, torch.tensor(True), [[True], [True, False]]])
def test_what_is_no_mask_is_refused(mask: object) -> None:
    with pytest.raises(SettingError, match="mask is"):
        watch(planted.MLP(), mask=mask)


def test_a_mask_that_fits_nowhere_is_refused_and_one_that_fits_somewhere_is_told() -> None:
    model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 2)).eval()
    seen = watch(model, mask=torch.ones(3, dtype=torch.bool))
    with pytest.raises(SettingError, match=r"shape \(3,\), which fits .* 1 has \(64, 16\)"), seen:
        model(torch.randn(64, 6))
    assert hooks(model) == 0

    pooled = nn.Sequential(model, nn.Flatten(), nn.Linear(18, 4), nn.ReLU()).eval()
    with watch(pooled, mask=torch.ones(5, 9, dtype=torch.bool)) as seen:
        pooled(torch.randn(5, 9, 6))
    assert [name for name, why in seen.report().left_out if "mask does not fit" in why] == ["3"]


def test_merging_is_checked_and_what_was_merged_stays_as_it_was() -> None:
    model, x = planted.MLP().eval(), planted.inputs()
    first, second = watch(model), watch(model)
    with first, second:
        model(x)
    first.merge(second)
    with second:
        model(x)
    assert [len(s.history) for s in (first.report().sites[0], second.report().sites[0])] == [2, 2]
    assert first.report().sites[0].samples == 2 * planted.ROWS
    with pytest.raises(SettingError, match="with itself"):
        first.merge(first)


def test_watches_of_different_models_are_not_merged() -> None:
    seen = []
    for width in (4, 6):
        model = nn.Sequential(nn.Linear(3, width), nn.ReLU()).eval()
        with watch(model) as one:
            model(torch.randn(5, 3))
        seen.append(one)
    with pytest.raises(SettingError, match="4 and 6 units"):
        seen[0].merge(seen[1])


def test_ranks_are_gathered_only_where_there_are_some() -> None:
    with pytest.raises(SettingError, match=r"not initialised here: use report\(\)"):
        watch(planted.MLP()).gather()


def test_what_enters_adds_up_over_watches() -> None:
    model, x = nn.Sequential(nn.Linear(6, 16), nn.ReLU()).eval(), torch.randn(90, 6) + 50
    x[:30] += 7
    parts = []
    for rows in (x[:30], x[30:]):
        with watch(model) as one:
            model(rows)
        parts.append(one)
    told = parts[0].merge(parts[1]).report().entering
    assert told is not None
    assert told.samples == 90
    wide = x.double()
    assert told.mean == pytest.approx(wide.mean().item(), rel=1e-6)
    spread = wide.var(0, correction=0).mean().sqrt().item()
    assert told.spread == pytest.approx(spread, rel=1e-4)
