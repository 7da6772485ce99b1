"""The command line: each command parses, calls a room, and shows what comes back."""

from ._main import main as main
