"""Many networks trained as one."""

from actscope.ensemble._ensemble import Ensemble as Ensemble
from actscope.ensemble._ensemble import member_weights as member_weights
from actscope.ensemble._ensemble import softmax as softmax
from actscope.ensemble._evaluate import LayerHealth as LayerHealth
from actscope.ensemble._evaluate import layer_health as layer_health
from actscope.ensemble._evaluate import outputs as outputs
from actscope.ensemble._fit import train_ensemble as train_ensemble
from actscope.ensemble._init import INITS as INITS
from actscope.ensemble._layout import Shape as Shape
from actscope.ensemble._live import Live as Live
from actscope.ensemble._live import View as View
from actscope.ensemble._network import Perceptron as Perceptron
from actscope.ensemble._plan import Member as Member
from actscope.ensemble._plan import Rows as Rows
from actscope.ensemble._plan import Settings as Settings
from actscope.ensemble._plan import chunks as chunks
from actscope.ensemble._plan import members_per_chunk as members_per_chunk
from actscope.ensemble._threads import one_thread as one_thread
from actscope.ensemble._train import Trained as Trained
from actscope.ensemble._train import train_chunk as train_chunk
