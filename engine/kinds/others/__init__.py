"""The answer of a search by other potentials: what each says of it, and which composition each would choose."""
