"""Kind optimize: a search, and the rounding of what it found."""
