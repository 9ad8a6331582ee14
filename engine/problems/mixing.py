"""Checks of the mixing rule: which potentials have it, and what it cannot describe."""

from __future__ import annotations

from api_schemas.elements import VACANCY
from api_schemas.errors import FieldError
from api_schemas.problem import Problem
from engine.potentials.registry import PotentialDescription
from engine.problems.availability import not_available


def mixing_faults(problem: Problem, potential: PotentialDescription | None) -> list[FieldError]:
    """Why the mixing rule cannot be used here, if it cannot.

    Args:
        problem: As parsed.
        potential: The one that it chooses, if there is such.
    """
    mixing = problem.potential.mixing
    if mixing == "mean_field":
        return []
    if potential is not None and mixing not in potential.mixings:
        what, instead = f"mixing: {mixing} with {potential.name}", "use mean_field, or a SevenNet"
        return [not_available(("potential", "mixing"), what, instead)]
    empty = [sublattice.name for sublattice in problem.sublattices if VACANCY in sublattice.elements]
    if not empty:
        return []
    text = (
        f"paired mixing cannot describe vacancies, and sublattice {empty[0]!r} offers Vac: its atoms would hear "
        "neighbours that are not there; use mean_field"
    )
    return [FieldError(pointer="/potential/mixing", type="no-vacancies-when-paired", message=text)]
