"""What a job that has ended answered, as compositions with which another one can go on."""

from __future__ import annotations

from api_schemas.base import Composition
from api_schemas.results import Result
from service.repositories import stored


def compositions(document: str) -> list[Composition]:
    """Those of a result's front, or of its best, or else of all that it evaluated, as far as they converged.

    Raises:
        StoredUnreadable: if another version stored it.
    """
    result = stored.read(Result, document, "the result of the job")
    found = result.front or ([result.best] if result.best is not None else result.evaluations)
    return [one.composition for one in found if one.converged]
