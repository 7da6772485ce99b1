"""Gated layers, and functions of a whole vector (over the last axis of a NumPy array)."""

from __future__ import annotations

from actscope.catalogue._layers import GatedEntry, VectorEntry
from actscope.catalogue._record import Parameter
from actscope.catalogue._vector_facts import Floats

_SHAZEER = "Shazeer, GLU variants improve transformer, 2020, arXiv:2002.05202"
_HALVES = (
    "halves: F.glu gates with the second half (as here); a layer with two weight matrices "
    "may name either of them the gate"
)

GATED = (
    GatedEntry(
        "glu",
        gate="sigmoid",
        summary="One half gates the other: convolutional language models.",
        reference="Dauphin, Fan, Auli & Grangier, ICML 2017, arXiv:1612.08083",
        torch="GLU",
        aliases=("gated_linear_unit",),
        differs=_HALVES,
    ),
    GatedEntry(
        "bilinear",
        gate="identity",
        summary="The product of two halves, no other curve: transformers, and theory.",
        reference=f"Mnih & Hinton, ICML 2007; {_SHAZEER}",
        torch="BilinearGLU",
        differs="torch.nn.Bilinear is a layer with weights, not this product",
    ),
    GatedEntry(
        "reglu",
        gate="relu",
        summary="A ReLU gates the other half: sparse transformers; a unit can die.",
        reference=_SHAZEER,
        torch="ReGLU",
        differs=_HALVES,
    ),
    GatedEntry(
        "geglu",
        gate="gelu",
        summary="A GELU gates the other half: transformers such as T5 v1.1 and Gemma.",
        reference=_SHAZEER,
        torch="GEGLU",
        differs="exact GELU here; T5 v1.1 and Gemma take gelu_tanh",
    ),
    GatedEntry(
        "swiglu",
        gate="silu",
        summary="A SiLU gates the other half: most large language models since Llama.",
        reference=_SHAZEER,
        torch="SwiGLU",
        aliases=("silu_glu",),
        differs=_HALVES,
    ),
)


def _softmax(x: Floats) -> Floats:
    import numpy as np

    powers = np.exp(x - x.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def _log_softmax(x: Floats) -> Floats:
    import numpy as np

    below = x - x.max(-1, keepdims=True)
    return below - np.log(np.exp(below).sum(-1, keepdims=True))


def _sparsemax(x: Floats) -> Floats:
    """max(x - t, 0) with the t for which that adds up to 1."""
    import numpy as np

    ordered = -np.sort(-x, axis=-1)
    order = np.arange(1, x.shape[-1] + 1)
    above = ordered.cumsum(-1) - 1
    kept = (order * ordered > above).sum(-1, keepdims=True)
    return np.maximum(x - np.take_along_axis(above, kept - 1, -1) / kept, 0)


def _maxout(x: Floats, pieces: int) -> Floats:
    return x.reshape(*x.shape[:-1], -1, pieces).max(-1)


VECTOR = (
    VectorEntry(
        "softmax",
        _softmax,
        formula="exp(x_i) / sum_j exp(x_j)",
        latex=r"\frac{e^{x_i}}{\sum_j e^{x_j}}",
        derivative="p_i (1[i = j] - p_j), with p the softmax",
        derivative_latex=r"p_i \left(\delta_{ij} - p_j\right)",
        summary="Scores into probabilities: the output of classifiers, attention.",
        differs="dim: the last here, in Keras and JAX; PyTorch guesses one, with a warning; its "
        "Softmax2d is this over channels (dim=-3)",
        reference="Bridle, Neurocomputing, NATO ASI 1990; Boltzmann, 1868",
        torch="Softmax",
        aliases=("softmax2d", "normalized_exponential"),
    ),
    VectorEntry(
        "log_softmax",
        _log_softmax,
        formula="x_i - log(sum_j exp(x_j))",
        latex=r"x_i - \log \sum_j e^{x_j}",
        derivative="1[i = j] - p_j, with p the softmax",
        derivative_latex=r"\delta_{ij} - p_j",
        summary="The logarithm of softmax without its rounding: inside the loss of classifiers.",
        reference="Bridle, Neurocomputing, NATO ASI 1990",
        torch="LogSoftmax",
    ),
    VectorEntry(
        "softmin",
        lambda x: _softmax(-x),
        formula="exp(-x_i) / sum_j exp(-x_j)",
        latex=r"\frac{e^{-x_i}}{\sum_j e^{-x_j}}",
        derivative="-p_i (1[i = j] - p_j), with p the softmin",
        derivative_latex=r"-p_i \left(\delta_{ij} - p_j\right)",
        summary="Softmax of the negatives: the smallest entry gets most.",
        reference="PyTorch, torch.nn.Softmin",
        torch="Softmin",
    ),
    VectorEntry(
        "sparsemax",
        _sparsemax,
        formula="max(x_i - t, 0), with the t for which the outputs add up to 1",
        latex=r"\max\left(x_i - \tau(x), 0\right)",
        derivative="1[i = j] - 1 / k where outputs i and j are among the k above 0, else 0",
        derivative_latex=r"\delta_{ij} - \frac{1}{k}",
        summary="Probabilities, most of them exactly 0: attention that can be read.",
        reference="Martins & Astudillo, ICML 2016, arXiv:1602.02068",
        torch="Sparsemax",
    ),
    VectorEntry(
        "maxout",
        _maxout,
        formula="the largest of each group of `pieces` neighbouring entries",
        latex=r"\max_{j \le k} x_{ik + j}",
        derivative="1 for the largest of its group, else 0",
        derivative_latex=r"1\left[x_j \mathrm{\ is\ the\ largest}\right]",
        summary="Learns its own bends: the largest of several linear maps, with dropout.",
        reference="Goodfellow et al., ICML 2013, arXiv:1302.4389",
        torch="Maxout",
        parameters={"pieces": Parameter(2, "entries in a group", above=1, whole=True)},
    ),
)
