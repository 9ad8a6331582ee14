"""The compositions that a problem lists in `at`: what is wrong with them, and the vectors. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_schemas.errors import FieldError, ProblemInvalid, pointer
from engine.composition.notation import parse_composition

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from api_schemas.problem import Problem
    from engine.composition.region import Region


def composition_faults(problem: Problem, region: Region) -> list[FieldError]:
    """Compositions that are none; they need not obey bounds."""
    errors: list[FieldError] = []
    for number, composition in enumerate(problem.at):
        try:
            parse_composition(region.space, composition, ("at", number), hints=not errors)
        except ProblemInvalid as fault:
            errors.extend(fault.found)
    return errors


def listed_compositions(problem: Problem, region: Region) -> list[tuple[str, NDArray[np.float64]]]:
    """Every composition [n_columns] with the pointer to it.

    Raises:
        ProblemInvalid: if one of them is none.
    """
    return [
        (pointer(("at", number)), parse_composition(region.space, one, ("at", number)))
        for number, one in enumerate(problem.at)
    ]
