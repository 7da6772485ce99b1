"""The catalogue: one record per activation, its facts computed from its formula."""

from ._define import define as define
from ._define import forget as forget
from ._define import from_definition as from_definition
from ._define import is_own as is_own
from ._define import to_definition as to_definition
from ._facts import Facts as Facts
from ._gain import gain as gain
from ._layers import GatedRecord as GatedRecord
from ._layers import VectorRecord as VectorRecord
from ._own import Learned as Learned
from ._record import Entry as Entry
from ._record import Parameter as Parameter
from ._record import Record as Record
from ._registry import get as get
from ._registry import names as names
from ._registry import split as split
