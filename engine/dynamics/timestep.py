"""The time step: chosen from the fastest vibration, and tested by whether the energy is kept without a thermostat."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING

import numpy as np

from engine.dynamics.baoab import Langevin, trajectory
from engine.dynamics.explosion import TrajectoryFailed
from engine.dynamics.state import MASS_UNIT, kinetic_energy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.dynamics.hamiltonian import Hamiltonian
    from engine.dynamics.state import State

    FloatArray = NDArray[np.float64]

STEPS_A_PERIOD = 20.0
"""Of the fastest vibration: velocity Verlet then finds its frequency to 0.4 %, and BAOAB's averages over positions of
an anharmonic crystal are off by less."""
STIFFEST = 80.0
"""eV/Å^2; what holds an atom of diamond (12 u, 40 THz), the stiffest of crystals, for want of frequencies."""
FLUCTUATION = 0.03
"""Of k_B T, for each square root of a degree of freedom (docs/science.md, Eq. 115): where all vibrations are of the
highest frequency w, the bound is met at w dt = 0.49, thirteen steps a period."""
DRIFT = 0.03
"""Of k_B T for each degree of freedom, over the whole test."""


@dataclass(frozen=True)
class Conservation:
    """How well velocity Verlet keeps the energy at a time step.

    Attributes:
        timestep: fs.
        fluctuation: Standard deviation of the total energy about a straight line, root mean square over the
            trajectories, eV per site.
        drift: Slope of that line, likewise, eV per site and ps.
        fault: What is wrong with the time step, in words; None where nothing is.
    """

    timestep: float
    fluctuation: float
    drift: float
    fault: str | None


def chosen_timestep(masses: FloatArray, highest_frequency: float | None = None) -> float:
    """A time step, fs: a twentieth of the shortest period.

    Args:
        masses: Mass of each site, [n] u.
        highest_frequency: Of the crystal's vibrations, THz (not angular), with these masses; None where it is not
            known, and the lightest site is taken to be held as stiffly as in the stiffest crystals.
    """
    if highest_frequency is not None:
        return 1000.0 / (STEPS_A_PERIOD * highest_frequency)
    period = 2.0 * np.pi * np.sqrt(float(np.min(masses)) * MASS_UNIT / STIFFEST)
    return float(period / STEPS_A_PERIOD)


def conservation(
    hamiltonian: Hamiltonian,
    state: State,
    masses: FloatArray,
    timestep: float,
    thermal_energy: float,
    lam: FloatArray,
    steps: int = 60,
) -> Conservation:
    """Whether a time step keeps the energy of short trajectories without thermostat; steps + 1 evaluations.

    Args:
        hamiltonian: What they move in.
        state: Where they start, with velocities of the temperature.
        masses: Mass of each site, [n] u.
        timestep: fs.
        thermal_energy: k_B T, eV.
        lam: Where each replica is between the ends, [m].
        steps: How many steps; a few periods of the fastest vibration.
    """
    verlet = Langevin(masses, timestep, thermal_energy, 0.0)
    try:
        total = np.array(
            [
                moment.energies.energy + kinetic_energy(moment.state, masses)
                for moment in trajectory(hamiltonian, state, verlet, repeat(lam, steps + 1))
            ]
        )
    except TrajectoryFailed as failure:
        return Conservation(timestep, np.inf, np.inf, f"time step of {timestep:.3g} fs too large: {failure}")
    at = np.arange(len(total)) - (len(total) - 1) / 2.0
    slope = at @ total / (at @ at)
    left = total - total.mean(axis=0) - at[:, None] * slope
    spread = float(np.sqrt((left**2).mean()))
    climbed = float(np.sqrt((slope**2).mean())) * len(total)
    n = len(masses)
    fault = None
    if spread > FLUCTUATION * thermal_energy * np.sqrt(3 * n):
        fault = f"the energy fluctuates by {1000 * spread / n:.3g} meV an atom"
    elif climbed > DRIFT * thermal_energy * 3 * n:
        fault = f"the energy drifts by {1000 * climbed / n:.3g} meV an atom in {steps} steps"
    return Conservation(
        timestep=timestep,
        fluctuation=spread / n,
        drift=1000.0 * climbed / (n * len(total) * timestep),
        fault=None
        if fault is None
        else f"time step of {timestep:.3g} fs too large: {fault} without thermostat",
    )
