"""Facts of a formula that somebody typed, worked out in a process of its own.

Reading a formula is quick and safe (`_parse`); analysing one may take any time and memory:
intervals and integrals are subdivided as often as they need. So a child process does it, with
limits. It is this interpreter, isolated from the environment and the current folder; it finds
the same actscope as its parent, and gets and gives JSON. No shell, nothing unpickled.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

from actscope.errors import FormulaError

from ._facts import Facts, from_json
from ._tokens import shown

SECONDS = 20.0
MEMORY = 2 << 30  # bytes of address space

# One thread for whatever numeric library the child may load.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
# -I and -S leave the standard library alone on the child's path; the rest is what it is told.
_START = (
    "import json, sys; request = json.load(sys.stdin); sys.path += request['path']; "
    "from actscope.catalogue._worker import main; main(request)"
)

Values = tuple[tuple[str, float], ...]
Symbols = tuple[tuple[str, str], ...]


@lru_cache(maxsize=512)
def analyse(formula: str, values: Values = (), symbols: Symbols = ()) -> Facts:
    """The facts of a formula whose parameters have these values, as `_derive.derive`.

    Raises:
        FormulaError: it takes longer or more memory than allowed, or cannot be analysed.
    """
    request = {
        "path": _path(),
        "memory": MEMORY,
        "formula": formula,
        "values": values,
        "symbols": symbols,
    }
    return from_json(_answer(formula, json.dumps(request)))


def _path() -> list[str]:
    """Where the child looks for modules: where this package is, then where we look."""
    home = str(Path(__file__).resolve().parents[2])
    return [home, *(os.path.abspath(p) for p in sys.path if isinstance(p, str) and p)]


def _answer(formula: str, request: str) -> dict[str, Any]:
    what = f"cannot analyse {shown(formula)}"
    if not sys.executable:
        raise FormulaError(f"{what}: this program does not know its Python interpreter")
    environment = {**os.environ, **dict.fromkeys(_THREADS, "1")}
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _START],
            input=request,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=SECONDS,
            env=environment,
            cwd=Path(__file__).parent,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise FormulaError(
            f"{what}: it takes longer than {SECONDS:g} seconds; write a simpler formula"
        ) from None
    except OSError as error:
        reason = error.strerror or error
        raise FormulaError(f"{what}: a process for it cannot be started: {reason}") from None
    if done.returncode == 0:
        return json.loads(done.stdout)
    lines = done.stderr.strip().splitlines()
    last = lines[-1] if lines else f"exit status {done.returncode}"
    if "MemoryError" in last or done.returncode < 0:  # killed, or flint aborted for memory
        raise FormulaError(
            f"{what}: it needs more than {MEMORY >> 30} GB of memory; write a simpler formula"
        )
    raise FormulaError(f"{what}: {last[:200]}; write it in another way")
