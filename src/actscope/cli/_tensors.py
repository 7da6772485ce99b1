"""Files into tensors: what a model is called with. Nothing is ever unpickled."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from actscope.errors import DataError, SettingError

from ._weights import TORN, check, first, head, load_torch, refuse_odd

DATA = (".npz", ".npy", ".pt", ".pth", ".csv", ".tsv", ".parquet")


@dataclass(frozen=True)
class Examples:
    """inputs: one tensor, several by position, or several by name: (row, ...) each. targets:
    (row, ...) or None. notes: what was done to them."""

    inputs: Tensor | tuple[Tensor, ...] | dict[str, Tensor]
    targets: Tensor | None = None
    notes: list[str] = field(default_factory=list)

    def batches(self, size: int, device: torch.device, paired: bool) -> Iterator[Any]:
        """Rows in order, `size` at a time; pairs (inputs, targets) for a loss."""
        rows = len(next(iter(_values(self.inputs))))
        for start in range(0, rows, size):
            part = slice(start, start + size)
            inputs = _each(self.inputs, lambda t, part=part: t[part].to(device))
            if paired:
                assert self.targets is not None
                yield inputs, self.targets[part].to(device)
            else:
                yield inputs


def read_examples(
    path: Path, model: nn.Module, target: str | None, loss: bool, standardise: bool
) -> Examples:
    """A file of rows as what the model is called with. target: the column or array that is none
    of its inputs."""
    check(path, DATA, "--data")
    if path.suffix.lower() in (".csv", ".tsv", ".parquet"):
        found = _table(path, target)
    elif path.suffix.lower() == ".npy":
        found = _one(path, target, torch.from_numpy(_plain(path, _numpy(path))))
    elif path.suffix.lower() == ".npz":
        named = _arrays(path)
        found = _named(path, named, model, target, loss)
    else:
        content = load_torch(path, "--data")
        if isinstance(content, Mapping):
            found = _named(path, _tensors(path, content), model, target, loss)
        elif isinstance(content, list | tuple):
            found = _listed(
                path, list(_tensors(path, dict(enumerate(content))).values()), model, loss
            )
        else:
            found = _one(path, target, _tensors(path, {"it": content})["it"])
    if loss and found.targets is None:
        raise DataError(f"{str(path)!r} has no targets for the loss: name them with --target")
    return _ready(path, found, model, standardise)


# --- formats


def _numpy(path: Path) -> Any:
    try:
        return np.load(path, allow_pickle=False)
    except TORN as error:
        raise DataError(f"{str(path)!r} cannot be read as NumPy data: {first(error)}") from None


def _arrays(path: Path) -> dict[str, Tensor]:
    with _numpy(path) as file:
        found = {}
        for name in file.files:
            try:
                array = file[name]
            except TORN as error:
                raise DataError(
                    f"{name!r} in {str(path)!r} cannot be read: {first(error)}"
                ) from None
            found[name] = torch.from_numpy(_plain(path, array))
        return found


def _plain(path: Path, array: Any) -> np.ndarray:
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "biuf":
        kind = getattr(array, "dtype", type(array).__name__)
        raise DataError(f"{str(path)!r} holds {kind}: numbers are needed")
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        array = array.astype(np.float64)
    return np.array(array, order="C", dtype=array.dtype.newbyteorder("="))


def _tensors(path: Path, content: Mapping[Any, Any]) -> dict[str, Tensor]:
    for name, value in content.items():
        if not isinstance(value, Tensor):
            raise DataError(
                f"{str(path)!r} holds a {type(value).__name__} at {name!r}: tensors are needed"
            )
    tensors = {str(name): value for name, value in content.items()}
    refuse_odd(f"--data {str(path)!r}", tensors)
    return tensors


def _table(path: Path, target: str | None) -> Examples:
    from actscope.data import read_frame

    frame = read_frame(path)
    notes = list(frame.attrs.get("notes", ()))
    names = [str(name) for name in frame.columns]
    targets = None
    if target is not None:
        name = _column(target, names)
        column = frame.pop(name)
        names.remove(name)
        if lacking := int(column.isna().sum()):
            raise DataError(f"the target {name!r} lacks values in {lacking:,} rows")
        if column.dtype.kind in "biuf":
            whole = column.dtype.kind in "biu"
            targets = torch.from_numpy(np.array(column, np.int64 if whole else np.float32))
        else:
            classes = sorted({str(value) for value in column})
            code = {name: i for i, name in enumerate(classes)}
            targets = torch.tensor([code[str(value)] for value in column])
            said = ", ".join(f"{i} = {name}" for i, name in enumerate(classes[:5]))
            notes.append(f"the target's texts are classes: {said}{' ...' * (len(classes) > 5)}")
    if not names:
        raise DataError(f"{str(path)!r} has no columns beside the target")
    texts = [name for name in names if frame[name].dtype.kind not in "biuf"]
    if texts:
        raise DataError(
            f"no numbers in {_columns(texts)} of {str(path)!r}: save what your model takes, as "
            "numbers" + (", or name the target with --target" if target is None else "")
        )
    holes = [name for name, lacking in frame.isna().any().items() if lacking]
    if holes:
        where = _columns([str(name) for name in holes])
        raise DataError(
            f"values are missing in {where} of {str(path)!r}: fill them as for training"
        )
    x = torch.from_numpy(np.array(frame, np.float64))
    notes.append(f"{len(names)} columns in the file's order, {head(names)}")
    return Examples(x, targets, notes)


def _one(path: Path, target: str | None, x: Tensor) -> Examples:
    if target is not None:
        raise DataError(
            f"{str(path)!r} holds one array, no {target!r}: save inputs and targets in one .npz"
        )
    return Examples(x)


def _named(
    path: Path, arrays: dict[str, Tensor], model: nn.Module, target: str | None, loss: bool
) -> Examples:
    if not arrays:
        raise DataError(f"{str(path)!r} holds no arrays")
    there = ", ".join(map(repr, arrays))
    if target is not None and target not in arrays:
        raise DataError(f"{str(path)!r} has no {target!r}; there are: {there}")
    if target is None and loss:
        target = next((name for name in ("y", "labels", "targets") if name in arrays), None)
    targets = arrays.pop(target) if target else None
    if len(arrays) == 1:
        return Examples(next(iter(arrays.values())), targets)
    takes = _parameters(model)
    if arrays and set(arrays) <= set(takes):
        return Examples(arrays, targets)
    for name in ("x", "X", "inputs"):
        if name in arrays:
            others = ", ".join(repr(other) for other in arrays if other != name)
            return Examples(arrays[name], targets, [f"{others}: not used"])
    raise DataError(
        f"{str(path)!r} holds {there}: call the inputs x, or as the model's forward does "
        f"({', '.join(takes) or 'no names'})"
    )


def _listed(path: Path, tensors: list[Tensor], model: nn.Module, loss: bool) -> Examples:
    if not tensors:
        raise DataError(f"{str(path)!r} holds no tensors")
    if loss and len(tensors) < 2:
        raise DataError(f"{str(path)!r} holds inputs alone; the loss needs (inputs, targets)")
    if loss:
        *inputs, targets = tensors
        return Examples(inputs[0] if len(inputs) == 1 else tuple(inputs), targets)
    if len(tensors) == 2 and _required(model) <= 1:
        return Examples(tensors[0], None, ["the second tensor is taken for targets: not used"])
    return Examples(tensors[0] if len(tensors) == 1 else tuple(tensors))


# --- fit for the model


def _ready(path: Path, found: Examples, model: nn.Module, standardise: bool) -> Examples:
    values = [*_values(found.inputs), *([found.targets] if found.targets is not None else [])]
    rows = {len(value) if value.dim() else None for value in values}
    if None in rows or len(rows) != 1:
        shapes = ", ".join(str(tuple(value.shape)) for value in values)
        raise DataError(f"{str(path)!r}: the first axis must be the same rows in all: {shapes}")
    if rows == {0}:
        raise DataError(f"{str(path)!r} has no rows")
    notes = list(found.notes)
    kind = next((p.dtype for p in model.parameters() if p.is_floating_point()), torch.float32)

    def fit(x: Tensor) -> Tensor:
        if x.dtype in (torch.uint8, torch.int8, torch.int16, torch.uint16):
            notes.append(f"whole numbers ({str(x.dtype)[6:]}) are given to the model as they are")
        elif not x.is_floating_point():
            return x
        return x.to(kind)

    if standardise:
        inputs = _each(found.inputs, _standardised)
        notes.append("each column is standardised over these rows: mean 0, standard deviation 1")
    else:
        inputs = found.inputs
    targets = found.targets
    if targets is not None and targets.is_floating_point():
        targets = targets.to(kind)
    inputs = _each(inputs, fit)
    for value in _values(inputs):
        bad = 0 if not value.is_floating_point() else int((~value.isfinite()).sum())
        if bad:
            size = str(value.dtype).removeprefix("torch.")
            raise DataError(
                f"{str(path)!r} holds {bad:,} values that are NaN, or infinite in {size}"
            )
    return Examples(inputs, targets, notes)


def _standardised(x: Tensor) -> Tensor:
    if not x.is_floating_point() or x.dim() != 2:
        raise SettingError("--standardise is for tables: rows and columns of numbers")
    x = x.double()
    spread = x.std(0, correction=0)
    return (x - x.mean(0)) / torch.where(spread > 0, spread, 1.0)


# --- small


def _parameters(model: nn.Module) -> list[str]:
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [n for n, p in inspect.signature(model.forward).parameters.items() if p.kind in kinds]


def _required(model: nn.Module) -> int:
    """How many arguments forward cannot do without."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(model.forward).parameters.values()
    return sum(p.kind in kinds and p.default is inspect.Parameter.empty for p in parameters)


def _column(given: str, names: list[str]) -> str:
    if given in names:
        return given
    try:
        return names[int(given)]
    except (ValueError, IndexError):
        raise DataError(f"--target {given!r} is no column; there are: {head(names)}") from None


def _values(inputs: Any) -> list[Tensor]:
    if isinstance(inputs, Tensor):
        return [inputs]
    return list(inputs.values() if isinstance(inputs, Mapping) else inputs)


def _each(inputs: Any, change: Any) -> Any:
    if isinstance(inputs, Tensor):
        return change(inputs)
    if isinstance(inputs, Mapping):
        return {name: change(value) for name, value in inputs.items()}
    return tuple(change(value) for value in inputs)


def _columns(names: list[str]) -> str:
    return f"the column{'s' * (len(names) > 1)} {head(names)}"
