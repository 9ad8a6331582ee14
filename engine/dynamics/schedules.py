"""How fast lam goes from 0 to 1: at one speed, slowly at the ends, or so that every part dissipates alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

BINS = 8
"""Of lam, in which frictions are averaged."""
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


def equal_dissipation(
    schedule: FloatArray, forward: FloatArray, backward: FloatArray, timestep: float
) -> Callable[[int], FloatArray]:
    """The schedule that dissipates the least according to runs along another one (docs/science.md, Eq. 121).

    D. A. Sivak, G. E. Crooks, Phys. Rev. Lett. 108, 190602 (2012), doi:10.1103/PhysRevLett.108.190602: in slow
    switching the power lost is zeta(lam) (dlam/dt)^2, and the least is lost where it is the same all along. The
    friction zeta is seen as half of what the mean dE/dlam differs in between runs forward and backward, over the speed.

    Args:
        schedule: lam of the runs, [steps + 1], forward; backward they went the same way back.
        forward: dE/dlam at each lam of the schedule, [steps + 1, n] eV.
        backward: Likewise, in the order of lam, not of time.
        timestep: fs.

    Returns:
        A function of the number of steps that gives lam, [steps + 1].
    """
    edges = np.linspace(0.0, 1.0, BINS + 1)
    of_bin = np.clip(
        np.searchsorted(edges, 0.5 * (schedule[1:] + schedule[:-1]), side="right") - 1, 0, BINS - 1
    )
    gap = 0.5 * (forward.mean(axis=1) - backward.mean(axis=1))
    lost = np.bincount(of_bin, 0.5 * (gap[1:] + gap[:-1]) * np.diff(schedule), minlength=BINS)
    squared = np.bincount(of_bin, np.diff(schedule) ** 2 / timestep, minlength=BINS)
    friction = _smooth(lost / np.maximum(squared, 1e-300))
    mean = friction.mean()
    if not mean > 0.0:
        return linear
    friction = np.clip(friction, mean / EXTREME, mean * EXTREME)
    time = np.concatenate([[0.0], np.cumsum(np.sqrt(friction))])

    def of_steps(steps: int) -> FloatArray:
        return np.interp(np.linspace(0.0, time[-1], steps + 1), time, edges)

    return of_steps


def _smooth(values: FloatArray) -> FloatArray:
    """Each bin with a quarter of either neighbour, those at the ends with their own in place of one."""
    padded = np.pad(values, 1, mode="edge")
    return 0.25 * padded[:-2] + 0.5 * padded[1:-1] + 0.25 * padded[2:]
