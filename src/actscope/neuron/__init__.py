"""One neuron: weighted sum, threshold, activation; its decisions, nudges and learning."""

from ._learning import Learning as Learning
from ._neuron import Neuron as Neuron
from ._nudge import Nudge as Nudge
from ._table import MOST_INPUTS as MOST_INPUTS
