"""Derivative cells: every supercell of a parent with a number of cells, those that symmetry takes to one another once.

After G. L. W. Hart, R. W. Forcade, Phys. Rev. B 77, 224115 (2008), doi:10.1103/PhysRevB.77.224115: a supercell is a
sublattice of the parent's lattice, and a sublattice has one Hermite normal form.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from engine.crystals.hermite import hermite_forms
from engine.crystals.parent import FloatArray, IntArray

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.crystals.symmetry import Operation


def n_forms(n: int) -> int:
    """How many sublattices of index n a lattice in three dimensions has: docs/science.md, Eq. 85."""
    divisors = [d for d in range(1, n + 1) if n % d == 0]
    return sum(d * e for d in divisors for e in divisors if d % e == 0)


def derivative_cells(operations: Sequence[Operation], n: int) -> list[tuple[IntArray, int]]:
    """The sublattices of index n that no rotation of the parent takes to one another.

    Args:
        operations: Symmetry operations of the parent.
        n: Number of cells.

    Returns:
        The Hermite form [3, 3] of each, the first of its images in the order of `hermite_forms`, and how many images
        it has.
    """
    forms = hermite_forms(n)
    adjugates = np.rint(np.linalg.inv(forms) * n).astype(np.int64)
    rotations = _acting_on_lattices(operations)
    left = np.ones(len(forms), dtype=bool)
    found = []
    for number, form in enumerate(forms):
        if not left[number]:
            continue
        images = np.array([number])
        if len(rotations) > 1:
            inside = (form @ rotations.transpose(0, 2, 1)).reshape(-1, 3) @ adjugates % n == 0
            same = inside.reshape(len(forms), len(rotations), 9).all(axis=2)
            images = np.flatnonzero(same.any(axis=1))
        left[images] = False
        found.append((form, len(images)))
    return found


def _acting_on_lattices(operations: Sequence[Operation]) -> IntArray:
    """The distinct rotations, [n, 3, 3]; the inversion leaves every lattice as it is."""
    signed = {
        max(tuple(o.rotation.ravel().tolist()), tuple((-o.rotation).ravel().tolist())) for o in operations
    }
    return np.array(sorted(signed), dtype=np.int64).reshape(-1, 3, 3)


def compact_basis(matrix: IntArray, lattice: FloatArray) -> IntArray:
    """The basis [3, 3] of a supercell with the shortest vectors (Minkowski reduced), right-handed as the parent's.

    Of vectors as long as one another, the last digits of their lengths do not decide.

    Args:
        matrix: Any basis of it, [3, 3], in units of the parent's lattice vectors.
        lattice: Those of the parent as rows, [3, 3] Å.
    """
    from ase.geometry import minkowski_reduce

    _, change = minkowski_reduce(matrix @ lattice)
    near = np.array(list(product((0, 1, -1), repeat=3)))[1:] @ np.asarray(change, dtype=np.int64) @ matrix
    lengths = np.linalg.norm(near @ lattice, axis=1)
    order = sorted(
        range(len(near)), key=lambda i: (round(lengths[i] / lengths.min(), 6), (-near[i]).tolist())
    )
    first = near[order[0]]
    second = next(near[i] for i in order if np.cross(first, near[i]).any())
    volume = round(abs(float(np.linalg.det(matrix))))
    crossed = np.cross(first, second)
    third = next(near[i] for i in order if abs(int(crossed @ near[i])) == volume)
    basis = np.array([first, second, third])
    return basis if crossed @ third > 0 else -basis
