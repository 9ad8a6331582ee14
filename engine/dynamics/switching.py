"""Switching: lam is driven from one end to the other, and the work done on the crystal added up.

The free energy is the estimators' matter; here are trajectories and works. Work is added up at every step as what lam
changes there, from halfway since the step before to halfway to the next, times the derivative that the step has
computed anyway (docs/science.md, Eq. 116): at fixed positions the midpoint rule in lam, so exact for energies linear
or quadratic in it (a harmonic crystal mixed with a model) and of the second order in the length of a step otherwise.
Exact differences of a model's energies would take a second call at every step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.dynamics.baoab import trajectory
from engine.dynamics.state import State, restored

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from engine.dynamics.baoab import Integrator, Moment
    from engine.dynamics.cell_path import CellPath
    from engine.dynamics.hamiltonian import Hamiltonian

    FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Switch:
    """Trajectories that are being switched.

    Attributes:
        state: Where they are.
        work: Done on each replica so far, [m] eV.
        done: Steps of the schedule that were made.
    """

    state: State
    work: FloatArray
    done: int = 0

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The switch as arrays, to be saved; `restored_switch` undoes it bit for bit."""
        return {**self.state.arrays(), "work": self.work.copy(), "done": np.array(self.done)}


def restored_switch(arrays: Mapping[str, NDArray[np.generic]]) -> Switch:
    """The switch that `Switch.arrays` saved."""
    return Switch(restored(arrays), np.array(arrays["work"], dtype=float), int(arrays["done"]))


def begin_switch(state: State) -> Switch:
    """Before the first step; the state is one of equilibrium at the end where each replica begins."""
    return Switch(state, np.zeros(len(state.positions)))


@dataclass(frozen=True, eq=False)
class Record:
    """What a segment of switching saw, at its first moment and after each step.

    Attributes:
        lam: [steps + 1, m].
        slope: Derivative of the work by lam, [steps + 1, m] eV: that of the energy, and where there is a path of the
            cell that along it too, with the term of the volume.
        work: Done until then, [steps + 1, m] eV.
    """

    lam: FloatArray
    slope: FloatArray
    work: FloatArray


def switch(
    hamiltonian: Hamiltonian,
    started: Switch,
    integrator: Integrator,
    schedule: FloatArray,
    forward: NDArray[np.bool_],
    *,
    steps: int | None = None,
    path: CellPath | None = None,
    on_moment: Callable[[Moment], None] | None = None,
) -> tuple[Switch, Record]:
    """A segment of switching; its steps and one evaluation.

    Args:
        hamiltonian: What the trajectories move in.
        started: Where they are.
        integrator: How they move.
        schedule: lam from 0 to 1, [all steps + 1].
        forward: Whether each replica goes that way, [m], or the same way back.
        steps: How many steps to make now; all that are left if left out.
        path: How the cell follows lam, atoms at fixed scaled positions, or how one that moves under a pressure is
            carried along; None where lam does nothing to it.
        on_moment: Called at the first moment and after every step.

    Returns:
        The switch after the last step, and what was seen.

    Raises:
        TrajectoryFailed: when a replica explodes.
        ValueError: if there is nothing left to do.
    """
    left = len(schedule) - 1 - started.done
    steps = left if steps is None else steps
    if not 1 <= steps <= left:
        raise ValueError(f"{steps} steps of switching were asked for, and {left} are left")
    lams = np.where(forward, schedule[:, None], schedule[::-1, None])[started.done : started.done + steps + 1]
    moments = trajectory(hamiltonian, started.state, integrator, iter(lams), by_lam=True, path=path)
    slopes, works = [], [started.work]
    for number, moment in enumerate(moments):
        slopes.append(_slope(moment, integrator, path))
        if on_moment is not None:
            on_moment(moment)
        if number:
            works.append(works[-1] + 0.5 * (lams[number] - lams[number - 1]) * (slopes[-2] + slopes[-1]))
    ended = Switch(moment.state, works[-1], started.done + steps)
    return ended, Record(lams, np.array(slopes), np.array(works))


def _slope(moment: Moment, integrator: Integrator, path: CellPath | None) -> FloatArray:
    """dW/dlam at one moment, [m] eV."""
    by_lam = moment.energies.by_lam
    assert by_lam is not None  # noqa: S101 - asked for at every step
    return by_lam if path is None else np.asarray(by_lam + integrator.along(moment, path))
