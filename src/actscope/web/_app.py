"""The application: the playground at `/`, its socket, and the lesson at `/lesson/`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp
from starlette.websockets import WebSocket, WebSocketDisconnect

from actscope.web._guard import Guard
from actscope.web._protocol import dumps, pack
from actscope.web._session import Session

_LOG = logging.getLogger(__name__)

HERE = Path(__file__).parent
STATIC = HERE / "static"
LESSON = HERE / "lesson" / "lesson.py"
MAX_TABS = 64
BACKLOG = 64  # answers that a client has not read yet: it is not listened to before it does
AGAIN = 1013  # WebSocket's "try again later"


class Tabs:
    """The tabs that are open, each with a session of its own."""

    def __init__(self) -> None:
        self.sessions: set[Session] = set()

    async def serve(self, socket: WebSocket) -> None:
        """One tab, from its first message to its last."""
        await socket.accept()
        if len(self.sessions) >= MAX_TABS:
            text = f"{MAX_TABS} tabs are open already: close one, then reload"
            await socket.send_text(dumps({"kind": "error", "text": text, "cmd": None}))
            await socket.close(AGAIN)
            return
        loop, out = asyncio.get_running_loop(), asyncio.Queue[str | bytes | None]()

        def put(message: str | bytes | None) -> None:
            with suppress(RuntimeError):  # the loop has ended, with the server
                loop.call_soon_threadsafe(out.put_nowait, message)

        def send(header: dict[str, Any], numbers: bytes | None) -> None:
            put(dumps(header) if numbers is None else pack(header, numbers))

        session = Session(send, ended=lambda: put(None))
        self.sessions.add(session)
        pump = asyncio.create_task(_pump(socket, out))
        listen = asyncio.create_task(_listen(socket, session, out))
        try:
            await asyncio.wait([pump, listen], return_when=asyncio.FIRST_COMPLETED)
        finally:
            session.close()
            self.sessions.discard(session)
            for task in (pump, listen):
                task.cancel()
            for error in await asyncio.gather(pump, listen, return_exceptions=True):
                if isinstance(error, Exception) and not isinstance(error, WebSocketDisconnect):
                    _LOG.error("a tab failed", exc_info=error)

    def close(self) -> None:
        """End all sessions."""
        for session in self.sessions:
            session.close()


async def _pump(socket: WebSocket, out: asyncio.Queue[str | bytes | None]) -> None:
    while (message := await out.get()) is not None:
        if isinstance(message, str):
            await socket.send_text(message)
        else:
            await socket.send_bytes(message)


async def _listen(
    socket: WebSocket, session: Session, out: asyncio.Queue[str | bytes | None]
) -> None:
    while (message := await socket.receive())["type"] != "websocket.disconnect":
        text = message.get("text")
        session.receive(message.get("bytes") or b"" if text is None else text)
        while session.full or out.qsize() > BACKLOG:
            await asyncio.sleep(0.02)


def application(hosts: Sequence[str] | None = None, lesson: Path = LESSON) -> Guard:
    """What is served, behind its guard.

    hosts: "name:port" under which it may be asked for. lesson: the notebook, if it is there.
    """
    tabs = Tabs()

    async def page(_: Request) -> FileResponse:
        return FileResponse(STATIC / "index.html", headers={"Cache-Control": "no-cache"})

    notebook = _Lesson(lesson) if lesson.exists() else None

    @asynccontextmanager
    async def life(_: Starlette) -> AsyncIterator[None]:
        yield
        tabs.close()
        if notebook is not None:
            await notebook.close()

    routes: list[BaseRoute] = [Route("/", page), WebSocketRoute("/ws", tabs.serve)]
    app = Starlette(routes=routes, lifespan=life)
    app.mount("/static", _Static(directory=STATIC), "static")
    if notebook is not None:
        app.mount("/", notebook.app, "lesson")
    return Guard(app, hosts)


class _Static(StaticFiles):
    """Files that browsers ask about again: a newer actscope has newer ones."""

    def file_response(self, *args: Any, **options: Any) -> Any:
        response = super().file_response(*args, **options)
        response.headers["Cache-Control"] = "no-cache"
        return response


class _Lesson:
    """The notebook, served by marimo under /lesson/."""

    def __init__(self, notebook: Path) -> None:
        import marimo

        self._inner: list[Any] = []

        def kept(app: ASGIApp) -> ASGIApp:
            self._inner.append(app)
            return app

        made = marimo.create_asgi_app(quiet=True, include_code=False)
        self.app = made.with_app(path="/lesson", root=str(notebook), middleware=[kept]).build()

    async def close(self) -> None:
        """End its kernels: marimo does it when it is told so itself, not as a part of us."""
        for inner in self._inner:
            await inner.state.session_manager.shutdown()
