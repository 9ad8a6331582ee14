"""Verification of answers by explicit supercells, for every kind whose tasks relax compositions."""
