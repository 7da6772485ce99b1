"""One tab's training, whatever carries its messages: a thread, an inbox, and credits for frames.

Everything that touches the networks happens in the session's own thread, message by message and
epoch by epoch, so nothing needs a lock but the inbox. A session computes only in its turn
(`_turns`), a few milliseconds at a time; it makes at most 30 frames a second, and none while
two are on their way. A tab that stopped looking (hidden, or gone without a word) stops costing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from actscope.errors import ActscopeError
from actscope.web._code import code
from actscope.web._config import OWN, Config, Refused
from actscope.web._data2d import Plane
from actscope.web._options import options
from actscope.web._protocol import MAX_WHOLE, Command, command_of, parse, payload
from actscope.web._table import points_of, read_table
from actscope.web._turns import TURNS
from actscope.web._unit import unit
from actscope.web._workbench import Workbench

_LOG = logging.getLogger(__name__)

Send = Callable[[dict[str, Any], bytes | None], None]

IN_FLIGHT = 2
FRAME_SECONDS = 1 / 30
SLICE_SECONDS = 0.008  # of training, before the others have their turn
LAG_SECONDS = 0.25  # behind by more than this, a set speed is not caught up with
UNSEEN_SECONDS = 10.0  # with frames on their way and none painted, nobody looks
INBOX = 64


class Session:
    """A playground's networks and their training, driven by messages.

    send: called from the session's thread with a message, and for a frame with its numbers.
    ended: called once when the thread is over.
    """

    def __init__(self, send: Send, ended: Callable[[], None] = lambda: None) -> None:
        self._send, self._ended = send, ended
        self._wake = threading.Condition()
        self._inbox: deque[str | bytes] = deque()
        self._closed = False
        self._own: Plane | None = None
        self._data: dict[str, Any] | None = None  # what a CSV offers
        self._bench: Workbench | None = None
        self._running, self._steps = False, 0
        self._speed: float | None = None
        self._next_epoch = self._last_frame = 0.0
        self._sequence, self._flying = 0, set[int]()
        self._changed = self._features = False
        self._thread = threading.Thread(target=self._run, name="actscope-tab", daemon=True)
        self._thread.start()

    @property
    def full(self) -> bool:
        """Whether messages come faster than they are answered: wait before handing on more."""
        with self._wake:
            return len(self._inbox) >= INBOX or sum(map(len, self._inbox)) > MAX_WHOLE

    def receive(self, message: str | bytes) -> None:
        """Hand a message in, from any thread; it never waits."""
        with self._wake:
            self._inbox.append(message)
            self._wake.notify()

    def close(self) -> None:
        """End: the thread is over after the epoch or the analysis that it is at."""
        with self._wake:
            self._closed = True
            self._inbox.clear()
            self._wake.notify()

    def join(self, timeout: float | None = None) -> bool:
        """Wait until the thread is over; whether it is."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            while (messages := self._await()) is not None:
                for message in messages:
                    if self._closed:
                        return
                    self._hear(message)
                self._work()
        finally:
            self._bench = None
            self._ended()

    def _await(self) -> list[str | bytes] | None:
        """What came in, once something did or is due; None at the end."""
        with self._wake:
            while not self._closed and not self._inbox:
                seconds = self._due_in()
                if seconds is not None and seconds <= 0:
                    break
                self._wake.wait(seconds)
            messages = list(self._inbox)
            self._inbox.clear()
            return None if self._closed else messages

    def _due_in(self) -> float | None:
        """Seconds until there is something to do; None: not before a message."""
        now = time.monotonic()
        waits = []
        if self._changed and len(self._flying) < IN_FLIGHT:
            waits.append(self._next_frame() - now)
        if self._trains(now):
            waits.append(0.0 if self._steps or not self._speed else self._next_epoch - now)
        return min(waits) if waits else None

    def _trains(self, now: float) -> bool:
        looked_at = len(self._flying) < IN_FLIGHT or now - self._last_frame < UNSEEN_SECONDS
        return bool(self._steps) or (self._running and looked_at)

    def _work(self) -> None:
        """Train a little, show what there is, in turn with the others."""
        seconds = self._due_in()
        if seconds is None or seconds > 0 or self._bench is None:
            return
        with TURNS.turn():
            self._train(self._bench)
            ready = time.monotonic() >= self._next_frame()
            if self._changed and ready and len(self._flying) < IN_FLIGHT:
                self._show(self._bench)

    def _next_frame(self) -> float:
        return self._last_frame + FRAME_SECONDS

    def _train(self, bench: Workbench) -> None:
        start = now = time.monotonic()
        until = start + SLICE_SECONDS
        if len(self._flying) < IN_FLIGHT:
            until = min(until, max(start, self._next_frame()))
        while self._trains(now) and now <= until and not self._closed:
            if not self._steps and self._speed:
                if now < self._next_epoch:
                    return
                late = now - self._next_epoch > LAG_SECONDS
                self._next_epoch = (now if late else self._next_epoch) + 1 / self._speed
            bench.epoch()
            self._steps = max(0, self._steps - 1)
            self._changed = True
            now = time.monotonic()

    def _show(self, bench: Workbench) -> None:
        at = time.time() * 1e3
        said, parts = bench.seen(features=self._features)
        described, numbers = payload(parts)
        self._sequence += 1
        self._flying.add(self._sequence)
        # As if it came when it was due: frames then keep their pace, late by an epoch or not.
        now = time.monotonic()
        self._last_frame = max(self._next_frame(), now - FRAME_SECONDS / 2)
        self._last_frame = min(self._last_frame, now)
        self._changed = self._features = False
        header = {
            "kind": "frame",
            "seq": self._sequence,
            "t": at,
            "running": self._running,
            **said,
            "parts": described,
        }
        self._send(header, numbers)

    def _hear(self, message: str | bytes) -> None:
        try:
            command = parse(message)
        except Refused as error:
            self._refuse(error, command_of(message))
            return
        try:
            getattr(self, f"_on_{command.cmd}")(command)
        except ActscopeError as error:
            self._refuse(error, command.cmd)
        except Exception:  # noqa: BLE001 - ours to mend: said, logged, and the tab goes on
            _LOG.exception("%s failed", command.cmd)
            self._refuse(
                ActscopeError("that went wrong within actscope: see its terminal"), command.cmd
            )

    def _refuse(self, error: ActscopeError, cmd: str | None) -> None:
        text = " ".join(str(error).split())
        field = error.field if isinstance(error, Refused) else None
        self._send({"kind": "error", "text": text, "cmd": cmd, "field": field}, None)

    def _made(self) -> Workbench:
        if self._bench is None:
            self._bench = Workbench(Config())
        return self._bench

    def _take(self, bench: Workbench) -> None:
        """Work on these networks from now on, paused."""
        self._bench = bench
        self._running, self._steps = False, 0
        self._ready()

    def _ready(self) -> None:
        bench = self._made()
        data = {"data": self._data} if self._data and bench.config.data == OWN else {}
        self._send({"kind": "ready", **bench.ready(), **data}, None)
        self._features = True
        self._at_once()

    def _at_once(self) -> None:
        """A frame as soon as there is a credit for it."""
        self._changed, self._last_frame = True, time.monotonic() - FRAME_SECONDS

    def _state(self) -> None:
        self._send({"kind": "state", "running": self._running}, None)

    def _on_hello(self, _: Command) -> None:
        self._flying.clear()
        self._send({"kind": "hello", "options": options()}, None)
        self._ready()

    def _on_setup(self, command: Command) -> None:
        self._take(Workbench(command.values["config"], self._own))

    def _on_run(self, _: Command) -> None:
        self._made()
        self._running, self._next_epoch = True, time.monotonic()
        self._state()

    def _on_pause(self, _: Command) -> None:
        self._running, self._steps = False, 0
        self._state()

    def _on_step(self, command: Command) -> None:
        self._made()
        self._running, self._steps = False, command.values["epochs"]
        self._state()

    def _on_reset(self, _: Command) -> None:
        self._made().restart()
        self._running, self._steps = False, 0
        self._state()
        self._at_once()

    def _on_speed(self, command: Command) -> None:
        self._speed = command.values["epochs_per_second"]
        self._next_epoch = time.monotonic()

    def _on_ack(self, command: Command) -> None:
        self._flying.discard(command.values["seq"])

    def _on_edit(self, command: Command) -> None:
        values = command.values
        place = (values[name] for name in ("network", "layer", "from", "to", "value"))
        self._made().edit(*place)
        self._at_once()

    def _on_points(self, command: Command) -> None:
        self._use(points_of(command.values["inputs"], command.values["targets"]), None)

    def _on_csv(self, command: Command) -> None:
        table = read_table(**command.values)
        self._use(table.plane, table.data)

    def _use(self, own: Plane, data: dict[str, Any] | None) -> None:
        """Points of one's own, kept only if networks can be made for them."""
        bench = Workbench(replace(self._made().config, data=OWN), own)
        self._own, self._data = own, data
        self._take(bench)

    def _on_unit(self, command: Command) -> None:
        self._send(unit(self._made(), **command.values), None)

    def _on_code(self, _: Command) -> None:
        self._send({"kind": "code", "text": code(self._made())}, None)
