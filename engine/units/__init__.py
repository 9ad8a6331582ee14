"""Units: what a worker computes. A worker knows units, and never a kind."""
