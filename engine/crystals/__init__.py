"""Crystals: prototypes, structure files, and the alchemical crystal that carries candidate elements on its sites."""
