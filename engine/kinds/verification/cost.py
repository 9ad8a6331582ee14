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
    verify = resolved.problem.verify
    if verify is None:
        return estimate
    count = resolved.verified * verify.supercells
    more = estimate_supercells(resolved, most_cells(resolved.crystal, verify.sites), count)
    return CostEstimate(
        evaluations=estimate.evaluations + more.evaluations,
        potential_calls=estimate.potential_calls + more.potential_calls,
        seconds=estimate.seconds + more.seconds,
        memory_bytes=max(estimate.memory_bytes, more.memory_bytes),
    )
