"""MLflow: a study as a run, with one below it for each activation."""

from __future__ import annotations

import importlib.util
import logging
import os
import re
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

# Nothing but what was asked for leaves the machine; whoever set it otherwise is heeded.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

try:
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param, RunTag
    from mlflow.environment_variables import MLFLOW_EXPERIMENT_NAME
except ImportError as problem:
    raise ImportError(
        "tracking needs MLflow, which is not installed: pip install 'actscope[mlflow]'"
    ) from problem

from actscope.errors import SettingError, StoreError
from actscope.integrations._tracked import Tracked, result_key, tracked
from actscope.study import Comparison, Comparisons

T = TypeVar("T")

EXPERIMENT = "actscope"
RESULT = "actscope.result"
_DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
_BATCH, _SMALL = 1000, 100  # metrics, and params or tags, that a server takes at once
# A server that does not answer is told of in seconds; MLflow's own is 120 s, eight times.
_PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "20"}
_SILENCE = {"MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true"}


def log(found: Comparison | Comparisons, uri: str, experiment: str | None = None) -> str:
    """Log a study; gives the id of its run.

    The run has the plan as params, baselines and the best score as metrics, the verdict as
    description and tags, and the page, results.json, members.csv and the winner as artifacts.
    Below it each activation has one: its score with the bounds of its interval (`accuracy`,
    `accuracy_low`, `accuracy_high`), the health of its units, and the loss curves by epoch.
    Several tables: a run for the ranking, below it one for each table. What is no number (an
    interval of one seed) is left out.

    A result is logged once: where the experiment has a finished run of the same result, that
    one's id is given and nothing is written. A study that went on to another result is a new run.

    Args:
        found: from `compare`; `compare(resume=folder)` reads a finished study.
        uri: as for MLflow: "http://host:5000", "sqlite:///mlflow.db", ...
        experiment: by name, made where it is not there; None: MLFLOW_EXPERIMENT_NAME, else
            "actscope".

    Raises:
        SettingError: an address that MLflow cannot have.
        StoreError: the server does not answer, or refuses; a run that was begun is marked failed.

    >>> import actscope as act
    >>> c = act.compare("sklearn:iris", activations="relu,tanh", seeds=2, epochs=2, hidden=4,
    ...                 learning_rates=0.01, workers=1)
    >>> run_id = log(c, "http://localhost:5000")  # doctest: +SKIP

    Source: https://mlflow.org/docs/latest/ml/tracking/
    """
    _check_address(uri)
    with _client(uri) as client:
        place = _experiment(client, experiment or MLFLOW_EXPERIMENT_NAME.get() or EXPERIMENT)
        key = result_key(found)
        same = f"tags.`{RESULT}` = '{key}' and attributes.status = 'FINISHED'"
        if known := client.search_runs([place], same, max_results=1):
            return known[0].info.run_id
        return _send(client, place, tracked(found), {RESULT: key})


def check(uri: str) -> None:
    """Refuse what `log` would fail at, before hours are spent; makes and writes nothing.

    Raises:
        SettingError: an address that MLflow cannot have, or a package that it needs is missing.
        StoreError: the server does not answer, or the file cannot be written.
    """
    _check_address(uri)
    path = _file(uri)
    if path is not None:
        _check_file(path)
        if not path.exists() or not path.stat().st_size:
            return  # MLflow makes it
    with _client(uri) as client:
        client.search_experiments(max_results=1)


def _send(
    client: MlflowClient, place: str, run: Tracked, tags: Mapping[str, str], parent: str = ""
) -> str:
    """A run and those below it; it is marked as finished when all is there."""
    tags = {**run.tags, **tags, **({"mlflow.parentRunId": parent} if parent else {})}
    started = int((time.time() - run.seconds) * 1000)
    of = client.create_run(place, started, {}, run_name=run.name).info.run_id
    try:
        for some in _cut([RunTag(*tag) for tag in tags.items()], _SMALL):
            client.log_batch(of, tags=some)
        for some in _cut([Param(*param) for param in run.params.items()], _SMALL):
            client.log_batch(of, params=some)
        now = int(time.time() * 1000)
        for some in _cut([Metric(m.key, m.value, now, m.step) for m in run.metrics], _BATCH):
            client.log_batch(of, metrics=some)
        for child in run.children:
            _send(client, place, child, {}, parent=of)
        if run.files:
            _attach(client, of, run.files)
    except BaseException:
        with suppress(Exception):  # the first problem is the one to tell
            client.set_terminated(of, "FAILED")
        raise
    client.set_terminated(of)
    return of


def _attach(client: MlflowClient, run: str, files: Mapping[str, bytes]) -> None:
    with tempfile.TemporaryDirectory(prefix="actscope-") as folder:
        for name, content in files.items():
            (Path(folder) / name).write_bytes(content)
        client.log_artifacts(run, folder)


def _experiment(client: MlflowClient, name: str) -> str:
    known = client.get_experiment_by_name(name)
    if known is None:
        return client.create_experiment(name)
    if known.lifecycle_stage != "active":
        raise SettingError(
            f"the experiment {name!r} was deleted: restore it, or name another with "
            "MLFLOW_EXPERIMENT_NAME"
        )
    return known.experiment_id


def _cut(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[at : at + size] for at in range(0, len(items), size))


@contextmanager
def _client(uri: str) -> Iterator[MlflowClient]:
    """A client of its own, quiet and soon out of patience; its complaints in one line."""
    set_here = {name: value for name, value in (_PATIENCE | _SILENCE).items()
                if name not in os.environ}  # fmt: skip
    logger = logging.getLogger("mlflow")
    level = logger.level
    os.environ.update(set_here)
    logger.setLevel(logging.ERROR)
    try:
        yield MlflowClient(uri, uri)
    except (SettingError, StoreError):
        raise
    except Exception as error:  # an artifact store raises whatever its own library does
        raise StoreError(_said(uri, error)) from error
    finally:
        logger.setLevel(level)
        for name in set_here:
            os.environ.pop(name, None)


def _said(uri: str, error: Exception) -> str:
    text = " ".join(str(error).split())
    if any(sign in text for sign in ("Max retries exceeded", "timed out", "Connection")):
        return f"no MLflow server answers at {shown(uri)}: start it, or correct its address"
    short = text if len(text) <= 200 else text[:199] + "…"
    return f"MLflow at {shown(uri)} refuses: {short or type(error).__name__}"


def shown(uri: str) -> str:
    """An address without its password.

    >>> shown("https://me:secret@host/x")
    'https://me:***@host/x'
    """
    return re.sub(r"//([^:/@]*):[^@/]*@", r"//\1:***@", uri)


def _check_address(uri: str) -> None:
    try:
        parts = urlsplit(uri)
        scheme, host = parts.scheme.partition("+")[0], parts.hostname
    except ValueError:
        scheme, host = "", None
    web = scheme in ("http", "https") and host and not re.search(r"\s", uri)
    if not (web or scheme in _DATABASES or scheme.startswith("databricks") or uri == "databricks"):
        raise SettingError(
            f"{shown(uri)!r} is no address of MLflow: give http://host:port, or "
            "sqlite:///mlflow.db for a file"
        )
    needed = ("sqlalchemy", "alembic") if scheme in _DATABASES else ()
    if missing := [name for name in needed if importlib.util.find_spec(name) is None]:
        raise SettingError(
            f"MLflow needs {' and '.join(missing)} for {scheme}: pip install 'actscope[mlflow]'"
        )


def _file(uri: str) -> Path | None:
    """The file of an SQLite address, as SQLAlchemy reads it; None for others and :memory:."""
    match = re.fullmatch(r"sqlite(?:\+\w+)?:///([^?]+)(?:\?.*)?", uri)
    return None if match is None or match[1] == ":memory:" else Path(match[1])


def _check_file(path: Path) -> None:
    # MLflow itself would try for minutes, and make missing folders.
    if not path.parent.is_dir():
        raise StoreError(f"there is no folder {str(path.parent)!r} for {path.name}: make it first")
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise StoreError(f"cannot write {str(path)!r}: name another file in sqlite:///FILE")
    if path.exists() and path.stat().st_size:
        try:
            db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
            try:
                db.execute("SELECT name FROM sqlite_master").fetchall()
            finally:
                db.close()
        except sqlite3.DatabaseError as error:
            raise StoreError(f"{str(path)!r} is not a database of MLflow: {error}") from None
