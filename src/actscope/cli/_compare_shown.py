"""What `actscope compare` prints of one study."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from . import _values as values
from ._stopped import Stopped

if TYPE_CHECKING:
    from actscope.study import Comparison, Estimate, Interrupted


def say(found: Estimate) -> None:
    """What would be done, a line each."""
    data, plan = found.order.data, found.order.plan
    for note in (*data.notes, *found.order.notes):
        print(f"- {note}")
    seeds, rates = len(plan.seeds), ", ".join(f"{rate:g}" for rate in plan.learning_rates)
    hidden = " and ".join(map(str, plan.hidden)) or "no"
    print(f"{data.name}: {len(data.target)} rows, {data.frame.shape[1]} columns, {data.task}")
    print(f"{plan.networks} networks: {len(plan.activations)} activations, {seeds} seeds,")
    print(f"  learning rates {rates}, {hidden} hidden units, at most {plan.epochs} epochs")
    print(f"  activations: {', '.join(plan.activations)}")
    if plan.race:
        looks = ", ".join(map(str, found.looks)) or "no"
        print(f"  a race: after {looks} seeds those that have clearly lost stop: it may be fewer")
    print(f"Judged by {plan.metric}, in {found.parts} parts, each kept when it ends.")
    most = "at most " if found.at_most else "about "  # epochs that the trial did not see
    cores = f"{found.workers} workers" if found.workers > 1 else "one worker"
    memory = f"{found.memory / 1e9:.1f} GB of memory"
    print(f"On this machine, with {cores}: {most}{values.duration(found.seconds)}, {memory}.")


def show(result: Comparison) -> None:
    """The table, the verdict, and where the page is."""
    from actscope.render import console, line
    from actscope.study.report import _terminal

    screen = console()
    for note in (*result.data.notes, *result.warnings):
        screen.print(line(f"- {note}", "dim"))
    screen.print(_terminal.table(result))
    first, _, rest = _terminal.text(result).partition("\n")
    screen.print(line(first, "bold"))
    if rest:
        screen.print(line(rest))
    folder = result.folder
    if folder is not None:
        page = folder / "index.html"
        print(f"\nThe page with the pictures: {page}\n  {page.resolve().as_uri()}")
        if result.stopped is not None:
            print(f"For the seeds left: actscope compare --resume {shlex.quote(str(folder))}")
        if result.winner is None:
            return
        print(f"Predict with the best network: actscope predict {folder} NEW_DATA -o FILE.csv")


def how_to_go_on(stop: Interrupted, json: bool) -> Stopped:
    """What is kept after Ctrl-C, and the command that goes on."""
    if stop.folder is None:
        return Stopped("nothing was kept, as --no-save asked.")
    command = f"actscope compare --resume {shlex.quote(str(stop.folder))}{' --json' * json}"
    return Stopped(f"{stop.finished} of {stop.total} parts are kept. Go on with: {command}")
