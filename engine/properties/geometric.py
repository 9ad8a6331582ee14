"""Geometric properties: conventional lattice parameters, volume, density (docs/science.md, Eq. 33 and 34)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from engine.properties.inputs import PropertyInputs

U_PER_A3_IN_G_PER_CM3 = 1.66053906660
"""1 u/Å^3 in g/cm^3 (CODATA 2018: Rev. Mod. Phys. 93, 025010 (2021), doi:10.1103/RevModPhys.93.025010)."""

NAMES = ("lattice_a", "lattice_b", "lattice_c", "alpha", "beta", "gamma", "c_over_a", "volume", "density")


def geometric(name: str, lattice: Tensor, conventional: Tensor, atoms: Tensor, mass: Tensor) -> Tensor:
    """A geometric property as a differentiable scalar.

    Args:
        name: Name of the property, one of NAMES.
        lattice: Lattice vectors of the cell that was relaxed, as rows, [3, 3], Å.
        conventional: Transformation to the conventional lattice, ``conventional @ lattice``, [3, 3].
        atoms: Number of atoms present in the cell, N = sum of the weights.
        mass: Mass in the cell, u.

    Returns:
        Å, degrees, dimensionless, Å^3/atom or g/cm^3.

    Raises:
        KeyError: for another name.
    """
    a, b, c = conventional @ lattice
    if name in {"volume", "density"}:
        volume = torch.linalg.det(lattice).abs()
        return volume / atoms if name == "volume" else mass / volume * U_PER_A3_IN_G_PER_CM3
    formulas = {
        "lattice_a": a.norm,
        "lattice_b": b.norm,
        "lattice_c": c.norm,
        "alpha": lambda: _angle(b, c),
        "beta": lambda: _angle(a, c),
        "gamma": lambda: _angle(a, b),
        "c_over_a": lambda: c.norm() / a.norm(),
    }
    return formulas[name]()


def _angle(first: Tensor, second: Tensor) -> Tensor:
    """Angle in degrees; by atan2, which is smooth at 90 degrees and accurate near 0 and 180."""
    return torch.rad2deg(torch.atan2(torch.linalg.cross(first, second).norm(), first @ second))


def value(name: str, at: PropertyInputs) -> Tensor:
    """A geometric property of a relaxed composition."""
    return geometric(name, at.lattice, at.conventional, at.atoms, at.mass)
