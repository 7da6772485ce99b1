"""What a command answers that Ctrl-C ended after it showed or kept what was finished."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Stopped:
    """says: what is finished, and how to go on."""

    says: str
