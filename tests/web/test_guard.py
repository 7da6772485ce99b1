"""Who is let in, asked as a server would ask: raw ASGI, no server."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send
from tests.web.running import run

from actscope.web._guard import LOOPBACK, MAX_BODY, MAX_LESSON_BODY, Guard

HOSTS = ["127.0.0.1:8765", "localhost:8765", "[::1]:8765"]
OWN = "http://127.0.0.1:8765"


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that says how much it was sent."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    size, more = 0, True
    while more:
        message = await receive()
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(size).encode()})


def ask(
    host: str | None = HOSTS[0],
    origin: str | None = None,
    *,
    path: str = "/",
    kind: str = "http",
    body: list[bytes] | None = None,
    length: str | None = None,
    hosts: list[str] | None = HOSTS,
) -> list[Message]:
    pairs = [("host", host), ("origin", origin), ("content-length", length)]
    headers = [(k.encode(), v.encode("latin-1")) for k, v in pairs if v is not None]
    scope: dict[str, Any] = {"type": kind, "path": path, "method": "POST", "headers": headers}
    chunks = body or [b""]
    inbox: list[Message] = [
        {"type": "http.request", "body": chunk, "more_body": i < len(chunks) - 1}
        for i, chunk in enumerate(chunks)
    ]
    if kind == "websocket":
        inbox = [{"type": "websocket.connect"}]
    sent: list[Message] = []

    async def receive() -> Message:
        return inbox.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    run(Guard(echo, hosts)(scope, receive, send))
    return sent


def status(sent: list[Message]) -> int:
    return sent[0]["status"]


@pytest.mark.parametrize("host", HOSTS)
def test_our_own_names_and_our_own_pages(host: str) -> None:
    assert status(ask(host)) == 200
    assert status(ask(host, f"http://{host}")) == 200
    assert ask(host, f"http://{host}", kind="websocket") == [{"type": "websocket.accept"}]


@pytest.mark.parametrize("path", ["/", "/ws", "/static/net.js", "/lesson/", "/lesson/ws"])
@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("evil.example:8765", None),
        ("127.0.0.1", None),
        ("127.0.0.1:9999", None),
        ("127.0.0.1.evil.example:8765", None),
        ("", None),
        (None, None),
        (HOSTS[0], "http://evil.example"),
        (HOSTS[0], "null"),
        (HOSTS[0], ""),
        (HOSTS[0], "http://127.0.0.1:9999"),
        (HOSTS[0], "http://localhost:8765"),  # another name is another origin to a browser
        (HOSTS[0], "http://127.0.0.1:8765.evil.example"),
        (HOSTS[0], "http://evil.example@127.0.0.1:8765"),
        (HOSTS[0], "file://127.0.0.1:8765"),
    ],
)
def test_others_are_refused_on_every_path(host: str | None, origin: str | None, path: str) -> None:
    assert status(ask(host, origin, path=path)) == 403
    (closed,) = ask(host, origin, path=path, kind="websocket")
    assert (closed["type"], closed["code"]) == ("websocket.close", 1008)


@given(st.text(st.characters(max_codepoint=255), max_size=40))
def test_no_other_text_is_a_host_or_an_origin(text: str) -> None:
    guard = Guard(echo, HOSTS)
    ours = text.lower() in HOSTS
    assert (guard.refusal([text], []) is None) == ours
    assert (guard.refusal([HOSTS[0]], [text]) is None) == (text.lower() in (OWN, f"https{OWN[4:]}"))
    loopback = Guard(echo).refusal([text], []) is None
    assert loopback == (text.lower().rsplit(":", 1)[0] in LOOPBACK or text.lower() in LOOPBACK)


def test_two_hosts_are_none() -> None:
    assert Guard(echo, HOSTS).refusal([HOSTS[0], HOSTS[1]], []) is not None
    assert Guard(echo, HOSTS).refusal([HOSTS[0]], [OWN, "http://evil.example"]) is not None


@pytest.mark.parametrize(("path", "most"), [("/", MAX_BODY), ("/lesson/api", MAX_LESSON_BODY)])
def test_bodies_are_bounded_as_they_say_and_as_they_come(path: str, most: int) -> None:
    full = b"a" * most
    accepted = ask(path=path, body=[full], length=str(most))
    assert (status(accepted), accepted[1]["body"]) == (200, str(most).encode())
    assert status(ask(path=path, body=[b""], length=str(most + 1))) == 413
    assert status(ask(path=path, body=[full, b"b"])) == 413  # chunked: it says nothing before
    assert status(ask(path=path, body=[full, b"b"], length="7")) == 413
    assert status(ask(path=path, length="many")) == 413
    assert status(ask(path=path, length="9" * 400)) == 413


def test_answers_carry_the_policy_and_errors_say_nothing_of_us() -> None:
    headers = dict(ask()[0]["headers"])
    assert b"default-src 'self'" in headers[b"content-security-policy"]
    assert b"unsafe" not in headers[b"content-security-policy"]
    assert headers[b"x-content-type-options"] == b"nosniff"
    lesson = dict(ask(path="/lesson/")[0]["headers"])
    assert b"default-src 'self'" in lesson[b"content-security-policy"]
    assert b"http" not in lesson[b"content-security-policy"]
