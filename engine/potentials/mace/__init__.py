"""MACE: models of mace-torch, their weights and modules, in a mean-field forward pass."""
