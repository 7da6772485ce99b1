"""The real server with real sockets: many tabs, bad tabs, other sites, its end."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from tests.web.running import run
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from actscope.errors import SettingError
from actscope.web import _serve
from actscope.web._app import application


def free_port() -> int:
    with closing(socket.socket()) as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Client:
    """A tab: says commands, reads messages, acknowledges frames."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.frames = self.errors = 0

    async def say(self, cmd: str, **fields: Any) -> None:
        await self.connection.send(json.dumps({"cmd": cmd, **fields}))

    async def read(self) -> dict[str, Any]:
        message = await asyncio.wait_for(self.connection.recv(), 60)
        if isinstance(message, str):
            said = json.loads(message)
            self.errors += said["kind"] == "error"
            return said
        length = int.from_bytes(message[:4], "little")
        header = json.loads(message[4 : 4 + length])
        self.frames += 1
        await self.say("ack", seq=header["seq"])
        return header

    async def until(self, kind: str) -> dict[str, Any]:
        while (said := await self.read())["kind"] != kind:
            pass
        return said


@asynccontextmanager
async def tab(port: int, path: str = "/ws", origin: str | None = None) -> AsyncIterator[Client]:
    url = f"ws://127.0.0.1:{port}{path}"
    extra: Any = {"origin": origin} if origin else {}
    async with connect(url, max_size=None, close_timeout=1, **extra) as connection:
        yield Client(connection)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The application in a thread of this process, so that its threads can be counted."""
    number = free_port()
    app = application([f"127.0.0.1:{number}"], lesson=Path("no such notebook"))
    config = uvicorn.Config(
        app, port=number, log_level="error", ws_max_size=5 * 1024 * 1024,
        timeout_graceful_shutdown=1,
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield number
    server.should_exit = True
    thread.join(30)


def trainers() -> int:
    return sum(thread.name == "actscope-tab" for thread in threading.enumerate())


async def gone() -> None:
    """Wait until no tab's thread is left."""
    for _ in range(600):
        if trainers() == 0:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{trainers()} threads are left")


def test_twenty_tabs_at_once(port: int) -> None:
    async def one() -> Client:
        async with tab(port) as client:
            await client.say("hello")
            await client.until("frame")
            await client.say("run")
            end = time.monotonic() + 2
            while time.monotonic() < end or client.frames < 4:
                await client.read()
            return client

    async def all_of_them() -> None:
        clients = await asyncio.gather(*(one() for _ in range(20)))
        assert all(client.errors == 0 for client in clients)
        assert all(client.frames >= 4 for client in clients)
        await gone()

    run(all_of_them())


def test_bad_tabs_harm_nobody_else(port: int) -> None:
    async def garbage() -> None:
        async with tab(port) as bad:
            for message in ("", "{", b"\x00" * 999, "[" * 9999, '{"cmd":"run","x":1}', "null"):
                await bad.connection.send(message)
                assert (await bad.until("error"))["text"]
            await bad.say("hello")  # it may still behave
            await bad.until("frame")

    async def flood() -> None:
        async with tab(port) as bad:
            try:
                for _ in range(1000):
                    await asyncio.wait_for(bad.connection.send('{"cmd":"code"}'), 1)
            except (TimeoutError, ConnectionClosed):
                pass  # it is made to wait

    async def oversized() -> None:
        async with tab(port) as bad:
            await bad.connection.send("x" * 6_000_000)
            with pytest.raises(ConnectionClosed):
                await bad.read()

    async def silent() -> None:
        async with tab(port) as bad:
            await bad.say("hello")
            await bad.say("run")
            await asyncio.sleep(1)  # never reads, never acknowledges

    async def vanishing() -> None:
        async with tab(port) as bad:
            await bad.say("hello")
            await bad.say("run")
            await bad.until("frame")
            bad.connection.transport.abort()

    async def good() -> None:
        async with tab(port) as client:
            await client.say("hello")
            await client.until("frame")
            await client.say("run")
            others = [garbage(), flood(), oversized(), silent(), vanishing(), vanishing()]
            bad = [asyncio.create_task(other) for other in others]
            while not all(task.done() for task in bad):
                await client.read()
            await asyncio.gather(*bad)
            before = client.frames
            while client.frames < before + 5:
                await client.read()
            assert client.errors == 0
        await gone()

    run(good())


def test_a_formula_bomb_costs_only_its_own_tab(port: int) -> None:
    bomb = "x" + "*tanh(exp(sin(x)))" * 10

    async def both() -> None:
        async with tab(port) as bad, tab(port) as good:
            await bad.say("setup", config={"networks": [{"activations": [bomb]}]})
            await good.say("hello")
            await good.until("frame")
            await good.say("run")
            while good.frames < 8:
                await good.read()
            assert good.errors == 0
            # It is told something in the end, and goes on.
            said = await bad.read()
            assert said["kind"] in ("ready", "error")
        await gone()

    run(both())


def test_other_sites_are_not_let_in(port: int) -> None:
    async def refused(path: str, origin: str) -> int:
        with pytest.raises(InvalidStatus) as caught:
            async with tab(port, path, origin):
                pass
        return caught.value.response.status_code

    for origin in ("http://evil.example", "null", f"http://localhost:{port}"):
        assert run(refused("/ws", origin)) == 403

    async def ours() -> None:
        async with tab(port, origin=f"http://127.0.0.1:{port}") as client:
            await client.say("hello")
            await client.until("frame")

    run(ours())


def get(port: int, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    asked = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    try:
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read()


def test_pages_and_files(port: int) -> None:
    status, headers, page = get(port, "/")
    assert status == 200
    assert b'src="/static/host.js"' in page
    assert "default-src 'self'" in headers["content-security-policy"]
    assert get(port, "/static/net.js")[1]["content-type"].startswith("text/javascript")
    for path in ("/static/../_serve.py", "/static/%2e%2e/_serve.py", "/static//etc/passwd", "/no"):
        assert get(port, path)[0] == 404, path
    assert get(port, "/", Host="evil.example")[0] == 403


def started(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "actscope.cli", "learn", "--no-browser", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip


def test_the_program_from_its_line_to_ctrl_c_with_tabs_open() -> None:
    """Playground and lesson in one process; marimo's own socket is behind the guard too."""
    number = free_port()
    program = started("--port", str(number))
    try:
        assert program.stdout is not None
        line = program.stdout.readline()
        assert line.startswith(f"actscope: http://127.0.0.1:{number}/ ")
        busy = started("--port", str(number))
        _, said = busy.communicate(timeout=120)
        assert busy.returncode == 2
        assert said.startswith(f"actscope: port {number} is in use: try --port ")
        assert said.count("\n") == 1
        assert get(number, "/lesson/")[0] == 200
        assert get(number, "/lesson/", Host=f"evil.example:{number}")[0] == 403
        run(_use_and_end(number, program))
        _, errors = program.communicate(timeout=60)
    finally:
        program.kill()
        program.communicate()
    assert program.returncode == 0, errors
    assert "Traceback" not in errors


async def _use_and_end(number: int, program: subprocess.Popen[str]) -> None:
    lesson = "/lesson/ws?session_id=s_test&file="
    for origin in ("http://evil.example", "null", f"http://127.0.0.1:{number + 1}"):
        with pytest.raises(InvalidStatus):
            async with tab(number, lesson, origin):
                pass
    own = f"http://127.0.0.1:{number}"
    for said in ("kernel-ready", "reconnected"):  # a reader who left: the kernel stays for a while
        async with tab(number, lesson.replace("s_test", "s_left"), own) as left:
            assert said in str(await asyncio.wait_for(left.connection.recv(), 60))
    async with tab(number, lesson, own) as reader, tab(number, "/ws", own) as player:
        assert "kernel-ready" in str(await asyncio.wait_for(reader.connection.recv(), 60))
        await player.say("hello")
        await player.say("run")
        while player.frames < 5:
            await player.read()
        program.send_signal(signal.SIGINT)
        with pytest.raises(ConnectionClosed):
            await player.until("the end")


def test_the_usual_port_in_use_means_the_next_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        monkeypatch.setattr(_serve, "PORT", number)
        found, note = _serve._listen("127.0.0.1", None)
        with found:
            used = found.getsockname()[1]
        assert number < used <= number + _serve.TRIED
        assert note == f"actscope: port {number} is in use; this is {used}"
        with pytest.raises(SettingError, match=rf"port {number} is in use: try --port \d+"):
            _serve._listen("127.0.0.1", number)


@pytest.mark.parametrize(
    ("host", "says"),
    [("0.0.0.0", "stands for every address"), ("evil.example", "must be an address"),
     ("203.0.113.7", "cannot listen at 203.0.113.7")],
)  # fmt: skip
def test_other_addresses_are_asked_for_by_name(host: str, says: str) -> None:
    with pytest.raises(SettingError, match=says):
        _serve._listen(host, free_port())


def test_names_by_which_browsers_may_ask() -> None:
    names = _serve._names("127.0.0.1", 8765)
    assert set(names) == {"127.0.0.1:8765", "localhost:8765", "[::1]:8765"}
    assert _serve._names("192.168.0.7", 9000) == ["192.168.0.7:9000"]
    assert "127.0.0.1" in _serve._names("127.0.0.1", 80)


def test_without_the_extra_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(SettingError, match=r"need uvicorn: pip install actscope\[web\]"):
        _serve.serve()
