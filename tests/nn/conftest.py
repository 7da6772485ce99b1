"""What PyTorch imports late, imported before warnings are errors."""

import warnings

with warnings.catch_warnings():
    # Forward-mode differentiation imports this when first used, and it uses torch.jit.script,
    # which PyTorch itself calls deprecated: an error in whichever test comes first.
    warnings.simplefilter("ignore", DeprecationWarning)
    import torch._decomp.decompositions_for_jvp  # noqa: F401
