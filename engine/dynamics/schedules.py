"""How fast lam goes from 0 to 1: at one speed, slowly at the ends, or so that every part dissipates alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

PARTS = 8
"""Of the way of lam, in which frictions are averaged."""
EDGES = np.linspace(0.0, 1.0, PARTS + 1)
"""Between the parts."""
EXTREME = 3.0
"""A friction is taken to be no farther from the mean than by this factor, up or down: it is known from few runs."""


def linear(steps: int) -> FloatArray:
    """At one speed; [steps + 1] from 0 to 1."""
    return np.linspace(0.0, 1.0, steps + 1)


def polynomial(steps: int) -> FloatArray:
    """t^5 (70 t^4 - 315 t^3 + 540 t^2 - 420 t + 126), slow at the ends; [steps + 1] from 0 to 1.

    M. de Koning, A. Antonelli, Phys. Rev. B 55, 735 (1997), doi:10.1103/PhysRevB.55.735; that of the method's paper.
    """
    t = linear(steps)
    return np.asarray(t**5 * (70.0 * t**4 - 315.0 * t**3 + 540.0 * t**2 - 420.0 * t + 126.0))


def paced(pace: Sequence[float], steps: int) -> FloatArray:
    """At one speed in each of the parts; [steps + 1] from 0 to 1.

    Args:
        pace: Shares of the time at which lam is at the edges of the parts, [PARTS + 1] from 0 to 1.
        steps: How many steps.
    """
    return np.interp(linear(steps), pace, EDGES)


def work_by_part(lam: FloatArray, slope: FloatArray) -> FloatArray:
    """Work done while lam was in each part of its way, [PARTS, n] eV.

    Args:
        lam: Along the way, up or down, [steps + 1].
        slope: dE/dlam there, [steps + 1, n] eV.
    """
    middle = 0.5 * (lam[1:] + lam[:-1])
    of_part = np.clip(np.searchsorted(EDGES, middle, side="right") - 1, 0, PARTS - 1)
    done = 0.5 * (slope[1:] + slope[:-1]) * np.diff(lam)[:, None]
    found = np.zeros((PARTS, slope.shape[1]))
    np.add.at(found, of_part, done)
    return found


def equal_dissipation(
    schedule: FloatArray, forward: FloatArray, backward: FloatArray, timestep: float
) -> FloatArray:
    """The pace that dissipates the least according to runs along another schedule (docs/science.md, Eq. 121).

    D. A. Sivak, G. E. Crooks, Phys. Rev. Lett. 108, 190602 (2012), doi:10.1103/PhysRevLett.108.190602: in slow
    switching the power lost is zeta(lam) (dlam/dt)^2, and the least is lost where it is the same all along. The
    friction zeta is seen as half of the work that runs forward and backward do together in a part, over the squares of
    the speed there.

    Args:
        schedule: lam of the runs, [steps + 1], forward; backward they went the same way back.
        forward: Mean work of the forward runs in each part, [PARTS] eV; see `work_by_part`.
        backward: Of the backward runs, likewise.
        timestep: fs.

    Returns:
        For `paced`, [PARTS + 1]; that of one speed where no friction is seen.
    """
    middle = 0.5 * (schedule[1:] + schedule[:-1])
    of_part = np.clip(np.searchsorted(EDGES, middle, side="right") - 1, 0, PARTS - 1)
    squared = np.bincount(of_part, np.diff(schedule) ** 2 / timestep, minlength=PARTS)
    friction = _smooth(0.5 * (forward + backward) / np.maximum(squared, 1e-300))
    mean = friction.mean()
    if not mean > 0.0:
        return EDGES
    friction = np.clip(friction, mean / EXTREME, mean * EXTREME)
    time = np.concatenate([[0.0], np.cumsum(np.sqrt(friction))])
    return np.asarray(time / time[-1])


def _smooth(values: FloatArray) -> FloatArray:
    """Each part with a quarter of either neighbour, those at the ends with their own in place of one."""
    padded = np.pad(values, 1, mode="edge")
    return 0.25 * padded[:-2] + 0.5 * padded[1:-1] + 0.25 * padded[2:]
