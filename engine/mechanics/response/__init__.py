"""How the sites of a mixed crystal answer to its disorder: force constants, and the energy of fluctuations."""
