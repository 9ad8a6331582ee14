"""Sublattices of a lattice: the Hermite normal form of each, and all of an index. In whole numbers."""

from __future__ import annotations

import numpy as np

from engine.crystals.parent import IntArray


def hermite_form(matrix: IntArray) -> IntArray:
    """The upper triangular basis [3, 3] of the lattice that the rows of an integer matrix [n, 3] span."""
    rows = [[int(value) for value in row] for row in matrix]
    for column in range(3):
        while True:
            left = [row for row in range(column, len(rows)) if rows[row][column] != 0]
            if not left:
                raise ValueError("the vectors of a supercell must span a volume; these lie in a plane")
            pivot = min(left, key=lambda row: abs(rows[row][column]))
            rows[column], rows[pivot] = rows[pivot], rows[column]
            if len(left) == 1:
                break
            for row in range(column + 1, len(rows)):
                factor = rows[row][column] // rows[column][column]
                rows[row] = [a - factor * b for a, b in zip(rows[row], rows[column], strict=True)]
        if rows[column][column] < 0:
            rows[column] = [-value for value in rows[column]]
        for row in range(column):
            factor = rows[row][column] // rows[column][column]
            rows[row] = [a - factor * b for a, b in zip(rows[row], rows[column], strict=True)]
    return np.array(rows[:3], dtype=np.int64)


def hermite_forms(n: int) -> IntArray:
    """Every sublattice of index n of a lattice in three dimensions, as a Hermite form, [n_forms, 3, 3]."""
    forms = []
    for a in (a for a in range(1, n + 1) if n % a == 0):
        for d in (d for d in range(1, n // a + 1) if (n // a) % d == 0):
            f = n // (a * d)
            b, c, e = (
                grid.ravel() for grid in np.meshgrid(np.arange(d), np.arange(f), np.arange(f), indexing="ij")
            )
            of = np.zeros((len(b), 3, 3), dtype=np.int64)
            of[:, 0, 0], of[:, 1, 1], of[:, 2, 2] = a, d, f
            of[:, 0, 1], of[:, 0, 2], of[:, 1, 2] = b, c, e
            forms.append(of)
    return np.concatenate(forms)


def common_lattice(first: IntArray, second: IntArray) -> IntArray:
    """Basis [3, 3], as a Hermite form, of the vectors that two lattices of integers, bases [3, 3], have in common.

    It is the dual of the sum of the duals.
    """
    volumes = [round(abs(float(np.linalg.det(basis)))) for basis in (first, second)]
    n = volumes[0] * volumes[1]
    duals = [np.rint(n * np.linalg.inv(basis).T).astype(np.int64) for basis in (first, second)]
    return hermite_form(np.rint(n * np.linalg.inv(hermite_form(np.concatenate(duals))).T).astype(np.int64))
