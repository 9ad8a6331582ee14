"""The conventional cell whose lattice constants are reported: chosen once, from the labelled parent.

Source of the symmetry: A. Togo, K. Shinohara, I. Tanaka, Sci. Technol. Adv. Mater. Methods 4, 2384822 (2024),
doi:10.1080/27660400.2024.2384822.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from engine.crystals.by_content import by_content
from engine.crystals.parent import FloatArray, IntArray, frozen_array

if TYPE_CHECKING:
    import spglib

SYMPREC = 0.01
"""Distance (Å) within which sites count as equivalent when the symmetry of a parent is found."""

_ANGLE_TOLERANCE = 0.05
"""Largest deviation (degrees) of an angle of a conventional cell from its ideal value."""


class SymmetryNotFound(ValueError):  # noqa: N818  (the field's name for it)
    """The symmetry of a crystal cannot be determined (degenerate cell, coinciding sites)."""


def cell_parameters(lattice: FloatArray) -> tuple[float, float, float, float, float, float]:
    """Lengths a, b, c (Å) and angles alpha, beta, gamma (degrees) of lattice vectors given as rows, [3, 3]."""
    lengths = np.linalg.norm(lattice, axis=1)
    cosines = [
        float(lattice[i] @ lattice[j] / (lengths[i] * lengths[j])) for i, j in ((1, 2), (0, 2), (0, 1))
    ]
    alpha, beta, gamma = (math.degrees(math.acos(min(1.0, max(-1.0, cosine)))) for cosine in cosines)
    return float(lengths[0]), float(lengths[1]), float(lengths[2]), alpha, beta, gamma


def symmetry_dataset(
    lattice: FloatArray, frac: FloatArray, labels: IntArray, symprec: float = SYMPREC
) -> spglib.SpglibDataset:
    """Symmetry of a crystal whose sites carry integer labels.

    Args:
        lattice: Lattice vectors as rows, [3, 3] Å.
        frac: Fractional coordinates, [n_sites, 3].
        labels: One integer per site, [n_sites]; sites with different labels are never equivalent.
        symprec: Distance within which sites count as equivalent, Å.

    Raises:
        SymmetryNotFound: if spglib finds none.
    """
    import spglib
    from spglib.error import SpglibError

    dataset: spglib.SpglibDataset | None
    try:
        dataset = spglib.get_symmetry_dataset((lattice, frac, labels), symprec=symprec)
    except SpglibError as error:  # newer spglib raises where older ones answer None
        raise SymmetryNotFound(str(error)) from None
    if dataset is None:
        text = "the symmetry of the cell cannot be determined; check its vectors, and for sites that coincide"
        raise SymmetryNotFound(text)
    return dataset


@by_content
def conventional_transformation(lattice: FloatArray, frac: FloatArray, labels: IntArray) -> FloatArray:
    """Matrix T with ``conventional lattice = T @ lattice`` (lattice vectors as rows).

    A cell that already is a conventional cell of its crystal system keeps its own axes, in their order: T is
    the identity. Otherwise T is spglib's transformation to the standard setting. T is integral; it has
    fractions only where the input is a supercell of its own conventional cell.

    Args:
        lattice: Lattice vectors as rows, [3, 3] Å.
        frac: Fractional coordinates, [n_sites, 3].
        labels: One integer per site, [n_sites].

    Raises:
        SymmetryNotFound: if spglib finds no symmetry.
    """
    dataset = symmetry_dataset(lattice, frac, labels)
    # spglib: (a_s b_s c_s) = (a b c) P^-1 with vectors as columns.
    transformation = np.linalg.inv(np.asarray(dataset.transformation_matrix, dtype=float)).T
    same_volume = abs(abs(np.linalg.det(transformation)) - 1.0) < 1e-3
    if same_volume and _is_conventional(lattice, int(dataset.number)):
        return frozen_array(np.eye(3))
    return frozen_array(_rationalised(transformation))


def _is_conventional(lattice: FloatArray, space_group: int) -> bool:
    """Whether a cell of the conventional cell's volume has the shape that its crystal system asks for."""
    a, b, c, *angles = cell_parameters(lattice)
    right = [abs(angle - 90.0) < _ANGLE_TOLERANCE for angle in angles]
    if space_group <= 2:
        return True
    if space_group <= 15:
        return sum(right) >= 2
    if space_group <= 74:
        return all(right)
    if space_group <= 142:
        return all(right) and any(abs(x - y) < SYMPREC for x, y in ((a, b), (b, c), (a, c)))
    if space_group <= 194:
        return right[0] and right[1] and abs(angles[2] - 120.0) < _ANGLE_TOLERANCE and abs(a - b) < SYMPREC
    return all(right) and abs(a - b) < SYMPREC and abs(b - c) < SYMPREC


def _rationalised(transformation: FloatArray) -> FloatArray:
    """Entries cleaned of rounding: the nearest multiple of 1/n for the smallest n <= 24 that fits them all."""
    for denominator in range(1, 25):
        rounded = np.round(transformation * denominator) / denominator
        if np.max(np.abs(rounded - transformation)) < 1e-3:
            return np.asarray(rounded + 0.0)
    return transformation
