"""How much of a study is done, told while it goes on."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Counters:
    """A file with a number for each part, in which workers of this machine may count.

    sizes: what each number is when its part is done.
    """

    path: Path
    sizes: NDArray[np.int64]

    def add(self, index: int, amount: int) -> None:
        """Called by the one worker that runs the part."""
        self._slots()[index] += amount

    def finish(self, index: int) -> None:
        """Members that stopped early are done too."""
        self._slots()[index] = self.sizes[index]

    def share(self) -> float:
        """Done, 0 to 1."""
        done = np.minimum(np.fromfile(self.path, np.int64), self.sizes)
        return float(done.sum() / max(1, self.sizes.sum()))

    def _slots(self) -> NDArray[np.int64]:
        return np.memmap(self.path, dtype=np.int64, mode="r+")


@contextmanager
def counting(
    sizes: Sequence[int], on_progress: Callable[[float], object] | None
) -> Iterator[Counters | None]:
    """Counters that a thread reads a few times a second and tells; None where nobody listens."""
    if on_progress is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="actscope-") as folder:
        counters = Counters(Path(folder) / "counters", np.array(sizes, np.int64))
        np.zeros(len(sizes), np.int64).tofile(counters.path)
        stop = threading.Event()

        def watch() -> None:
            while not stop.wait(POLL_SECONDS):
                on_progress(counters.share())

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield counters
        finally:
            stop.set()
            thread.join()
        on_progress(1.0)
