"""An extension as somebody else would write one: a kind, a unit that checkpoints, and a tier."""
