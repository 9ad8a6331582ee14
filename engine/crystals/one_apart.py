"""A supercell of a mixed crystal in which one mixed site has a composition of its own. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.crystals.crystal import AlchemicalCrystal, SublatticeSites, assemble
from engine.crystals.parent import ParentCrystal
from engine.crystals.symmetry import operations

if TYPE_CHECKING:
    from engine.crystals.parent import FloatArray
    from engine.crystals.supercells import Supercell


def one_apart(
    crystal: AlchemicalCrystal, supercell: Supercell, lattice: FloatArray, positions: FloatArray, site: int
) -> AlchemicalCrystal:
    """The supercell as a crystal of one cell, in which one site is a sublattice of its own, the last.

    Args:
        crystal: The parent.
        supercell: How it is repeated.
        lattice: Vectors of a cell as rows, [3, 3] Å.
        positions: Of the sites of a cell, [n_sites, 3] Å.
        site: A site of a sublattice, of the first cell.
    """
    everywhere = np.arange(supercell.n_cells) * crystal.n_sites
    whole = supercell.matrix @ lattice
    frac = supercell.positions(lattice, positions) @ np.linalg.inv(whole)
    parent = ParentCrystal(whole, frac, crystal.parent_symbols * supercell.n_cells)
    found = []
    for sublattice in crystal.sublattices:
        sites = sorted(int(first) + one for first in everywhere for one in sublattice.sites)
        left = tuple(one for one in sites if one != site)
        found.append(SublatticeSites(sublattice.name, left, sublattice.elements))
    (own,) = (sublattice for sublattice in crystal.sublattices if site in sublattice.sites)
    found.append(SublatticeSites(f"{own.name} apart", (site,), own.elements))
    return assemble(parent, tuple(found))


def orbits(crystal: AlchemicalCrystal, number: int) -> list[tuple[int, int]]:
    """The first site of each orbit of a sublattice, and how many sites it has in a cell."""
    symmetry = operations(crystal)
    sites = crystal.sublattices[number].sites
    images = [{int(operation.sites[site]) for operation in symmetry} for site in sites]
    return sorted({min(image): len(image) for image in images}.items())
