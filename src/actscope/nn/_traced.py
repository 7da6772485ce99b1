"""What torch.compile calls instead of tracing into the making of programs.

Imported while dynamo traces: the function stands in its graph as it is, and what it does with
tensors is traced one level below, by AOTAutograd, where its autograd function is an ordinary one.
"""

from typing import Any

import torch

from . import _forms

EVALUATE: Any = torch.compiler.allow_in_graph(_forms.evaluate)
EVALUATE_SLOPE: Any = torch.compiler.allow_in_graph(_forms.evaluate_slope)
