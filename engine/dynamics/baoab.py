"""Langevin dynamics by the BAOAB splitting, and velocity Verlet as its limit without friction.

B. Leimkuhler, C. Matthews, Appl. Math. Res. Express 2013, 34 (2013), doi:10.1093/amrx/abs010: half a kick (B), half a
drift (A), friction and noise (O), half a drift, half a kick; docs/science.md, Eq. 111 and 112. One evaluation a step.
Averages over positions have an error of the order of the square of the time step, and none in a harmonic crystal.

The centre of mass is at rest throughout: kicks and noise are those of the 3 n - 3 degrees of freedom that are left.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from engine.dynamics.explosion import check_energies, check_step
from engine.dynamics.state import MASS_UNIT, PARTICLES, State, at_rest, deformation, maxwell, noise

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from engine.dynamics.cell_path import CellPath
    from engine.dynamics.hamiltonian import Energies, Hamiltonian

    FloatArray = NDArray[np.float64]

SAME_CELL = 1e-9
"""Strains that differ by no more are of the same cell."""


@dataclass(frozen=True, eq=False)
class Moment:
    """A state with what was computed there.

    Attributes:
        state: Where the trajectories are.
        energies: Energies and derivatives there, at lam.
        lam: [m].
    """

    state: State
    energies: Energies
    lam: FloatArray


class Integrator(Protocol):
    """How one step is made."""

    @property
    def masses(self) -> FloatArray:
        """Mass of each site, [n] u."""
        ...

    @property
    def thermal_energy(self) -> float:
        """k_B T, eV."""
        ...

    @property
    def by_strain(self) -> bool:
        """Whether it needs derivatives by strain."""
        ...

    @property
    def moves_cell(self) -> bool:
        """Whether cells move by themselves, so that a path only carries them along."""
        ...

    def along(self, moment: Moment, path: CellPath) -> FloatArray:
        """Derivative by lam of the work that a change of the cell along a path does, [m] eV."""
        ...

    def step(
        self,
        hamiltonian: Hamiltonian,
        moment: Moment,
        lam: FloatArray,
        *,
        by_lam: bool,
        path: CellPath | None,
    ) -> Moment:
        """The moment one step later.

        Args:
            hamiltonian: What the trajectories move in.
            moment: Where they are.
            lam: Where lam goes, [m].
            by_lam: Whether the derivative by lam is wanted there, with that by strain where there is a path.
            path: How the cell follows lam; None where it does not.
        """
        ...


@dataclass(frozen=True, eq=False)
class Langevin:
    """Langevin dynamics in a cell that is held, or follows lam.

    Attributes:
        masses: Mass of each site, [n] u.
        timestep: fs.
        thermal_energy: k_B T, eV.
        friction: 1/fs; 0 is velocity Verlet, which keeps the energy and not the temperature.
        by_strain: Whether derivatives by strain are computed at every step, for pressures.
    """

    masses: FloatArray
    timestep: float
    thermal_energy: float
    friction: float
    by_strain: bool = False

    moves_cell = False

    def along(self, moment: Moment, path: CellPath) -> FloatArray:
        """Derivative by lam of the work of the cell, with the term of the volume (docs/science.md, Eq. 120), [m] eV."""
        by_strain, change = moment.energies.by_strain, path.slope(moment.lam)
        assert by_strain is not None  # noqa: S101 - asked for where there is a path
        volume = np.einsum("mab,mba->m", np.linalg.inv(deformation(moment.state.strain)), change)
        ideal = (len(self.masses) - 1) * self.thermal_energy * volume
        return np.asarray(np.einsum("mab,mab->m", by_strain, change) - ideal)

    def step(
        self,
        hamiltonian: Hamiltonian,
        moment: Moment,
        lam: FloatArray,
        *,
        by_lam: bool = False,
        path: CellPath | None = None,
    ) -> Moment:
        """The moment one step later; see `Integrator.step`."""
        state, half = moment.state, 0.5 * self.timestep
        velocities = kicked(moment, self.masses, half)
        onwards = state.strain if path is None else path.strain(0.5 * (moment.lam + lam))
        drifted = state.positions + half * unstrained(onwards, velocities)
        velocities = self.thermalised(state, velocities)
        drifted = drifted + half * unstrained(onwards, velocities)
        strain = state.strain if path is None else path.strain(lam)
        after = replace(state, positions=drifted, velocities=velocities, strain=strain, step=state.step + 1)
        return landed(
            hamiltonian,
            after,
            lam,
            self.masses,
            self.timestep,
            by_lam=by_lam,
            by_strain=self.by_strain or (by_lam and path is not None),
        )

    def thermalised(self, state: State, velocities: FloatArray) -> FloatArray:
        """Velocities after friction and noise over one time step."""
        if self.friction == 0.0:
            return velocities
        kept = np.exp(-self.friction * self.timestep)
        drawn = noise(state, PARTICLES, velocities.shape[1:])
        drawn = drawn * (np.sqrt(1.0 - kept**2) * maxwell(self.masses, self.thermal_energy))[:, None]
        return at_rest(kept * velocities + drawn, self.masses)


def kicked(moment: Moment, masses: FloatArray, time: float) -> FloatArray:
    """Velocities after the forces acted for so many fs, [m, n, 3] Å/fs."""
    inverse = np.linalg.inv(deformation(moment.state.strain))
    forces = -np.einsum("mba,mib->mia", inverse, moment.energies.by_position)
    return at_rest(moment.state.velocities + time * forces / (MASS_UNIT * masses)[:, None], masses)


def unstrained(strain: FloatArray, velocities: FloatArray) -> FloatArray:
    """Velocities in the frame of the unstrained cell."""
    return np.einsum("mab,mib->mia", np.linalg.inv(deformation(strain)), velocities)


def landed(
    hamiltonian: Hamiltonian,
    state: State,
    lam: FloatArray,
    masses: FloatArray,
    timestep: float,
    *,
    by_lam: bool,
    by_strain: bool,
) -> Moment:
    """The end of a step: what is computed at the new positions, and the last half of the kick."""
    check_step(state, timestep)
    energies = hamiltonian.evaluate(state.positions, state.strain, lam, by_lam=by_lam, by_strain=by_strain)
    check_energies(state, energies)
    moment = Moment(state, energies, lam)
    return Moment(replace(state, velocities=kicked(moment, masses, 0.5 * timestep)), energies, lam)


def trajectory(
    hamiltonian: Hamiltonian,
    state: State,
    integrator: Integrator,
    lams: Iterable[FloatArray],
    *,
    by_lam: bool = False,
    path: CellPath | None = None,
) -> Iterator[Moment]:
    """Moments of trajectories, the one they start from first.

    What was computed at the start is computed again: a state holds no forces, so a trajectory that is stopped here and
    taken up from its checkpoint equals one that was not.

    Args:
        hamiltonian: What the trajectories move in.
        state: Where they start.
        integrator: How they move.
        lams: lam of each replica at the start and after every step, [m] each.
        by_lam: Whether derivatives by lam are wanted, with those by strain where there is a path.
        path: How the cell follows lam; None where it does not.

    Raises:
        TrajectoryFailed: when a replica explodes.
        ValueError: if they do not start in the cell that a path has there.
    """
    waiting = iter(lams)
    lam = next(waiting)
    held = path is not None and not integrator.moves_cell
    if path is not None and held and np.abs(state.strain - path.strain(lam)).max() > SAME_CELL:
        raise ValueError(
            "trajectories along a path of cells start in the cell that the path has at their lam"
        )
    by_strain = integrator.by_strain or (by_lam and path is not None)
    found = hamiltonian.evaluate(state.positions, state.strain, lam, by_lam=by_lam, by_strain=by_strain)
    check_energies(state, found)
    moment = Moment(state, found, lam)
    yield moment
    for lam in waiting:
        moment = integrator.step(hamiltonian, moment, lam, by_lam=by_lam, path=path)
        yield moment
