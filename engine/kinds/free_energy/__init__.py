"""Free energies of crystals and of composition changes."""
