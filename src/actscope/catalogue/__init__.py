"""The catalogue: one record per activation, its facts computed from its formula."""

from ._facts import Facts as Facts
from ._record import Entry as Entry
from ._record import Parameter as Parameter
from ._record import Record as Record
from ._registry import get as get
from ._registry import names as names
from ._registry import split as split
