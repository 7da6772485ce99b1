"""docs/training.md: its tables, written by the benchmarks and by nobody else."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

PAGE = Path(__file__).parents[1] / "docs" / "training.md"


def machine(device: str) -> dict[str, Any]:
    """What ran, in words: no names of machines."""
    packages = {}
    for package in ("torch", "numpy", "scikit-learn", "jax"):
        try:
            packages[package] = version(package)
        except PackageNotFoundError:
            packages[package] = None
    kind = f"{platform.machine()} CPU with {torch.backends.cpu.get_cpu_capability()}"
    if device != "cpu":
        kind = f"{torch.cuda.get_device_name()}, {kind}"
    return {
        "processor": kind,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "packages": packages,
        "load_at_start": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
    }


def machine_text(found: dict[str, Any]) -> str:
    """A sentence of it."""
    packages = ", ".join(
        f"{name} {number or '(not installed)'}" for name, number in found["packages"].items()
    )
    load = found["load_at_start"]
    busy = "" if load is None else f"; load of the machine when it began: {load}"
    return (
        f"{found['processor']}, {found['cores']} cores; Python {found['python']}, {packages}{busy}."
    )


def rows_of(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table, words to the left, numbers to the right."""
    marks = ["---", *["--:"] * (len(header) - 1)]
    lines = [header, marks, *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def put(page: Path, section: str, text: str) -> None:
    """Replace what stands between a section's two marks."""
    first, last = f"<!-- {section} -->", f"<!-- /{section} -->"
    before, found, rest = page.read_text().partition(first)
    _, closed, after = rest.partition(last)
    if not (found and closed):
        raise SystemExit(f"{page.name} lacks the marks {first} and {last}: put both back")
    page.write_text(f"{before}{first}\n{text.strip()}\n{last}{after}")
