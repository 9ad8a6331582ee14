"""The free energy that a question comes to, from what its legs say."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from engine.kinds.free_energy.estimates import of_change, of_crystal
from engine.kinds.free_energy.vacancies import of_vacancy

if TYPE_CHECKING:
    from engine.kinds.free_energy.estimates import Estimate
    from engine.kinds.free_energy.legs import Question
    from engine.kinds.free_energy.told import FreeEnergyTold


def estimated(told: FreeEnergyTold, question: Question) -> Estimate | None:
    """The estimate of a question up to now; None where there is none yet, or can be none."""
    leg = question.legs[-1]
    ends = told.ends(leg)
    if ends is None or not told.at_rest(leg):
        return None
    if question.of_a_vacancy:
        return of_vacancy(told, question)
    return of_change(told, leg, ends) if leg.changes else of_crystal(told, leg, ends[0])


def is_accurate(told: FreeEnergyTold, question: Question) -> bool:
    """Whether the accuracy that was asked for is met."""
    found = estimated(told, question)
    if found is None or found.error is None:
        return False
    return (
        not found.disagrees
        and math.isfinite(found.error)
        and found.error <= told.questions.options.accuracy * found.per
    )
