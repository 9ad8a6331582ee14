"""Kind evaluate: the compositions that are listed. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_schemas.errors import FieldError
from engine.kinds.front_faults import front_faults
from engine.kinds.grid import budget_faults
from engine.kinds.kind import Examined
from engine.kinds.listed_compositions import composition_faults, listed_compositions
from engine.kinds.verification.cost import with_supercells
from engine.units.estimate import estimate_relaxations

if TYPE_CHECKING:
    from api_schemas.jobs import CostEstimate
    from api_schemas.problem import Problem
    from engine.composition.region import Region
    from engine.kinds.kind import Plan
    from engine.problem.limits import Limits
    from engine.problem.resolved import ResolvedProblem


class Evaluate:
    """Evaluates the compositions that are listed."""

    name = "evaluate"

    def examine(self, problem: Problem, region: Region, limits: Limits, *, bounded: bool) -> Examined:
        """Check the compositions, and the limit on evaluations where one was set."""
        del limits, bounded
        faults = [*composition_faults(problem, region), *front_faults(problem)]
        planned = max(len(problem.at), 1)
        if not problem.at and region.space.n_free:
            text = "kind evaluate needs the compositions at which to evaluate, e.g. at: [{cation: {Al: 0.8, Sc: 0.2}}]"
            return Examined([*faults, FieldError(pointer="/at", type="missing-field", message=text)])
        listed = [] if faults or problem.verify is None else listed_compositions(problem, region)
        budget = budget_faults(problem, len(problem.at), spends=False)
        return Examined([*faults, *budget], planned, verified=planned, listed=listed)

    def misfits(self, resolved: ResolvedProblem, limits: Limits) -> list[FieldError]:
        """None: what it needs of the crystal is checked for every kind."""
        del resolved, limits
        return []

    def estimate(self, resolved: ResolvedProblem) -> CostEstimate:
        """What all of them cost."""
        return with_supercells(resolved, estimate_relaxations(resolved, resolved.planned))

    def plan(self, resolved: ResolvedProblem, seed: int, *, shared: bool) -> Plan:
        """The compositions in order; nothing is random but the supercells that verify them."""
        from engine.kinds.listed import listed_plan
        from engine.kinds.whole_plan import whole_plan

        points = [x for _, x in listed_compositions(resolved.problem, resolved.region)]
        plan = listed_plan(resolved, points or [resolved.region.center()])
        return whole_plan(plan, resolved.verified, seed, shared=shared)
