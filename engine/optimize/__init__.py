"""Composition search: ask for compositions, tell evaluations."""
