"""Jobs: what a user submits, watches, cancels and reads the result of."""
