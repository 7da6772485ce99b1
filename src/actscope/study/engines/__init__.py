"""Where a study's parts run."""
