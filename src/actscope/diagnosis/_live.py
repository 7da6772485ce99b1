"""Findings told while a model is watched, each once."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from actscope.diagnosis._report import RANKS, Finding
from actscope.errors import SettingError

# A judgement reads every sum back from the device, so it is made at every tenth look, later at
# every fiftieth: next to the passes between, it costs nothing.
OFTEN, UNTIL, SELDOM = 10, 100, 50


class Live:
    """Who is told, and what they were told. Never twice of one kind at one site, unless it is
    more severe or at twice as many units."""

    def __init__(self, tell: Callable[[Finding], object] | None = None) -> None:
        if tell is not None and not callable(tell):
            raise SettingError(
                f"on_finding is {tell!r}: give a function that takes a finding, such as print"
            )
        self._tell = tell
        self._told: dict[tuple[str, str], Finding] = {}

    def due(self, looked: int) -> bool:
        """Whether to judge after so many looks."""
        every = OFTEN if looked <= UNTIL else SELDOM
        return self._tell is not None and looked > 0 and looked % every == 0

    @property
    def wanted(self) -> bool:
        """Whether anybody listens."""
        return self._tell is not None

    def tell(self, findings: Iterable[Finding]) -> None:
        """Pass on what is new or worse."""
        for finding in findings:
            known = self._told.get((finding.kind, finding.site))
            worse = known is None or (
                RANKS[finding.severity] > RANKS[known.severity]
                or len(finding.units) >= 2 * max(1, len(known.units))
            )
            if worse and self._tell is not None:
                self._told[finding.kind, finding.site] = finding
                self._tell(finding)
