"""Waves."""

from actscope.catalogue._record import Entry, Parameter

ENTRIES = (
    Entry(
        "sine",
        "sin(omega * x)",
        family="periodic",
        summary="Waves: networks that stand for an image, a sound or a field (SIREN).",
        reference="Sitzmann et al., NeurIPS 2020, arXiv:2006.09661; Parascandolo et al., 2016",
        torch="Sine",
        aliases=("sin", "siren"),
        parameters={"omega": Parameter(1.0, "frequency", above=0)},
        differs="omega: 1 here; 30 in SIREN",
    ),
    Entry(
        "cosine",
        "cos(x)",
        family="periodic",
        summary="Random Fourier features; in training as restless as the sine.",
        reference="Rahimi & Recht, NeurIPS 2007",
        torch="Cosine",
        aliases=("cos",),
    ),
    Entry(
        "sinc",
        "where(x > 0, sin(x) / x, where(x < 0, sin(x) / x, 1))",
        family="periodic",
        summary="A wave that dies out on both sides: interpolation, and as a curiosity.",
        reference="Efe, Neural Processing Letters 28, 2008",
        torch="Sinc",
        aliases=("cardinal_sine",),
        differs="sin(x) / x here; torch.sinc and NumPy have sin(pi x) / (pi x)",
        # Below 1 the slope's difference loses digits; the series does not.
        accurate_slope="where(abs(x) < 1, -x/3 * (1 - x^2/10 * (1 - x^2/28 * (1 - x^2/54 *"
        " (1 - x^2/88 * (1 - x^2/130 * (1 - x^2/180 * (1 - x^2/238))))))),"
        " (x * cos(x) - sin(x)) / x^2)",
    ),
    Entry(
        "snake",
        "x + sin(a * x)^2 / a",
        family="periodic",
        summary="A line with a wave on it: periodic series and sound, also outside the data.",
        reference="Ziyin, Hartwig & Ueda, NeurIPS 2020, arXiv:2006.08195",
        torch="Snake",
        parameters={"a": Parameter(1.0, "frequency of the wave", learned=True, above=0)},
        # 1 + sin(2 a x), without its cancellation near -1.
        accurate_slope="where(sin(2 * a * x) < 0, cos(2 * a * x)^2 / (1 - sin(2 * a * x)),"
        " 1 + sin(2 * a * x))",
    ),
    Entry(
        "gcu",
        "x * cos(x)",
        family="periodic",
        summary="Growing cosine: a single unit can learn XOR; unstable far out.",
        reference="Noel, Trivedi & Dutta, 2021, arXiv:2108.12943",
        torch="GCU",
        aliases=("growing_cosine",),
    ),
    Entry(
        "sinlu",
        "(x + a * sin(b * x)) * sigmoid(x)",
        family="periodic",
        summary="SiLU with a learned wave on it.",
        reference="Paul, Bandyopadhyay et al., Mathematics 10(3), 2022",
        torch="SinLU",
        aliases=("sinu_sigmoidal_linear_unit",),
        parameters={
            "a": Parameter(1.0, "height of the wave", learned=True),
            "b": Parameter(1.0, "frequency of the wave", learned=True),
        },
    ),
)
