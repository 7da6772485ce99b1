"""The program `actscope`: its commands, and what a mistake looks like."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Annotated

import typer

from actscope.errors import ActscopeError

from ._claims import claims
from ._compare import compare
from ._diagnose import diagnose
from ._learn import learn
from ._list import list_
from ._neuron import neuron
from ._plot import plot
from ._poster import poster
from ._predict import predict
from ._show import show
from ._stopped import Stopped

MISTAKE, INTERRUPTED = 2, 130  # 130 = 128 + SIGINT, what shells use

# The base of everything typer says about usage; its public name depends on typer's version.
_UsageProblem: type[Exception] = typer.BadParameter.__mro__[2]

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,  # plain help: no boxes, and rich is not imported
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
app.command("compare")(compare)
app.command("predict")(predict)
app.command("diagnose")(diagnose)
app.command("list")(list_)
app.command("show")(show)
app.command("plot")(plot)
app.command("poster")(poster)
app.command("neuron")(neuron)
app.command("learn")(learn)
app.command("claims")(claims)


def _version(wanted: bool) -> None:
    if wanted:
        from actscope import __version__

        print(f"actscope {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which version.")
    ] = False,
) -> None:
    """See, compare, diagnose and repair the activation functions of neural networks.

    \b
    Example:
      actscope compare sklearn:digits
      actscope compare churn.csv --target churned --activations relu,tanh,silu
    """
    if context.invoked_subcommand is None:
        print(context.get_help())


def _stop(*_: object) -> None:
    """`kill` and `timeout` end as Ctrl-C does: workers and half-done files go with us."""
    raise KeyboardInterrupt


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code: 0, 1 (diagnose: serious), 2 (a mistake), 130 (Ctrl-C)."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal that cannot show a "×" shows "?"
            stream.reconfigure(errors="replace")
    if arguments is None:  # the program itself, not a call from Python
        signal.signal(signal.SIGTERM, _stop)
    try:
        code = typer.main.get_command(app).main(
            args=None if arguments is None else list(arguments),
            prog_name="actscope",
            standalone_mode=False,
        )
        sys.stdout.flush()
    except _UsageProblem as problem:
        return _mistake(_usage(problem))
    except ActscopeError as error:
        return _mistake(str(error))
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except BrokenPipeError:  # the reader has seen enough, as in `actscope list | head -1`
        # (long outputs break inside typer, which exits with 1 as quietly)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    if isinstance(code, Stopped):
        print(f"actscope: stopped; {code.says}", file=sys.stderr)
        return INTERRUPTED
    if code == INTERRUPTED:
        print("actscope: stopped; nothing was kept.", file=sys.stderr)
    return code if isinstance(code, int) else 0


def _usage(problem: BaseException) -> str:
    said = getattr(problem, "format_message", problem.__str__)()
    context = getattr(problem, "ctx", None)
    path = context.command_path if context is not None else "actscope"
    return f"{said} (See {path} --help.)"


def _mistake(message: str) -> int:
    from actscope.render import label

    print(f"actscope: {label(message, None)}", file=sys.stderr)
    return MISTAKE
