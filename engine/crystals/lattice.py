"""Lattice vectors from lengths and angles."""

from __future__ import annotations

import math

import numpy as np

from engine.crystals.parent import FloatArray
from engine.crystals.structure_faults import bad_structure


def lattice_from_parameters(lengths: list[float], angles: list[float]) -> FloatArray:
    """Lattice vectors as rows, [3, 3] Å, a along x and b in the x-y plane, from lengths (Å) and angles (degrees).

    Raises:
        StructureFault: if no cell has these parameters.
    """
    shown = ", ".join(f"{angle:g}" for angle in angles)
    if any(length <= 0.0 for length in lengths):
        given = ", ".join(f"{length:g}" for length in lengths)
        raise bad_structure(f"the cell lengths are {given}, and each must be positive; give lengths in Å")
    if not all(1.0 <= angle <= 179.0 for angle in angles):
        raise bad_structure(
            f"the cell angles are {shown}, and each must lie between 1 and 179; give angles in degrees"
        )
    # Exact zeros at 90 degrees: a cosine of 6e-17 would leave off-diagonal dust in the lattice.
    alpha, beta, gamma = (0.0 if angle == 90.0 else math.cos(math.radians(angle)) for angle in angles)
    sine = math.sqrt(1.0 - gamma**2)
    across = (alpha - beta * gamma) / sine
    square = 1.0 - beta**2 - across**2
    if square <= 0.0:
        raise bad_structure(
            f"no cell has the angles {shown}; each must be less than the sum of the other two, all three less than 360"
        )
    a, b, c = lengths
    return np.array(
        [[a, 0.0, 0.0], [b * gamma, b * sine, 0.0], [c * beta, c * across, c * math.sqrt(square)]]
    )
