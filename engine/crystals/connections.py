"""What holds a cell: which atoms a potential connects, and along which of its lattice vectors.

Where no chain of neighbours leads from an atom to its image, the energy does not depend on the cell there: a sheet in
vacuum has two directions that are held, a chain one, a molecule in a box none. The parts that are not connected may
also move and turn against each other for nothing. Counted as the dimension of a bonded component is by the rank of its
translations: P. M. Larsen, M. Pandey, M. Strange, K. W. Jacobsen, Phys. Rev. Mater. 3, 034003 (2019),
doi:10.1103/PhysRevMaterials.3.034003.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.crystals.parent import FloatArray, IntArray, frozen_array

BOND = 3.2
"""Å; nearer neighbours connect the atoms of nearly every crystal."""
_IN_SPAN = 1e-6


@dataclass(frozen=True, eq=False)
class Fragment:
    """Sites that neighbours connect.

    Attributes:
        sites: Their indices, [n].
        cells: Cell in which each lies when the fragment is in one piece, in units of the lattice vectors, [n, 3].
        translations: Independent lattice vectors that map it onto itself, [rank, 3].
    """

    sites: IntArray
    cells: IntArray
    translations: IntArray


@dataclass(frozen=True, eq=False)
class Connections:
    """The fragments of a crystal that is not one piece in three directions.

    Attributes:
        reach: Distance up to which atoms are neighbours, Å.
        fragments: Its parts.
        held: Independent lattice vectors along which something holds the cell, [rank, 3], in units of its vectors.
    """

    reach: float
    fragments: tuple[Fragment, ...]
    held: IntArray

    def holds(self, vector: FloatArray) -> bool:
        """Whether a lattice vector [3], in units of the cell's, lies in the directions that are held."""
        if len(self.held) == 0:
            return False
        basis = np.linalg.qr(self.held.T.astype(float))[0]
        left = np.asarray(vector, dtype=float) - basis @ (basis.T @ vector)
        return bool(np.linalg.norm(left) < _IN_SPAN * max(1.0, float(np.linalg.norm(vector))))

    def held_projector(self, lattice: FloatArray) -> FloatArray:
        """Projector [3, 3] onto the directions that are held, of a cell with vectors as rows, [3, 3] Å."""
        basis = np.linalg.qr((self.held @ lattice).T)[0] if len(self.held) else np.zeros((3, 0))
        return np.asarray(basis @ basis.T)

    def floating_modes(self, lattice: FloatArray, positions: FloatArray) -> FloatArray:
        """Displacements that cost nothing, orthonormal, [n, n_sites, 3]: each fragment moving, or turning if it can.

        Args:
            lattice: Vectors as rows, [3, 3] Å.
            positions: Of the sites, [n_sites, 3] Å, in the cells of the parent.
        """
        modes = []
        for fragment in self.fragments:
            places = positions[fragment.sites] + fragment.cells @ lattice
            places = places - places.mean(axis=0)
            moves = [np.tile(axis, (len(places), 1)) for axis in np.eye(3)]
            if len(fragment.translations) == 0:
                moves += [np.cross(axis, places) for axis in np.eye(3)]
            elif len(fragment.translations) == 1:
                moves.append(np.cross(fragment.translations[0] @ lattice, places))
            for move in moves:
                whole = np.zeros_like(positions)
                whole[fragment.sites] = move
                modes.append(whole.ravel())
        left, sizes, _ = np.linalg.svd(np.array(modes).T, full_matrices=False)
        return np.asarray(left.T[sizes > _IN_SPAN * sizes[0]].reshape(-1, *positions.shape))


def connections(lattice: FloatArray, frac: FloatArray, reach: float) -> Connections | None:
    """The fragments of a crystal; None where it is one piece that is held in all three directions, as most are.

    Args:
        lattice: Vectors as rows, [3, 3] Å.
        frac: Fractional coordinates, [n_sites, 3].
        reach: Distance up to which atoms are neighbours, Å: the cutoff of the potential.
    """
    # Most crystals are one piece by their bonds alone, of which there are few.
    if reach > BOND:
        by_bonds = connections(lattice, frac, BOND)
        if by_bonds is None:
            return None
    fragments, held = _fragments(lattice, frac, reach)
    if len(fragments) == 1 and len(held) == 3:
        return None
    return Connections(reach, fragments, held)


def bonded_dimension(lattice: FloatArray, frac: FloatArray, radii: FloatArray) -> int:
    """In how many directions the bonds of a crystal run on: 3 of most, 2 of layers, 1 of chains, 0 of molecules.

    Args:
        lattice: Vectors as rows, [3, 3] Å.
        frac: Fractional coordinates, [n_sites, 3].
        radii: Sites nearer than the sum of these are bonded, [n_sites] Å.
    """
    fragments, _ = _fragments(lattice, frac, radii)
    return max(len(fragment.translations) for fragment in fragments)


def _fragments(
    lattice: FloatArray, frac: FloatArray, reach: float | FloatArray
) -> tuple[tuple[Fragment, ...], IntArray]:
    """What neighbours connect, and the independent lattice vectors along which anything is held, [rank, 3].

    Args:
        lattice: Vectors as rows, [3, 3] Å.
        frac: Fractional coordinates, [n_sites, 3].
        reach: Distance up to which sites are neighbours, Å, or the radii whose sum it is, [n_sites].
    """
    from ase.neighborlist import primitive_neighbor_list

    first, second, shifts = primitive_neighbor_list("ijS", [True] * 3, lattice, frac @ lattice, reach)
    edges = _edges(first, second, shifts.astype(np.int64), len(frac))
    fragments: list[Fragment] = []
    seen: set[int] = set()
    for site in range(len(frac)):
        if site not in seen:
            fragment = _fragment(site, edges)
            seen.update(fragment.sites.tolist())
            fragments.append(fragment)
    held = _with(np.zeros((0, 3), dtype=np.int64), np.concatenate([one.translations for one in fragments]))
    return tuple(fragments), frozen_array(held, np.int64)


def _edges(
    first: IntArray, second: IntArray, shifts: IntArray, count: int
) -> list[tuple[IntArray, IntArray]]:
    """Of each of so many sites its neighbours, [n], and the cells in which they lie, [n, 3]."""
    order = np.argsort(first, kind="stable")
    ends = np.searchsorted(first[order], np.arange(1, count))
    return list(zip(np.split(second[order], ends), np.split(shifts[order], ends), strict=True))


def _fragment(start: int, edges: Sequence[tuple[IntArray, IntArray]]) -> Fragment:
    """What neighbours connect with a site: each edge that closes a circle gives a translation.

    Flat cells have thousands of edges that give few translations: those of a site are looked at together.
    """
    cells = np.zeros((len(edges), 3), dtype=np.int64)
    reached = {start}
    translations = np.zeros((0, 3), dtype=np.int64)
    waiting = deque([start])
    while waiting:
        site = waiting.popleft()
        others, shifts = edges[site]
        for place in np.sort(np.unique(others, return_index=True)[1]).tolist():
            other = int(others[place])
            if other not in reached:
                cells[other] = cells[site] + shifts[place]
                reached.add(other)
                waiting.append(other)
        if len(translations) < 3:
            translations = _with(translations, cells[site] + shifts - cells[others])
    sites = sorted(reached)
    return Fragment(
        frozen_array(sites, np.int64),
        frozen_array(cells[sites], np.int64),
        frozen_array(translations, np.int64),
    )


def _with(translations: IntArray, found: IntArray) -> IntArray:
    """Independent translations [rank, 3] with the first of found ones [n, 3] that are independent of them, exactly."""
    while len(translations) < 3:
        if len(translations) == 0:
            away = found
        elif len(translations) == 1:
            away = np.cross(translations[0], found)
        else:
            away = (found @ np.cross(translations[0], translations[1]))[:, None]
        new = np.flatnonzero(np.any(away != 0, axis=1))
        if len(new) == 0:
            break
        translations = np.vstack([translations, found[new[0]]])
    return translations
