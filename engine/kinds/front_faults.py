"""The refusal of a Pareto front by kinds that seek none."""

from __future__ import annotations

from api_schemas.errors import FieldError
from api_schemas.problem import Problem


def front_faults(problem: Problem) -> list[FieldError]:
    """Several objectives without weights, where no front is sought."""
    if not problem.seeks_front:
        return []
    text = (
        f"a Pareto front with kind {problem.kind} is not available yet in this version; give every objective a "
        "weight, or use kind optimize"
    )
    return [FieldError(pointer="/objectives", type="not-available-yet", message=text)]
