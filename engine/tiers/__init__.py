"""Tiers: how a mixed crystal is computed, and how large its error is."""
