"""What can be wrong with a search: where it starts, what may vary, its grid and its budget."""

from __future__ import annotations

from api_schemas.errors import FieldError, ProblemInvalid, pointer
from api_schemas.problem import Problem
from api_schemas.strategies import STRATEGIES
from engine.composition.notation import parse_composition
from engine.composition.region import Region
from engine.composition.space import GRID_LIMIT
from engine.kinds.fidelity.faults import fidelity_faults
from engine.kinds.grid import MOST_POINTS_PER_EDGE, budget_faults, grid_faults
from engine.kinds.optimize.rounding_reserve import rounding_reserve
from engine.problem.limits import Limits


def search_faults(
    problem: Problem, region: Region, limits: Limits, points_per_edge: int | None
) -> list[FieldError]:
    """Every fault of a search."""
    found = [
        *_front_faults(problem),
        *_grid_field_faults(problem),
        *fidelity_faults(problem),
        *start_faults(problem, region),
    ]
    if region.space.names and not region.can_vary:
        text = "no composition can vary: bounds and constraints fix every fraction; add elements, or use kind evaluate"
        return [*found, FieldError(pointer="/sublattices", type="nothing-to-vary", message=text)]
    if problem.strategy.name != "grid":
        return [*found, *budget_faults(problem, len(problem.at), spends=True)]
    where = "/strategy/name" if problem.scan is None else "/scan/points_per_edge"
    faults = grid_faults(region, points_per_edge, limits, where)
    if faults or points_per_edge is None:
        return [*found, *faults]
    points = region.grid_size(points_per_edge) + len(problem.at) + rounding_reserve(problem)
    return [*found, *budget_faults(problem, points, spends=True)]


def finest_grid(problem: Problem, region: Region, limits: Limits) -> int | None:
    """Points an edge of the finest grid that the budget allows.

    The fewest where every grid has more points than that; None where no grid has any.
    """
    budget = problem.strategy.max_evaluations - len(problem.at) - rounding_reserve(problem)
    fewest = None
    for points in range(MOST_POINTS_PER_EDGE, 1, -1):
        if region.space.grid_size(points) > GRID_LIMIT:
            continue
        size = region.grid_size(points, enough=budget)
        if 1 <= size <= min(budget, limits.max_points):
            return points
        fewest = points if size else fewest
    return fewest


def start_faults(problem: Problem, region: Region) -> list[FieldError]:
    """Faults of the compositions to start from: they must obey the bounds and constraints."""
    errors: list[FieldError] = []
    space = region.space
    for number, composition in enumerate(problem.at):
        try:
            x = parse_composition(space, composition, ("at", number), hints=not errors)
        except ProblemInvalid as fault:
            errors.extend(fault.found)
            continue
        for column, value, low, high in zip(space.columns, x, space.lower, space.upper, strict=True):
            if not low - 1e-9 <= value <= high + 1e-9:
                name, element = column.split(":", 1)
                text = f"{element} = {value:g} lies outside its bounds [{low:g}, {high:g}]; a search starts within them"
                where = pointer(["at", number, name, element])
                errors.append(FieldError(pointer=where, type="bad-composition", message=text))
        broken = region.broken(x)
        if broken is not None:
            text = f"{broken.message} here; a search starts where the constraints are obeyed"
            errors.append(FieldError(pointer=pointer(["at", number]), type="bad-composition", message=text))
    return errors


def _front_faults(problem: Problem) -> list[FieldError]:
    if not problem.seeks_front or not STRATEGIES[problem.strategy.name].sums:
        return []
    text = (
        f"a Pareto front by strategy {problem.strategy.name} is not available yet in this version; "
        "use auto, bayesian, random or grid, or give every objective a weight"
    )
    return [FieldError(pointer="/strategy/name", type="not-available-yet", message=text)]


def _grid_field_faults(problem: Problem) -> list[FieldError]:
    if problem.scan is None or problem.strategy.name == "grid":
        return []
    text = f"scan goes with kind scan or strategy grid, not with kind {problem.kind}; remove it"
    return [FieldError(pointer="/scan", type="unused-field", message=text)]
