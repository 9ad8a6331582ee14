"""How many compositions of a crystal one process relaxes at once. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.crystals.crystal import AlchemicalCrystal

SITES_TOGETHER = 64
"""Relaxed at once: enough to fill a processor, and few enough that progress is seen."""


def batch_size(crystal: AlchemicalCrystal) -> int:
    """How many compositions of a crystal are relaxed together, 1 or more."""
    return max(1, SITES_TOGETHER // crystal.n_sites)
