"""How a study was done, in plain words, and how to do it again. Made of its plan."""

from __future__ import annotations

import shlex
from typing import Any

from actscope import render
from actscope.study._result import Comparison
from actscope.study.models import _words as own_model
from actscope.study.report import _present as show
from actscope.study.scoring._metrics import metric_named


def data_sentence(c: Comparison) -> str:
    """What was trained on."""
    if own_model.is_own(c):
        return own_model.model_sentence(c)
    d = c.data
    words = (
        f"{show.count(d.rows, 'row')} with {show.count(d.columns, 'column')}, which become "
        f"{show.count(d.inputs, 'input')} of a network, to predict "
        f"{render.label(d.target or 'the target', 80)}"
    )
    if d.task == "regression":
        return f"{words}: a number."
    named = ", ".join(render.label(x, 24) for x in d.classes[:12])
    more = f" and {len(d.classes) - 12} more" if len(d.classes) > 12 else ""
    return f"{words}: one of {len(d.classes)} classes ({named}{more})."


def _seeds(c: Comparison) -> int:
    return max((row.seeds for row in c.rows), default=0)


def _rates(c: Comparison) -> list[float]:
    return sorted({float(r) for r in c.by_rate["learning_rate"]})


def one_rate(c: Comparison) -> str:
    """What stands in place of the picture when there is nothing to choose."""
    if own_model.is_own(c) and not _rates(c):
        return own_model.one_rate(c)
    rates = ", ".join(show.rate(r) for r in _rates(c)) or "one"
    return f"Only one learning rate was tried ({rates}), so none was chosen over another."


def sentences(c: Comparison) -> list[str]:
    """The protocol, a sentence for each decision in it."""
    if own_model.is_own(c):
        return own_model.sentences(c)
    plan, seeds = c.plan, _seeds(c)
    hidden = plan.get("hidden")
    shape = f" with hidden layers of {_numbers(hidden)} units" if hidden else ""
    rates = _rates(c)
    chosen = (
        f" For each activation and seed the best of {len(rates)} learning rates "
        f"({', '.join(show.rate(r) for r in rates)}) was chosen on that seed's validation rows."
        if len(rates) > 1
        else ""
    )
    said = [
        f"{show.count(c.members_trained, 'network')}{shape} were trained in "
        f"{show.duration(c.seconds)}: {show.count(len(c.rows), 'activation')}, "
        f"{show.count(len(rates), 'learning rate')}, {show.count(seeds, 'seed')}.",
        f"At one seed every activation meets the same split of the rows{_split(plan)}, the same "
        "initial weights (scaled by its own gain) and the same order of batches; another seed "
        "varies all three.",
        f"Test rows were never used for choosing.{chosen}",
        "Scaling, categories and imputation were fitted on training rows alone, per seed.",
        "Scores are compared in pairs, seed by seed, with the variance corrected for splits that "
        "share rows (Nadeau and Bengio, 2003) and p-values adjusted for the number of pairs "
        f"(Holm, 1979).{_rope(c)}",
        "A unit is dead when none of its inputs on the test rows reaches a point where its "
        "activation has a slope; saturated when its slope is below a thousandth of the steepest "
        "on at least 99% of them; zero outputs are a description, not a fault.",
        "Weights moved is how far training took the hidden layers' weights, relative to their size "
        "at the start.",
        "Relative cost is training time per network and epoch against the cheapest here.",
    ]
    if (race := show.race_note(c)) is not None:
        said.insert(
            -3,
            f"{race} What the looks may say by chance is taken off the 5% error of the verdict "
            "(Lan and DeMets, 1983), so it holds as if there had been none.",
        )
    training = _training(plan)
    return [*said[:2], training, *said[2:]] if training else said


def _definitions(c: Comparison) -> dict[str, Any]:
    """Label -> definition of each function that is not built in."""
    found = c.plan.get("definitions")
    return dict(found) if isinstance(found, dict) else {}


def formula_below(c: Comparison, activation: str) -> str:
    """The formula to show below a name; "" where the name is a built-in one or says it all."""
    definition = _definitions(c).get(activation)
    if definition is None or (definition["name"] is None and len(activation) <= 60):
        return ""
    return render.label(definition["formula"], 200)


def definitions(c: Comparison) -> list[str]:
    """A sentence for each function that was defined under a name."""
    said = []
    for label, definition in _definitions(c).items():
        if definition["name"] is None:
            continue
        values = [
            f"{name} starts from {p['value']:g} and is learned"
            if p["learned"]
            else f"{name} is {p['value']:g}"
            for name, p in definition["parameters"].items()
        ]
        where = f", where {' and '.join(values)}" if values else ""
        formula = render.label(definition["formula"], 200)
        said.append(f"{render.label(label)} is {formula}{where}.")
    return said


def _numbers(values: Any) -> str:
    items = [str(v) for v in values] if isinstance(values, list | tuple) else [str(values)]
    return render.label(" and ".join([", ".join(items[:-1]), items[-1]] if items[1:] else items))


def _split(plan: Any) -> str:
    by, _, column = str(plan.get("split", "")).partition(" ")
    if by == "group":
        return f", which never parts rows of one {render.label(column)}"
    if by == "time":
        return (
            f" (of a period that covers 60% of them by {render.label(column)} and begins at "
            "random, the last sixth tests; only earlier ones were learned from)"
        )
    test, validation = plan.get("test_share"), plan.get("validation_share")
    if not isinstance(test, float) or not isinstance(validation, float):
        return ""
    choosing = (1 - test) * validation  # validation rows are taken from what the test rows leave
    parts = [f"{100 * part:.0f}%" for part in (1 - test - choosing, choosing, test)]
    return f" ({parts[0]} training, {parts[1]} validation and {parts[2]} test rows)"


def _rope(c: Comparison) -> str:
    rope = c.plan.get("rope")
    if not isinstance(rope, float):
        return ""
    metric = metric_named(c.metric)
    size = (
        f"{100 * rope:g} percentage points" if metric.percent else f"{rope:.3g} of {metric.words}"
    )
    return (
        f" A difference below {size} was taken not to matter: less is practically the same "
        "(two one-sided tests; the chances are of the Bayesian correlated t-test, Corani and "
        "Benavoli, 2015)."
    )


def _training(plan: Any) -> str:
    parts = []
    if plan.get("optimizer"):
        l2 = f" and an L2 penalty of {plan['l2']:g}" if plan.get("l2") else ""
        parts.append(f"with {render.label(plan['optimizer'])}{l2}")
    if plan.get("batch_size"):
        parts.append(f"in batches of {render.label(plan['batch_size'])} rows")
    if plan.get("epochs"):
        parts.append(f"for at most {render.label(plan['epochs'])} epochs")
    if plan.get("patience"):
        parts.append(f"until {render.label(plan['patience'])} epochs brought no lower loss")
    if not parts:
        return ""
    return f"Each was trained {', '.join(parts)}; its best weights by validation loss were kept."


def _source(c: Comparison) -> str | None:
    """What was given as the data, where the plan kept it (a frame has no name to repeat)."""
    source = c.plan.get("source")
    return source if isinstance(source, str) else None


def _arguments(c: Comparison) -> dict[str, Any]:
    plan = c.plan
    wanted: dict[str, Any] = {}
    if c.data.target and not (_source(c) or "").startswith("sklearn:"):
        wanted["target"] = c.data.target
    wanted["task"] = c.data.task
    wanted["activations"] = list(plan.get("activations") or [row.activation for row in c.rows])
    seeds = plan.get("seeds", _seeds(c))
    counted = isinstance(seeds, list | tuple) and list(seeds) == list(range(len(seeds)))
    wanted["seeds"] = len(seeds) if counted else seeds
    wanted["learning_rates"] = list(plan.get("learning_rates") or _rates(c))
    usual: dict[str, Any] = {"optimizer": "adam", "l2": 0.0}
    keys = ("hidden", "metric", "rope", "epochs", "batch_size", "drop", "keep", "group", "time")
    keys += (*usual,)
    metric = metric_named(c.metric)
    if metric.unit == "1":  # else it depends on the target, and is said
        usual["rope"] = metric.rope
    for key in keys:
        if plan.get(key) and plan[key] != usual.get(key):
            value = plan[key]
            wanted[key] = list(value) if isinstance(value, list | tuple) else value
    return wanted


def command(c: Comparison) -> str | None:
    """The command line that repeats the study.

    None where seeds were picked by hand, a function has a name and parameters of its own, or the
    model is the user's.
    """
    if own_model.is_own(c):
        return None
    arguments, own = _arguments(c), _definitions(c)
    if not isinstance(arguments["seeds"], int) or any(d["parameters"] for d in own.values()):
        return None
    arguments["activations"] = [
        own[label]["formula"] if label in own else label for label in arguments["activations"]
    ]
    source = _source(c)
    lines = [f"actscope compare {_quoted('DATA' if source is None else source)}"]
    for key, value in arguments.items():
        text = ",".join(str(v) for v in value) if isinstance(value, list) else str(value)
        option = f"--{key.replace('_', '-')}"
        # a value such as -1 would do, one such as --x would be taken for an option
        lines.append(
            f"{option}={_quoted(text)}" if text.startswith("-") else f"{option} {_quoted(text)}"
        )
    return " \\\n    ".join(lines)


def _quoted(text: str) -> str:
    return shlex.quote(render.label(text, None))


def python(c: Comparison) -> str:
    """The Python that repeats the study."""
    own_functions = own_model.is_own(c)
    called = "compare_models" if own_functions else "compare"
    given = own_model.arguments(c) if own_functions else _given(c)
    lines = [f"    {render.label(argument, None)}," for argument in given]
    own = _definitions(c)
    named: dict[str, Any] = {}  # "mine" before "mine(beta=2)", which then follows from it
    for _, definition in sorted(own.items(), key=lambda item: item[0] != item[1]["name"]):
        if definition["name"]:
            named.setdefault(definition["name"], definition)
    defined = [_defining(definition) for definition in named.values()]
    return "\n".join(["import actscope as act", "", *defined, f"act.{called}(", *lines, ")"])


def _given(c: Comparison) -> list[str]:
    source = _source(c)
    data = "data" if source is None else repr(source)
    return [data, *(f"{key}={value!r}" for key, value in _arguments(c).items())]


def _defining(definition: Any) -> str:
    """The line that defines a function as it was."""
    given = [repr(definition["name"]), repr(definition["formula"])]
    for name, p in definition["parameters"].items():
        value = f"act.Learned({p['value']!r})" if p["learned"] else repr(p["value"])
        given.append(f"{name}={value}")
    return f"act.define({', '.join(given)})"


def same_data(c: Comparison) -> str:
    """What DATA stands for, where the source is not known."""
    if own_model.is_own(c):
        return own_model.same_again(c)
    if _source(c) is not None:
        return "The same seeds on the same machine give the same numbers."
    return (
        f"With what was given as {render.label(c.data.name, 60)} for DATA, the same seeds on the "
        "same machine give the same numbers."
    )
