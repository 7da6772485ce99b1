"""A study as people see it: page, pictures, terminal."""
