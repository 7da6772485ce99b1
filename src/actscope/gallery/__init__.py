"""The catalogue as pictures: a plot of a few functions, the poster of all."""

from ._plot import chosen as chosen
from ._plot import plot as plot
from ._poster import poster as poster
