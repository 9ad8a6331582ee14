"""Checks of what a map of the surrogate is asked for: the property and the slice. Torch-free: the API asks."""

from __future__ import annotations

from api_schemas.problem import Problem
from engine.composition.slices import INCUMBENT, Slice, map_fault, parse_point, parse_slice
from engine.composition.space import CompositionSpace
from engine.properties.table import PROPERTIES, near_names, wanted_properties

EVERY_PROPERTY = "*"
"""What is asked of surrogates at one composition: all that they know."""
MOST_LIKELY = 6
"""So many maps are computed before anybody asks."""


def likely_slices(problem: Problem) -> list[tuple[str, Slice]]:
    """The maps that somebody who looks at the answer will want first: property and slice, `MOST_LIKELY` at the most.

    Of every objective's property, over each sublattice of two or three elements, through the incumbent.
    """
    found = [
        (name, Slice(tuple(f"{sublattice.name}:{element}" for element in sublattice.elements)))
        for name in dict.fromkeys(objective.property for objective in problem.objectives)
        for sublattice in problem.sublattices
        if len(sublattice.elements) in (2, 3)
    ]
    return found[:MOST_LIKELY]


def asked_slice(
    problem: Problem, property_name: str | None, over: str | None, at: str = INCUMBENT
) -> tuple[str, Slice]:
    """The property and the slice of a map.

    Args:
        problem: Of the job.
        property_name: By default that of the first objective.
        over: By default the first elements, three at the most, of the first sublattice that has several.
        at: ``incumbent``, ``centre`` or a composition.

    Raises:
        ProblemInvalid: at ``/property``, ``/over`` or ``/at``.
    """
    if property_name is None:
        if not problem.objectives:
            raise map_fault(
                "/property", "this job has no objective; name a property, e.g. property=lattice_a"
            )
        property_name = problem.objectives[0].property
    checked_property(problem, property_name)
    if over is None:
        mixed = next((part for part in problem.sublattices if len(part.elements) > 1), None)
        if mixed is None:
            raise map_fault(
                "/over", "no sublattice of this job has several elements: there is nothing to map over"
            )
        over = f"{mixed.name}:{','.join(list(mixed.elements)[:3])}"
    return property_name, parse_slice(CompositionSpace.of(problem.sublattices), over, at)


def asked_point(problem: Problem, at: str = INCUMBENT) -> tuple[str, Slice]:
    """What is asked of surrogates at one composition: every property, and the composition.

    Raises:
        ProblemInvalid: at ``/at``.
    """
    return EVERY_PROPERTY, parse_point(CompositionSpace.of(problem.sublattices), at)


def checked_property(problem: Problem, property_name: str) -> str:
    """The name of a property that evaluations of the problem hold.

    Raises:
        ProblemInvalid: at ``/property``, if they do not.
    """
    wanted = wanted_properties(problem)
    if property_name not in wanted:
        near = [name for name in near_names(property_name) if name in wanted]
        if property_name in PROPERTIES:
            text = (
                f"no evaluation of this job holds {property_name}; name it in the problem's properties, and submit "
                f"it again (it has {', '.join(wanted)})"
            )
        elif near:
            text = f"there is no property {property_name[:60]!r}; did you mean {' or '.join(near)}?"
        else:
            text = f"there is no property {property_name[:60]!r}; this job has {', '.join(wanted)}"
        raise map_fault("/property", text)
    return property_name
