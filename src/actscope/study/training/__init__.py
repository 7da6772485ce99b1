"""One part of a study, done: rows of a seed, networks, their scores. Runs in workers."""
