"""`compare_models`: from three functions to a verdict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace as changed
from pathlib import Path
from typing import Any

from actscope.catalogue import Record
from actscope.ensemble import _check
from actscope.errors import SettingError
from actscope.sites._observe import unwrapped
from actscope.study._drive import drive_all
from actscope.study._result import Comparison
from actscope.study._run import ENGINES, _engine, _told
from actscope.study.keeping._folder import named_folder
from actscope.study.keeping._store import save
from actscope.study.models._assemble import assemble_models
from actscope.study.models._example import built, fingerprint, first_call, on_cpu
from actscope.study.models._functions import RATE, Function, function
from actscope.study.models._job import ModelJob, cut_trials
from actscope.study.models._kept import kept_models, settings_in
from actscope.study.models._plan import make_plan
from actscope.study.models._seeding import own_randomness
from actscope.study.models._trial import TrialResult


def compare_models(
    build: Callable[..., Any],
    fit: Callable[..., Any],
    score: Callable[..., Any],
    *,
    activations: Sequence[str | Record] | str | None = None,
    seeds: Sequence[int] | int | None = None,
    learning_rates: Sequence[float] | float | None = None,
    validate: Callable[..., Any] | None = None,
    replace: Sequence[str] | str | None = None,
    init: bool | str | None = None,
    example: Any = None,
    metric: str | None = None,
    higher_is_better: bool | None = None,
    rope: float | None = None,
    overlap: float | None = None,
    name: str | None = None,
    workers: int | None = None,
    progress: bool | Callable[[float], object] = True,
    engine: str = "local",
    address: str | None = None,
    out: str | Path | bool = False,
    resume: str | Path | None = None,
) -> Comparison:
    """Which activation function for this model? Any PyTorch model, any training loop.

    For each activation and seed: everything random is seeded from the seed alone, `build` makes
    the model, the activation takes the place of those in its hidden layers (`swap`, proven in
    evaluation and in training mode), its weights are drawn for the activation (`init_`), `fit`
    trains it, `score` tells how good it is. What is applied to the model's last layers makes its
    answer and stays. At one seed all activations begin with the same draws and meet the same
    batches, so that their scores are compared in pairs, seed by seed.

    Each function is given what its signature takes: the model first, under any name; `seed`, and
    for `fit` `lr`, by that name. Other parameters need defaults. They run in other processes, so
    what they keep in globals does not come back.

    A network whose score is infinite or no number, or whose `fit` raises FloatingPointError or
    OverflowError, has diverged. It counts as its seed's network before training, or as the worst
    score of the study if that is worse.

    Args:
        build: build() or build(seed) -> a torch.nn.Module.
        fit: fit(model), fit(model, seed), fit(model, seed, lr): trains the model in place.
        score: score(model) or score(model, seed) -> one number, on data that `fit` does not see.
        activations, seeds: as for `compare`; None: eight common ones, seeds 0 to 9.
        learning_rates: `fit` is called with each as `lr`; None: `fit` has its own.
        validate: as `score`, on data of its own: chooses the learning rate of each activation and
            seed. Needed where there are several.
        replace: names of the activations to change; None or "all": every one of a hidden layer.
        init: draw the weights for the activation (True, None), also scaled layer by layer on the
            example ("lsuv"), or as `build` made them (False: for trained models).
        example: what the model is called with: a tensor, a tuple of arguments or a mapping; None:
            what `score` first calls it with. On 100 inputs or more the health of the trained
            network is told, too.
        metric: what `score` gives; None: "accuracy", from 0 to 1.
        higher_is_better: of a score of another name; None: higher is better, or as is known.
        rope: a difference below this would change nobody's decision; None: 0.01 where the metric
            is one that is known and ends at 1.
        overlap: test rows / training rows, where `fit` and `score` split the same rows anew for
            each seed (1/3 for 25% test rows): such scores are not independent, and the variance
            is corrected for it (Nadeau & Bengio 2003). None: 0, right where all seeds share one
            test set and differ in weights and batches, or have data of their own. With one test
            set the verdict is about the luck of training on it, not about other data: it says so.
        name: of the study on the page and in the folder; None: the model's class.
        workers: processes, each with one thread; None: one for each core, and one alone where the
            example is on a GPU. Results do not depend on it.
        progress, engine, address, out: as for `compare`.
        resume: the folder of a kept study to go on with: give the same three functions. Settings
            are known from there; what is given beside it must say the same.

    Raises:
        SettingError: an argument outside what is allowed; a function that fails, with its own
            error as the cause; a model whose activation cannot be changed.
        DataError, StoreError, EngineError, UnknownActivation, FormulaError, Interrupted: as
            `compare`.

    Example:
        >>> import torch
        >>> import actscope as act
        >>> x = torch.linspace(-3, 3, 200)[:, None]
        >>> y = torch.sin(2 * x)
        >>> def build():
        ...     return torch.nn.Sequential(
        ...         torch.nn.Linear(1, 16), torch.nn.ReLU(), torch.nn.Linear(16, 1))
        >>> def fit(model):
        ...     optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        ...     for _ in range(50):
        ...         loss = torch.nn.functional.mse_loss(model(x[::2]), y[::2])
        ...         optimizer.zero_grad(); loss.backward(); optimizer.step()
        >>> def score(model):
        ...     return torch.nn.functional.mse_loss(model(x[1::2]), y[1::2])
        >>> c = act.compare_models(build, fit, score, activations="tanh,identity", seeds=3,
        ...     metric="squared error", higher_is_better=False, rope=0.01, workers=1)
        >>> c.verdict.best
        'tanh'
    """
    _check.one_of("engine", engine, ENGINES)
    if workers is not None:
        workers = _check.whole("workers", workers)
    if resume is not None and out:
        raise SettingError("out and resume contradict each other: a study goes on in its folder")
    if address is not None and engine != "ray":
        raise SettingError("address is for engine='ray': give both or none")
    given: dict[str, Any] = {
        "activations": activations,
        "seeds": seeds,
        "learning_rates": learning_rates,
        "replace": replace,
        "init": init,
        "metric": metric,
        "higher_is_better": higher_is_better,
        "rope": rope,
        "overlap": overlap,
        "name": name,
    }
    if resume is not None:
        known = settings_in(Path(resume))
        given = {k: known[k] if value is None else value for k, value in given.items()}
    title = given.pop("name")
    bodies = {"build": build, "fit": fit, "score": score, "validate": validate}
    functions = _functions(bodies, rates=given["learning_rates"] is not None)
    plan = make_plan(bodies, **given, example="")
    made, example = _tried(functions, plan.seeds[0], example)
    plan = changed(plan, example=fingerprint(example))
    title = made if title is None else str(title)
    folder = (
        Path(resume) if resume is not None else named_folder(title, plan.to_dict()["hash"], out)
    )
    if workers is None and engine == "local" and not on_cpu(example):
        workers = 1
    with kept_models(folder, plan, title) as ledger, _engine(engine, address) as chosen:
        with _told(progress, f"training {plan.networks} networks") as on_progress:
            parts = drive_all(
                ModelJob(plan, functions, example),
                cut_trials(plan),
                chosen,
                ledger=ledger,
                workers=workers,
                on_progress=on_progress,
            )
        results = [part for part in parts if isinstance(part, TrialResult)]
        result = assemble_models(plan, results, name=title, seconds=ledger.seconds)
        return result if folder is None else changed(result, folder=save(result, folder))


def _functions(bodies: dict[str, Any], rates: bool) -> dict[str, Function]:
    made = {
        "build": function("build", bodies["build"], ("seed",)),
        "fit": function("fit", bodies["fit"], ("model", "seed", *[RATE] * rates)),
        "score": function("score", bodies["score"], ("model", "seed")),
    }
    if bodies["validate"] is not None:
        made["validate"] = function("validate", bodies["validate"], ("model", "seed"))
    if rates and RATE not in made["fit"].takes.values():
        raise SettingError("learning_rates are given and fit takes no lr: fit(model, seed, lr)")
    return made


def _tried(functions: dict[str, Function], seed: int, example: Any) -> tuple[str, Any]:
    """The class of the model, and what it is called with, seen here before any worker starts."""
    with own_randomness():
        model = built(functions["build"], seed, f"with seed {seed}")
        if example is None:
            example = first_call(functions["build"], functions["score"], seed)
    return type(unwrapped(model)).__name__, example
