"""What can be wrong with a search for properties of explicit supercells. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_schemas.errors import FieldError, pointer
from engine.kinds.optimize.rounding_reserve import rounding_reserve
from engine.properties.table import PROPERTIES, named_properties, vibrating

if TYPE_CHECKING:
    from api_schemas.problem import Problem

_MEND = "write fidelity: alchemical"


def fidelity_faults(problem: Problem) -> list[FieldError]:
    """What supercells cannot tell, and a budget that has no room for any; nothing for an alchemical search."""
    verify = problem.supercells
    if not problem.corrected or verify is None:
        return []
    found = list(_untold(problem))
    if problem.strategy.name == "grid":
        text = f"strategy grid with fidelity supercells is not available yet in this version; take auto, or {_MEND}"
        found.append(FieldError(pointer="/strategy/fidelity", type="not-available-yet", message=text))
    if problem.potential.also:
        text = f"also with fidelity supercells is not available yet in this version; remove also, or {_MEND}"
        found.append(FieldError(pointer="/potential/also", type="not-available-yet", message=text))
    fewest = 1 + verify.supercells + rounding_reserve(problem)
    allowed = problem.strategy.max_evaluations
    if allowed < fewest:
        text = (
            f"one evaluation and its {verify.supercells} supercells are {fewest} with what rounding takes, but "
            f"max_evaluations is {allowed}; raise it to {fewest}, or {_MEND}"
        )
        found.append(FieldError(pointer="/strategy/max_evaluations", type="budget-too-small", message=text))
    return found


def _untold(problem: Problem) -> list[FieldError]:
    """Properties that are sought or bounded and that no supercell has."""
    found = []
    for name, where in named_properties(problem).items():
        row = PROPERTIES.get(name)
        if row is None or where[0] == "properties":
            continue
        what = None
        if row.needs_curvature:
            what = "of second derivatives"
        elif row.needs_force_constants:
            what = "of the force constants of the alchemical crystal"
        elif row.needs_vibrations or name in vibrating(problem):
            what = "of vibrations"
        if what is not None:
            text = f"explicit supercells give no {name}, which is {what}; {_MEND}"
            found.append(FieldError(pointer=pointer(where), type="not-available-yet", message=text))
    return found
