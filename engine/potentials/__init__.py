"""Potentials: energies of alchemical crystals and where their weights come from."""
