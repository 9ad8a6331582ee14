"""Cells that benchmarks relax."""
