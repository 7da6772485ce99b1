"""Largest in the middle, nothing far out."""

from actscope.catalogue._record import Entry, Parameter

ENTRIES = (
    Entry(
        "gaussian",
        "exp(-x^2)",
        family="bell",
        summary="Answers only near 0: radial basis networks; no gradient far from its centre.",
        reference="Broomhead & Lowe, Complex Systems 2, 1988",
        torch="Gaussian",
        aliases=("rbf", "bell"),
        differs="exp(-x^2) here and in most libraries; exp(-x^2 / 2) in statistics",
    ),
    Entry(
        "ricker",
        "(1 - x^2) * exp(-x^2 / 2)",
        family="bell",
        summary="A bell with a dip on each side, the Mexican hat: wavelet networks.",
        reference="Zhang & Benveniste, IEEE Trans. Neural Networks 3, 1992",
        torch="Ricker",
        accurate_slope="x * (x^2 - 3) * exp(-x^2 / 2)",
        aliases=("mexican_hat", "wavelet"),
    ),
    Entry(
        "inverse_multiquadric",
        "1 / sqrt(1 + (epsilon * x)^2)",
        family="bell",
        summary="A bell with slow tails: radial basis networks and interpolation.",
        reference="Hardy, J. Geophysical Research 76, 1971; Micchelli, 1986",
        torch="InverseMultiquadric",
        aliases=("imq",),
        parameters={"epsilon": Parameter(1.0, "sharpness of the peak", above=0)},
    ),
)
