"""Sublattices of a problem: sites that share one composition, and compositions as users write them."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    field_validator,
)
from pydantic.config import JsonDict

from api_schemas.base import (
    Fraction,
    Identifier,
    Model,
    SiteIndex,
    counted_first,
    refusal,
)
from api_schemas.elements import ElementOrVacancy

Site = Annotated[
    Annotated[SiteIndex, Tag("<index>")]
    | Annotated[str, Field(min_length=1, max_length=20), Tag("<element>")],
    Discriminator(lambda value: "<element>" if isinstance(value, str) else "<index>"),
]


MOST_ELEMENTS = 20
"""Elements of a sublattice."""
_SHOWN = 60


def _in_order(bounds: list[float]) -> list[float]:
    low, high = bounds
    if low > high:
        raise refusal("bad-bounds", f"lower bound {low:g} exceeds upper bound {high:g}; swap them")
    return bounds


def _two_numbers(value: object) -> object:
    if isinstance(value, int | float | str):
        text = "these are the least and the largest fraction, such as [0, 0.5]; a composition stands in at"
        raise refusal("bad-bounds", text)
    return value


Bounds = Annotated[
    list[Fraction],
    Field(min_length=2, max_length=2),
    BeforeValidator(_two_numbers),
    AfterValidator(_in_order),
]
"""Least and largest fraction of an element."""


def _list_or_mapping(schema: JsonDict) -> None:
    """Let the published schema accept the list of symbols that a validator turns into a mapping."""
    mapping = dict(schema)
    described: JsonDict = {key: mapping.pop(key) for key in ("title", "description") if key in mapping}
    symbols: JsonDict = {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 20}
    schema.clear()
    schema.update(described)
    schema["anyOf"] = [mapping, symbols]


class Sublattice(Model):
    """Sites of the parent that share one composition, and the elements they may hold."""

    name: Identifier = Field(description="Name used in compositions, e.g. cation.")
    sites: list[Site] = Field(
        min_length=1,
        max_length=1000,
        description="Element symbols of the parent, or 0-based site indices in input order.",
    )
    elements: Annotated[dict[ElementOrVacancy, Bounds], counted_first(MOST_ELEMENTS)] = Field(
        min_length=1,
        max_length=MOST_ELEMENTS,
        description="Allowed elements with the bounds of their fractions; a list of symbols means [0, 1] each.",
        json_schema_extra=_list_or_mapping,
    )

    @field_validator("elements", mode="before")
    @classmethod
    def _list_means_unit_bounds(cls, value: object) -> object:
        if isinstance(value, str):
            words = ", ".join(re.findall(r"[A-Za-z]+", value[:_SHOWN])) or "Al, Sc"
            raise refusal("invalid-value", f"this should be a list of symbols: write [{words}]")
        if isinstance(value, list):
            if len(value) > MOST_ELEMENTS:
                raise refusal(
                    "invalid-value", f"this has {len(value)} entries; it should have at most {MOST_ELEMENTS}"
                )
            for place, symbol in enumerate(value):
                if not isinstance(symbol, str):
                    raise refusal(
                        "invalid-value",
                        f"/{place}: this should be the symbol of an element, such as Al; an empty site is Vac",
                    )
            duplicates = sorted({symbol for symbol in value if value.count(symbol) > 1})
            if duplicates:
                raise refusal(
                    "duplicate-element", f"{', '.join(duplicates)} named twice; name each element once"
                )
            return {symbol: [0.0, 1.0] for symbol in value}
        return value

    @field_validator("elements")
    @classmethod
    def _bounds_make_sense(cls, value: dict[str, list[float]]) -> dict[str, list[float]]:
        low_sum = sum(low for low, _ in value.values())
        high_sum = sum(high for _, high in value.values())
        if low_sum > 1 + 1e-9:
            raise refusal(
                "bad-bounds", f"the lower bounds add up to {low_sum:g}, more than 1; lower some of them"
            )
        if high_sum < 1 - 1e-9:
            raise refusal(
                "bad-bounds", f"the upper bounds add up to {high_sum:g}, less than 1; raise some of them"
            )
        return value


def _by_element(value: object) -> object:
    if isinstance(value, str | list | int | float):
        raise refusal("invalid-value", "this should be a mapping of fractions: write {Al: 0.8, Sc: 0.2}")
    return value


CompositionInput = Annotated[
    dict[
        Annotated[str, Field(max_length=64)],
        Annotated[
            dict[Annotated[str, Field(max_length=20)], Fraction],
            Field(max_length=20),
            BeforeValidator(_by_element),
        ],
    ],
    Field(max_length=20),
]
"""A composition as users write it: sublattice -> element -> fraction."""
