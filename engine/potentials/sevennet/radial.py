"""Radial functions of SevenNet: trained Bessel functions under an envelope that ends at the cutoff.

Sources: J. Gasteiger, J. Groß, S. Günnemann, ICLR 2020, doi:10.48550/arXiv.2003.03123 (Bessel basis, polynomial
envelope); B. R. Brooks et al., J. Comput. Chem. 4, 187 (1983), doi:10.1002/jcc.540040211 (switching function, named
XPLOR in the checkpoints). They are Eq. 13 to 15 of docs/science.md.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def polynomial_envelope(distances: Tensor, cutoff: float, power: int) -> Tensor:
    """1 - (p+1)(p+2)/2 u^p + p(p+2) u^(p+1) - p(p+1)/2 u^(p+2) with u = r/cutoff; zero beyond, twice differentiable.

    Args:
        distances: Distances of any shape, Å.
        cutoff: Distance r_c beyond which it is zero, Å.
        power: Exponent p.
    """
    u = (distances / cutoff).clamp(max=1.0)
    p = float(power)
    bracket = (p + 1.0) * (p + 2.0) / 2.0 - u * (p * (p + 2.0) - u * (p * (p + 1.0) / 2.0))
    return 1.0 - u**power * bracket


def xplor_envelope(distances: Tensor, cutoff: float, onset: float) -> Tensor:
    """1 up to the onset, then (rc² - r²)² (rc² + 2 r² - 3 on²) / (rc² - on²)³; zero beyond, once differentiable.

    Args:
        distances: Distances of any shape, Å.
        cutoff: Distance r_c beyond which it is zero, Å.
        onset: Distance up to which it is 1, Å.
    """
    squares = distances.clamp(onset, cutoff).square()
    gap = cutoff**2 - squares
    return gap * gap * (cutoff**2 + 2.0 * squares - 3.0 * onset**2) / (cutoff**2 - onset**2) ** 3


def radial_basis(distances: Tensor, frequencies: Tensor, cutoff: float, envelope: dict[str, Any]) -> Tensor:
    """(2/rc) sin(b_n r)/r times the envelope; exactly zero beyond the cutoff.

    Args:
        distances: Distances greater than zero, [n], Å.
        frequencies: The trained b_n, [n_basis], 1/Å.
        cutoff: Distance r_c beyond which the basis is zero, Å.
        envelope: Kind of the envelope, `{"kind": "polynomial", "power": p}` or `{"kind": "xplor", "onset": Å}`.

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
