"""Health of units: what dead, dormant, saturated and sparse mean. Pure functions."""

from actscope.health._health import DORMANT_TAU as DORMANT_TAU
from actscope.health._health import SATURATED_SHARE as SATURATED_SHARE
from actscope.health._health import Counts as Counts
from actscope.health._health import UnitHealth as UnitHealth
from actscope.health._health import count as count
from actscope.health._health import dead_inputs as dead_inputs
from actscope.health._health import judge as judge
from actscope.health._health import saturated_inputs as saturated_inputs
from actscope.health._health import unit_health as unit_health
