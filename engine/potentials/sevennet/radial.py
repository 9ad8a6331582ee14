"""Radial functions of SevenNet: trained Bessel functions under an envelope that ends at the cutoff.

Sources: J. Gasteiger, J. Gross, S. Günnemann, ICLR 2020, arXiv:2003.03123 (Bessel basis, polynomial envelope);
HOOMD-blue documentation (XPLOR smoothing).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def polynomial_envelope(distances: Tensor, cutoff: float, power: int) -> Tensor:
    """1 - (p+1)(p+2)/2 u^p + p(p+2) u^(p+1) - p(p+1)/2 u^(p+2) with u = r/cutoff; zero beyond, twice differentiable.

    Args:
        distances: Å, any shape.
        cutoff: Å.
        power: p.
    """
    u = (distances / cutoff).clamp(max=1.0)
    p = float(power)
    bracket = (p + 1.0) * (p + 2.0) / 2.0 - u * (p * (p + 2.0) - u * (p * (p + 1.0) / 2.0))
    return 1.0 - u**power * bracket


def xplor_envelope(distances: Tensor, cutoff: float, onset: float) -> Tensor:
    """1 up to the onset, then (rc² - r²)² (rc² + 2 r² - 3 on²) / (rc² - on²)³; zero beyond, once differentiable.

    Args:
        distances: Å, any shape.
        cutoff: Å.
        onset: Å.
    """
    squares = distances.clamp(onset, cutoff).square()
    gap = cutoff**2 - squares
    return gap * gap * (cutoff**2 + 2.0 * squares - 3.0 * onset**2) / (cutoff**2 - onset**2) ** 3


def radial_basis(distances: Tensor, frequencies: Tensor, cutoff: float, envelope: dict[str, Any]) -> Tensor:
    """(2/rc) sin(b_n r)/r times the envelope; exactly zero beyond the cutoff.

    Args:
        distances: [n] Å, greater than zero.
        frequencies: [n_basis] 1/Å, the trained b_n.
        cutoff: Å.
        envelope: `{"kind": "polynomial", "power": p}` or `{"kind": "xplor", "onset": Å}`.

    Returns:
        [n, n_basis] 1/Å².
    """
    if envelope["kind"] == "xplor":
        smooth = xplor_envelope(distances, cutoff, envelope["onset"])
    else:
        smooth = polynomial_envelope(distances, cutoff, envelope["power"])
    return torch.sin(distances.unsqueeze(1) * frequencies) * (smooth * (2.0 / cutoff) / distances).unsqueeze(
        1
    )
