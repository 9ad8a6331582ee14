"""SevenNet: its checkpoints and its forward pass on alchemical crystals, in plain torch."""
