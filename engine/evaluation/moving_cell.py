"""Switching from one composition to another in cells that move under the pressure, from the task to the record."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from engine.dynamics.barostat import ISOTROPIC, Piston
from engine.evaluation.switching import Switching
from engine.mechanics.constants import EV_PER_A3_IN_GPA

if TYPE_CHECKING:
    from engine.dynamics.cell_path import CellPath
    from engine.dynamics.state import State


class MovingCellSwitching(Switching):
    """A task of switching in cells whose volume is sampled: only weights do work (docs/science.md, Eq. 140)."""

    @cached_property
    def path(self) -> CellPath | None:
        """The cell follows the pressure, and not lam."""
        return None

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
        stretch = np.trace(state.strain, axis1=1, axis2=2) / 3.0
        return replace(
            state,
            strain=stretch[:, None, None] * np.eye(3),
            rates=np.zeros((len(stretch), len(ISOTROPIC))),
        )
