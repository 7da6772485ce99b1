"""What is wrong with the units of a model: streaming statistics, findings, a report."""

from ._diagnose import UnhealthyModel as UnhealthyModel
from ._diagnose import assert_healthy as assert_healthy
from ._diagnose import diagnose as diagnose
from ._report import RANKS as RANKS
from ._report import Finding as Finding
from ._report import HealthReport as HealthReport
from ._report import SiteHealth as SiteHealth
from ._watch import Watch as Watch
from ._watch import watch as watch
