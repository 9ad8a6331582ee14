"""Checks of the objectives and properties of a problem against what there is."""

from __future__ import annotations

from api_schemas.errors import FieldError, pointer
from api_schemas.kinds import KINDS
from api_schemas.objectives import Objective, SameAs
from api_schemas.problem import Problem
from engine.acceptance.property_bounds import impossible, property_bound_faults
from engine.potentials.description import PotentialDescription
from engine.properties.table import PROPERTIES, unknown_property

SMOOTH = 2
"""Continuous derivatives of an energy whose moduli are continuous."""


def property_faults(problem: Problem) -> list[FieldError]:
    """Unknown properties, and objectives and bounds whose values make no sense."""
    found: list[FieldError] = []
    for number, objective in enumerate(problem.objectives):
        fault = _name_fault(objective.property, ("objectives", number, "property"))
        found.extend([fault] if fault else _target_faults(objective, number))
    for number, asked in enumerate(problem.constraints.properties):
        fault = _name_fault(asked.property, ("constraints", "properties", number, "property"))
        found.extend([fault] if fault else [])
    for number, name in enumerate(problem.properties):
        fault = _name_fault(name, ("properties", number))
        found.extend([fault] if fault else [])
    return found + property_bound_faults(problem)


def _name_fault(name: str, where: tuple[str | int, ...]) -> FieldError | None:
    if name in PROPERTIES:
        return None
    return FieldError(pointer=pointer(where), type="unknown-property", message=unknown_property(name))


def _target_faults(objective: Objective, number: int) -> list[FieldError]:
    row = PROPERTIES[objective.property]
    where = pointer(["objectives", number, "target"])
    if isinstance(objective.target, SameAs) and row.needs_mixture:
        text = f"a plain crystal has no {row.name}; give the target as a number in {row.unit}"
        return [FieldError(pointer=where, type="bad-objective", message=text)]
    if isinstance(objective.target, float):
        range_of_values = impossible(row, objective.target, objective.target)
        if range_of_values is not None:
            unit = "" if row.unit == "1" else f" {row.unit}"
            text = f"a {row.name} of {objective.target:g}{unit} cannot be: {range_of_values}; give another target"
            return [FieldError(pointer=where, type="bad-objective", message=text)]
    return []


def smoothness_faults(problem: Problem, potential: PotentialDescription) -> list[FieldError]:
    """Moduli that a search is to follow with a potential whose curvature jumps: it would end on a jump.

    Args:
        problem: As parsed; it may have other faults.
        potential: The description of its potential.
    """
    searches = problem.kind in KINDS and KINDS[problem.kind].searches
    if potential.smoothness >= SMOOTH or not searches:
        return []
    asked: list[tuple[tuple[str | int, ...], str]]
    asked = [(("objectives", number), one.property) for number, one in enumerate(problem.objectives)]
    asked += [
        (("constraints", "properties", number), one.property)
        for number, one in enumerate(problem.constraints.properties)
    ]
    return [
        FieldError(
            pointer=pointer((*where, "property")),
            type="jumps-with-potential",
            message=f"the curvature of {potential.name} jumps where a shell of neighbours crosses its cutoff, and "
            f"{name} with it (vanadium: by 79 GPa of 239), so that a search would end on a jump; use sevennet-l3i5, or "
            "put it among properties",
        )
        for where, name in asked
        if name in PROPERTIES and PROPERTIES[name].needs_curvature
    ]


def batch_faults(problem: Problem) -> list[FieldError]:
    """A batch that is larger than all that may be evaluated."""
    strategy = problem.strategy
    if strategy.batch_size is None or strategy.batch_size <= strategy.max_evaluations:
        return []
    text = f"batch_size {strategy.batch_size} exceeds max_evaluations {strategy.max_evaluations}; lower it"
    return [FieldError(pointer="/strategy/batch_size", type="invalid-value", message=text)]
