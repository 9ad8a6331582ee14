"""Numbers that only grow, counted in the store by all processes together."""
