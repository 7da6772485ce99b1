"""The time that a study may take."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from actscope.ensemble import _check
from actscope.errors import SettingError

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([smh])\s*")


def is_duration(text: str) -> bool:
    """Whether `text` reads as a time allowed.

    >>> is_duration("5m"), is_duration("1.5 h"), is_duration("5"), is_duration("month")
    (True, True, False, False)
    """
    return _DURATION.fullmatch(text) is not None


@dataclass(frozen=True)
class Allowed:
    """seconds, since `began` on the clock of `time.monotonic`."""

    seconds: float
    began: float

    @property
    def until(self) -> float:
        """Its end, on the same clock."""
        return self.began + self.seconds


def allowed_from(budget: Allowed | float | str | None) -> Allowed | None:
    """From now on, unless it has begun.

    Raises:
        SettingError: as `seconds_of`.
    """
    if budget is None or isinstance(budget, Allowed):
        return budget
    return Allowed(seconds_of(budget), monotonic())


def seconds_of(budget: float | str) -> float:
    """Seconds; text is a number with s, m or h.

    Raises:
        SettingError: neither, or no time at all.

    >>> seconds_of("5m"), seconds_of("1.5h"), seconds_of(90)
    (300.0, 5400.0, 90.0)
    """
    if isinstance(budget, str):
        found = _DURATION.fullmatch(budget)
        if found is None:
            raise SettingError(
                f"budget {budget!r} is not a time: give a number with s, m or h, such as 90s or 5m"
            )
        return _check.positive("budget", float(found[1]) * _UNITS[found[2]])
    return _check.positive("budget", budget)


def within(
    on_progress: Callable[[float], object] | None, allowed: Allowed | None
) -> Callable[[float], object] | None:
    """Tells the share of the work or of the time, whichever is further: the nearer end."""
    if on_progress is None or allowed is None:
        return on_progress
    furthest = 0.0

    def tell(share: float) -> None:
        nonlocal furthest
        furthest = max(furthest, share, min(1.0, (monotonic() - allowed.began) / allowed.seconds))
        on_progress(furthest)

    return tell
