"""A cell that moves under a pressure: a Langevin piston in the BAOAB splitting.

S. E. Feller et al., J. Chem. Phys. 103, 4613 (1995), doi:10.1063/1.470648; X. Gao, J. Fang, H. Wang, J. Chem. Phys.
144, 124113 (2016), doi:10.1063/1.4944909. Logarithms of the cell's stretches along x, y and z move with scaled
positions held, and velocities are those of the atoms, which stretches leave alone; docs/science.md, Eq. 113 and 114.
What is sampled is exp(-(U + P V)/k_B T) V^n: the centre of mass, which is held, would have been anywhere in the cell.
For free energies of crystals whose centre of mass is held it is V^(n-1).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from engine.dynamics.baoab import Langevin, Moment, kicked, landed, unstrained
from engine.dynamics.explosion import check_volume
from engine.dynamics.state import CELL, State, deformation, noise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.dynamics.cell_path import CellPath
    from engine.dynamics.hamiltonian import Hamiltonian

    FloatArray = NDArray[np.float64]

ISOTROPIC = np.array([[1.0, 1.0, 1.0]])
AROUND_Z = np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
"""The two modes of cells with one axis of rotation, along z."""
ORTHORHOMBIC = np.eye(3)


@dataclass(frozen=True, eq=False)
class Piston:
    """Langevin dynamics of the sites and of stretches of the cell.

    Attributes:
        particles: How the sites move.
        volume: Of the unstrained cell, Å^3.
        pressure: eV/Å^3.
        mass: Of every mode, eV fs^2; see `piston_mass`.
        friction: Of every mode, 1/fs.
        modes: Which of x, y and z each mode stretches, alike, [n_modes, 3], each axis by at most one; ISOTROPIC,
            AROUND_Z, ORTHORHOMBIC.
        centre_held: Whether the ensemble is that of a crystal whose centre of mass is held, V^(n-1), and whose volume
            stays that of one.
    """

    particles: Langevin
    volume: float
    pressure: float
    mass: float
    friction: float
    modes: FloatArray
    centre_held: bool = False

    by_strain = True
    moves_cell = True

    @property
    def masses(self) -> FloatArray:
        """Mass of each site, [n] u."""
        return self.particles.masses

    @property
    def thermal_energy(self) -> float:
        """k_B T, eV."""
        return self.particles.thermal_energy

    def step(
        self,
        hamiltonian: Hamiltonian,
        moment: Moment,
        lam: FloatArray,
        *,
        by_lam: bool = False,
        path: CellPath | None = None,
    ) -> Moment:
        """The moment one step later; see `engine.dynamics.baoab.Integrator.step`.

        Along a path the cell is stretched as that is, whatever its own stretch.

        Raises:
            ValueError: if its strain is none of the stretches.
            TrajectoryFailed: if nothing holds the cell of a crystal.
        """
        state, time = moment.state, self.particles.timestep
        if state.strain[:, ~np.eye(3, dtype=bool)].any() or state.rates.shape[1] != len(self.modes):
            raise ValueError("the cell of a piston is stretched along x, y and z, with a rate for each mode")
        velocities = kicked(moment, self.masses, 0.5 * time)
        rates = state.rates + 0.5 * time * self._pushes(moment) / self.mass
        state = self._drifted(replace(state, velocities=velocities, rates=rates))
        state = replace(
            state,
            velocities=self.particles.thermalised(state, velocities),
            rates=self._thermalised(state),
        )
        state = replace(self._drifted(state), step=state.step + 1)
        if path is not None:
            carried = np.exp((path.log_volume(lam) - path.log_volume(moment.lam)) / 3.0)
            strain = deformation(state.strain) * carried[:, None, None] - np.eye(3)
            state = replace(state, strain=strain)
        if self.centre_held:
            check_volume(state)
        after = landed(hamiltonian, state, lam, self.masses, time, by_lam=by_lam, by_strain=True)
        rates = after.state.rates + 0.5 * time * self._pushes(after) / self.mass
        return replace(after, state=replace(after.state, rates=rates))

    def along(self, moment: Moment, path: CellPath) -> FloatArray:
        """Derivative by lam of the work of cells that a path carries along, [m] eV (docs/science.md, section 21)."""
        inverse = np.linalg.inv(deformation(path.strain(moment.lam)))
        stretch = np.einsum("mab,mba->m", inverse, path.slope(moment.lam)) / 3.0
        return -self._pushes(moment).sum(axis=1) * stretch

    def _pushes(self, moment: Moment) -> FloatArray:
        """Minus the derivative by each mode of U + P V - (n + 1) k_B T ln V, [m, n_modes] eV.

        The one more than n makes a volume element of one of logarithms; it is n where the centre of mass is held.
        """
        deform, by_strain = deformation(moment.state.strain), moment.energies.by_strain
        assert by_strain is not None  # noqa: S101 - asked for at every step
        virial = np.einsum("maa,maa->ma", by_strain, deform)
        work = self.pressure * self.volume * np.linalg.det(deform)[:, None]
        pull = (len(self.masses) + (not self.centre_held)) * self.particles.thermal_energy
        return np.asarray((pull - virial - work) @ self.modes.T)

    def _drifted(self, state: State) -> State:
        """Half a step of sites and cell: the sites for a quarter, the cell for a half, the sites for a quarter."""
        quarter = 0.25 * self.particles.timestep
        positions = state.positions + quarter * unstrained(state.strain, state.velocities)
        stretch = np.exp(2.0 * quarter * state.rates @ self.modes)
        strain = np.zeros_like(state.strain)
        axes = np.arange(3)
        strain[:, axes, axes] = (1.0 + state.strain[:, axes, axes]) * stretch - 1.0
        positions = positions + quarter * unstrained(strain, state.velocities)
        return replace(state, positions=positions, strain=strain)

    def _thermalised(self, state: State) -> FloatArray:
        kept = np.exp(-self.friction * self.particles.timestep)
        width = np.sqrt((1.0 - kept**2) * self.particles.thermal_energy / self.mass)
        return np.asarray(kept * state.rates + width * noise(state, CELL, (len(self.modes),)))


def piston_mass(bulk_modulus: float, volume: float, period: float) -> float:
    """Mass of the modes of a cell, eV fs^2, with which its volume swings in so many fs.

    Args:
        bulk_modulus: Of the crystal, eV/Å^3; an estimate does.
        volume: Of the cell, Å^3.
        period: fs; longer than that of any vibration, so that the cell follows what the sites do on average.
    """
    return 9.0 * bulk_modulus * volume * (period / (2.0 * np.pi)) ** 2
