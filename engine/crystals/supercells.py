"""Repetitions of a parent cell: which shape, which cells and sites are in it, and which waves it holds.

A supercell is an integer matrix M; its lattice is ``M @ lattice`` (rows). Sites are numbered cell by cell: site i of
cell n is ``n * n_sites + i``. All arithmetic on cells is in integers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from engine.crystals.hermite import hermite_form, hermite_forms
from engine.crystals.parent import FloatArray, IntArray

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.crystals.crystal import AlchemicalCrystal

MIXED_SITES = 30
"""Sites that the rarest mixed sublattice has in a supercell for its disorder, about."""
IMAGE_DISTANCE = 9.5
"""Å; how far a site is from its images there, about: nearer, in metals, its energy sees them."""
MOST_SITES = 200
"""Sites of such a supercell, about, unless two cells of the parent have more."""
FEWEST_CELLS = 2
VIBRATING_ATOMS = 64
"""Sites of the supercell whose waves the vibrations of an evaluation are, about."""

_NEARLY_AS_COMPACT = 0.9
"""A shape with more symmetry, or fewer cells, is taken if its shortest vector is at least this share of the best's."""
_AS_COMPACT_AS_A_CUBE = 0.89
"""The share where a number of atoms is wanted: that of a cube among lattices, 2^(-1/6) = 0.891."""
_VECTORS_AT_ONCE = 32
_MOST_CELLS = 72
"""Numbers of cells up to which every shape is looked at."""
_SPREAD, _FARTHEST = (0.8, 1.25), 6
"""How far the number of cells may be from what was asked for, to find a compact shape: by a share, and by so many."""


@dataclass(frozen=True, eq=False)
class Supercell:
    """A repetition of a parent cell.

    Attributes:
        matrix: Integer matrix M with ``supercell lattice = M @ lattice``, [3, 3], of positive determinant.
    """

    matrix: IntArray

    @cached_property
    def n_cells(self) -> int:
        """Number of parent cells."""
        return round(float(np.linalg.det(self.matrix)))

    @cached_property
    def _adjugate(self) -> IntArray:
        return np.rint(np.linalg.inv(self.matrix) * self.n_cells).astype(np.int64)

    @cached_property
    def _triangle(self) -> IntArray:
        return hermite_form(self.matrix)

    @cached_property
    def cells(self) -> IntArray:
        """Lattice vector of each cell, in units of the parent's, [n_cells, 3]; the first is zero."""
        return np.array(list(product(*(range(n) for n in np.diagonal(self._triangle)))), dtype=np.int64)

    def numbers(self, vectors: IntArray) -> IntArray:
        """The cell [...] that lattice vectors [..., 3] lead to from the first one."""
        left = np.array(vectors, dtype=np.int64)
        found = np.zeros(left.shape[:-1], dtype=np.int64)
        for axis, row in enumerate(self._triangle):
            left -= (left[..., axis] // row[axis])[..., None] * row
            found = found * row[axis] + left[..., axis]
        return found

    @cached_property
    def differences(self) -> IntArray:
        """The cell that leads from cell n to cell m, [n_cells, n_cells] at [n, m]."""
        return self.numbers(self.cells[None, :] - self.cells[:, None])

    @cached_property
    def sums(self) -> IntArray:
        """The cell that the vector of cell n leads to from cell m, [n_cells, n_cells] at [n, m]."""
        return self.numbers(self.cells[:, None] + self.cells[None, :])

    @cached_property
    def waves(self) -> FloatArray:
        """Wave vectors that the supercell holds, as fractions of the parent's reciprocal vectors, [n_cells, 3].

        The first is zero.
        """
        transposed = Supercell(np.ascontiguousarray(self.matrix.T))
        return np.asarray(transposed.cells @ self._adjugate.T / self.n_cells)

    @cached_property
    def phases(self) -> NDArrayComplex:
        """exp(-2 pi i k.n) of every wave k and cell n, [n_cells, n_cells]."""
        return np.asarray(np.exp(-2j * np.pi * (self.waves @ self.cells.T)))

    def keeps(self, rotation: IntArray) -> bool:
        """Whether a rotation of fractional coordinates (r' = rotation r) maps the supercell's lattice onto itself."""
        image = self.matrix @ np.asarray(rotation).T @ self._adjugate
        return bool((image % self.n_cells == 0).all())

    def positions(self, lattice: FloatArray, of_cell: FloatArray) -> FloatArray:
        """Positions [n_cells * n_sites, 3] Å of a parent with a lattice [3, 3] and positions [n_sites, 3]."""
        return np.asarray((self.cells @ lattice)[:, None, :] + of_cell[None]).reshape(-1, 3)


NDArrayComplex = np.ndarray[tuple[int, ...], np.dtype[np.complex128]]


def cells_for_disorder(crystal: AlchemicalCrystal) -> int:
    """About how many cells the supercell has in which the disorder of a crystal is computed."""
    mixed = [len(sublattice.sites) for sublattice in crystal.sublattices if len(sublattice.elements) > 1]
    if not mixed:
        return 1
    wanted = max(MIXED_SITES / min(mixed), (IMAGE_DISTANCE / 1.05) ** 3 / crystal.volume)
    return round(max(FEWEST_CELLS, min(wanted, MOST_SITES / crystal.n_sites)))


def supercell_for_disorder(crystal: AlchemicalCrystal) -> Supercell:
    """The supercell in which the disorder of a crystal is computed (its convergence: docs/science.md, section 15)."""
    return compact_supercell(crystal, cells_for_disorder(crystal))


def near_counts(cells: int) -> list[int]:
    """Numbers of cells near what is wanted: 0.8 to 1.25 times as many, and at most 6 more or fewer.

    Large ones are those of a smaller supercell that is itself repeated 2, 3, ... times along every vector.
    """
    times = _times(cells)
    of_one = cells / times**3
    low = max(1, round(_SPREAD[0] * of_one), round(of_one) - _FARTHEST)
    high = min(round(_SPREAD[1] * of_one), round(of_one) + _FARTHEST)
    return [1] if cells <= 1 else [n * times**3 for n in range(low, high + 1)]


def _times(cells: int) -> int:
    """How often a supercell of so many cells is repeated along each vector, to have fewer shapes to look through."""
    return next(times for times in range(1, cells + 2) if cells <= _MOST_CELLS * times**3)


def compact_supercell(crystal: AlchemicalCrystal, cells: int | Sequence[int]) -> Supercell:
    """A compact repetition of a crystal's cell, of about so many cells, that keeps as much symmetry as it may.

    Compact is a shape whose shortest lattice vector is long for its volume: images are far from one another. Among
    shapes that are nearly as compact as the best, that with the most symmetry operations of the labelled parent is
    taken, for which the fewest rows of second derivatives are needed; then the smallest.

    Args:
        crystal: The parent.
        cells: Number of cells wanted; the answer has about as many, see `near_counts`. Or
            all numbers that are allowed.
    """
    counts = tuple(near_counts(cells) if isinstance(cells, int) else sorted(cells))
    return _repeated(crystal, counts, None)


def supercell_of_atoms(crystal: AlchemicalCrystal, atoms: int) -> Supercell:
    """The compact supercell of a crystal that keeps most symmetry and, of these, is nearest to a number of sites.

    A cube counts as compact, though an fcc lattice of images is more so: 64 sites of rocksalt are 2 x 2 x 2
    conventional cells, 54 of bcc are 3 x 3 x 3.

    Args:
        crystal: The parent.
        atoms: Sites wanted, empty ones among them; the answer has 0.8 to 1.25 times as many, and one cell at least.

    Raises:
        ValueError: if no atoms are wanted.
    """
    if atoms < 1:
        raise ValueError(f"a supercell has one atom or more, got {atoms}")
    wanted = max(1, round(atoms / crystal.n_sites))
    return _repeated(crystal, tuple(near_counts(wanted)), wanted)


def _repeated(crystal: AlchemicalCrystal, counts: tuple[int, ...], wanted: int | None) -> Supercell:
    times = _times(round(counts[0] / _SPREAD[0]))
    if any(n % times**3 for n in counts):
        times = 1
    base = tuple(n // times**3 for n in counts)
    found = _compact(
        crystal.lattice.tobytes(),
        crystal.frac.tobytes(),
        crystal.labels.tobytes(),
        base,
        None if wanted is None else wanted / times**3,
    )
    return Supercell(times * found)


@lru_cache(maxsize=64)
def _compact(
    lattice_bytes: bytes, frac_bytes: bytes, label_bytes: bytes, counts: tuple[int, ...], wanted: float | None
) -> IntArray:
    import spglib

    lattice, frac = np.frombuffer(lattice_bytes).reshape(3, 3), np.frombuffer(frac_bytes).reshape(-1, 3)
    labels = np.frombuffer(label_bytes, dtype=np.int64)

    if counts[-1] <= 1:
        return np.eye(3, dtype=np.int64)
    found = spglib.get_symmetry((lattice, frac, labels), symprec=1e-2)
    rotations = np.eye(3, dtype=np.int64)[None] if found is None else np.unique(found["rotations"], axis=0)
    vectors, lengths = _short_vectors(lattice, counts[-1])
    best: list[tuple[float, int, IntArray]] = []
    for n in counts:
        forms = hermite_forms(n)
        shortest = _shortest(forms, n, vectors, lengths) / n ** (1 / 3)
        best += [(float(shortest[f]), n, forms[f]) for f in np.flatnonzero(shortest > 0.85 * shortest.max())]
    most = max(shortest for shortest, _, _ in best)
    enough = (_NEARLY_AS_COMPACT if wanted is None else _AS_COMPACT_AS_A_CUBE) * most
    near = [(n, form) for shortest, n, form in best if shortest >= enough]
    kept = _kept_by(np.array([form for _, form in near]), np.array([n for n, _ in near]), rotations)
    ranked = [
        (-int(kept[number]), n if wanted is None else abs(n - wanted), number)
        for number, (n, _) in enumerate(near)
    ]
    return near[min(ranked)[2]][1]


def _shortest(forms: IntArray, n: int, vectors: IntArray, lengths: FloatArray) -> FloatArray:
    """Length of the shortest vector of each lattice of n cells, [n_forms] Å, among vectors [m, 3] from short on."""
    adjugates = np.rint(np.linalg.inv(forms) * n)
    found = np.full(len(forms), lengths[-1])
    left = np.arange(len(forms))
    for first in range(0, len(vectors), _VECTORS_AT_ONCE):
        chunk = vectors[first : first + _VECTORS_AT_ONCE].astype(float)  # exact: small whole numbers
        inside = (np.rint(chunk @ adjugates[left]) % n == 0).all(axis=2)
        some = inside.any(axis=1)
        found[left[some]] = lengths[first + inside[some].argmax(axis=1)]
        left = left[~some]
        if not len(left):
            break
    return found


def _kept_by(forms: IntArray, counts: IntArray, rotations: IntArray) -> IntArray:
    """How many rotations of fractional coordinates map the lattice of each form [n, 3, 3] onto itself, [n]."""
    adjugates = np.rint(np.linalg.inv(forms) * counts[:, None, None])
    total = np.zeros(len(forms), dtype=np.int64)
    for rotation in rotations:
        image = np.rint(forms @ rotation.T.astype(float) @ adjugates)
        total += (image % counts[:, None, None] == 0).all(axis=(1, 2))
    return total


def _short_vectors(lattice: FloatArray, cells: int) -> tuple[IntArray, FloatArray]:
    """Lattice vectors [n, 3] from short to long, and their lengths: no lattice of so many cells has none of these."""
    volume = abs(float(np.linalg.det(lattice)))
    radius = 1.1225 * (cells * volume) ** (1 / 3) + 1e-6  # Hermite's constant of three dimensions, 2^(1/6)
    most = np.floor(radius * np.linalg.norm(np.linalg.inv(lattice), axis=0)).astype(int)
    grid = np.array(list(product(*(range(-n, n + 1) for n in most))), dtype=np.int64)
    lengths = np.linalg.norm(grid @ lattice, axis=1)
    order = np.argsort(lengths, kind="stable")
    kept = [i for i in order if 0.0 < lengths[i] <= radius]
    return grid[kept], lengths[kept]
