"""diagnose and assert_healthy."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.diagnosis import planted
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

from actscope.diagnosis._diagnose import assert_healthy, diagnose
from actscope.errors import ActscopeError, DataError, SettingError, UnhealthyModel

mse = nn.functional.mse_loss


def samples(model: nn.Module, batches: Any, loss: Any = None) -> int:
    return diagnose(model, batches, loss).sites[0].samples


# --- all is left as it was


class Moody(nn.Module):
    """Buffers that change in evaluation too, and randomness everywhere."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm, self.act = nn.Linear(12, 8), nn.BatchNorm1d(8), nn.ReLU()
        self.drop = nn.Dropout(0.5)
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1  # type: ignore[operator]
        random.random()
        np.random.rand()
        return self.drop(self.act(self.norm(self.first(x + torch.rand(())))))


@pytest.mark.parametrize("with_loss", [False, True])
def test_a_model_is_left_as_it_was_to_the_bit(with_loss: bool) -> None:
    model, x = Moody(), planted.inputs()
    model.norm.eval()
    model(x).sum().backward()
    for seed in (torch.manual_seed, random.seed, np.random.seed):
        seed(7)
    modes = [module.training for module in model.modules()]
    state = {k: v.clone() for k, v in model.state_dict().items()}
    gradients = [p.grad.clone() for p in model.parameters() if p.grad is not None]
    drawn = torch.random.get_rng_state()
    pairs = DataLoader(TensorDataset(x, torch.zeros(len(x), 8)), 100, shuffle=True)
    report = diagnose(model, pairs, mse if with_loss else None)
    assert (report.sites[0].gradient is not None) == with_loss
    assert [module.training for module in model.modules()] == modes
    assert all(torch.equal(v, state[k]) for k, v in model.state_dict().items())
    left = [p.grad for p in model.parameters() if p.grad is not None]
    assert len(left) == len(gradients) == 4
    assert all(map(torch.equal, left, gradients))
    assert torch.equal(torch.random.get_rng_state(), drawn)
    was = random.random(), float(np.random.rand())
    random.seed(7)
    np.random.seed(7)
    assert was == (random.random(), float(np.random.rand()))


def test_it_is_left_so_even_when_a_batch_fails() -> None:
    model, x = Moody(), planted.inputs()

    def batches() -> Iterator[Tensor]:
        yield x
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="disk"):
        diagnose(model, batches())
    assert model.training
    assert float(model.calls) == 0  # type: ignore[arg-type]
    assert not model._forward_hooks


def test_what_hangs_on_a_gradient_is_not_started() -> None:
    model, x = planted.MLP(), planted.inputs()
    for parameter in model.parameters():
        parameter.register_post_accumulate_grad_hook(lambda p: pytest.fail("an optimizer's step"))
    diagnose(model, [(x, torch.zeros(len(x), 3))], mse)


def test_gradients_are_those_of_a_backward_pass() -> None:
    torch.manual_seed(0)
    model, x = planted.MLP(), planted.inputs()
    y = torch.randn(len(x), 3)
    report = diagnose(model, [(x, y)], mse)
    a = model.first(x).relu().detach().requires_grad_()
    mse(model.last(model.second(a).relu()), y).backward()
    assert a.grad is not None
    assert report.sites[0].gradient == pytest.approx(a.grad.abs().mean().item(), rel=1e-4)


# --- batches of every kind


class Two(nn.Module):
    """Two arguments, of which the second may be left out."""

    def __init__(self, optional: bool = False) -> None:
        super().__init__()
        self.first, self.act = nn.Linear(12, 4), nn.ReLU()
        if optional:
            self.forward = lambda x, mask=None: self.act(self.first(x))
        else:
            self.forward = lambda x, mask: self.act(self.first(x) * mask)


class Stream(IterableDataset[Tensor]):
    def __iter__(self) -> Iterator[Tensor]:
        yield from planted.inputs()


def endless() -> Iterator[Tensor]:
    while True:
        yield planted.inputs()


X = planted.inputs()
Y = torch.zeros(len(X), 3)
BATCHES: dict[str, Callable[[], Any]] = {
    "tensor": lambda: X,
    "list": lambda: list(X.split(300)),
    "generator": lambda: (part for part in X.split(300)),
    "tuple of arguments": lambda: (X,),
    "mapping": lambda: {"x": X},
    "list of mappings": lambda: [{"x": part} for part in X.split(300)],
    "loader": lambda: DataLoader(list(X), 300),  # type: ignore[arg-type]
    "loader of pairs": lambda: DataLoader(TensorDataset(X, Y), 300),
    "one pair": lambda: (X, Y),
    "stream": lambda: DataLoader(Stream(), 300),
}


@pytest.mark.parametrize("kind", BATCHES)
def test_batches_of_every_kind_are_the_same_rows(kind: str) -> None:
    assert samples(planted.MLP(), BATCHES[kind]()) == planted.ROWS


@pytest.mark.parametrize(
    "batches",
    [(X, Y), [(X, Y)], [[X, Y]], [((X,), Y)], [({"x": X}, Y)], DataLoader(TensorDataset(X, Y), 99)],
    ids=["pair", "list", "lists", "arguments", "mapping", "loader"],
)
def test_with_a_loss_pairs_are_taken_apart(batches: Any) -> None:
    assert samples(planted.MLP(), batches, mse) == planted.ROWS


def test_with_a_loss_a_mapping_is_given_whole_to_both() -> None:
    class Named(planted.MLP):
        def forward(self, x: Tensor, labels: Tensor) -> Tensor:  # type: ignore[override]
            return super().forward(x)

    report = diagnose(Named(), {"x": X, "labels": Y}, lambda out, batch: mse(out, batch["labels"]))
    assert report.sites[0].gradient


def test_two_arguments_are_no_pair() -> None:
    assert samples(Two(), [(X, torch.ones(4))]) == planted.ROWS


def test_an_endless_source_is_cut() -> None:
    report = diagnose(planted.MLP(), endless(), max_batches=3)
    assert report.sites[0].samples == 3 * planted.ROWS


def test_the_axis_of_units_is_told_where_it_cannot_be_followed() -> None:
    model = nn.Sequential(nn.Flatten(0), nn.Unflatten(0, (-1, 12)), nn.ReLU())
    x = torch.ones(300, 12)
    x[:, 3] = -1.0
    assert diagnose(model, x).sites[0].units is None
    (site,) = diagnose(model, x, axes={"2": 1}).sites
    assert (site.units, site.samples, site.dead_units) == (12, 300, [3])
    with pytest.raises(UnhealthyModel, match="axis"):
        assert_healthy(model, x)
    assert assert_healthy(model, x, axes={"2": 1}).ok  # one unit of twelve is a note


def test_samples_of_a_convolution_are_positions() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
    assert samples(model, torch.randn(5, 3, 10, 10)) == 5 * 8 * 8


# --- mistakes, each in one line


def frozen() -> nn.Module:
    return planted.MLP().requires_grad_(False)


MISTAKES: dict[str, tuple[Callable[[], object], type[ActscopeError], str]] = {
    "empty": (lambda: diagnose(planted.MLP(), []), DataError, "empty"),
    "no pair": (lambda: diagnose(planted.MLP(), X, mse), DataError, "pair .* shape"),
    "three": (lambda: diagnose(planted.MLP(), [(X, X, Y)], mse), DataError, "3 parts"),
    "too many": (lambda: diagnose(planted.MLP(), [(X, X, Y)]), DataError, "takes 1 argument:"),
    "either": (lambda: diagnose(Two(True), [(X, Y)]), DataError, "two parts.*loss="),
    "number": (lambda: diagnose(planted.MLP(), 3), DataError, "a int"),
    "text": (lambda: diagnose(planted.MLP(), "x.csv"), DataError, "a str"),
    "list of text": (lambda: diagnose(planted.MLP(), ["x"]), DataError, "a batch is a str"),
    "numpy": (lambda: diagnose(planted.MLP(), X.numpy()), DataError, "as_tensor"),
    "device": (
        lambda: diagnose(planted.MLP(), X.to("meta")), DataError, "on meta .* cpu: move it"
    ),
    "dtype": (lambda: diagnose(planted.MLP(), X.double()), DataError, r"float64 .* float32"),
    "whole numbers": (
        lambda: diagnose(planted.MLP(), X.long()),
        DataError, r"int64 .* float32: convert it with batch.to\(torch.float32\)",
    ),
    "features": (
        lambda: diagnose(planted.MLP(), X[:, :5]),
        DataError, r"batch of shape \(\d+, 5\): RuntimeError: .*shapes cannot be multiplied",
    ),
    "name": (
        lambda: diagnose(planted.MLP(), {"inpt": X}), DataError, "names 'inpt', .* it takes x"
    ),
    "a loss that fails": (
        lambda: diagnose(planted.MLP(), (X, Y[:3]), lambda a, b: (a - b).sum()),
        DataError, "loss fails: RuntimeError: The size of tensor",
    ),
    "class": (
        lambda: diagnose(planted.MLP(), (X, Y), nn.MSELoss),  # type: ignore[arg-type]
        SettingError, r"class MSELoss: give one of it, MSELoss\(\)",
    ),
    "axes": (
        lambda: diagnose(planted.MLP(), X, axes={"zork": 1}),
        SettingError, "axes names 'zork', which is no site; the sites are 'act'",
    ),
    "axes of a kind": (
        lambda: diagnose(planted.MLP(), X, axes=1), SettingError, "axes is 1"  # type: ignore[arg-type]
    ),
    "diff": (lambda: diagnose(planted.MLP(), X).diff(3), SettingError, "later report.* is 3"),  # type: ignore[arg-type]
    "targets": (lambda: diagnose(planted.MLP(), (X, Y.to("meta")), mse), DataError, "meta"),
    "no number": (
        lambda: diagnose(planted.MLP(), (X, Y), lambda a, b: a - b), SettingError, "one number"
    ),
    "a float": (
        lambda: diagnose(planted.MLP(), (X, Y), lambda a, b: 1.0),  # type: ignore[arg-type]
        SettingError,
        "gives float",
    ),
    "detached": (
        lambda: diagnose(planted.MLP(), (X, Y), lambda a, b: mse(a.detach(), b)),
        SettingError, "no gradient",
    ),
    "frozen": (lambda: diagnose(frozen(), (X, Y), mse), SettingError, "require a gradient"),
    "loss": (lambda: diagnose(planted.MLP(), (X, Y), "mse"), SettingError, "loss is 'mse'"),  # type: ignore[arg-type]
    "no model": (lambda: diagnose(X, X), SettingError, "Module"),  # type: ignore[arg-type]
    "none": (lambda: diagnose(planted.MLP(), X, max_batches=0), SettingError, "max_batches is 0"),
}  # fmt: skip


@pytest.mark.parametrize("kind", MISTAKES)
def test_a_mistake_is_one_clear_line(kind: str) -> None:
    call, error, words = MISTAKES[kind]
    with pytest.raises(error, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_an_error_in_the_model_is_kept_as_the_cause() -> None:
    class Broken(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.nothing  # type: ignore[attr-defined]

    with pytest.raises(DataError, match="AttributeError: 'Tensor' object has no") as caught:
        diagnose(Broken(), X)
    assert isinstance(caught.value.__cause__, AttributeError)


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError, torch.OutOfMemoryError])
def test_an_error_that_says_nothing_of_the_batch_stays_as_it_is(error: type) -> None:
    class Stops(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            raise error  # type: ignore[misc]

    with pytest.raises(error):
        diagnose(Stops(), X)


def test_recomputed_layers_have_gradients_too() -> None:
    report = diagnose(planted.MLP("checkpoint"), (X, Y), mse)
    assert report.sites[0].gradient
    assert checkpoint


# --- assert_healthy


def test_a_healthy_network_passes_and_a_dead_one_fails_in_words() -> None:
    torch.manual_seed(0)
    model, x = planted.MLP(), planted.inputs()
    assert assert_healthy(model, x).ok
    nn.init.constant_(model.first.bias, -99.0)
    with pytest.raises(AssertionError, match=r"act: 16 of 16 units \(100%\) are dead") as caught:
        assert_healthy(model, [x[:500], x[500:]])
    assert isinstance(caught.value, UnhealthyModel)
    assert "try: act.swap(model, 'relu', 'leaky_relu', example=x, sites=['act'])" in str(
        caught.value
    )


def test_many_findings_fit_a_screen() -> None:
    parts: list[nn.Module] = []
    for _ in range(9):
        parts += [nn.Linear(12, 12), nn.ReLU()]
        nn.init.constant_(parts[-2].bias, -1e3)  # type: ignore[arg-type]
    with pytest.raises(UnhealthyModel, match="and 4 more") as caught:
        assert_healthy(nn.Sequential(*parts), X)
    assert str(caught.value).startswith("9 serious findings")
    assert len(str(caught.value).split("\n")) == 12


def test_pytest_shows_the_users_line_and_none_of_ours() -> None:
    model = planted.MLP()
    nn.init.constant_(model.first.bias, -99.0)
    with pytest.raises(UnhealthyModel) as caught:
        assert_healthy(model, X)
    assert len(caught.traceback) > 1
    assert [Path(entry.path).name for entry in caught.traceback.filter(caught)] == [
        Path(__file__).name
    ]


def test_a_bar_only_for_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    diagnose(planted.MLP(), list(X.split(10)))
    shown = capsys.readouterr()
    assert shown.out == shown.err == ""
