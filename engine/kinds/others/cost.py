"""What other potentials add to the cost of a problem. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_schemas.jobs import CostEstimate
from engine.units.estimate import estimate_relaxations

if TYPE_CHECKING:
    from engine.problem.resolved import ResolvedProblem


def with_others(resolved: ResolvedProblem, estimate: CostEstimate) -> CostEstimate:
    """The cost of a problem with that of its answer by the other potentials that it names, at the most.

    Each has its own end members and targets to relax.
    """
    for other in resolved.others:
        one = estimate_relaxations(other, resolved.verified)
        estimate = CostEstimate(
            evaluations=estimate.evaluations + one.evaluations,
            potential_calls=estimate.potential_calls + one.potential_calls,
            seconds=estimate.seconds + one.seconds,
            memory_bytes=max(estimate.memory_bytes, one.memory_bytes),
        )
    return estimate
