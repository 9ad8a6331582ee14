"""Molecular dynamics of alchemical crystals, and switching between them."""
