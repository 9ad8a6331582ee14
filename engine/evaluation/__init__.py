"""Evaluations: one composition, relaxed, with every property and its exact gradient."""
