"""Switching from one composition to another in cells that move under the pressure, from the task to the record."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from engine.dynamics.barostat import ISOTROPIC, Piston
from engine.dynamics.cell_path import CellPath
from engine.evaluation.switching import KNOTS, Switching
from engine.mechanics.constants import EV_PER_A3_IN_GPA

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.dynamics.state import State


class MovingCellSwitching(Switching):
    """A task of switching in cells whose volume is sampled; docs/science.md, section 21."""

    @cached_property
    def path(self) -> CellPath:
        """By which cells are carried along while they move: that of the cells at rest, stretched alike."""
        return CellPath(KNOTS, isotropic(np.stack([one.strain for one in self.rest])))

    @cached_property
    def integrator(self) -> Piston:
        """How sites and cells move.

        Raises:
            ValueError: if the task has a cell that does not move.
        """
        moving = self.task.moving
        if moving is None:
            raise ValueError("a cell that moves needs a mass")
        return Piston(
            self.particles,
            volume=abs(float(np.linalg.det(self.rest[0].unstrained))),
            pressure=self.evaluator.pressure / EV_PER_A3_IN_GPA,
            mass=moving.mass,
            friction=moving.friction,
            modes=ISOTROPIC,
            centre_held=True,
        )

    def begun(self) -> State:
        """In cells at rest, stretched alike along all axes."""
        state = super().begun()
        rates = np.zeros((len(state.strain), len(ISOTROPIC)))
        return replace(state, strain=isotropic(state.strain), rates=rates)


def isotropic(strain: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of strains [m, 3, 3] the part that stretches alike along all axes, without what rounding left beside it."""
    return np.asarray(np.trace(strain, axis1=1, axis2=2)[:, None, None] / 3.0 * np.eye(3))
