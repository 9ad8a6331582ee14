"""Strategies: which compositions are evaluated next, as functions of everything told."""
