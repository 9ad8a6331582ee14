"""What a computation cost."""

from __future__ import annotations

from pydantic import Field

from api_schemas.base import Output


class Cost(Output):
    """Potential calls (one = energy with first derivatives; a row of second derivatives counts two) and seconds."""

    potential_calls: int = Field(
        ge=0, description="Spent on this composition: one for each crystal, however large it is."
    )
    shared_calls: int = Field(
        ge=0, description="Spent on end members, references and same_as crystals, shared by all."
    )
    seconds: float = Field(ge=0.0, allow_inf_nan=False)
    supercell_calls: int = Field(
        0, ge=0, description="Of potential_calls, those for supercells; 0 where there are none."
    )
    primitive_equivalents: float = Field(
        0.0,
        ge=0.0,
        allow_inf_nan=False,
        description="What the calls for supercells would be as calls for the parent cell, by the number of sites.",
    )
