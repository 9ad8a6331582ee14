"""A problem as the engine takes it: what was built from it, and how large it may be. Torch-free."""
