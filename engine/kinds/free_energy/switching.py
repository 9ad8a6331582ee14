"""What runs in both directions say, as an answer, a live display and a histogram show it. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from api_schemas.free_energies import DirectionEstimate, SwitchingEstimate
from engine.dynamics.agreement import OneDirection, agreement, one_direction
from engine.dynamics.estimators import FEWEST_RUNS, checked, pairs_wanted, two_sided

if TYPE_CHECKING:
    from collections.abc import Sequence


def switching_estimate(
    forward: Sequence[float],
    backward: Sequence[float],
    thermal_energy: float,
    *,
    steps: int,
    accuracy: float,
    seed: int,
) -> SwitchingEstimate:
    """The estimate of the runs so far, each direction's own, and whether both agree.

    Args:
        forward: Work of each run from the first state to the last, eV of the supercell; none yet is allowed.
        backward: Work of each run back.
        thermal_energy: k_B T, eV.
        steps: Of a run.
        accuracy: The standard error that is wanted, eV of the supercell.
        seed: Of the bootstrap.

    Raises:
        ValueError: if a work is not finite.
    """
    if not (forward and backward):
        return SwitchingEstimate(
            forward=_alone(forward, thermal_energy, backward=False),
            backward=_alone(backward, thermal_energy, backward=True),
            steps=steps,
            free_energy=None,
            standard_error=None,
            asymptotic_error=None,
            bootstrap_error=None,
            overlap=None,
            decided_by_few=True,
            verdict="unknown",
            probability=None,
            text="there are no runs in both directions yet",
            pairs_wanted=FEWEST_RUNS,
        )
    found = two_sided(forward, backward, thermal_energy, seed=seed)
    judged = agreement(forward, backward, found)
    return SwitchingEstimate(
        forward=_direction(forward, judged.forward, found.forward_dissipation),
        backward=_direction(backward, judged.backward, found.backward_dissipation),
        steps=steps,
        free_energy=found.free_energy,
        standard_error=found.standard_error,
        asymptotic_error=found.asymptotic_error,
        bootstrap_error=found.bootstrap_error,
        overlap=found.overlap,
        decided_by_few=found.decided_by_few,
        verdict=judged.verdict,
        probability=judged.probability,
        text=judged.text,
        pairs_wanted=pairs_wanted(found, accuracy),
    )


def _alone(works: Sequence[float], thermal_energy: float, *, backward: bool) -> DirectionEstimate:
    """Of one direction, where the other has no run yet."""
    if not works:
        return _direction(works, None, None)
    name = "backward" if backward else "forward"
    reduced = checked(works, thermal_energy, name)
    own = one_direction(-reduced if backward else reduced, thermal_energy, backward=backward)
    return _direction(works, own, None)


def _direction(
    works: Sequence[float], own: OneDirection | None, dissipation: float | None
) -> DirectionEstimate:
    return DirectionEstimate(
        works=np.asarray(works, dtype=float).tolist(),
        dissipation=dissipation,
        exponential=None if own is None else own.exponential,
        cumulant=None if own is None else own.cumulant,
        cumulant_error=None if own is None else own.cumulant_error,
    )
