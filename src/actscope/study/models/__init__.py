"""A comparison in the user's own model, trained and scored by their own functions."""
