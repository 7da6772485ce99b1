"""`--mlflow URI`: a study that is done, logged; what it cannot cost is the study."""

from __future__ import annotations

import shlex
from types import ModuleType
from typing import TYPE_CHECKING, Any

from actscope.errors import ActscopeError, SettingError, StoreError

from . import _json as json_output

if TYPE_CHECKING:
    from actscope.study import Comparison, Comparisons


def check(uri: str | None) -> None:
    """Before anything is trained: is MLflow installed, is the address one that answers?"""
    if uri is not None:
        _mlflow().check(uri)


def print_json(document: dict[str, Any], result: Comparison | Comparisons, uri: str | None) -> None:
    """The document, with the run where it was logged; a server that fails is told of after it."""
    if uri is None:
        json_output.write(document)
        return
    try:
        run = _log(result, uri)
    except ActscopeError:
        json_output.write({**document, "mlflow_run": None})
        raise
    json_output.write({**document, "mlflow_run": run})


def log(result: Comparison | Comparisons, uri: str | None) -> None:
    """After the result was shown."""
    if uri is not None:
        run = _log(result, uri)
        print(f"\nLogged to MLflow at {_mlflow().shown(uri)}: run {run}")


def _log(result: Comparison | Comparisons, uri: str) -> str:
    mlflow = _mlflow()
    try:
        return mlflow.log(result, uri)
    except ActscopeError as error:
        if result.folder is None:
            raise StoreError(f"{error}; nothing was kept, as --no-save asked") from None
        folder, address = shlex.quote(str(result.folder)), shlex.quote(mlflow.shown(uri))
        raise StoreError(
            f"{error}. The study is done and kept in {folder}; log it later with: "
            f"actscope compare --resume {folder} --mlflow {address}"
        ) from None


def _mlflow() -> ModuleType:
    try:
        from actscope.integrations import mlflow
    except ImportError as error:
        raise SettingError(str(error)) from None
    return mlflow
