"""Searches of two fidelities: alchemical crystals, corrected by few explicit supercells."""
