"""Trajectories at equilibrium, and what they record."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from itertools import repeat
from typing import TYPE_CHECKING

import numpy as np

from engine.dynamics.baoab import trajectory
from engine.dynamics.state import deformation, measured_thermal_energy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from engine.dynamics.baoab import Integrator, Moment
    from engine.dynamics.hamiltonian import Hamiltonian
    from engine.dynamics.state import State

    FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Series:
    """What m trajectories recorded after every step, [steps, m] of each.

    Attributes:
        energy: Potential energy, eV.
        thermal_energy: k_B T of the velocities, eV.
        displacement: Root mean square displacement of the atoms from their sites, Å.
        farthest: Largest displacement of an atom from its site, Å.
        volume: Of the cell over that of the unstrained one.
        virial: Derivatives of the potential energy by a strain of the cell as it is, [steps, m, 3, 3] eV; not a
            number where the integrator needs none. The pressure is n k_B T less a third of its trace, over the volume.
        n_sites: Number of sites.
    """

    energy: FloatArray
    thermal_energy: FloatArray
    displacement: FloatArray
    farthest: FloatArray
    volume: FloatArray
    virial: FloatArray
    n_sites: int

    def after(self, steps: int) -> Series:
        """What was recorded after so many steps."""
        names = [field.name for field in fields(self) if field.name != "n_sites"]
        return replace(self, **{name: getattr(self, name)[steps:] for name in names})

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The series as arrays, to be saved; `restored_series` undoes it."""
        return {field.name: np.array(getattr(self, field.name)) for field in fields(self)}


def restored_series(arrays: Mapping[str, NDArray[np.generic]]) -> Series:
    """The series that `Series.arrays` saved."""
    names = [field.name for field in fields(Series) if field.name != "n_sites"]
    return Series(
        **{name: np.array(arrays[name], dtype=float) for name in names}, n_sites=int(arrays["n_sites"])
    )


def joined(parts: Sequence[Series]) -> Series:
    """The series of segments that follow one another, one at least."""
    names = [field.name for field in fields(Series) if field.name != "n_sites"]
    whole = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    return Series(**whole, n_sites=parts[0].n_sites)


def sample(
    hamiltonian: Hamiltonian,
    state: State,
    integrator: Integrator,
    lam: FloatArray,
    steps: int,
    sites: FloatArray,
) -> tuple[State, Series]:
    """A segment of trajectories at fixed lam.

    Args:
        hamiltonian: What the trajectories move in.
        state: Where they start; the state before the first step is not recorded.
        integrator: How they move.
        lam: Where each replica is between the ends, [m].
        steps: How many steps, one or more; steps + 1 evaluations.
        sites: Positions of the sites, [n, 3] Å, in the frame of the unstrained cell.

    Returns:
        The state after the last step, and what was recorded.

    Raises:
        TrajectoryFailed: when a replica explodes.
    """
    moments = trajectory(hamiltonian, state, integrator, repeat(lam, steps + 1))
    next(moments)
    rows = []
    for moment in moments:
        state = moment.state
        rows.append(_row(moment, integrator.masses, sites))
    energy, thermal_energy, displacement, farthest, volume, virial = (
        np.array(column) for column in zip(*rows, strict=True)
    )
    return state, Series(energy, thermal_energy, displacement, farthest, volume, virial, len(sites))


def _row(moment: Moment, masses: FloatArray, sites: FloatArray) -> tuple[FloatArray, ...]:
    """One row of each of the series."""
    state, by_strain = moment.state, moment.energies.by_strain
    deform = deformation(state.strain)
    moved = np.einsum("mab,mib->mia", deform, state.positions - sites)
    squares = ((moved - moved.mean(axis=1, keepdims=True)) ** 2).sum(axis=2)
    return (
        moment.energies.energy,
        measured_thermal_energy(state, masses),
        np.sqrt(squares.mean(axis=1)),
        np.sqrt(squares.max(axis=1)),
        np.linalg.det(deform),
        np.full(deform.shape, np.nan) if by_strain is None else np.einsum("mab,mcb->mac", by_strain, deform),
    )
