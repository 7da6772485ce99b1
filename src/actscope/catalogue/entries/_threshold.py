"""Jumps and nothing else: what gradient training cannot move."""

from actscope.catalogue._record import Entry

ENTRIES = (
    Entry(
        "step",
        "where(x > 0, 1, 0)",
        family="threshold",
        summary="Fires or does not; its slope is 0, so gradient training cannot move it.",
        reference="McCulloch & Pitts, Bull. Math. Biophysics 5, 1943",
        torch="Step",
        aliases=("heaviside", "binary_step", "threshold_step", "hard_limit"),
        differs="at 0: 0 here (a total equal to the threshold does not fire); "
        "torch.heaviside and NumPy ask for the value",
    ),
    Entry(
        "sign",
        "sign(x)",
        family="threshold",
        summary="A step from -1 to 1: binary networks, trained with a straight-through gradient.",
        reference="Rosenblatt, Psychological Review 65, 1958; Hubara et al., NeurIPS 2016",
        torch="Sign",
        aliases=("signum", "sgn", "bipolar_step"),
        differs="at 0: 0 here, in PyTorch, NumPy and JAX; many binary networks take 1",
    ),
)
