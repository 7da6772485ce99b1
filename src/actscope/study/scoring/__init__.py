"""What a study ranks by: metrics, scikit-learn's scorers, cutoffs. Numbers in, scores out."""
