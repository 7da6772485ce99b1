"""What is wrong with the units of a model: streaming statistics, findings, a report."""
