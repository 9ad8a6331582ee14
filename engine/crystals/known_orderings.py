"""Names of known ordered structures, such as L1_0, for decorations of the lattices that they are found on.

Strukturbericht symbols and sites as in the AFLOW library of crystallographic prototypes (M. J. Mehl et al., Comput.
Mater. Sci. 136, S1 (2017), doi:10.1016/j.commatsci.2017.01.017); names of the other superlattices of fcc as in Z. W.
Lu, S.-H. Wei, A. Zunger, S. Frota-Pessoa, L. G. Ferreira, Phys. Rev. B 44, 512 (1991), doi:10.1103/PhysRevB.44.512.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from engine.crystals.canonical import CanonicalForm, canonical_form
from engine.crystals.crystal import AlchemicalCrystal
from engine.crystals.enumeration import Ordering
from engine.crystals.hermite import hermite_form
from engine.crystals.holding import mixed_sublattices, sites_of
from engine.crystals.ideal_lattices import ideal_lattices, on_ideal_lattice
from engine.crystals.parent import IntArray
from engine.crystals.supercells import Supercell

_Rule = Callable[[IntArray, IntArray], IntArray]
"""What sites hold, [n], by their coordinates [n, 3] and their site of the primitive cell, [n].

Coordinates are in units of the edge of a simple cube, half the edge of another, or in the vectors of a hexagonal cell.
"""


@dataclass(frozen=True, eq=False)
class _Known:
    name: str
    periods: tuple[tuple[int, int, int], ...]  # vectors that leave it as it is, three or more
    rule: _Rule


def _layers(name: str, plane: tuple[int, int, int], stacking: str, spacing: int = 1) -> _Known:
    """Layers of one element each along a plane's normal.

    Args:
        name: Of the ordering.
        plane: Its indices h, k, l.
        stacking: Letters of the layers in a period.
        spacing: By how much h x + k y + l z rises from a layer to the next.
    """
    letters = np.array([letter != "A" for letter in stacking], dtype=np.int64)

    def rule(at: IntArray, site: IntArray) -> IntArray:  # noqa: ARG001
        return letters[(at @ np.array(plane) // spacing) % len(stacking)]

    h, k, m = plane
    in_plane = (2 * k, -2 * h, 0), (0, 2 * m, -2 * k), (2 * m, 0, -2 * h)
    return _Known(name, (*_cube(2 * len(stacking)), *in_plane), rule)


def _cube(edge: int) -> tuple[tuple[int, int, int], ...]:
    return (edge, 0, 0), (0, edge, 0), (0, 0, edge)


def _l1_2(at: IntArray, site: IntArray) -> IntArray:  # noqa: ARG001
    return (at % 2 != 0).any(axis=1).astype(np.int64)


def _d0_23(at: IntArray, site: IntArray) -> IntArray:  # noqa: ARG001
    """L1_2 with every other pair of layers shifted by half the face's diagonal."""
    shifted = (at[:, 2] % 8 < 4).astype(np.int64)
    minority = (at[:, 2] % 2 == 0) & ((at[:, :2] - shifted[:, None]) % 2 == 0).all(axis=1)
    return (~minority).astype(np.int64)


def _d0_19(at: IntArray, site: IntArray) -> IntArray:
    minority = ((at[:, 0] - site) % 2 == 0) & (at[:, 1] % 2 == 0)
    return (~minority).astype(np.int64)


_KNOWN = {
    "fcc": (
        _layers("L1_0", (0, 0, 1), "AB"),
        _layers("L1_1", (1, 1, 1), "AB", 2),
        _Known("L1_2", _cube(2), _l1_2),
        _layers("D0_22", (2, 0, 1), "ABBB"),
        _Known("D0_23", ((2, 0, 0), (0, 2, 0), (1, 1, 4)), _d0_23),
        _layers("D1_a", (2, 1, 0), "ABBBB"),
        _layers("MoPt2", (1, 1, 0), "ABB"),
        _layers("beta", (0, 0, 1), "ABB"),
        _layers("alpha", (1, 1, 1), "ABB", 2),
        _layers("Z1", (0, 0, 1), "ABBB"),
        _layers("Z2", (0, 0, 1), "AABB"),
        _layers("Y1", (0, 1, 1), "ABBB"),
        _layers("Y2", (0, 1, 1), "AABB"),
        _layers("V1", (1, 1, 1), "ABBB", 2),
        _layers("V2", (1, 1, 1), "AABB", 2),
        _layers("W1", (3, 1, 1), "ABBB", 2),
        _layers("W2", (3, 1, 1), "AABB", 2),
        _layers("chalcopyrite", (2, 0, 1), "AABB"),
    ),
    "bcc": (
        _layers("B2", (0, 0, 1), "AB"),
        _layers("B32", (1, 1, 1), "AABB"),
        _layers("D0_3", (1, 1, 1), "ABBB"),
        _layers("B11", (0, 0, 1), "AABB"),
        _layers("C11_b", (0, 0, 1), "ABB"),
    ),
    "hcp": (
        _Known("B_h", _cube(1), lambda at, site: site),  # noqa: ARG005
        _Known("B19", _cube(2), lambda at, site: at[:, 1] % 2),  # noqa: ARG005
        _Known("D0_19", _cube(2), _d0_19),
    ),
    "simple cubic": (
        _layers("rock-salt", (1, 1, 1), "AB"),
        _layers("columnar", (1, 1, 0), "AB"),
        _layers("layered", (0, 0, 1), "AB"),
    ),
}


def name_of(crystal: AlchemicalCrystal, ordering: Ordering) -> str | None:
    """The name of an ordering whose mixed sublattice has the sites of a known structure; None if it has none.

    The sublattice may be that of a compound: the B sites of a perovskite are simple cubic. Its elements may be any two,
    in either order. Its lattice may be strained by up to a tenth. Where several sublattices are ordered, each must have
    a name.

    Args:
        crystal: The parent.
        ordering: A decoration of a supercell of it; its degeneracy and composition are not looked at.
    """
    names = []
    for number in mixed_sublattices(crystal):
        holds = ordering.columns[sites_of(crystal, ordering.supercell, number)]
        if len(set(holds.tolist())) < 2:
            continue
        name = _name_on(crystal, number, ordering.supercell, holds)
        if name is None:
            return None
        names.append((crystal.sublattices[number].name, name))
    if len(names) == 1:
        return names[0][1]
    return ", ".join(f"{name} on {sublattice}" for sublattice, name in names) or None


def _name_on(crystal: AlchemicalCrystal, number: int, supercell: Supercell, holds: IntArray) -> str | None:
    elements, letters = np.unique(holds, return_inverse=True)
    laid = on_ideal_lattice(crystal, number) if len(elements) == 2 else None
    if laid is None:
        return None
    return _names(laid.name).get(_anonymous(laid.ideal, *laid.decoration(supercell, letters)))


def _anonymous(ideal: AlchemicalCrystal, supercell: Supercell, letters: IntArray) -> CanonicalForm:
    """The canonical form of a decoration of zeros and ones, whichever of the two elements is which."""
    ones = 2 * int(letters.sum())
    if ones != len(letters):
        return canonical_form(ideal, supercell, letters if ones > len(letters) else 1 - letters)
    return min(canonical_form(ideal, supercell, letters), canonical_form(ideal, supercell, 1 - letters))


@lru_cache(maxsize=8)
def _names(lattice: str) -> dict[CanonicalForm, str]:
    """The names of the known structures on an ideal lattice."""
    ideal = ideal_lattices()[lattice]
    edge = {"fcc": 4 ** (1 / 3) / 2, "bcc": 2 ** (1 / 3) / 2}.get(lattice, 1.0)
    axes = np.eye(3) if lattice == "hcp" else ideal.lattice / edge
    to_axes = np.rint(axes).astype(np.int64)
    return {_form(ideal, to_axes, known): known.name for known in _KNOWN[lattice]}


def _form(ideal: AlchemicalCrystal, to_axes: IntArray, known: _Known) -> CanonicalForm:
    matrix = np.rint(np.array(known.periods) @ np.linalg.inv(to_axes)).astype(np.int64)
    supercell = Supercell(hermite_form(matrix))
    at = np.repeat(supercell.cells @ to_axes, ideal.n_sites, axis=0)
    return _anonymous(ideal, supercell, known.rule(at, np.tile(np.arange(ideal.n_sites), supercell.n_cells)))
