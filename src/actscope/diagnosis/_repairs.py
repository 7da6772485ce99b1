"""What would mend it: Python that runs, given model, an example x of its inputs, and optimizer."""

from __future__ import annotations

from actscope import catalogue

# A function of the same shape without a dead region, or without asymptotes.
_ALIVE = {"hard_tanh": "tanh", "hard_swish": "silu"} | dict.fromkeys(
    ("hard_sigmoid", "sparse_sigmoid"), "sigmoid"
)

INITIALISE = (
    "act.init_(model, example=x)  # draws all weights anew: before training, never "
    "of weights that are trained"
)
STANDARDISE = (
    "x = (x - x.mean(0)) / x.std(0).clamp_min(1e-6)  # mean and spread of the training rows, "
    "the same for all others"
)
SLOWER = (
    'for group in optimizer.param_groups: group["lr"] *= 0.1  # and train anew, from the start or '
    "from weights saved before"
)
CLIP = (
    "torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)  # between backward() and step(); or "
    "act.init_(model, example=x) before training"
)
FINITE = (
    "assert torch.isfinite(x).all()  # if it holds, a lower learning rate; "
    "torch.autograd.set_detect_anomaly(True) shows where the first NaN is made"
)


RUN = (
    "with act.watch(model) as watched: model(x)  # if other methods or torch.compile run it: watch "
    "the part that they call (model.actor), or what torch.compile returned"
)
PARTS = (
    "act.diagnose(model.part, x)  # a part whose activations feed layers; or make one that is "
    "written out a module of its own and act.declare it"
)
COUNT = "assert x.numel() and mask.any()  # mask is True where an input counts"
DECLARE = (
    'act.declare(MyActivation, "silu")  # a class of yours and what it computes; or diagnose the '
    "module that holds the activations"
)


def swap(activation: str, new: str, site: str) -> str:
    """Another function at one site."""
    return f"act.swap(model, {activation!r}, {new!r}, example=x, sites=[{site!r}])"


def alive(activation: str, site: str) -> str:
    """A function whose slope is nowhere 0."""
    name = catalogue.get(activation).name
    return swap(activation, _ALIVE.get(name, "leaky_relu"), site)


def graded(activation: str, site: str) -> str:
    """A function with a slope in place of one that jumps."""
    low, _ = catalogue.get(activation).range
    return swap(activation, "tanh" if low < 0 else "sigmoid", site)


def unsaturated(activation: str, site: str) -> str:
    """A function with at most one asymptote."""
    return swap(activation, "gelu", site)


def axes(site: str) -> str:
    """For sites whose axis of units cannot be followed."""
    return (
        f"act.diagnose(model, x, axes={{{site!r}: 1}})  # by a site's name, the axis that counts "
        "its units; act.watch takes it too"
    )


def call(name: str) -> str:
    """For a module that is registered and never called."""
    return f"# call self.{name} in forward(), or remove it"
