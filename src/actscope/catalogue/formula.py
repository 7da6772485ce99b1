"""The formula language, for rooms that evaluate formulas in an arithmetic of their own.

A text becomes a tree (`parse`), trees are differentiated (`differentiate`), given values
(`bind`) and evaluated over an `Arithmetic` (`evaluate`).
"""

from ._differentiate import differentiate as differentiate
from ._evaluate import FLOATS as FLOATS
from ._evaluate import Arithmetic as Arithmetic
from ._evaluate import arrays as arrays
from ._evaluate import at as at
from ._evaluate import evaluate as evaluate
from ._evaluate import sample as sample
from ._parse import parse as parse
from ._text import latex as latex
from ._text import text as text
from ._tidy import bind as bind
from ._tidy import rewrite as rewrite
from ._tidy import substitute as substitute
from ._tree import Binary as Binary
from ._tree import Call as Call
from ._tree import Compare as Compare
from ._tree import Name as Name
from ._tree import Node as Node
from ._tree import Number as Number
from ._tree import Where as Where
from ._tree import names_in as names_in
from ._tree import number as number
from ._tree import walk as walk
from ._vocabulary import VOCABULARY as VOCABULARY
from ._vocabulary import expand as expand
from ._vocabulary import stable as stable
