"""Kind optimize: the composition that meets the objectives. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.kinds.kind import DEFAULT_POINTS_PER_EDGE, Examined
from engine.kinds.optimize.faults import finest_grid, search_faults
from engine.kinds.optimize.rounding_reserve import rounding_reserve
from engine.kinds.others.cost import with_others
from engine.kinds.verification.cost import with_supercells
from engine.units.estimate import estimate_relaxations

if TYPE_CHECKING:
    from api_schemas.errors import FieldError
    from api_schemas.jobs import CostEstimate
    from api_schemas.problem import Problem
    from engine.composition.region import Region
    from engine.kinds.kind import Plan
    from engine.problem.limits import Limits
    from engine.problem.resolved import ResolvedProblem


class Optimize:
    """Searches the composition that meets the objectives, or the front of several."""

    name = "optimize"

    def examine(self, problem: Problem, region: Region, limits: Limits, *, bounded: bool) -> Examined:
        """Check where the search starts, what may vary, its grid and its budget."""
        points: int | None = DEFAULT_POINTS_PER_EDGE
        grid = problem.strategy.name == "grid"
        if problem.scan is not None:
            points = problem.scan.points_per_edge
        elif grid and bounded:
            points = finest_grid(problem, region, limits)
        faults = search_faults(problem, region, limits, points)
        planned = problem.strategy.max_evaluations
        if grid and points is not None and not faults:
            planned = len(problem.at) + region.grid_size(points) + rounding_reserve(problem)
        verified = planned if problem.seeks_front else 1
        if problem.corrected and problem.supercells is not None:
            verified = max(1, (planned - rounding_reserve(problem)) // (1 + problem.supercells.supercells))
        return Examined(faults, planned, DEFAULT_POINTS_PER_EDGE if points is None else points, verified)

    def misfits(self, resolved: ResolvedProblem, limits: Limits) -> list[FieldError]:
        """None: what it needs of the crystal is checked for every kind."""
        del resolved, limits
        return []

    def estimate(self, resolved: ResolvedProblem) -> CostEstimate:
        """The most that it may cost: a search often needs far fewer evaluations."""
        verify = resolved.problem.supercells
        evaluations = resolved.planned
        if resolved.problem.corrected and verify is not None:
            evaluations = max(1, evaluations - resolved.verified * verify.supercells)
        return with_supercells(resolved, with_others(resolved, estimate_relaxations(resolved, evaluations)))

    def plan(self, resolved: ResolvedProblem, seed: int, *, shared: bool) -> Plan:
        """A search and the rounding of its answer."""
        from engine.kinds.optimize.plan import OptimizePlan
        from engine.kinds.whole_plan import whole_plan

        return whole_plan(OptimizePlan(resolved, seed), resolved.verified, seed, shared=shared)
