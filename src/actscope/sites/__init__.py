"""Where activations are in a model: found by running it once, changed, and initialised."""
