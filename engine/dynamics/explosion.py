"""Trajectories that cannot go on: found at the step where it happens, before a potential is asked for nonsense."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.dynamics.state import deformation

if TYPE_CHECKING:
    from engine.dynamics.hamiltonian import Energies
    from engine.dynamics.state import State

FARTHEST_STEP = 1.0
"""Å; an atom that moves farther in one step is thrown, not moved."""
BURST = 3.0
"""Factor; a cell that has so many times more or less volume than the unstrained one is none of a crystal."""


class TrajectoryFailed(Exception):  # noqa: N818
    """A replica exploded: it cannot go on.

    Attributes:
        replica: Which of the batch.
        step: Number of the step.
    """

    def __init__(self, replica: int, step: int, what: str) -> None:
        self.replica, self.step = replica, step
        super().__init__(
            f"replica {replica} exploded at step {step}: {what}; take a smaller time step, and see that the crystal "
            f"starts near a minimum of this potential"
        )


def check_step(state: State, timestep: float) -> None:
    """See that every atom moves at a finite and bounded speed.

    Raises:
        TrajectoryFailed: if one does not.
    """
    moved = timestep * np.linalg.norm(state.velocities, axis=2).max(axis=1, initial=0.0)
    bad = ~(moved <= FARTHEST_STEP) | ~np.isfinite(state.strain).all(axis=(1, 2))
    if bad.any():
        replica = int(bad.argmax())
        what = (
            f"an atom moves {moved[replica]:.2g} Å in one step"
            if np.isfinite(moved[replica])
            else "velocities are not finite"
        )
        raise TrajectoryFailed(replica, state.step, what)


def check_energies(state: State, energies: Energies) -> None:
    """See that energies and forces are finite.

    Raises:
        TrajectoryFailed: if they are not.
    """
    finite = np.isfinite(energies.energy) & np.isfinite(energies.by_position).all(axis=(1, 2))
    if not finite.all():
        raise TrajectoryFailed(
            int(finite.argmin()), state.step, "the potential gave no finite energy or force"
        )


def check_volume(state: State) -> None:
    """See that cells that move stay those of a crystal.

    Raises:
        TrajectoryFailed: if one does not.
    """
    volumes = np.linalg.det(deformation(state.strain))
    bad = ~((volumes < BURST) & (volumes > 1.0 / BURST))
    if bad.any():
        replica = int(bad.argmax())
        what = (
            f"its cell has {volumes[replica]:.2g} times the volume of the parent, so that nothing holds it at this "
            "temperature and pressure"
        )
        raise TrajectoryFailed(replica, state.step, what)
