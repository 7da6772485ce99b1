"""What was found before, for the machine and the plan (whatever its seeds)."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from actscope.ensemble import _sizing
from actscope.study._plan import Plan
from actscope.study._task import TablePart
from actscope.study.costs._trials import Trial, Trials


def recall(plan: Plan, tasks: Sequence[TablePart], workers: int) -> Trials | None:
    """The file is only a help: if damaged, nothing is remembered."""
    try:
        found = _kept()[_key(plan, tasks, workers)]
        by = {name: Trial(**trial) for name, trial in found["by_activation"].items()}
        return Trials(by, float(found["startup"]), float(found["baseline"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def remember(plan: Plan, tasks: Sequence[TablePart], workers: int, trials: Trials) -> None:
    try:
        path = _file()
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.part")  # whole or not at all
        document = {**_kept(), _key(plan, tasks, workers): asdict(trials)}
        part.write_text(json.dumps(document, indent=1))
        part.replace(path)
    except OSError:
        pass  # a read-only home: tried again next time


def _key(plan: Plan, tasks: Sequence[TablePart], workers: int) -> str:
    about = {k: v for k, v in plan.to_dict().items() if k not in ("seeds", "hash")}
    block = max(len(task.seeds) for task in tasks)
    text = json.dumps([about, block, workers], sort_keys=True)
    return f"{_sizing._machine()} {hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _file() -> Path:
    return _sizing._file().with_name("costs.json")


def _kept() -> dict[str, Any]:
    try:
        kept = json.loads(_file().read_text())
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}
