"""Where activations are in a model: found by running it once, changed, and initialised."""

from ._activations import declare as declare
from ._find import Site as Site
from ._find import Sites as Sites
from ._find import find as find
from ._init import init_ as init_
from ._refuse import refuse as refuse
from ._swap import swap as swap
