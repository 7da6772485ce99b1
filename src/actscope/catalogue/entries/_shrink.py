"""Small inputs to (nearly) nothing."""

from actscope.catalogue._record import Entry, Parameter

ENTRIES = (
    Entry(
        "softshrink",
        "where(x > lambd, x - lambd, where(x < -lambd, x + lambd, 0))",
        family="shrink",
        summary="Pulls everything towards 0 by lambd: sparse codes, denoising.",
        reference="Donoho, IEEE Trans. Information Theory 41, 1995",
        torch="Softshrink",
        aliases=("soft_threshold",),
        parameters={"lambd": Parameter(0.5, "half the width of the flat part", above=0)},
    ),
    Entry(
        "hardshrink",
        "where(x > lambd, x, where(x < -lambd, x, 0))",
        family="shrink",
        summary="Drops what is smaller than lambd and keeps the rest as it is: sparse codes.",
        reference="Donoho & Johnstone, Biometrika 81, 1994",
        torch="Hardshrink",
        aliases=("hard_threshold",),
        parameters={"lambd": Parameter(0.5, "half the width of the flat part", above=0)},
    ),
    Entry(
        "tanhshrink",
        "x - tanh(x)",
        family="shrink",
        summary="Near zero it passes almost nothing: for sparse codes.",
        reference="PyTorch, torch.nn.Tanhshrink",
        torch="Tanhshrink",
        # Below 1/4 the difference loses digits; the series of x - tanh(x) does not.
        accurate="where(abs(x) < 1/4, x^3 * (1/3 - x^2 * (2/15 - x^2 * (17/315 - x^2 * (62/2835"
        " - x^2 * (1382/155925 - x^2 * (21844/6081075 - x^2 * 929569/638512875)))))), x - tanh(x))",
        accurate_slope="tanh(x)^2",
    ),
)
