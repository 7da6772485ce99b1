"""The child process of `_analysis`: one request in, the facts of one formula out."""

from __future__ import annotations

import json
import sys
from typing import Any

from ._derive import derive
from ._facts import to_json

_DEEPEST = 5_000  # derivatives of derivatives are deeper trees than what was typed


def main(request: dict[str, Any]) -> None:
    """Print the facts as JSON."""
    _limit_memory(request["memory"])
    sys.setrecursionlimit(_DEEPEST)
    facts = derive(
        request["formula"],
        tuple((name, value) for name, value in request["values"]),
        tuple((name, symbol) for name, symbol in request["symbols"]),
    )
    json.dump(to_json(facts), sys.stdout)


def _limit_memory(size: int) -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limit; the one on time holds there too
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = size if hard == resource.RLIM_INFINITY else min(size, hard)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))
