"""Properties that mean nothing for a cell that is held by nothing in some direction. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.properties.table import PROPERTIES

if TYPE_CHECKING:
    from collections.abc import Collection

    from api_schemas.conditions import Substrate
    from engine.crystals.crystal import AlchemicalCrystal

_OF_VECTORS = {
    "lattice_a": (0,),
    "lattice_b": (1,),
    "lattice_c": (2,),
    "alpha": (1, 2),
    "beta": (0, 2),
    "gamma": (0, 1),
    "c_over_a": (0, 2),
}
"""Vectors of the conventional cell that a property is made of."""
_OF_VOLUME = ("volume", "density")


def undefined_properties(crystal: AlchemicalCrystal, substrate: Substrate | None = None) -> frozenset[str]:
    """Names of the properties that have no meaning for a crystal; empty where its cell is held in all directions.

    Args:
        crystal: The crystal; its connections say what holds it.
        substrate: What substrate_mismatch compares with.
    """
    held = crystal.connections
    if held is None or len(held.held) == 3:
        return frozenset()
    lengths = np.asarray(crystal.conventional, dtype=float)
    along = [held.holds(vector) for vector in lengths]
    found = {name for name, vectors in _OF_VECTORS.items() if not all(along[vector] for vector in vectors)}
    found |= {name for name, row in PROPERTIES.items() if row.needs_curvature}
    if substrate is not None and not held.holds(np.array(substrate.direction, dtype=float) @ lengths):
        found.add("substrate_mismatch")
    return frozenset(found.union(_OF_VOLUME))


def free_words(crystal: AlchemicalCrystal) -> str:
    """Where nothing holds the cell of a crystal, in words: ``along c``."""
    held = crystal.connections
    if held is None or len(held.held) == 0:
        return "in any direction"
    lengths = np.asarray(crystal.conventional, dtype=float)
    free = [name for name, vector in zip("abc", lengths, strict=True) if not held.holds(vector)]
    return f"along {' and '.join(free)}"


def what_holds(crystal: AlchemicalCrystal, names: Collection[str]) -> str | None:
    """What to say of a crystal whose cell is not held; None for others.

    Args:
        crystal: The crystal.
        names: Properties that were wanted.
    """
    undefined = undefined_properties(crystal)
    if not undefined or crystal.connections is None:
        return None
    left_out = ", ".join(name for name in PROPERTIES if name in undefined and name in names)
    return (
        f"nothing holds the cell {free_words(crystal)} (vacuum: no atom there has a neighbour within "
        f"{crystal.connections.reach:g} Å): {left_out} are arbitrary there, and left out"
    )
