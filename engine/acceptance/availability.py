"""What the schema of problems lets ask for but this version cannot compute yet: refused, never ignored."""

from __future__ import annotations

from api_schemas.errors import FieldError, pointer
from api_schemas.problem import Problem

_KINDS = frozenset({"order", "free_energy"})
_SUMMING = frozenset({"gradient", "hybrid"})


def unavailable(problem: Problem) -> list[FieldError]:
    """Every field of the problem that asks for what is not built yet, each with what to do instead."""
    found: list[FieldError] = []

    def refuse(where: tuple[str | int, ...], what: str, instead: str) -> None:
        found.append(not_available(where, what, instead))

    if problem.kind in _KINDS:
        refuse(("kind",), f"kind {problem.kind}", "use optimize, scan or evaluate")
    if problem.potential.tier == "single_site":
        refuse(("potential", "tier"), "tier: single_site", "use mean_field")
    if problem.verify is not None:
        refuse(("verify",), "verification by explicit supercells", "remove verify")
    if len(problem.objectives) > 1 and all(objective.weight is None for objective in problem.objectives):
        if problem.kind != "optimize":
            what = f"a Pareto front with kind {problem.kind}"
            refuse(("objectives",), what, "give every objective a weight, or use kind optimize")
        if problem.strategy.name in _SUMMING:
            what = f"a Pareto front by strategy {problem.strategy.name}"
            refuse(
                ("strategy", "name"),
                what,
                "use auto, bayesian, random or grid, or give every objective a weight",
            )
    return found


def not_available(where: tuple[str | int, ...], what: str, instead: str) -> FieldError:
    """The refusal of something that is promised and not built yet."""
    return FieldError(
        pointer=pointer(where),
        type="not-available-yet",
        message=f"{what} is not available yet in this version; {instead}",
    )
