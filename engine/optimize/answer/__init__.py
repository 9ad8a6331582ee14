"""What is said of a search: the best, the front, what holds it back, how sure the surrogates were."""
