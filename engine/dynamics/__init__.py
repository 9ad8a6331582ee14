"""Dynamics of crystals, and the free energies that come of it."""
