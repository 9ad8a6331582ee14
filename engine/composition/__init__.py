"""Composition space: a product of simplices with bounds, one simplex per sublattice."""
