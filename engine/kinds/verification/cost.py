"""What verification adds to the cost of a problem. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_schemas.jobs import CostEstimate
from engine.kinds.verification.holding import most_cells
from engine.units.supercell_size import estimate_supercells

if TYPE_CHECKING:
    from engine.problem.resolved import ResolvedProblem


def with_supercells(resolved: ResolvedProblem, estimate: CostEstimate) -> CostEstimate:
    """The cost of a problem with that of the explicit supercells that it asks for, at the most."""
    verify = resolved.problem.supercells
    if verify is None:
        return estimate
    cells, times = most_cells(resolved.crystal, verify.sites), resolved.verified
    each = estimate_supercells(resolved, cells, verify.supercells)
    return CostEstimate(
        evaluations=estimate.evaluations + times * each.evaluations,
        potential_calls=estimate.potential_calls + times * each.potential_calls,
        seconds=estimate.seconds + times * each.seconds,
        memory_bytes=max(estimate.memory_bytes, each.memory_bytes),
    )
