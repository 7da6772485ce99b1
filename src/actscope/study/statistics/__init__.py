"""What scores of resampled splits can tell: tests, equivalence, forecast, races, ranks. Pure."""
