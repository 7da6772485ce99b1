"""What a study will take, found by trying a little of it."""
