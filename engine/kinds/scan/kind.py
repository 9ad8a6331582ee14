"""Kind scan: every feasible composition of a grid. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_schemas.errors import FieldError
from engine.kinds.front_faults import front_faults
from engine.kinds.grid import budget_faults, grid_faults
from engine.kinds.kind import DEFAULT_POINTS_PER_EDGE, Examined
from engine.kinds.verification.cost import with_supercells
from engine.units.estimate import estimate_relaxations

if TYPE_CHECKING:
    from api_schemas.jobs import CostEstimate
    from api_schemas.problem import Problem
    from engine.composition.region import Region
    from engine.kinds.kind import Plan
    from engine.problem.limits import Limits
    from engine.problem.resolved import ResolvedProblem

_STRATEGIES = ("auto", "grid")
"""What the strategy of a scan may be called: there is only one."""


class Scan:
    """Evaluates every feasible composition of a grid."""

    name = "scan"

    def examine(self, problem: Problem, region: Region, limits: Limits, *, bounded: bool) -> Examined:
        """Check the grid, and the limit on evaluations where one was set."""
        del bounded
        points = DEFAULT_POINTS_PER_EDGE if problem.scan is None else problem.scan.points_per_edge
        faults = [*_strategy_faults(problem), *front_faults(problem)]
        of_grid = grid_faults(region, points, limits, "/scan/points_per_edge")
        size = 1 if of_grid else region.grid_size(points)
        budget = [] if of_grid else budget_faults(problem, size, spends=False)
        known = problem.verify is not None and not of_grid
        listed = [("/scan/points_per_edge", x) for x in region.grid(points)] if known else []
        return Examined([*faults, *of_grid, *budget], size, points, verified=size, listed=listed)

    def misfits(self, resolved: ResolvedProblem, limits: Limits) -> list[FieldError]:
        """None: what it needs of the crystal is checked for every kind."""
        del resolved, limits
        return []

    def estimate(self, resolved: ResolvedProblem) -> CostEstimate:
        """What all points cost."""
        return with_supercells(resolved, estimate_relaxations(resolved, resolved.planned))

    def plan(self, resolved: ResolvedProblem, seed: int, *, shared: bool) -> Plan:
        """The points of the grid in order; nothing is random but the supercells that verify them."""
        from engine.kinds.listed import listed_plan
        from engine.kinds.whole_plan import whole_plan

        plan = listed_plan(resolved, list(resolved.region.grid(resolved.points_per_edge)))
        return whole_plan(plan, resolved.verified, seed, shared=shared)


def _strategy_faults(problem: Problem) -> list[FieldError]:
    name = problem.strategy.name
    if name in _STRATEGIES:
        return []
    text = f"kind scan evaluates a grid, so not {name}; remove it, or use kind optimize"
    return [FieldError(pointer="/strategy/name", type="unused-field", message=text)]
