"""`train_ensemble`: from arguments as people give them to trained members."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import torch
from numpy.typing import ArrayLike, NDArray

from actscope import render
from actscope.catalogue import Record
from actscope.ensemble import _check
from actscope.ensemble._ensemble import Ensemble
from actscope.ensemble._factory import Factory
from actscope.ensemble._init import INITS
from actscope.ensemble._network import Perceptron
from actscope.ensemble._optimiser import NAMES
from actscope.ensemble._plan import Member, Rows, Settings, chunks
from actscope.ensemble._schedule import SCHEDULES
from actscope.ensemble._sizing import chunk_size, halving
from actscope.ensemble._stacked import Stacked
from actscope.ensemble._stacked_inputs import (
    one_activation_each,
    read_activations,
    read_rows,
    refuse_ours,
    stacked_size,
)
from actscope.ensemble._targets import Targets, as_floats, read_features
from actscope.ensemble._threads import beside_each_other, free_cores
from actscope.ensemble._train import Trained, train_chunk
from actscope.ensemble._weights import row_weights
from actscope.errors import SettingError

_DTYPES = {"float32": torch.float32, "float64": torch.float64}


def train_ensemble(
    X: ArrayLike,
    y: ArrayLike,
    *,
    hidden: Sequence[int] | int | None = None,
    model: Factory | None = None,
    activations: Sequence[str | Record | Sequence[str | Record]] | str = ("relu",),
    seeds: Sequence[int] | int = 1,
    learning_rates: Sequence[float] | float = (1e-3,),
    epochs: int = 10,
    batch_size: int = 32,
    optimizer: str = "adam",
    momentum: float = 0.9,
    l2: float = 0.0,
    lr_schedule: str = "constant",
    clip_grad_norm: float | None = None,
    dropout: float = 0.0,
    learned_per: str = "layer",
    init: str | None = None,
    task: str | None = None,
    sample_weight: ArrayLike | None = None,
    class_weight: Mapping[Any, float] | str | None = None,
    validation: tuple[ArrayLike, ArrayLike] | None = None,
    patience: int | None = None,
    device: str = "auto",
    dtype: str = "float32",
    members_at_once: int | None = None,
    workers: int | None = None,
    progress: bool = True,
) -> Ensemble:
    """Train one network for each activation x learning rate x seed, all of them as one.

    A member is bit for bit the network that training it alone gives (on one machine),
    whoever shares its ensemble and however many workers there are. At one seed every member
    starts from the same draw, scaled by its activations' gains, and sees the same batches.
    What is minimised is a batch's mean over rows of: cross-entropy; for several labels a row,
    binary cross-entropies summed over labels; for values, half the squared error summed over
    outputs. Repeats among activations, rates and seeds are dropped.

    Args:
        X: Float["row feature"], finite; bring features to comparable scales yourself. With
            `model`: ["row *feature"], such as images (row, channel, height, width); whole
            numbers (token ids) are handed on as int64.
        y: ["row"] labels of any kind; ["row label"] of 0 and 1, if a row may have several; or
            numbers (also ["row output"]) for regression.
        hidden: widths of the hidden layers; None: (64, 64); (): a linear model.
        model: networks of your own in place of these: model(activation) returns a new
            `torch.nn.Module` from rows to (row, output), logits for classes; `activation()`
            makes a new activation module at each call. Each network is built under its
            member's seed, and all that it draws with torch (dropout) follows from that seed,
            epoch and batch. Any module will do: its members are trained one after the other
            within a chunk, by the calls that each makes alone. l2 shrinks parameters of two
            axes or more; frozen ones stay; running statistics are each member's own. What a
            module keeps in Python attributes is not given back by `patience`.
            The random numbers of such networks come from torch's own generator, set for each
            step and given back: let no other thread of the program draw or seed meanwhile.
        activations: names such as "relu" or "leaky_relu(negative_slope=0.2)", names given to
            `define`, formulas such as "x*tanh(exp(x))", records; a tuple of them gives each
            hidden layer its own: [("tanh", "relu"), "relu"] are two networks.
        seeds: initial weights and batch order; 16 means 0 to 15.
        learning_rates: each is trained with every activation and seed.
        epochs: exactly so many, unless `patience` is given.
        batch_size: rows of a step; the last batch of an epoch may be smaller.
        optimizer: "adam", "adamw" or "sgd" (with `momentum`).
        l2: coefficient of 1/2 l2 |w|^2 added to a batch's mean loss (decoupled for adamw).
        lr_schedule: how each learning rate goes over all planned steps: "constant", "cosine"
            (down to 0, as CosineAnnealingLR) or "one_cycle" (up from 1/25 over 30% of the
            steps, then down to almost 0; momentum stays as it is, as
            OneCycleLR(cycle_momentum=False)).
        clip_grad_norm: scale each member's whole gradient down to at most this L2 norm, as
            `torch.nn.utils.clip_grad_norm_` on it alone; None: leave it as it is.
        dropout: probability of leaving a hidden unit out of a step (from 0, below 1); masks
            are the same for every activation at one seed.
        learned_per: what an activation learns (prelu, beta_swish) is one value for each
            "layer", as `torch.nn.PReLU()`, or for each "unit".
        init: "gain" (normal, the activation's own gain; the default), "glorot" (as
            scikit-learn), "he" (ReLU's gain for all); to see what goes wrong: "small" (a tenth
            of "gain"), "large" (5 times) or "zeros".
        task: "classification" (classes exclude each other: softmax), "multilabel" (each label
            by itself: sigmoid) or "regression". None guesses as scikit-learn: several columns
            of nothing but 0 and 1 are multilabel (so are one-hot rows: give their labels),
            other columns and floats that are not all whole numbers are regression.
        sample_weight: Float["row"], 0 or more. A batch's loss is the mean over its rows
            weighted by them, as scikit-learn's MLP; their scale has no effect.
        class_weight: for classification, multiplied with sample_weight: "balanced" (every
            class weighs the same, whatever its rows) or a weight for each label.
        validation: (X, y) that decide early stopping and fill `validation_loss`; its rows all
            count the same.
        patience: stop a member after so many epochs without a lower validation loss and
            give back its best weights.
        device: "auto" (a GPU where PyTorch finds one), "cpu", "cuda", ...
        dtype: "float32" or "float64".
        members_at_once: networks in one chunk; None: as many as the cache holds (measured
            before long work, and remembered in ~/.cache/actscope), on a GPU as its memory.
        workers: chunks trained beside each other, in threads; None: one for each core that
            PyTorch may use, but 1 within a thread or process of a larger program.
        progress: show a bar with the time left, if stderr is a terminal.

    Raises:
        SettingError: an argument outside what is allowed.
        DataError: X or y that cannot be trained on.

    Example:
        >>> import numpy as np
        >>> X = np.random.default_rng(0).standard_normal((200, 2))
        >>> y = (X[:, 0] * X[:, 1] > 0).astype(int)  # no line separates these
        >>> e = train_ensemble(X, y, hidden=(16,), activations=["relu", "identity"], seeds=2,
        ...                    learning_rates=[0.03], epochs=30)
        >>> (e.predict(X) == y).mean(axis=1) > 0.9  # relu twice, identity twice
        array([ True,  True, False, False])

        >>> from torch import nn
        >>> def model(activation):  # a network of your own
        ...     return nn.Sequential(nn.Linear(2, 16), activation(), nn.LayerNorm(16),
        ...                          nn.Dropout(0.1), nn.Linear(16, 2))
        >>> e = train_ensemble(X, y, model=model, activations=["relu", "gelu"],
        ...                    learning_rates=[0.03], epochs=30)
        >>> (e.predict(X) == y).mean(axis=1) > 0.9, e.module(0)[3]
        (array([ True,  True]), Dropout(p=0.1, inplace=False))
    """
    rates, numbers = _check.rates(learning_rates), _check.seeds(seeds)
    place = _device(device)
    kind = _DTYPES[_check.one_of("dtype", dtype, list(_DTYPES))]
    if model is not None:
        refuse_ours(
            model,
            hidden=hidden is not None,
            init=init is not None,
            dropout=dropout != 0,
            learned_per=learned_per != "layer",
        )
    features = read_features(X, "X") if model is None else read_rows(X, "X")
    targets = Targets.read(y, task, len(features))
    widths = () if model else _check.hidden_widths((64, 64) if hidden is None else hidden)
    if patience is not None and validation is None:
        raise SettingError("patience needs validation=(X, y): rows that decide when to stop")
    if validation is not None and not (
        isinstance(validation, tuple | list) and len(validation) == 2
    ):
        raise SettingError("validation must be a pair (X, y)")
    settings = Settings(
        outputs=targets.outputs,
        task=targets.task,
        hidden=widths,
        epochs=_check.whole("epochs", epochs, most=_check.MAX_EPOCHS),
        batch_size=_check.whole("batch_size", batch_size),
        optimizer=_check.one_of("optimizer", optimizer, NAMES),  # type: ignore[arg-type]
        momentum=_check.below_one("momentum", momentum),
        l2=_check.positive("l2", l2, zero=True),
        lr_schedule=_check.one_of("lr_schedule", lr_schedule, SCHEDULES),  # type: ignore[arg-type]
        clip_grad_norm=None
        if clip_grad_norm is None
        else _check.positive("clip_grad_norm", clip_grad_norm),
        init=_check.one_of("init", init or "gain", INITS),  # type: ignore[arg-type]
        patience=None if patience is None else _check.whole("patience", patience),
        dropout=_check.below_one("dropout", dropout),
        learned_per=_check.one_of("learned_per", learned_per, ("layer", "unit")),  # type: ignore[arg-type]
    )

    def rows(values: NDArray[Any], wanted: NDArray[Any]) -> Rows:
        y = torch.from_numpy(wanted)[None]
        return Rows(
            as_floats(values, "X", place, kind),
            y.to(place)
            if targets.task == "classification"
            else as_floats(wanted, "y", place, kind),
        )

    train_rows = rows(features, targets.values)
    weights = row_weights(targets, sample_weight, class_weight)
    if weights is not None:
        train_rows = replace(train_rows, weights=torch.from_numpy(weights)[None].to(place, kind))
    held_rows = None
    if validation is not None:
        held_X = (
            read_features(validation[0], "validation X", features.shape[1])
            if model is None
            else read_rows(validation[0], "validation X", features)
        )
        held_rows = rows(held_X, targets.encode(validation[1], len(held_X)))
    found = (
        _check.layered(activations, len(widths)) if model is None else read_activations(activations)
    )
    members = [
        Member(label, rate, number, known=known)
        for label, known in found.items()
        for rate in rates
        for number in numbers
    ]
    architecture = (
        Perceptron(features.shape[1], settings)
        if model is None
        else Stacked.of(model, members, settings, train_rows, kind)
    )
    threads = _workers(workers, place)
    if members_at_once is not None:
        size = _check.whole("members_at_once", members_at_once)
    elif model is None:
        size = chunk_size(architecture, members, settings, len(features), kind, place, threads)
    else:
        size = stacked_size(architecture.member_bytes(settings.batch_size), members, threads)
    jobs = (
        list(chunks(members, size, threads))
        if model is None
        else one_activation_each(members, size)
    )

    parts = _train(
        jobs,
        lambda index, on_epoch: train_chunk(
            [members[i] for i in index], settings, train_rows, held_rows, on_epoch, architecture
        ),
        threads,
        render.progress(
            len(members) * settings.epochs, f"training {len(members)} networks", progress
        ),
    )
    return Ensemble(tuple(members), settings, targets.classes, parts)


def _train(
    jobs: Sequence[list[int]],
    train: Callable[[list[int], Callable[[int], None]], Trained],
    threads: int,
    progress: AbstractContextManager[Any],
) -> tuple[tuple[tuple[int, ...], Trained], ...]:
    """Of each job, or half of one where memory was short: its members and what became of them."""

    def work(index: list[int], on_epoch: Callable[[int], None]) -> list[tuple[list[int], Trained]]:
        return halving(lambda part: train(part, on_epoch), index)

    with progress as bar:
        found = beside_each_other(work, jobs, threads, bar.advance)
    return tuple((tuple(index), trained) for parts in found for index, trained in parts)


def _workers(asked: int | None, device: torch.device) -> int:
    if asked is not None:
        return _check.whole("workers", asked)
    return free_cores() if device.type == "cpu" else 1


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).cpu()
    except (RuntimeError, AssertionError, TypeError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise SettingError(f"device {name!r} cannot be used here: {reason}") from None
    return device
