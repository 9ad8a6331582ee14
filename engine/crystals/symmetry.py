"""Symmetry operations of a labelled parent crystal, and where they take its sites.

They are found by spglib (A. Togo, K. Shinohara, I. Tanaka, Sci. Technol. Adv. Mater. Methods 4, 2384822 (2024),
doi:10.1080/27660400.2024.2384822).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.crystals.crystal import AlchemicalCrystal
    from engine.crystals.parent import FloatArray, IntArray

SYMMETRY_TOLERANCE = 1e-2
"""Å; displacements below this (coordinates given to three digits) do not break a symmetry of the parent."""


@dataclass(frozen=True, eq=False)
class Operation:
    """A symmetry operation of a crystal: fractional coordinates r become rotation r + translation.

    Attributes:
        rotation: [3, 3] integers.
        translation: [3].
        sites: Site that each site is taken to, [n_sites].
        shifts: Cell in which that site then lies, [n_sites, 3] integers.
    """

    rotation: IntArray
    translation: FloatArray
    sites: IntArray
    shifts: IntArray

    def cartesian(self, lattice: FloatArray) -> FloatArray:
        """The rotation of Cartesian vectors, [3, 3], for a lattice with vectors as rows."""
        return np.asarray(lattice.T @ self.rotation @ np.linalg.inv(lattice.T))


def operations(crystal: AlchemicalCrystal, tolerance: float = SYMMETRY_TOLERANCE) -> list[Operation]:
    """Every operation that leaves the parent and its labels unchanged, translations within the cell among them.

    Args:
        crystal: The parent; its labels [n_sites] tell which sites an operation may exchange.
        tolerance: Distance within which spglib takes sites as equivalent, Å.
    """
    return list(_operations(crystal, tolerance))


def _operations(crystal: AlchemicalCrystal, tolerance: float) -> Iterator[Operation]:
    import spglib

    cell = (np.asarray(crystal.lattice), np.asarray(crystal.frac), np.asarray(crystal.labels) + 1)
    found = spglib.get_symmetry(cell, symprec=tolerance)
    if found is None:  # spglib gives up on strange cells; the identity is always a symmetry
        rotations, translations = np.eye(3, dtype=np.intc)[None], np.zeros((1, 3))
    else:
        rotations, translations = found["rotations"], found["translations"]
    labels = np.asarray(crystal.labels)
    for rotation, translation in zip(rotations, translations, strict=True):
        images = crystal.frac @ rotation.T + translation
        difference = images[:, None, :] - crystal.frac[None, :, :]
        whole = np.round(difference)
        distance = np.linalg.norm((difference - whole) @ crystal.lattice, axis=2)
        distance[labels[:, None] != labels[None, :]] = np.inf
        sites = np.argmin(distance, axis=1)
        shifts = whole[np.arange(len(sites)), sites].astype(np.int64)
        yield Operation(rotation.astype(np.int64), np.asarray(translation, dtype=float), sites, shifts)
