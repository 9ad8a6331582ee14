"""References: end members, elemental phases and the crystals of targets, computed once and kept by content."""
