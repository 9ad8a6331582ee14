"""Kind order: whether a crystal orders, into what, how strongly, and how random the rest is. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.kinds.kind import Examined
from engine.kinds.listed_compositions import composition_faults
from engine.kinds.order.faults import option_faults, size_faults

if TYPE_CHECKING:
    from api_schemas.errors import FieldError
    from api_schemas.jobs import CostEstimate
    from api_schemas.problem import Problem
    from engine.composition.region import Region
    from engine.kinds.kind import Plan
    from engine.problem.limits import Limits
    from engine.problem.resolved import ResolvedProblem


class Order:
    """Enumerates, searches and relaxes orderings."""

    name = "order"

    def examine(self, problem: Problem, region: Region, limits: Limits, *, bounded: bool) -> Examined:
        """Check the options and the compositions; how many tasks there are is known with the crystal."""
        del limits, bounded
        return Examined([*composition_faults(problem, region), *option_faults(problem, region)])

    def misfits(self, resolved: ResolvedProblem, limits: Limits) -> list[FieldError]:
        """Count the decorations before any is made, and check that supercells hold the compositions."""
        return size_faults(resolved, limits)

    def estimate(self, resolved: ResolvedProblem) -> CostEstimate:
        """What ranking, relaxing and searching cost."""
        from engine.kinds.order.estimate import estimate_order

        return estimate_order(resolved)

    def plan(self, resolved: ResolvedProblem, seed: int, *, shared: bool) -> Plan:
        """Ranking, relaxing and searching; what is shared is always asked for."""
        del shared
        from engine.kinds.order.plan import OrderPlan

        return OrderPlan(resolved, seed)
