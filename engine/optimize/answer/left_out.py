"""Each evaluation against what a surrogate of all others predicts there: whether a surrogate may be believed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from api_schemas.maps import LeftOut
from engine.optimize.surrogates.phases import HELD, MATERIAL

if TYPE_CHECKING:
    from engine.optimize.surrogates.phases import Surrogate

FEWEST = 2
"""Evaluations of which one can be predicted from the others."""


def left_out(model: Surrogate) -> list[LeftOut]:
    """Every evaluation predicted from all others at the same hyperparameters (docs/science.md, Eq. 58), by number.

    End members and measured points help to predict and are not among them, nor is the only evaluation of a phase: a
    jump that nobody could know. The deviations are the surrogate's own, and not widened as those of a map are.
    """
    seen = model.observations
    own = np.flatnonzero((seen.index >= 0) & ~model.alone)
    if len(own) < FEWEST:
        return []
    errors, deviations = model.leave_one_out()
    material = MATERIAL * float(np.ptp(model.values[own]))
    return sorted(
        (
            LeftOut(
                index=int(seen.index[k]),
                value=float(model.values[k]),
                mean=float(model.values[k] - errors[k]),
                deviation=float(deviations[k]),
                outside=bool(abs(errors[k]) > max(HELD * deviations[k], material)),
            )
            for k in own
        ),
        key=lambda one: one.index,
    )
