"""Symmetry-adapted coordinates, relaxation and implicit gradients."""
