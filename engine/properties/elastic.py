"""Elastic constants in the crystal's own axes, and Poisson's ratio of a polycrystal (docs/science.md, Eq. 42 and 43).

Axes follow IEEE Standard 176-1987 (doi:10.1109/IEEESTD.1988.79638): z along c of the relaxed conventional cell, y along
c x a, x completes them; so x is along a in cubic, tetragonal, orthorhombic and hexagonal crystals, and y along b in
monoclinic ones.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from engine.mechanics.constants import EV_PER_A3_IN_GPA
from engine.mechanics.elastic import VOIGT

COMPONENTS = {f"c{i + 1}{j + 1}": (i, j) for i in range(6) for j in range(i, 6)}
"""Elastic constants by name, with their Voigt indices from 0."""

ELASTIC = (*COMPONENTS, "poisson_ratio")

_INDEX = np.array([[0, 5, 4], [5, 1, 3], [4, 3, 2]])
"""Voigt index of a pair of axes."""


def elastic(name: str, curvature: Tensor, lattice: Tensor, conventional: Tensor) -> Tensor:
    """An elastic property as a differentiable scalar.

    Args:
        name: Name of the property, one of ELASTIC.
        curvature: Second derivatives of the enthalpy per cell by Voigt strains in the frame of the input, [6, 6], eV.
        lattice: Lattice vectors of the cell that was relaxed, as rows, [3, 3], Å.
        conventional: Transformation to the conventional lattice, ``conventional @ lattice``, [3, 3].

    Returns:
        GPa, or a plain number for poisson_ratio.

    Raises:
        KeyError: for another name.
    """
    stiffness = curvature * (EV_PER_A3_IN_GPA / torch.linalg.det(lattice).abs())
    if name == "poisson_ratio":
        return _poisson_ratio(stiffness)
    i, j = COMPONENTS[name]
    axes = crystal_axes(conventional @ lattice)
    index = torch.as_tensor(_INDEX, device=lattice.device)
    tensor = stiffness[index[:, :, None, None], index[None, None]]
    (a, b), (c, d) = VOIGT[i], VOIGT[j]
    return torch.einsum("i,j,k,l,ijkl->", axes[a], axes[b], axes[c], axes[d], tensor)


def crystal_axes(conventional_lattice: Tensor) -> Tensor:
    """Orthonormal axes x, y, z of a conventional lattice [3, 3] (both as rows), right-handed."""
    a, _, c = conventional_lattice
    z = c / c.norm()
    normal = torch.linalg.cross(c, a)
    y = normal / normal.norm()
    return torch.stack([torch.linalg.cross(y, z), y, z])


def _poisson_ratio(stiffness: Tensor) -> Tensor:
    """(3 K - 2 G) / (6 K + 2 G) with Hill's averages (docs/science.md, Eq. 43).

    Source: R. Hill, Proc. Phys. Soc. A 65, 349 (1952), doi:10.1088/0370-1298/65/5/307.
    """
    compliance = torch.linalg.inv(stiffness)
    bulk = (_bulk_sum(stiffness) / 9.0 + 1.0 / _bulk_sum(compliance)) / 2.0
    voigt = (_shear_sum(stiffness) + 3.0 * torch.diagonal(stiffness)[3:].sum()) / 15.0
    reuss = 15.0 / (4.0 * _shear_sum(compliance) + 3.0 * torch.diagonal(compliance)[3:].sum())
    shear = (voigt + reuss) / 2.0
    return (3.0 * bulk - 2.0 * shear) / (6.0 * bulk + 2.0 * shear)


def _bulk_sum(matrix: Tensor) -> Tensor:
    """M11 + M22 + M33 + 2 (M12 + M23 + M31)."""
    return matrix[:3, :3].sum()


def _shear_sum(matrix: Tensor) -> Tensor:
    """M11 + M22 + M33 - (M12 + M23 + M31)."""
    return 1.5 * torch.diagonal(matrix)[:3].sum() - 0.5 * matrix[:3, :3].sum()
