"""The activations, one file a family. Adding one is adding one entry, then `make facts`.

The formula language is in `_vocabulary.py`. Where PyTorch has the function, a parameter has
PyTorch's name and default. An entry's own words (summary, reference, where libraries differ)
are the only things typed; everything else is derived from the formula.
"""

from ._bell import ENTRIES as _BELL
from ._exponential import ENTRIES as _EXPONENTIAL
from ._gated import ENTRIES as _GATED
from ._layers import GATED as GATED
from ._layers import VECTOR as VECTOR
from ._periodic import ENTRIES as _PERIODIC
from ._power import ENTRIES as _POWER
from ._rectifier import ENTRIES as _RECTIFIER
from ._shrink import ENTRIES as _SHRINK
from ._sigmoidal import ENTRIES as _SIGMOIDAL
from ._threshold import ENTRIES as _THRESHOLD

ENTRIES = (
    *_POWER,
    *_THRESHOLD,
    *_SIGMOIDAL,
    *_RECTIFIER,
    *_EXPONENTIAL,
    *_GATED,
    *_SHRINK,
    *_PERIODIC,
    *_BELL,
)
