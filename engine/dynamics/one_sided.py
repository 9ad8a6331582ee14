"""The free energy of a model over that of a reference, from independent samples of the reference alone.

With w the difference of their energies, the exact answer is the exponential average, and the second cumulant is what it
is where w is Gaussian (docs/science.md, Eq. 103; R. W. Zwanzig, J. Chem. Phys. 22, 1420 (1954),
doi:10.1063/1.1740409). Either needs samples where the model is likely; whether there are enough is judged, and the
reasons told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import logsumexp

if TYPE_CHECKING:
    from numpy.typing import NDArray

WIDEST = 2.0
"""Standard deviation of w/kT above which one side is not enough."""
FEWEST = 15.0
"""Effective number of units below which it is not."""
APART = 0.5
"""kT; by how much the second cumulant may be from the exponential average, beyond what chance explains."""
_RESAMPLES = 400


@dataclass(frozen=True)
class OneSided:
    """A free-energy difference from one side, with its standard error and whether to trust it.

    Attributes:
        difference: The exponential average, eV.
        error: Its standard error, eV.
        mean: Mean of w, the first cumulant and an upper bound, eV.
        mean_error: Its standard error, eV.
        cumulant: To second order, eV.
        cumulant_error: Its standard error, eV.
        deviation: Standard deviation of w in kT.
        effective: Effective number of independent units, (sum p)^2 / sum p^2 of their weights p.
        units: How many independent units there were.
        calls: How many energies they hold.
        reasons: Why one side is not enough, in words; empty where it is.
    """

    difference: float
    error: float
    mean: float
    mean_error: float
    cumulant: float
    cumulant_error: float
    deviation: float
    effective: float
    units: int
    calls: int
    reasons: tuple[str, ...]

    @property
    def enough(self) -> bool:
        """Whether one side is enough."""
        return not self.reasons


def one_sided(work: NDArray[np.float64], thermal_energy: float, seed: int) -> OneSided:
    """The free energy of a model over its reference, from energies at samples of the reference.

    Args:
        work: Energy of the model less that of the reference, [n_units, n_members] eV. Units are independent; the
            members of one, such as u and -u, need not be.
        thermal_energy: k_B T, eV.
        seed: Of the bootstrap over units.

    Raises:
        ValueError: if there are fewer than four units, or an energy is not a number.
    """
    if work.ndim != 2 or len(work) < 4:
        raise ValueError(f"a free-energy difference needs four independent units or more, got {len(work)}")
    if not np.isfinite(work).all():
        raise ValueError("an energy of a sample is not a number: atoms came too near to one another")
    reduced = work / thermal_energy
    n = len(reduced)
    least = float(reduced.min())
    # Moments of each unit; a bootstrap sample is a mean of them with whole numbers as weights.
    moments = np.stack(
        [reduced.mean(axis=1), (reduced**2).mean(axis=1), np.exp(least - reduced).mean(axis=1)], axis=1
    )
    draws = np.random.default_rng(seed).multinomial(n, np.full(n, 1.0 / n), size=_RESAMPLES) / n
    whole = _estimates(moments.mean(axis=0, keepdims=True), least, n)[0]
    spread = _estimates(draws @ moments, least, n)
    # A bootstrap of n units varies (n - 1)/n as much as the mean of n does.
    errors = spread.std(axis=0) * np.sqrt(n / (n - 1.0))
    apart = float((spread[:, 2] - spread[:, 1]).std())
    deviation = float(reduced.std())
    weight = logsumexp(-reduced, axis=1)
    effective = float(np.exp(2.0 * logsumexp(weight) - logsumexp(2.0 * weight)))
    mean, cumulant, exponential = (thermal_energy * whole).tolist()
    return OneSided(
        difference=exponential,
        error=float(thermal_energy * errors[2]),
        mean=mean,
        mean_error=float(thermal_energy * errors[0]),
        cumulant=cumulant,
        cumulant_error=float(thermal_energy * errors[1]),
        deviation=deviation,
        effective=effective,
        units=n,
        calls=work.size,
        reasons=tuple(_reasons(deviation, effective, (cumulant - exponential) / thermal_energy, apart)),
    )


def _estimates(moments: NDArray[np.float64], least: float, n: int) -> NDArray[np.float64]:
    """Mean, second cumulant and exponential average in kT, [m, 3], from mean moments [m, 3] of n units."""
    mean, square, weight = moments.T
    variance = np.maximum(square - mean**2, 0.0) * n / (n - 1.0)
    return np.stack([mean, mean - variance / 2.0, least - np.log(weight)], axis=1)


def _reasons(deviation: float, effective: float, apart: float, by_chance: float) -> list[str]:
    found = []
    if deviation > WIDEST:
        found.append(
            f"the energy beyond the reference varies by {deviation:.1f} kT from sample to sample; "
            f"one side is enough up to about {WIDEST:.0f}"
        )
    if effective < FEWEST:
        found.append(f"only {effective:.1f} samples count; {FEWEST:.0f} are needed")
    if abs(apart) > APART + 2.0 * by_chance:
        found.append(
            f"the second cumulant and the exponential average differ by {abs(apart):.1f} kT, "
            f"which chance does not explain ({by_chance:.1f})"
        )
    return found
