"""How a crystal's bonds stretch beyond the harmonic: a cheap energy, fitted to a few of the model's, to sample.

At 300 K the energy of 64 atoms of NaCl beyond the harmonic varies by 3.3 kT from sample to sample, of which functions
of the lengths of bonds explain all but 0.4. So a second reference is the harmonic crystal with these added: its free
energy over the harmonic one takes no potential calls, its samples are as good as the model's own, and what is left of
the model's energies is nearly the same for all (docs/science.md, Eq. 104 to 106).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.dynamics.harmonic import HarmonicCrystal

_SHELL = 1.2
"""Bonds of two kinds of sites are pairs up to this times their shortest distance,"""
_FARTHEST = 2.0
"""and up to this times the shortest of all."""
_PENALTIES = 10.0 ** np.arange(-8.0, 1.5)
"""Of the ridge; that which foretells left-out units best is taken."""
_AT_ONCE = 50


@dataclass(frozen=True, eq=False)
class Bonds:
    """The bonds of a supercell, by kinds.

    Attributes:
        first: A site of each bond, [n_bonds].
        second: The other one, [n_bonds].
        vectors: From the first to the second at rest, [n_bonds, 3] Å.
        kind: Number of its kind, [n_bonds].
        groups: Sites that are alike, by label, [n_labels, n] as 0 and 1.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    vectors: NDArray[np.float64]
    kind: NDArray[np.int64]
    groups: NDArray[np.float64]

    def features(self, harmonic: HarmonicCrystal, displacements: NDArray[np.float64]) -> NDArray[np.float64]:
        """What the energy beyond the harmonic is made of, [m, n_features], of displacements [m, n, 3] Å.

        Of each kind of bonds the sums of the first four powers of the change of length, without what is of first and
        second order in the displacements; of each kind of sites the mean square displacement; and the harmonic energy.
        """
        parts = [
            self._features(harmonic, displacements[start : start + _AT_ONCE])
            for start in range(0, len(displacements), _AT_ONCE)
        ]
        return np.concatenate(parts)

    def _features(self, harmonic: HarmonicCrystal, moved: NDArray[np.float64]) -> NDArray[np.float64]:
        length = np.linalg.norm(self.vectors, axis=1)
        relative = moved[:, self.second] - moved[:, self.first]
        along = np.einsum("kba,ba->kb", relative, self.vectors / length[:, None])
        across = np.einsum("kba,kba->kb", relative, relative) - along * along
        change = np.sqrt((length + along) ** 2 + across) - length
        square = change * change
        powers = (
            change - along - across / (2.0 * length),
            square - along * along,
            square * change,
            square * square,
        )
        member = (self.kind[:, None] == np.arange(self.kind.max() + 1)).astype(float)
        squares = np.einsum("kna,kna->kn", moved, moved)
        of_kinds = [power @ member for power in powers]
        return np.concatenate([*of_kinds, squares @ self.groups.T, harmonic.energies(moved)[:, None]], axis=1)


def bonds(harmonic: HarmonicCrystal, labels: Sequence[int]) -> Bonds:
    """The bonds of a supercell: near pairs of each two kinds of sites.

    Args:
        harmonic: The crystal at rest.
        labels: Kind of each site of a cell, [n_sites]; sites that hold nothing are given -1 and have no bonds.
    """
    supercell = harmonic.constants.supercell
    lattice = supercell.matrix @ harmonic.lattice
    rest = supercell.positions(harmonic.lattice, harmonic.positions)
    of_site = np.tile(np.asarray(labels), supercell.n_cells)
    first, second, vectors = _near_pairs(lattice, rest, of_site)
    length = np.linalg.norm(vectors, axis=1)
    ends = np.sort(np.stack([of_site[first], of_site[second]]), axis=0)
    _, kind = np.unique(ends, axis=1, return_inverse=True)
    kind = np.reshape(kind, -1)
    shortest = np.full(kind.max() + 1, np.inf)
    np.minimum.at(shortest, kind, length)
    kept = length <= np.minimum(_SHELL * shortest[kind], _FARTHEST * length.min())
    _, kind = np.unique(kind[kept], return_inverse=True)
    names = np.unique(of_site[of_site >= 0])
    groups = (of_site[None, :] == names[:, None]).astype(float)
    return Bonds(first[kept], second[kept], vectors[kept], np.reshape(kind, -1), groups)


def _near_pairs(
    lattice: NDArray[np.float64], rest: NDArray[np.float64], labels: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Pairs of sites, each once, up to the farthest that a bond may be: sites [n], [n] and vectors [n, 3]."""
    from vesin import NeighborList

    present = np.flatnonzero(labels >= 0)
    reach = 1.5 * (abs(float(np.linalg.det(lattice))) / len(present)) ** (1.0 / 3.0)
    box, points = np.ascontiguousarray(lattice), np.ascontiguousarray(rest[present])
    for _ in range(2):
        finder = NeighborList(cutoff=reach, full_list=False)
        i, j, distances, vectors = finder.compute(points=points, box=box, periodic=True, quantities="ijdD")
        reach = _FARTHEST * float(np.min(distances, initial=reach)) + 1e-3
    return present[i.astype(np.int64)], present[j.astype(np.int64)], np.asarray(vectors)


@dataclass(frozen=True, eq=False)
class BondEnergy:
    """An energy beyond the harmonic, of the lengths of bonds.

    Attributes:
        bonds: The bonds.
        harmonic: The crystal at rest.
        coefficients: Of the features, [n_features].
        left_out: Standard deviation of what it leaves of energies that it was not fitted to, eV.
    """

    bonds: Bonds
    harmonic: HarmonicCrystal
    coefficients: NDArray[np.float64]
    left_out: float

    def energies(self, displacements: NDArray[np.float64]) -> NDArray[np.float64]:
        """Of displacements [m, n, 3] Å, [m] eV."""
        return np.asarray(self.bonds.features(self.harmonic, displacements) @ self.coefficients)


def fit_bonds(
    found: Bonds, harmonic: HarmonicCrystal, displacements: NDArray[np.float64], work: NDArray[np.float64]
) -> BondEnergy:
    """Fit the energy of the bonds to energies of the model beyond the harmonic, by a ridge (docs/science.md, Eq. 104).

    Args:
        found: The bonds.
        harmonic: The crystal at rest.
        displacements: [n_units, n_members, n, 3] Å.
        work: [n_units, n_members] eV.
    """
    units, members = work.shape
    features = found.features(harmonic, displacements.reshape(-1, *displacements.shape[2:]))
    scale = np.sqrt((features**2).mean(axis=0))
    scale[scale == 0.0] = 1.0
    design = np.concatenate([features / scale, np.ones((len(features), 1))], axis=1)
    target = work.reshape(-1)
    left, values, right = np.linalg.svd(design, full_matrices=False)
    error, coefficients = np.inf, np.zeros(design.shape[1])
    for penalty in _PENALTIES:
        kept = values**2 / (values**2 + penalty * len(target))
        missed = (target - left @ (kept * (left.T @ target))).reshape(units, members)
        of_unit = left.reshape(units, members, -1)
        hat = np.einsum("uar,r,ubr->uab", of_unit, kept, of_unit)
        left_out = np.linalg.solve(np.eye(members) - hat + 1e-12 * np.eye(members), missed[..., None])
        missing = float(np.sqrt((left_out**2).mean()))
        if missing < error:
            inverse = values / (values**2 + penalty * len(target))
            error, coefficients = missing, right.T @ (inverse * (left.T @ target))
    return BondEnergy(found, harmonic, coefficients[:-1] / scale, error)
