"""What a computation cost."""

from __future__ import annotations

from pydantic import Field

from api_schemas.base import Output


class Cost(Output):
    """Potential calls (one = energy with first derivatives; a row of second derivatives counts two) and seconds."""

    potential_calls: int = Field(description="Spent on this composition.")
    shared_calls: int = Field(
        description="Spent on end members, references and same_as crystals, shared by all."
    )
    seconds: float
