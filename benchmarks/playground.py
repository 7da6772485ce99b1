"""Frames a second and their latency in the playground, over a real WebSocket.

    python benchmarks/playground.py [--seconds 5] [--tabs 1,5,20] [--no-browser]

Three networks of 20 hidden units (217 kB a frame) are trained as fast as they go. A latency is
from the moment at which the server begins a frame to that at which its acknowledgement is sent:
by a client that only reads, and by Chromium after painting. Asked: 25 frames/s, median < 30 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import connect

CONFIG = {
    "data": "spiral",
    "hidden": [10, 10],
    "networks": [{"activations": [name]} for name in ("relu", "tanh", "silu")],
}
ADDRESS = "data=spiral&hidden=10,10&net=relu,relu&net=tanh,tanh&net=silu,silu"
# In the page: what every frame's acknowledgement says of it.
WATCH = """
window.seen = {times: new Map(), latencies: [], epoch: 0};
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (data) {
  const said = typeof data === "string" ? JSON.parse(data) : {};
  if (said.cmd === "ack") window.seen.latencies.push(Date.now() - window.seen.times.get(said.seq));
  if (!this.watched) {
    this.watched = true;
    this.addEventListener("message", ({ data }) => {
      if (typeof data === "string") return;
      const length = new DataView(data).getUint32(0, true);
      const header = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length)));
      window.seen.times.set(header.seq, header.t);
      window.seen.epoch = header.epoch;
    });
  }
  return send.call(this, data);
};
"""


@dataclass
class Seen:
    """What one tab got."""

    latencies: list[float] = field(default_factory=list)
    epochs: int = 0
    kilobytes: float = 0.0


@contextmanager
def server() -> Iterator[int]:
    """`actscope learn` in a process of its own; its port."""
    with closing(socket.socket()) as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    command = [sys.executable, "-m", "actscope.cli", "learn", "--no-browser", "--port", str(port)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as program:
        try:
            assert program.stdout is not None
            program.stdout.readline()
            yield port
        finally:
            program.terminate()


async def tab(port: int, seconds: float) -> Seen:
    """A client that reads and acknowledges, and nothing else."""
    seen = Seen()
    async with connect(f"ws://127.0.0.1:{port}/ws", max_size=None) as connection:

        async def say(cmd: str, **fields: Any) -> None:
            await connection.send(json.dumps({"cmd": cmd, **fields}))

        await say("hello")
        await say("setup", config=CONFIG)
        await say("run")
        begin: float | None = None
        while begin is None or time.monotonic() < begin + seconds:
            message = await connection.recv()
            if isinstance(message, str):
                continue
            length = int.from_bytes(message[:4], "little")
            header = json.loads(message[4 : 4 + length])
            await say("ack", seq=header["seq"])
            if begin is None and header["running"]:
                begin = time.monotonic()
            elif begin is not None:
                seen.latencies.append(time.time() * 1e3 - header["t"])
                seen.epochs, seen.kilobytes = header["epoch"], len(message) / 1e3
    return seen


async def tabs(port: int, count: int, seconds: float) -> list[Seen]:
    """So many clients at once."""
    return await asyncio.gather(*(tab(port, seconds) for _ in range(count)))


def painted(port: int, seconds: float) -> Seen:
    """Chromium, which paints before it acknowledges."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = next(
            (
                path
                for path in ("/usr/bin/chromium", "/usr/bin/google-chrome")
                if os.path.exists(path)
            ),
            None,
        )
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900}, bypass_csp=True)
        page.add_init_script(WATCH)
        page.goto(f"http://127.0.0.1:{port}/#{ADDRESS}")
        page.wait_for_function("window.seen.times.size > 0")
        speed = page.get_by_label("Speed", exact=True)
        speed.select_option(index=speed.locator("option").count() - 1)
        page.get_by_role("button", name="Play", exact=True).click()
        page.wait_for_function("window.seen.epoch > 0")
        page.evaluate("window.seen.latencies = []")
        page.wait_for_timeout(seconds * 1e3)
        found = page.evaluate("[window.seen.latencies, window.seen.epoch]")
        browser.close()
    return Seen(found[0], found[1])


def row(name: str, seen: list[Seen], seconds: float) -> str:
    """One line of the table."""
    frames = [len(one.latencies) / seconds for one in seen]
    latencies = sorted(latency for one in seen for latency in one.latencies)
    late = latencies[int(0.95 * len(latencies))]
    epochs = statistics.mean(one.epochs for one in seen) / seconds
    return (
        f"| {name} | {min(frames):.1f} to {max(frames):.1f} | {statistics.median(latencies):.1f} "
        f"| {late:.1f} | {epochs:.0f} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--tabs", default="1,5,20")
    parser.add_argument("--no-browser", action="store_true")
    wanted = parser.parse_args()
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, load average {load:.1f} before we began\n")
    print("| tabs | frames/s each | median ms | 95% ms | epochs/s each |")
    print("| --- | --- | --- | --- | --- |")
    with server() as port:
        for count in map(int, wanted.tabs.split(",")):
            seen = asyncio.run(tabs(port, count, wanted.seconds))
            print(row(f"{count} reading", seen, wanted.seconds), flush=True)
        if not wanted.no_browser:
            print(row("1 Chromium", [painted(port, wanted.seconds)], wanted.seconds))


if __name__ == "__main__":
    main()
