"""The primitive cell of a labelled parent: what is left where translations within the cell are taken out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.crystals.crystal import AlchemicalCrystal, SublatticeSites, assemble
from engine.crystals.derivative_cells import compact_basis
from engine.crystals.hermite import hermite_form
from engine.crystals.parent import IntArray, ParentCrystal
from engine.crystals.symmetry import SYMMETRY_TOLERANCE, operations


@dataclass(frozen=True, eq=False)
class PrimitiveParent:
    """A parent in its primitive cell, and where the sites of the given cell are in it.

    Attributes:
        crystal: The primitive parent; its sublattices are those of the given one.
        matrix: The given cell's vectors in units of the primitive ones, [3, 3].
        sites: Site of the primitive cell that each given site is an image of, [n_sites].
        shifts: The primitive cell in which it is, [n_sites, 3].
    """

    crystal: AlchemicalCrystal
    matrix: IntArray
    sites: IntArray
    shifts: IntArray


def primitive_parent(crystal: AlchemicalCrystal, tolerance: float = SYMMETRY_TOLERANCE) -> PrimitiveParent:
    """The parent in its primitive cell; itself where that is the cell given.

    Args:
        crystal: The parent.
        tolerance: Distance within which sites are images of one another, Å.

    Raises:
        SymmetryNotFound: if the primitive cell's symmetry cannot be determined.
    """
    identity = np.eye(3, dtype=np.int64)
    translations = [o for o in operations(crystal, tolerance) if (o.rotation == identity).all()]
    n = len(translations)
    if n == 1:
        everywhere = np.zeros((crystal.n_sites, 3), dtype=np.int64)
        return PrimitiveParent(crystal, identity, np.arange(crystal.n_sites), everywhere)
    rows = [n * identity, *(np.rint(n * o.translation)[None].astype(np.int64) for o in translations)]
    basis = compact_basis(hermite_form(np.concatenate(rows)), crystal.lattice / n)
    first = np.min([o.sites for o in translations], axis=0)
    kept, sites = np.unique(first, return_inverse=True)
    to_primitive = np.linalg.inv(basis / n)
    shifts = np.rint((crystal.frac - crystal.frac[first]) @ to_primitive).astype(np.int64)
    place = {int(site): number for number, site in enumerate(kept)}
    sublattices = tuple(
        SublatticeSites(s.name, tuple(place[site] for site in s.sites if site in place), s.elements)
        for s in crystal.sublattices
    )
    parent = ParentCrystal(
        lattice=basis / n @ crystal.lattice,
        frac=crystal.frac[kept] @ to_primitive,
        symbols=tuple(crystal.parent_symbols[site] for site in kept),
    )
    return PrimitiveParent(
        assemble(parent, sublattices), np.rint(to_primitive).astype(np.int64), sites, shifts
    )
