"""Properties that can be asked for, and how they follow from a relaxed alchemical crystal."""
