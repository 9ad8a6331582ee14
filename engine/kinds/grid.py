"""Grids of compositions that problems ask for: how fine they are, and what is wrong with them."""

from __future__ import annotations

from api_schemas.errors import FieldError
from api_schemas.problem import Problem
from engine.composition.region import Region
from engine.problem.limits import Limits

MOST_POINTS_PER_EDGE = 101
"""Of a grid that is as fine as a budget allows."""


def grid_faults(region: Region, points_per_edge: int | None, limits: Limits, where: str) -> list[FieldError]:
    """Why a grid cannot be evaluated, if it cannot: no points, or too many.

    Args:
        region: The feasible compositions.
        points_per_edge: Of the grid; None where no grid up to `MOST_POINTS_PER_EDGE` has a point.
        limits: How many points there may be.
        where: Pointer to the field that asks for it.
    """
    if points_per_edge is None:
        equalities = [row.words for row in region.rows if row.is_equality]
        by = f", {' and '.join(equalities[:3])} among them" if equalities else ""
        text = (
            f"no grid of up to {MOST_POINTS_PER_EDGE} points an edge has a point within the bounds and constraints"
            f"{by}; take another strategy, e.g. auto, or give the constraints more room"
        )
        return [FieldError(pointer=where, type="empty-grid", message=text)]
    size = region.grid_size(points_per_edge)
    if size == 0:
        text = (
            f"no point of a grid with {points_per_edge} points an edge lies within the bounds and constraints; "
            "take more points"
        )
        return [FieldError(pointer=where, type="empty-grid", message=text)]
    if size > limits.max_points:
        text = f"the grid has {size} points, more than {limits.max_points}; take fewer points an edge"
        return [FieldError(pointer=where, type="too-many-points", message=text)]
    return []


def budget_faults(problem: Problem, points: int, *, spends: bool) -> list[FieldError]:
    """A limit on evaluations below the number of compositions that are fixed beforehand.

    Args:
        problem: As parsed.
        points: How many there are.
        spends: Whether the limit is a budget that counts even where nobody set it.
    """
    allowed = problem.strategy.max_evaluations
    if points <= allowed or not (spends or "max_evaluations" in problem.strategy.model_fields_set):
        return []
    text = (
        f"there are {points} compositions to evaluate, but max_evaluations is {allowed}; raise it to {points}"
    )
    if not spends:
        text += ", or leave it out"
    return [FieldError(pointer="/strategy/max_evaluations", type="budget-too-small", message=text)]
