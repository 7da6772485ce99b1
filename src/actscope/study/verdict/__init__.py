"""From scores to what the evidence supports, and to words."""
