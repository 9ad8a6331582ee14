"""Whether end members are there to be compared with, and whether a search has to wait for them. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.properties.table import MIXING_FREE_ENERGY, PROPERTIES, vibrating

if TYPE_CHECKING:
    from api_schemas.problem import Problem
    from engine.problem.resolved import ResolvedProblem


def is_mixed(resolved: ResolvedProblem) -> bool:
    """Whether any sublattice has several elements: else the crystal is its only end member."""
    return any(len(elements) > 1 for elements in resolved.space.elements)


def needs_end_members(problem: Problem) -> bool:
    """Whether a search looks at a property that compares with end members, so that it has to wait for them.

    It waits for their vibrations, too, which are not filled in later.
    """
    if MIXING_FREE_ENERGY in vibrating(problem) or problem.strategy.prefer == "mixing_energy":
        return True
    asked = [
        *(one.property for one in problem.objectives),
        *(one.property for one in problem.constraints.properties),
    ]
    return any(PROPERTIES[name].needs_mixture for name in asked if name in PROPERTIES)
