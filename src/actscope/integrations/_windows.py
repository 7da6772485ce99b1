"""Training in windows: each with a watch of its own, so that units which die late are seen.

One watch over the whole run would call a unit alive for ever that fired in the first epoch.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from torch import nn

from actscope.diagnosis import RANKS, Finding, HealthReport, Watch, watch
from actscope.errors import SettingError

_LOG = logging.getLogger("actscope")
SHARES = ("dead", "dormant", "saturated")


class Windows:
    """Watches over the same modules, one window after the other.

    reports: by path of the module, of the window that ended last.
    """

    def __init__(
        self,
        every: int | str,
        sites: bool,
        tell: Callable[[Finding], object] | None,
        prefix: str = "health",
    ) -> None:
        if every != "auto" and (type(every) is not int or every < 1):
            raise SettingError(f'every is {every!r}: it must be "auto" or a whole number from 1')
        if tell is not None and not callable(tell):
            raise SettingError(f"on_finding is {tell!r}: give a function that takes a finding")
        self.reports: dict[str, HealthReport] = {}
        self._every, self._sites, self._prefix = every, sites, prefix
        self._tell = warn if tell is None else tell
        self._told: dict[tuple[str, str, str], int] = {}
        self._watches: dict[str, Watch] = {}
        self._on = False

    @property
    def running(self) -> bool:
        """Whether modules are watched, though perhaps not at this moment."""
        return bool(self._watches)

    def open(self, modules: dict[str, nn.Module]) -> None:
        """A new window. modules: by path."""
        self.drop()
        self._watches = {path: watch(module, self._every) for path, module in modules.items()}
        self.resume()

    def pause(self) -> None:
        """Look away; what was seen stays."""
        if self._on:
            self._on = False
            for seen in self._watches.values():
                seen.__exit__(None, None, None)

    def resume(self) -> None:
        """Look again."""
        if not self._on:
            self._on = True
            for seen in self._watches.values():
                seen.__enter__()

    def drop(self) -> None:
        """Off, and forget the window."""
        self.pause()
        self._watches = {}

    def close(self, *, together: bool = False, tell: bool = True) -> dict[str, float]:
        """End the window: keep its reports, tell what is new, give its numbers.

        together: add up what all ranks saw; all of them must call, and one has to tell.
        """
        watches = self._watches
        self.drop()
        seen = {path: w.gather() if together else w for path, w in watches.items()}
        self.reports = {path: w.report() for path, w in seen.items()} or self.reports
        # One module of several may well have no activation; all of them should not.
        counted = any(site.units for report in self.reports.values() for site in report.sites)
        for path, report in self.reports.items() if tell else ():
            for finding in report.findings:
                if finding.kind != "nothing_seen" or (report.looked and not counted):
                    self._tell_once(path, finding)
        return self._numbers() if watches else {}

    def _tell_once(self, path: str, finding: Finding) -> None:
        """Again only when it has become more severe."""
        key, rank = (path, finding.kind, finding.site), RANKS[finding.severity]
        if rank > self._told.get(key, -1):
            self._told[key] = rank
            self._tell(finding)

    def _numbers(self) -> dict[str, float]:
        """Shares of units, of all and by site, as a logger has them."""
        numbers: dict[str, float] = {}
        units = 0
        counts = dict.fromkeys(SHARES, 0)
        for path, report in self.reports.items():
            for site in report.sites:
                if not site.units:
                    continue
                units += site.units
                name = f"{path}.{site.name}" if path else site.name
                for kind in SHARES:
                    which = len(getattr(site, f"{kind}_units"))
                    counts[kind] += which
                    if self._sites:
                        numbers[f"{self._prefix}/{name}/{kind}"] = which / site.units
        if units:
            total = {f"{self._prefix}/{kind}": counts[kind] / units for kind in SHARES}
            numbers = {**total, **numbers}
        return numbers


def warn(finding: Finding) -> None:
    """Where nobody asked for findings: to the log of the name "actscope"."""
    _LOG.warning("%s. Try: %s", finding.text, finding.repair)
