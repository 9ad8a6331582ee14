"""How much of a budget is kept for the rounded answer. Torch-free."""

from __future__ import annotations

from api_schemas.problem import Problem

SHARE_OF_FRONT = 3
"""One in so many evaluations is kept for rounding a front."""


def rounding_reserve(problem: Problem) -> int:
    """Evaluations of the budget that are kept for the rounded answer: one, or a third for a front; none without steps.

    One at least is left for the search.
    """
    if problem.constraints.resolution is None:
        return 0
    wanted = problem.strategy.max_evaluations // SHARE_OF_FRONT if problem.seeks_front else 1
    return max(1, wanted)
