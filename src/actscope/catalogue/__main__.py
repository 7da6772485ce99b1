"""Write facts.json anew: `python -m actscope.catalogue` (with --check: only compare)."""

from __future__ import annotations

import argparse
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from ._facts import Facts, disagreements, from_json, stored, to_json
from ._record import Entry
from ._records import derived, origin
from .entries import ENTRIES

FILE = Path(__file__).with_name("facts.json")


def main(arguments: list[str] | None = None) -> int:
    """Derive the facts of every entry; the exit status is 1 when --check finds a difference."""
    parser = argparse.ArgumentParser(prog="python -m actscope.catalogue", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, say what differs")
    check = parser.parse_args(arguments).check
    documents, wrong = {}, []
    with ProcessPoolExecutor() as workers:
        found = list(workers.map(_derived, ENTRIES))
    for entry, facts in zip(ENTRIES, found, strict=True):
        documents[entry.name] = {"from": origin(entry, entry.parameters), **to_json(facts)}
        if check:
            known = stored().get(entry.name)
            differing = disagreements(facts, from_json(known)) if known else ["missing"]
            wrong += [f"{entry.name}: {name}" for name in differing]
    if check:
        print("\n".join(wrong) or f"{len(ENTRIES)} activations: facts.json agrees")
        return 1 if wrong else 0
    FILE.write_text(json.dumps(documents, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{len(ENTRIES)} activations written to {FILE.name}")
    return 0


def _derived(entry: Entry) -> Facts:
    return derived(entry, entry.parameters)


if __name__ == "__main__":
    sys.exit(main())
