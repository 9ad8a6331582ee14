"""Real spherical harmonics up to degree 3 of unit vectors, 'component' normalised: |Y_l|^2 = 2l + 1.

The polar axis is y and the order is m = -l..l, so Y_1 = sqrt(3) (x, y, z), as in e3nn.
"""

from __future__ import annotations

from functools import cache
from math import sqrt

import numpy as np
import torch
from torch import Tensor

from engine.potentials.equivariant.wigner import wigner_3j

MAX_DEGREE = 3


def spherical_harmonics(unit_vectors: Tensor, max_degree: int) -> Tensor:
    """All harmonics up to a degree, each built from the one below: Y_{l+1} ~ C(l, 1, l+1) Y_l Y_1.

    Args:
        unit_vectors: Directions of length 1, [n, 3].
        max_degree: Greatest degree, 0 to 3.

    Returns:
        [n, (max_degree + 1)^2], degree after degree.

    Raises:
        ValueError: if the degree is out of range.
    """
    if not 0 <= max_degree <= MAX_DEGREE:
        raise ValueError(f"max_degree is 0 to {MAX_DEGREE}, got {max_degree}")
    degrees = [torch.ones_like(unit_vectors[:, :1])]
    if max_degree >= 1:
        degrees.append(sqrt(3.0) * unit_vectors)
    for degree in range(1, max_degree):
        climb = torch.as_tensor(_climb(degree), dtype=unit_vectors.dtype, device=unit_vectors.device)
        products = (degrees[-1].unsqueeze(2) * unit_vectors.unsqueeze(1)).flatten(1)
        degrees.append(products @ climb)
    return torch.cat(degrees, dim=1)


def parity_signs(max_degree: int) -> np.ndarray:
    """[(max_degree + 1)^2]: (-1)^l for each harmonic, what it is multiplied by when the vector is reversed."""
    return np.concatenate([np.full(2 * degree + 1, (-1.0) ** degree) for degree in range(max_degree + 1)])


@cache
def _climb(degree: int) -> np.ndarray:
    """[(2l+1) 3, 2l+3]: turns the products of Y_l and a unit vector into Y_{l+1}."""
    symbol = wigner_3j(degree, 1, degree + 1)
    matrix = symbol.reshape(-1, 2 * degree + 3)
    # Along the polar axis only m = 0 is not zero, and there Y_l = sqrt(2l+1) by the normalisation.
    return matrix * sqrt(2 * degree + 3) / (sqrt(2 * degree + 1) * symbol[degree, 1, degree + 1])
