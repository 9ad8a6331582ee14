"""What the schema of problems lets ask for but this version cannot compute yet: refused, never ignored."""

from __future__ import annotations

from api_schemas.errors import FieldError, pointer
from api_schemas.problem import Problem
from api_schemas.tiers import TIERS


def unavailable(problem: Problem) -> list[FieldError]:
    """Every field of the problem that asks for what is not built yet, each with what to do instead."""
    found: list[FieldError] = []
    if problem.potential.tier not in TIERS:
        instead = "use fluctuation, which is nearer to explicit supercells and costs less"
        found.append(not_available(("potential", "tier"), f"tier: {problem.potential.tier}", instead))
    return found


def not_available(where: tuple[str | int, ...], what: str, instead: str) -> FieldError:
    """The refusal of something that is promised and not built yet."""
    return FieldError(
        pointer=pointer(where),
        type="not-available-yet",
        message=f"{what} is not available yet in this version; {instead}",
    )
