"""Checks of the mixing rule: what it cannot describe."""

from __future__ import annotations

from api_schemas.errors import FieldError
from api_schemas.problem import Problem
from api_schemas.symbols import VACANCY


def mixing_faults(problem: Problem) -> list[FieldError]:
    """Why the mixing rule cannot be used here, if it cannot."""
    if problem.potential.mixing == "mean_field":
        return []
    empty = [sublattice.name for sublattice in problem.sublattices if VACANCY in sublattice.elements]
    if not empty:
        return []
    text = (
        f"paired mixing cannot describe vacancies, and sublattice {empty[0]!r} offers Vac: its atoms would receive "
        "messages from neighbours that are not there; use mean_field"
    )
    return [FieldError(pointer="/potential/mixing", type="no-vacancies-when-paired", message=text)]
