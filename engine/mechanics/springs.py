"""Springs between neighbouring sites: a model of the Hessian of any crystal, strain and displacements together.

Every pair of sites nearer than CUTOFF has a spring along the line between them and one across it. Their constants
depend on the two sites' labels and on the distance, by which they are interpolated linearly (docs/science.md, Eq. 69).
The strain stretches the same springs as the displacements, so that the two are coupled as in the crystal. Before
anything is known, springs soften exponentially with the distance (docs/science.md, Eq. 70; D. Packwood et al., J. Chem.
Phys. 144, 164109 (2016), doi:10.1063/1.4947024); `engine.mechanics.learned_springs` learns them from gradients.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.mechanics.coordinates import SymmetryCoordinates

CUTOFF = 6.0
"""Å; sites farther apart have no spring."""
WIDTH = 0.5
"""Å between the distances at which constants are kept."""
STIFFNESS, SOFTENING, ACROSS = 8.0, 4.0, 0.1
"""Expected constant between nearest neighbours (eV/Å^2), how fast it falls with the distance over theirs, and the share
of a spring across a pair."""


@dataclass(frozen=True, eq=False)
class Springs:
    """Constants by kind: a pair of labels and a distance.

    Attributes:
        kinds: Lower label, higher label and distance in units of WIDTH, [n_kinds, 3], in order and each once.
        constants: Along and across the pair, [n_kinds, 2], eV/Å^2; negative where a pair repels.
    """

    kinds: NDArray[np.int64]
    constants: NDArray[np.float64]

    def table(self) -> list[list[float]]:
        """As rows of five numbers, to be stored; `Springs.of_table` undoes it."""
        return np.concatenate([self.kinds, self.constants], axis=1).tolist()

    @classmethod
    def of_table(cls, rows: Sequence[Sequence[float]]) -> Springs:
        """From the rows of `table`."""
        table = np.array(rows, dtype=float).reshape(-1, 5)
        return cls(kinds=np.rint(table[:, :3]).astype(np.int64), constants=table[:, 3:])

    def updated(self, known: Springs | None) -> Springs:
        """These kinds, with the constants of those that are known already."""
        if known is None or not len(known.kinds):
            return self
        place = {tuple(kind): number for number, kind in enumerate(known.kinds.tolist())}
        constants = self.constants.copy()
        for number, kind in enumerate(self.kinds.tolist()):
            if tuple(kind) in place:
                constants[number] = known.constants[place[tuple(kind)]]
        return Springs(self.kinds, constants)


def mixed_springs(members: Sequence[Springs], shares: NDArray[np.float64]) -> Springs:
    """Constants between those of members, weighted by their shares [n_members] among the members that know a kind."""
    kinds, place = np.unique(np.concatenate([one.kinds for one in members]), axis=0, return_inverse=True)
    weights = np.repeat(np.maximum(shares, 1e-6), [len(one.kinds) for one in members])
    constants, total = np.zeros((len(kinds), 2)), np.zeros(len(kinds))
    np.add.at(constants, place.ravel(), weights[:, None] * np.concatenate([one.constants for one in members]))
    np.add.at(total, place.ravel(), weights)
    return Springs(kinds, constants / total[:, None])


@dataclass(frozen=True, eq=False)
class Bonds:
    """The pairs of a crystal at one geometry.

    Attributes:
        coordinates: Of the crystal.
        deformation: 1 + strain of the geometry, [3, 3].
        first, second: The sites of every pair, [n_pairs] each.
        vectors: From the first to the second, [n_pairs, 3], Å.
        kinds: What kinds of springs there are, as in `Springs`, [n_kinds, 3].
        kind: The two kinds between whose distances every pair lies, [n_pairs, 2] indices of ``kinds``.
        share: The share of each in its constants, [n_pairs, 2].
    """

    coordinates: SymmetryCoordinates
    deformation: NDArray[np.float64]
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    vectors: NDArray[np.float64]
    kinds: NDArray[np.int64]
    kind: NDArray[np.int64]
    share: NDArray[np.float64]

    @cached_property
    def along(self) -> NDArray[np.float64]:
        """Unit vectors, [n_pairs, 3]."""
        return self.vectors / np.linalg.norm(self.vectors, axis=1)[:, None]

    @cached_property
    def by_strain(self) -> NDArray[np.float64]:
        """Change of the vectors by the strain coordinates, [n_pairs, n_strain, 3], Å."""
        unstrained = self.vectors @ np.linalg.inv(self.deformation).T
        return np.einsum("iab,nb->nia", self.coordinates.strain_modes, unstrained)

    @cached_property
    def expected(self) -> Springs:
        """Constants before anything is known."""
        lengths = np.linalg.norm(self.vectors, axis=1)
        nearest = np.full(len(self.coordinates.positions), np.inf)
        np.minimum.at(nearest, self.first, lengths)
        np.minimum.at(nearest, self.second, lengths)
        usual = np.maximum(nearest[self.first], nearest[self.second])
        along = STIFFNESS * np.exp(-SOFTENING * (lengths / usual - 1.0))
        total, weight = np.zeros(len(self.kinds)), np.zeros(len(self.kinds))
        np.add.at(total, self.kind, self.share * along[:, None])
        np.add.at(weight, self.kind, self.share)
        mean = total / np.maximum(weight, 1e-12)
        return Springs(self.kinds, np.stack([mean, ACROSS * mean], axis=1))

    def stretched(self, step: NDArray[np.float64]) -> NDArray[np.float64]:
        """Change of every vector over a step [n_q], split along and across the pair: [n_pairs, 2, 3], Å."""
        n_strain = self.coordinates.n_strain
        moved = np.einsum("j,jna->na", step[n_strain:], self.coordinates.displacement_modes)
        moved = moved @ self.deformation.T
        change = np.einsum("i,nia->na", step[:n_strain], self.by_strain)
        change += moved[self.second] - moved[self.first]
        along = np.einsum("na,na->n", change, self.along)[:, None] * self.along
        return np.stack([along, change - along], axis=1)

    def gradients(self, forces: NDArray[np.float64]) -> NDArray[np.float64]:
        """Gradients by q of energies that have given derivatives by the vectors, summed by kind.

        Args:
            forces: Derivatives by the vectors, [n_pairs, 3].

        Returns:
            [n_q, n_kinds]: what a unit constant of each kind contributes.
        """
        n_kinds, n_sites = len(self.kinds), len(self.coordinates.positions)
        by_strain = np.zeros((n_kinds, self.coordinates.n_strain))
        by_site = np.zeros((n_kinds, n_sites, 3))
        for kind, share in zip(self.kind.T, self.share.T, strict=True):
            shared = share[:, None] * forces
            np.add.at(by_strain, kind, np.einsum("nia,na->ni", self.by_strain, shared))
            pulled = shared @ self.deformation
            np.add.at(by_site, (kind, self.second), pulled)
            np.add.at(by_site, (kind, self.first), -pulled)
        by_mode = by_site.reshape(n_kinds, -1) @ self._modes.T
        return np.concatenate([by_strain, by_mode], axis=1).T

    def hessian(self, springs: Springs) -> NDArray[np.float64]:
        """Second derivatives by q, [n_q, n_q], eV per squared unit of q, of springs of these kinds."""
        n_strain, n_sites = self.coordinates.n_strain, len(self.coordinates.positions)
        along, across = np.einsum("nk,nkc->cn", self.share, springs.constants[self.kind])
        blocks = (along - across)[:, None, None] * self.along[:, :, None] * self.along[:, None, :]
        blocks += across[:, None, None] * np.eye(3)
        strained = np.einsum("nia,nab->nib", self.by_strain, blocks)
        mixed = np.zeros((n_sites, n_strain, 3))
        np.add.at(mixed, self.second, strained @ self.deformation)
        np.add.at(mixed, self.first, -strained @ self.deformation)
        blocks = self.deformation.T @ blocks @ self.deformation
        sites = np.zeros((n_sites, n_sites, 3, 3))
        for one, other, sign in (
            (self.first, self.first, 1.0),
            (self.second, self.second, 1.0),
            (self.first, self.second, -1.0),
            (self.second, self.first, -1.0),
        ):
            np.add.at(sites, (one, other), sign * blocks)
        hessian = np.zeros((self.coordinates.n_q, self.coordinates.n_q))
        hessian[:n_strain, :n_strain] = np.einsum("nia,nja->ij", strained, self.by_strain)
        coupled = mixed.transpose(1, 0, 2).reshape(n_strain, -1) @ self._modes.T
        hessian[:n_strain, n_strain:] = coupled
        hessian[n_strain:, :n_strain] = coupled.T
        whole = sites.transpose(0, 2, 1, 3).reshape(3 * n_sites, 3 * n_sites)
        hessian[n_strain:, n_strain:] = self._modes @ whole @ self._modes.T
        return (hessian + hessian.T) / 2

    @cached_property
    def _modes(self) -> NDArray[np.float64]:
        modes = self.coordinates.displacement_modes
        return modes.reshape(len(modes), 3 * len(self.coordinates.positions))


def bonds_at(coordinates: SymmetryCoordinates, labels: NDArray[np.int64], q: NDArray[np.float64]) -> Bonds:
    """The pairs nearer than CUTOFF at the coordinates q [n_q] of a crystal whose sites have labels [n_sites]."""
    from vesin import NeighborList

    deformation = np.eye(3) + coordinates.strain(q)
    box = np.ascontiguousarray(coordinates.lattice @ deformation.T)
    points = np.ascontiguousarray(coordinates.displaced(q) @ deformation.T)
    finder = NeighborList(cutoff=CUTOFF, full_list=False)
    first, second, vectors = finder.compute(points=points, box=box, periodic=True, quantities="ijD")
    first, second = first.astype(np.int64), second.astype(np.int64)
    place = np.linalg.norm(vectors, axis=1) / WIDTH
    below = np.floor(place).astype(np.int64)
    ends = np.sort(np.stack([labels[first], labels[second]], axis=1), axis=1)
    both = np.stack([np.column_stack([ends, below]), np.column_stack([ends, below + 1])], axis=1)
    kinds, kind = np.unique(both.reshape(-1, 3), axis=0, return_inverse=True)
    return Bonds(
        coordinates=coordinates,
        deformation=deformation,
        first=first,
        second=second,
        vectors=vectors,
        kinds=kinds,
        kind=kind.reshape(-1, 2),
        share=np.stack([1.0 - (place - below), place - below], axis=1),
    )
