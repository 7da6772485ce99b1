"""The server as a program: its port, its one line, its end."""

from __future__ import annotations

import errno
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable
from ipaddress import ip_address

from actscope.errors import SettingError

PORT = 8765
TRIED = 20  # ports after the usual one, when that is taken
# Between threads that compute: the event loop waits less for Python's lock (5 ms otherwise).
SWITCH_SECONDS = 0.0005


def serve(
    port: int | None = None,
    *,
    host: str = "127.0.0.1",
    browser: bool = True,
    say: Callable[[str], None] = print,
) -> None:
    """Serve the playground and the lesson until Ctrl-C.

    port: None: 8765, or the next free one. host: the address to listen at; others than this
        computer reach it only where one is given. say: is told where it can be seen.

    Raises:
        SettingError: the web extra is absent, the port is taken, or the address is not ours.
    """
    try:
        import uvicorn

        from actscope.web._app import application
    except ModuleNotFoundError as error:
        raise SettingError(
            f"the lesson and the playground need {error.name}: pip install actscope[web]"
        ) from None
    listening, note = _listen(host, port)
    with listening:
        used = listening.getsockname()[1]
        name = f"[{host}]" if ":" in host else host
        url = f"http://{name}:{used}/"

        class Server(uvicorn.Server):
            async def startup(self, sockets: list[socket.socket] | None = None) -> None:
                await super().startup(sockets)
                if note:
                    say(note)
                say(f"actscope: {url} (the lesson: {url}lesson/)  Ctrl-C ends it")
                if browser:
                    threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()

        config = uvicorn.Config(
            application(_names(host, used)),
            log_level="warning",
            access_log=False,
            server_header=False,
            ws_max_size=5 * 1024 * 1024,
            ws_max_queue=4,
            ws_per_message_deflate=False,  # frames are numbers: slow to press, and local
            timeout_graceful_shutdown=1,
            lifespan="on",
        )
        before = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_SECONDS)
        try:
            Server(config).run(sockets=[listening])
        except KeyboardInterrupt:
            pass  # uvicorn ends first, then raises again what it caught
        finally:
            sys.setswitchinterval(before)


def _names(host: str, port: int) -> list[str]:
    """Under which "name:port" browsers may ask for us."""
    names = {f"[{host}]" if ":" in host else host}
    if host == "localhost" or ip_address(host).is_loopback:
        names |= {"127.0.0.1", "localhost", "[::1]"}
    # Browsers leave out the port that is usual for http.
    return [f"{name}:{port}" for name in names] + (list(names) if port == 80 else [])


def _listen(host: str, port: int | None) -> tuple[socket.socket, str | None]:
    """A socket that listens, and what to say if its port is not the usual one."""
    try:
        unspecified = host != "localhost" and ip_address(host).is_unspecified
    except ValueError:
        raise SettingError(f"host must be an address such as 127.0.0.1, not {host!r}") from None
    if unspecified:
        raise SettingError(
            f"host {host} stands for every address: give the one by which others reach this machine"
        )
    if port is not None:
        try:
            return _bound(host, port), None
        except OSError as error:
            raise _unusable(host, port, error) from None
    for number in range(PORT, PORT + TRIED + 1):
        try:
            found = _bound(host, number)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise _unusable(host, number, error) from None
            continue
        note = f"actscope: port {PORT} is in use; this is {number}" if number != PORT else None
        return found, note
    raise SettingError(f"ports {PORT} to {PORT + TRIED} are all in use: give one with --port")


def _unusable(host: str, port: int, error: OSError) -> SettingError:
    if error.errno != errno.EADDRINUSE:
        return SettingError(f"cannot listen at {host}:{port}: {error.strerror}")
    for number in range(port + 1, min(port + TRIED, 65535) + 1):
        try:
            _bound(host, number).close()
        except OSError:
            continue
        return SettingError(f"port {port} is in use: try --port {number}, which is free")
    return SettingError(f"port {port} is in use: try another with --port")


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    # After a restart the port is free at once, though closed connections linger (on Windows
    # the option would let two programs share it).
    if sys.platform != "win32":
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
        found.listen(128)
    except OSError:
        found.close()
        raise
    return found
