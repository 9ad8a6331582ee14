"""Crystals that several tests share, as texts."""

CUBIC_ROCKSALT = """rocksalt
5.64
1 0 0
0 1 0
0 0 1
Na Cl
4 4
direct
0 0 0
0 0.5 0.5
0.5 0 0.5
0.5 0.5 0
0.5 0.5 0.5
0.5 0 0
0 0.5 0
0 0 0.5
"""
"""NaCl as POSCAR: the cubic cell, four of each."""
