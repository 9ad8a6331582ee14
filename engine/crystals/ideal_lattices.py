"""Which ideal lattice a sublattice has: face- or body-centred or simple cubic, or hexagonal close packing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product

import numpy as np

from engine.crystals.conventional import SymmetryNotFound
from engine.crystals.crystal import AlchemicalCrystal, SublatticeSites, assemble
from engine.crystals.parent import FloatArray, IntArray, ParentCrystal
from engine.crystals.primitive import PrimitiveParent, primitive_parent
from engine.crystals.prototypes import PROTOTYPES
from engine.crystals.supercells import Supercell

STRETCH = 1.1
"""A sublattice stretched or compressed by less, at its own volume, is still of its ideal lattice (Zn: 1.09)."""
_OFF = 0.1
"""How far sites may be from ideal ones, in units of the cube root of the volume of a site."""
_REACH = 2
"""Multiples of primitive vectors among which the ideal ones are looked for."""


@dataclass(frozen=True, eq=False)
class OnIdealLattice:
    """A sublattice laid on an ideal lattice of the same kind.

    Attributes:
        name: fcc, bcc, hcp or simple cubic.
        ideal: The ideal lattice as a parent, in its primitive cell.
        primitive: The sublattice in its own primitive cell.
        change: The primitive vectors in units of the ideal ones, [3, 3].
        sites: Ideal site of each primitive site, [n_sites].
        shifts: The ideal cell in which it is, [n_sites, 3].
    """

    name: str
    ideal: AlchemicalCrystal
    primitive: PrimitiveParent
    change: IntArray
    sites: IntArray
    shifts: IntArray

    def decoration(self, supercell: Supercell, holds: IntArray) -> tuple[Supercell, IntArray]:
        """A decoration of the ideal lattice, cell by cell.

        Args:
            supercell: Repetition of the parent.
            holds: What each site of the sublattice holds, cell by cell, [n].
        """
        to_ideal = self.primitive.matrix @ self.change
        matrix = supercell.matrix @ to_ideal
        ideal = Supercell(matrix if np.linalg.det(matrix) > 0.0 else -matrix)
        shifts = self.primitive.shifts @ self.change + self.shifts[self.primitive.sites]
        cells = ideal.numbers((supercell.cells @ to_ideal)[:, None] + shifts)
        found = np.empty(len(holds), dtype=np.int64)
        found[(cells * self.ideal.n_sites + self.sites[self.primitive.sites]).reshape(-1)] = holds
        return ideal, found


@lru_cache(maxsize=1)
def ideal_lattices() -> dict[str, AlchemicalCrystal]:
    """The ideal lattices by name, with a volume of 1 a site; every site is of one sublattice."""
    parents = {name: PROTOTYPES[name].build([element]) for name, element in (("fcc", "Cu"), ("bcc", "Fe"))}
    parents["hcp"] = PROTOTYPES["hcp"].build(["Mg"], a=1.0, c=np.sqrt(8.0 / 3.0))
    parents["simple cubic"] = ParentCrystal(np.eye(3), np.zeros((1, 3)), ("Po",))
    return {name: _only_sites(parent.lattice, parent.frac) for name, parent in parents.items()}


def _only_sites(lattice: FloatArray, frac: FloatArray) -> AlchemicalCrystal:
    """Sites as a parent of one sublattice, with a volume of 1 a site."""
    scale = (abs(float(np.linalg.det(lattice))) / len(frac)) ** (1 / 3)
    parent = ParentCrystal(lattice / scale, frac, ("Po",) * len(frac))
    return assemble(parent, (SublatticeSites("sites", tuple(range(len(frac))), ("Po", "Te")),))


def on_ideal_lattice(crystal: AlchemicalCrystal, number: int) -> OnIdealLattice | None:
    """The ideal lattice that a sublattice of a parent has about; None if it has none of the four."""
    sites = list(crystal.sublattices[number].sites)
    return _found(crystal.lattice.tobytes(), np.ascontiguousarray(crystal.frac[sites]).tobytes())


@lru_cache(maxsize=64)
def _found(lattice: bytes, frac: bytes) -> OnIdealLattice | None:
    try:
        own = _only_sites(np.frombuffer(lattice).reshape(3, 3), np.frombuffer(frac).reshape(-1, 3))
        primitive = primitive_parent(own, _OFF)
    except SymmetryNotFound:
        return None
    for name, ideal in ideal_lattices().items():
        if ideal.n_sites == primitive.crystal.n_sites:
            laid = _laid_on(primitive, name, ideal)
            if laid is not None:
                return laid
    return None


def _laid_on(primitive: PrimitiveParent, name: str, ideal: AlchemicalCrystal) -> OnIdealLattice | None:
    """The sublattice on an ideal lattice, where it must be stretched the least; None where by too much."""
    best: tuple[float, OnIdealLattice] | None = None
    lattice = primitive.crystal.lattice
    for basis in _bases(lattice, ideal.lattice):
        stretches = np.linalg.svd(np.linalg.solve(ideal.lattice, basis @ lattice), compute_uv=False)
        stretch = float(max(stretches[0], 1.0 / stretches[-1]))
        if stretch > STRETCH or (best is not None and stretch > best[0] - 1e-9):
            continue
        change = np.rint(np.linalg.inv(basis)).astype(np.int64)
        laid = OnIdealLattice(name, ideal, primitive, change, *_EMPTY)
        sites = _sites_laid(primitive.crystal.frac @ change, ideal)
        if sites is not None:
            best = (stretch, replace(laid, sites=sites[0], shifts=sites[1]))
    return None if best is None else best[1]


_EMPTY = (np.zeros(0, dtype=np.int64), np.zeros((0, 3), dtype=np.int64))


def _bases(lattice: FloatArray, ideal: FloatArray) -> list[IntArray]:
    """Bases [3, 3], in units of a lattice's vectors, with vectors about as long as the ideal ones."""
    multiples = np.array(list(product(range(-_REACH, _REACH + 1), repeat=3)), dtype=np.int64)
    lengths = np.linalg.norm(multiples @ lattice, axis=1)
    wanted = np.linalg.norm(ideal, axis=1)
    near = [multiples[(lengths < STRETCH * w) & (lengths > w / STRETCH)] for w in wanted]
    bases = np.array(list(product(*near)), dtype=np.int64).reshape(-1, 3, 3)
    return list(bases[np.abs(np.rint(np.linalg.det(bases))) == 1])


def _sites_laid(frac: FloatArray, ideal: AlchemicalCrystal) -> tuple[IntArray, IntArray] | None:
    """The ideal site and cell of each site [n_sites, 3] in units of the ideal vectors; None if they are not near."""
    for first in range(ideal.n_sites):  # the first site may be any of the ideal ones
        placed = (frac - frac[0])[:, None] - (ideal.frac - ideal.frac[first])[None]
        cells = np.rint(placed)
        off = np.linalg.norm((placed - cells) @ ideal.lattice, axis=2)
        sites = off.argmin(axis=1)
        if len(set(sites.tolist())) == ideal.n_sites and off.min(axis=1).max() < 2.0 * _OFF:
            return sites, cells[np.arange(len(sites)), sites].astype(np.int64)
    return None
