"""`actscope learn`."""

from __future__ import annotations

import os
import sys
import threading
from typing import Annotated

import typer


def learn(
    port: Annotated[
        int | None,
        typer.Option(
            "--port", metavar="N", min=1, max=65535, help="Without it: 8765, or the next free one."
        ),
    ] = None,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Only say the address; open no browser.")
    ] = False,
    host: Annotated[
        str,
        typer.Option(
            "--host", metavar="ADDRESS", help="Listen elsewhere; others can then reach it."
        ),
    ] = "127.0.0.1",
) -> None:
    """Open the lesson and the playground in a browser.

    The playground trains small networks before your eyes; the lesson begins at one neuron.
    Everything stays on this computer. Ctrl-C ends it.

    \b
    Example:
      actscope learn
      actscope learn --port 9000 --no-browser
    """
    from actscope.web import serve

    def say(line: str) -> None:
        print(line, flush=True)

    serve(port, host=host, browser=not no_browser, say=say)
    if sys.stderr.isatty():
        print("\nactscope: ended.", file=sys.stderr)
    if threading.active_count() > 1:
        # A kernel of the lesson is in the middle of a computation. Python would end its thread
        # from within C++, which aborts; there is nothing left to save.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
