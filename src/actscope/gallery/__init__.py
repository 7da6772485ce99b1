"""The catalogue as pictures: a plot of a few functions, the poster of all.

Its curves, and how pictures become files, serve other rooms too.
"""

from ._curve import Curve as Curve
from ._curve import clipped as clipped
from ._curve import value_curve as value_curve
from ._curve import window as window
from ._files import check_path as check_path
from ._files import save as save
from ._plot import chosen as chosen
from ._plot import plot as plot
from ._poster import poster as poster
