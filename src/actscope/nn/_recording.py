"""Whole evaluations for who records a network's operations and makes them again.

Under a torch dispatch mode every operation is watched, so a formula is computed by plain ones,
which may round differently from the blocks that compute it otherwise. A recorder that can keep a
function and call it again asks to be given it instead.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor


class _Recorder(threading.local):
    """call(function, tensors): does function(*tensors), and notes that it was done."""

    call: Callable[[Callable[..., Any], Sequence[Tensor]], Any] | None = None


RECORDER = _Recorder()
