"""Force constants of a mixed crystal: the Hessian of its supercell, from the fewest rows, solved wave by wave.

The Hessian by the positions of a repeated crystal is block-circulant in its cells: the rows of one cell give all of it
(docs/science.md, section 15), and of these symmetry leaves few: a site of cubic symmetry needs one row, and so does any
site whose vector representation holds no irreducible one twice, with a row along a general direction. Sites that are
taken to one another by a symmetry operation share their rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from engine.mechanics.empty_sites import EMPTY, HOLD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.crystals.supercells import Supercell
    from engine.crystals.symmetry import Operation
    from engine.mechanics.sites import SiteLandscape

SOFT = 0.05
"""eV/Å^2; modes below are lifted to this, and counted."""

_GENERAL = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.52, 0.31, 0.79], [0.61, -0.68, 0.41]])
"""Directions along which rows are taken: simple ones where they are enough."""
_WELL_SPANNED = 0.15
"""Smallest singular value, against the largest, of the images of the directions that span all three."""
_FAR = 1e9
_STEPS = {8: 1e-4, 4: 1e-2}
"""Å; how far a site is displaced for its row, by the bytes of a number of the potential."""


@dataclass(frozen=True, eq=False)
class ForceConstants:
    """The Hessian by the positions of a supercell of a mixed crystal.

    Attributes:
        supercell: The supercell.
        blocks: Force on site j of a cell along a, for a displacement of site i of the first cell along b (with the
            sign of an energy's second derivative), [n_cells, n_sites, 3, n_sites, 3] at [cell, j, a, i, b], eV/Å^2.
        present: Sum of the weights on each site, [n_sites]: soft is what moves softly for the atoms it moves.
    """

    supercell: Supercell
    blocks: NDArray[np.float64]
    present: NDArray[np.float64]

    @cached_property
    def _root(self) -> NDArray[np.float64]:
        """Square root of what is present, for each displacement of a cell, [3 n_sites]; 1 where nothing is."""
        return np.repeat(np.sqrt(np.where(self.present > EMPTY, self.present, 1.0)), 3)

    @cached_property
    def waves(self) -> NDArray[np.complex128]:
        """Sum of the blocks with the phases of every wave that the supercell holds, [n_waves, 3 n_sites, 3 n_sites]."""
        n = 3 * self.blocks.shape[1]
        flat = self.blocks.reshape(len(self.blocks), n, n)
        waves = np.einsum("kc,cij->kij", self.supercell.phases, flat)
        return np.asarray((waves + waves.conj().transpose(0, 2, 1)) / 2)

    @cached_property
    def _modes(self) -> tuple[NDArray[np.float64], NDArray[np.complex128]]:
        """Force constants [n_waves, 3 n_sites] and modes [n_waves, 3 n_sites, 3 n_sites], translations far above."""
        n = 3 * self.blocks.shape[1]
        waves = self.waves / np.outer(self._root, self._root)
        moving = np.repeat(self.present > EMPTY, 3)
        for axis in range(3):
            along = np.where(moving & (np.arange(n) % 3 == axis), self._root, 0.0)
            waves[0] += _FAR * np.outer(along, along) / (along @ along)
        held = np.flatnonzero(~moving)
        waves[:, held, held] += HOLD
        values, vectors = np.linalg.eigh(waves)
        return values, vectors

    @property
    def lowest(self) -> float:
        """The smallest force constant of a mode, eV/Å^2."""
        return float(self._modes[0].min())

    @property
    def soft(self) -> int:
        """How many modes of the supercell are lifted."""
        return int((self._modes[0] < SOFT).sum())

    def solve(self, forces: NDArray[np.float64], softest: float = SOFT) -> NDArray[np.float64]:
        """Displacements [..., n, 3] Å that answer to forces [..., n, 3] eV/Å, no translations.

        Modes that are softer than ``softest`` (eV/Å^2) are lifted to that.
        """
        values = self._modes[0]
        inverse = np.where(values > _FAR / 2, 0.0, 1.0 / np.maximum(values, softest))
        return self._filtered(forces, inverse, 1.0 / self._root)

    def lift(self, displacements: NDArray[np.float64]) -> NDArray[np.float64]:
        """What lifting the soft modes adds to the forces of displacements [..., n, 3] Å, eV/Å."""
        return self._filtered(displacements, np.maximum(SOFT - self._modes[0], 0.0), self._root)

    def along_soft(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        """The part of displacements [..., n, 3] Å that lies along soft modes, each times how soft it is, eV/Å."""
        return self._filtered(vectors, np.maximum(SOFT - self._modes[0], 0.0), 1.0 / self._root)

    def apply(self, displacements: NDArray[np.float64]) -> NDArray[np.float64]:
        """The Hessian times displacements [..., n, 3] Å, soft modes lifted, eV/Å."""
        values = np.where(self._modes[0] > _FAR / 2, 0.0, np.maximum(self._modes[0], SOFT))
        return self._filtered(displacements, values, self._root)

    def _filtered(
        self, vectors: NDArray[np.float64], factors: NDArray[np.float64], metric: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Vectors [..., n, 3] with every mode multiplied by a factor [n_waves, 3 n_sites]."""
        cells = self.supercell.n_cells
        flat = vectors.reshape(-1, cells, len(metric)) * metric
        modes = self._modes[1]
        waves = np.einsum("kc,vci->vki", self.supercell.phases, flat)
        along = np.einsum("kim,vki->vkm", modes.conj(), waves) * factors
        back = np.einsum("kim,vkm->vki", modes, along)
        real = np.einsum("kc,vki->vci", self.supercell.phases.conj(), back).real / cells
        return np.asarray(real * metric).reshape(vectors.shape)


def force_constants(
    landscape: SiteLandscape,
    positions: NDArray[np.float64],
    strain: NDArray[np.float64],
    lam: NDArray[np.float64],
    symmetry: Sequence[Operation],
    at_rest: NDArray[np.float64],
) -> ForceConstants:
    """Force constants of a mixed crystal at a symmetric geometry; a call of the supercell for each row.

    A row is the change of the forces when a site is displaced by so little that one side is enough: it is off by 1e-4
    of the largest force constant in double precision, and by 1e-2 in single.

    Args:
        landscape: Energy of the supercell.
        positions: Of one cell, [n_sites, 3], Å.
        strain: [3, 3].
        lam: Weights of one cell, [n_copies].
        symmetry: Operations of the labelled parent; those that the supercell keeps are used.
        at_rest: Derivative of a cell's energy by its positions, [n_sites, 3] eV/Å.
    """
    supercell, lattice = landscape.supercell, landscape.lattice
    copies = landscape.crystal.copy_site
    present = np.bincount(copies, weights=lam, minlength=landscape.crystal.n_sites).astype(float)
    moves = [
        _Move.of(operation, supercell, lattice)
        for operation in symmetry
        if supercell.keeps(operation.rotation)
    ]
    n = len(positions)
    wanted = [(site, g) for site in _representatives(moves, n) for g in _directions(moves, site)]
    everywhere = supercell.positions(lattice, positions)
    step = _STEPS[landscape.potential.dtype.itemsize]
    rows = []
    for site, direction in wanted:
        moved = np.array(everywhere)
        moved[site] += step * direction
        there = landscape.first(moved, strain, landscape.everywhere(lam)).by_position
        rows.append((there - np.tile(at_rest, (supercell.n_cells, 1))) / step)
    blocks = np.zeros((supercell.n_cells * n, 3, n, 3))
    for site in _representatives(moves, n):
        of_site = [number for number, (owner, _) in enumerate(wanted) if owner == site]
        images, answers = [], []
        for move in moves:
            if move.sites[site] != site:
                continue
            index = move.about(site)
            for number in of_site:
                answer = np.zeros((landscape.n_sites, 3))
                answer[index] = rows[number] @ move.rotation.T
                images.append(move.rotation @ wanted[number][1])
                answers.append(answer)
        column = np.einsum("mna,mb->nab", np.stack(answers), np.linalg.pinv(np.stack(images)).T)
        for move in moves:
            blocks[move.about(site), :, move.sites[site], :] = move.rotation @ column @ move.rotation.T
    shaped = blocks.reshape(supercell.n_cells, n, 3, n, 3)
    back = supercell.numbers(-supercell.cells)
    symmetric = (shaped + shaped[back].transpose(0, 3, 4, 1, 2)) / 2
    return ForceConstants(supercell, symmetric, present)


@dataclass(frozen=True, eq=False)
class _Move:
    """A symmetry operation of the supercell: a Cartesian rotation [3, 3], and where the sites of a cell go."""

    rotation: NDArray[np.float64]
    sites: NDArray[np.int64]
    shifts: NDArray[np.int64]
    turned: NDArray[np.int64]
    supercell: Supercell

    @classmethod
    def of(cls, operation: Operation, supercell: Supercell, lattice: NDArray[np.float64]) -> _Move:
        turned = supercell.cells @ operation.rotation.T
        return cls(operation.cartesian(lattice), operation.sites, operation.shifts, turned, supercell)

    def about(self, site: int) -> NDArray[np.int64]:
        """Where each site of the supercell goes, with a translation that keeps the image of one in the first cell."""
        vectors = self.turned[:, None, :] + (self.shifts - self.shifts[site])[None]
        return (self.supercell.numbers(vectors) * len(self.sites) + self.sites).reshape(-1)


def _representatives(moves: Sequence[_Move], n_sites: int) -> list[int]:
    """The first of each set of sites that operations take to one another."""
    return [site for site in range(n_sites) if min(int(move.sites[site]) for move in moves) == site]


def _directions(moves: Sequence[_Move], site: int) -> list[NDArray[np.float64]]:
    """The fewest directions of which the images under the operations that keep a site span all three."""
    rotations = [move.rotation for move in moves if move.sites[site] == site]
    choices = [[g] for g in _GENERAL] + [[g, h] for g in _GENERAL for h in _GENERAL if g is not h]
    for chosen in choices:
        images = np.stack([rotation @ direction for rotation in rotations for direction in chosen])
        sizes = np.linalg.svd(images, compute_uv=False)
        if len(sizes) == 3 and sizes[2] > _WELL_SPANNED * sizes[0]:
            return chosen
    return list(np.eye(3))
