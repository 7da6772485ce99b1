"""Growing on both sides: straight lines, powers and roots."""

from actscope.catalogue._record import Entry

ENTRIES = (
    Entry(
        "identity",
        "x",
        family="power",
        summary="Passes its input on: for outputs that may be any number, and as a baseline.",
        reference="Rosenblatt, Principles of Neurodynamics, 1962 (the linear unit)",
        torch="Identity",
        aliases=("linear", "none"),
    ),
    Entry(
        "bent_identity",
        "(sqrt(x^2 + 1) - 1) / 2 + x",
        family="power",
        summary="A line bent gently at 0, slope 1/2 to 3/2: never dead, never far from linear.",
        reference="no paper known; in use since Wikipedia's table of activation functions, 2015",
        torch="BentIdentity",
        # Near 0, sqrt(x^2 + 1) - 1 loses digits.
        accurate="where(abs(x) < 1, x^2 / (2 * (sqrt(x^2 + 1) + 1)) + x,"
        " (sqrt(x^2 + 1) - 1) / 2 + x)",
        accurate_slope="1 + x / (2 * sqrt(x^2 + 1))",
    ),
    Entry(
        "square",
        "x^2",
        family="power",
        summary="Networks that compute polynomials; large outputs run away in deep networks.",
        reference="Livni, Shalev-Shwartz & Shamir, NeurIPS 2014, arXiv:1410.1141",
        torch="Square",
        aliases=("quadratic",),
    ),
    Entry(
        "cube",
        "x^3",
        family="power",
        summary="Products of three features at once: shallow parsers; unstable when deep.",
        reference="Chen & Manning, EMNLP 2014 (a fast dependency parser)",
        torch="Cube",
        aliases=("cubic",),
    ),
    Entry(
        "symlog",
        "where(x >= 0, log1p(x), -log1p(-x))",
        family="power",
        summary="A logarithm on both sides of 0: for targets of very different sizes.",
        reference="Hafner, Pasukonis, Ba & Lillicrap, DreamerV3, 2023, arXiv:2301.04104",
        torch="Symlog",
        aliases=("symmetric_log", "bisymmetric_log"),
    ),
)
