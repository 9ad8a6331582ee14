"""What kinds answer beyond evaluations, as values instead of JSON."""

from __future__ import annotations

from typing import TypeVar

from pydantic import ValidationError

from api_schemas.base import Output
from api_schemas.free_energies import FreeEnergyAnswer
from api_schemas.orderings import OrderAnswer
from api_schemas.results import Result
from orichalcum.exceptions import NotAnswered

A = TypeVar("A", bound=Output)


def orderings(result: Result) -> OrderAnswer:
    """The orderings of a result of kind order, with hull, disordered state and ordering probability.

    Args:
        result: Result of a job or of ``run --json``; of a cancelled job with what was found until then.

    Raises:
        NotAnswered: if the result is of a kind that answers no orderings, or of another version that wrote them
            otherwise.
    """
    return _read(result, OrderAnswer, "orderings", "order")


def free_energies(result: Result) -> FreeEnergyAnswer:
    """The free energies of a result of kind free_energy, eV/atom (of vacancies eV), with errors, parts and works.

    Args:
        result: Result of a job or of ``run --json``; of a cancelled job with what was found until then.

    Raises:
        NotAnswered: if the result is of a kind that answers no free energies, or of another version that wrote them
            otherwise.
    """
    return _read(result, FreeEnergyAnswer, "free_energies", "free_energy")


def _read(result: Result, model: type[A], part: str, kind: str) -> A:
    """The answer by its model, where it has the part that the kind answers."""
    name = part.replace("_", " ")
    if part not in result.answer:
        raise NotAnswered(f"this result of kind {result.kind} has no {name}; kind {kind} answers them")
    try:
        return model.model_validate(result.answer)
    except ValidationError as error:
        first = error.errors()[0]
        where = "/".join(str(place) for place in first["loc"])
        raise NotAnswered(
            f"the {name} of this result cannot be read: answer/{where}: {first['msg']}; was it made by another "
            "version of Orichalcum?"
        ) from None
