"""What kinds answer beyond evaluations, as values instead of JSON."""

from __future__ import annotations

from pydantic import ValidationError

from api_schemas.orderings import OrderAnswer
from api_schemas.results import Result
from orichalcum.exceptions import NotAnswered


def orderings(result: Result) -> OrderAnswer:
    """The orderings of a result of kind order, with hull, disordered state and ordering probability.

    Args:
        result: Result of a job or of ``run --json``; of a cancelled job with what was found until then.

    Raises:
        NotAnswered: if the result is of a kind that answers no orderings, or of another version that wrote them
            otherwise.
    """
    if "orderings" not in result.answer:
        raise NotAnswered(f"this result of kind {result.kind} has no orderings; kind order answers them")
    try:
        return OrderAnswer.model_validate(result.answer)
    except ValidationError as error:
        first = error.errors()[0]
        where = "/".join(str(part) for part in first["loc"])
        raise NotAnswered(
            f"the orderings of this result cannot be read: answer/{where}: {first['msg']}; was it made by another "
            "version of Orichalcum?"
        ) from None
