"""Symmetry operations of a labelled parent crystal, and where they take its sites.

They are found by spglib (A. Togo, K. Shinohara, I. Tanaka, Sci. Technol. Adv. Mater. Methods 4, 2384822 (2024),
doi:10.1080/27660400.2024.2384822).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from engine.crystals.by_content import by_content
from engine.crystals.parent import FloatArray, IntArray, frozen_array

if TYPE_CHECKING:
    from engine.crystals.crystal import AlchemicalCrystal

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
    found = _operations(tolerance)(crystal.lattice, crystal.frac, crystal.labels)
    return list(found)


def hessian_rows(crystal: AlchemicalCrystal) -> int:
    """Rows of second derivatives that give all of a supercell's, as long as it keeps the symmetry of the parent.

    One for each site that no operation takes to an earlier one, where the images of a general direction under the
    operations that keep the site span all three; two or three where they span fewer.
    """
    found = operations(crystal)
    general = np.array([0.61, -0.68, 0.41])
    total = 0
    for site in range(crystal.n_sites):
        if min(int(operation.sites[site]) for operation in found) < site:
            continue
        images = [operation.rotation @ general for operation in found if operation.sites[site] == site]
        spanned = int(np.linalg.matrix_rank(np.array(images), tol=1e-6))
        total += {3: 1, 2: 2}.get(spanned, 3)
    return total


def space_group(
    lattice: FloatArray, frac: FloatArray, species: IntArray, tolerance: float = SYMMETRY_TOLERANCE
) -> tuple[str, int] | None:
    """Symbol (Hermann-Mauguin, short) and number of a structure's space group; None if spglib finds none.

    Args:
        lattice: Vectors as rows, [3, 3] Å.
        frac: Fractional coordinates, [n, 3].
        species: Atomic numbers, [n].
        tolerance: Distance within which sites are equivalent, Å.
    """
    import spglib

    found = spglib.get_symmetry_dataset((lattice, frac, species), symprec=tolerance)
    return None if found is None else (str(found.international), int(found.number))


@lru_cache(maxsize=8)
def _operations(tolerance: float) -> Callable[[FloatArray, FloatArray, IntArray], tuple[Operation, ...]]:
    @by_content
    def of_crystal(lattice: FloatArray, frac: FloatArray, labels: IntArray) -> tuple[Operation, ...]:
        return tuple(_found(lattice, frac, labels, tolerance))

    return of_crystal


def _found(lattice: FloatArray, frac: FloatArray, labels: IntArray, tolerance: float) -> Iterator[Operation]:
    import spglib

    found = spglib.get_symmetry((lattice, frac, labels + 1), symprec=tolerance)
    if found is None:  # spglib gives up on strange cells; the identity is always a symmetry
        rotations, translations = np.eye(3, dtype=np.intc)[None], np.zeros((1, 3))
    else:
        rotations, translations = found["rotations"], found["translations"]
    for rotation, translation in zip(rotations, translations, strict=True):
        images = frac @ rotation.T + translation
        difference = images[:, None, :] - frac[None, :, :]
        whole = np.round(difference)
        distance = np.linalg.norm((difference - whole) @ lattice, axis=2)
        distance[labels[:, None] != labels[None, :]] = np.inf
        sites = np.argmin(distance, axis=1)
        shifts = whole[np.arange(len(sites)), sites]
        yield Operation(
            frozen_array(rotation, np.int64),
            frozen_array(translation),
            frozen_array(sites, np.int64),
            frozen_array(shifts, np.int64),
        )
