"""Dynamics of crystals, and the free energies that its runs give."""
