"""What is let in: only our own pages, by our own name, in reasonable amounts.

A page of any other site can make a browser connect to 127.0.0.1. It cannot choose the Origin
header, and a name that it points at 127.0.0.1 ("DNS rebinding") shows in the Host header.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY = 64 * 1024
# The lesson sends an uploaded table as text in a request of its own, a third larger than it is.
MAX_LESSON_BODY = 8 * 1024 * 1024
POLICY_VIOLATION = 1008

# Nothing comes from, or goes to, another place. "connect-src 'self'" covers sockets too.
_CSP = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'"
)
# marimo's own page starts from inline scripts and styles, and compiles its widgets.
_LESSON_CSP = (
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; object-src 'none'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class TooLarge(Exception):
    """A body that is longer than it may be."""


class Guard:
    """ASGI middleware around the whole application, sockets included.

    hosts: "name:port" under which we may be asked for; None: any loopback name, any port.
    """

    def __init__(self, app: ASGIApp, hosts: Sequence[str] | None = None) -> None:
        self._app = app
        self._hosts = None if hosts is None else {host.lower() for host in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        reason = self.refusal(headers.getlist("host"), headers.getlist("origin"))
        if reason is not None and scope["type"] == "websocket":
            await receive()  # "websocket.connect": closed before it is accepted
            await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": reason})
        elif reason is not None:
            await PlainTextResponse(reason + "\n", 403)(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._app(scope, receive, send)
        else:
            await self._http(scope, receive, send, headers)

    def refusal(self, hosts: Sequence[str], origins: Sequence[str]) -> str | None:
        """Why a request with these headers is not answered; None: it is."""
        if len(hosts) != 1 or not self._ours(hosts[0]):
            return "this address is not served here: use the one that actscope printed"
        for origin in origins:
            parts = urlsplit(origin) if origin.isascii() else urlsplit("")
            if parts.scheme not in ("http", "https") or parts.netloc.lower() != hosts[0].lower():
                return "another site's page may not use this one"
        return None

    def _ours(self, host: str) -> bool:
        host = host.lower()
        if self._hosts is not None:
            return host in self._hosts
        name, _, port = host.rpartition(":") if not host.endswith("]") else (host, "", "")
        return (name if port.isdigit() else host) in LOOPBACK

    async def _http(self, scope: Scope, receive: Receive, send: Send, headers: Headers) -> None:
        lesson = scope["path"] == "/lesson" or scope["path"].startswith("/lesson/")
        most = MAX_LESSON_BODY if lesson else MAX_BODY
        said = headers.get("content-length", "0")
        if not said.isdigit() or int(said[:20]) > most:
            await self._too_large(most, scope, receive, send)
            return
        seen, started = 0, False

        async def bounded() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > most:
                raise TooLarge
            return message

        async def dressed(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                answer = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    answer[name] = value
                answer["Content-Security-Policy"] = _LESSON_CSP if lesson else _CSP
            await send(message)

        try:
            await self._app(scope, bounded, dressed)
        except TooLarge:
            if not started:
                await self._too_large(most, scope, receive, send)

    async def _too_large(self, most: int, scope: Scope, receive: Receive, send: Send) -> None:
        text = f"too large: at most {most // 1024:,} KiB\n"
        headers = {"Connection": "close"}  # what is left of the body is not read
        await PlainTextResponse(text, 413, headers)(scope, receive, send)


LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
