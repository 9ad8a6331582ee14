"""Kind evaluate: the compositions that are listed."""
