"""Kinds: what a user may ask for. Each owns its options, faults, plan and answer."""
