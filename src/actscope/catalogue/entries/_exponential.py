"""Exponentials: below 0 beside a line above, or all along."""

from actscope.catalogue._record import Entry, Parameter

ENTRIES = (
    Entry(
        "elu",
        "where(x > 0, x, alpha * expm1(x))",
        family="exponential",
        summary="Smooth below 0 with negative outputs: mean nearer to 0 than ReLU's.",
        reference="Clevert, Unterthiner & Hochreiter, ICLR 2016, arXiv:1511.07289",
        torch="ELU",
        aliases=("exponential_linear_unit",),
        parameters={"alpha": Parameter(1.0, "minus the limit for x to -inf", above=0)},
    ),
    Entry(
        "selu",
        "1.0507009873554804934193349852946"
        " * where(x > 0, x, 1.6732632423543772848170429916717 * expm1(x))",
        family="exponential",
        summary="An ELU scaled to keep mean 0 and variance 1 by itself: deep plain networks.",
        reference="Klambauer, Unterthiner, Mayr & Hochreiter, NeurIPS 2017, arXiv:1706.02515",
        torch="SELU",
        aliases=("self_normalizing_elu",),
    ),
    Entry(
        "celu",
        "where(x > 0, x, alpha * expm1(x / alpha))",
        family="exponential",
        summary="An ELU without a kink at 0 for every alpha.",
        reference="Barron, 2017, arXiv:1704.07483",
        torch="CELU",
        aliases=("continuous_elu",),
        parameters={"alpha": Parameter(1.0, "minus the limit for x to -inf", above=0)},
    ),
    Entry(
        "pelu",
        "where(x >= 0, a / b * x, a * expm1(x / b))",
        family="exponential",
        summary="An ELU that learns its slope and its limit.",
        reference="Trottier, Giguère & Chaib-draa, ICMLA 2017, arXiv:1605.09332",
        torch="PELU",
        aliases=("parametric_elu",),
        parameters={
            "a": Parameter(1.0, "minus the limit for x to -inf", learned=True, above=0),
            "b": Parameter(1.0, "how soon it gets there", learned=True, above=0),
        },
    ),
    Entry(
        "isrlu",
        "where(x >= 0, x, x / sqrt(1 + alpha * x^2))",
        family="exponential",
        summary="An ELU without an exponential.",
        reference="Carlile et al., 2017, arXiv:1710.09967",
        torch="ISRLU",
        aliases=("inverse_square_root_linear_unit",),
        parameters={"alpha": Parameter(1.0, "1 / limit^2", above=0)},
    ),
    Entry(
        "elish",
        "where(x >= 0, x, expm1(x)) * sigmoid(x)",
        family="exponential",
        summary="SiLU above 0, a gated ELU below: found by a search over image classifiers.",
        reference="Basirat & Roth, 2018, arXiv:1808.00783",
        torch="ELiSH",
    ),
    Entry(
        "exponential",
        "exp(x)",
        family="exponential",
        summary="For outputs that are rates or counts; too steep for hidden layers.",
        reference="Nelder & Wedderburn, J. Royal Stat. Soc. A 135, 1972 (the log link)",
        torch="Exponential",
        aliases=("exp",),
    ),
    Entry(
        "soft_exponential",
        "expm1(alpha * x) / alpha + alpha",
        family="exponential",
        summary="Learns its place between a line (alpha to 0) and an exponential (alpha = 1).",
        reference="Godfrey & Gashler, KDIR 2015, arXiv:1602.01321",
        torch="SoftExponential",
        parameters={
            "alpha": Parameter(0.5, "how exponential it is", learned=True, above=0),
        },
        differs="alpha <= 0 (a logarithm, not defined everywhere) is in the paper, not here",
    ),
)
