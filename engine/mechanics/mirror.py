"""Minima of a quadratic model with entropies over occupancies, by mirror descent.

Steps are taken in the logarithms of the occupancies and brought back to the composition, so that weights stay positive
and the sums exact (A. Beck, M. Teboulle, Oper. Res. Lett. 31, 167 (2003), doi:10.1016/S0167-6377(02)00231-6). No
potential is called.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.mechanics.occupancies import LEAST

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.mechanics.occupancies import Composition

MOST_STEPS, MOST_SHORTENINGS = 300, 40
FINEST = 1e-6
"""A step that changes no weight by more is the last."""
FARTHEST = 20.0
"""Change of a logarithm in one step; farther, chemical potentials would be found slowly."""
SHORTER, LONGER = 0.4, 1.7
LEAST_FALL = 1e-14
"""Of a value, relative to it: less is a rounding error."""


@dataclass(frozen=True, eq=False)
class FreeEnergyModel:
    """g.d + d.B.d / 2 + T sum p ln p + damping sum p ln(p / p0), where d = p - p0 (docs/science.md, Eq. 88).

    Attributes:
        at: Occupancies p0 about which it is a model, [n_sites, n_columns].
        gradient: g, of the energy there, [n_sites, n_columns] eV.
        curvature: B, [n, n] by all occupancies in a row, eV.
        temperature: T, eV; may be below zero.
        damping: eV.
    """

    at: NDArray[np.float64]
    gradient: NDArray[np.float64]
    curvature: NDArray[np.float64]
    temperature: float
    damping: float = 0.0

    def value(self, p: NDArray[np.float64]) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
        """The model at occupancies [n_sites, n_columns], its slope without that of p ln p, and ln p."""
        step = p - self.at
        bent = (self.curvature @ step.reshape(-1)).reshape(p.shape)
        logarithms, before = _logarithms(p), _logarithms(self.at)
        value = float((step * (self.gradient + 0.5 * bent)).sum())
        value += (self.temperature + self.damping) * float((p * logarithms).sum())
        value -= self.damping * float((p * before).sum())
        return value, self.gradient + bent - self.damping * before, logarithms

    def minimum(self, composition: Composition, scale: float) -> NDArray[np.float64]:
        """The minimum [n_sites, n_columns] that is downhill from where the model is made.

        Args:
            composition: What the sites hold.
            scale: eV; the inverse of the first step's length.
        """
        total = self.temperature + self.damping
        length = 1.0 / (abs(total) + scale)
        p = self.at
        value, slope, logarithms = self.value(p)
        for _ in range(MOST_STEPS):
            length = min(length, FARTHEST / max(float(np.ptp(slope[composition.allowed])), LEAST))
            for _ in range(MOST_SHORTENINGS):
                share = min(length, 1.0 / total) if total > 0.0 else length
                there = composition.balanced((1.0 - share * total) * logarithms - share * slope)
                found = self.value(there)
                if found[0] < value - LEAST_FALL * abs(value):
                    break
                length *= SHORTER
            else:
                break
            change = float(np.abs(there - p).max())
            p, (value, slope, logarithms) = there, found
            length *= LONGER
            if change < FINEST:
                break
        return p


def _logarithms(p: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.log(np.maximum(p, LEAST))
