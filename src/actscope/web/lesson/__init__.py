"""The notebook of the lesson, and its style."""
