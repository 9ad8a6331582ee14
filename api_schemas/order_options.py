"""Options of kind order: which decorations are enumerated, searched for, drawn at random, and relaxed."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self, cast

from pydantic import (
    Field,
    GetJsonSchemaHandler,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)
from pydantic_core import CoreSchema

from api_schemas.base import Model, refusal

MOST_ENUMERATED_SITES = 16
"""Mixed sites up to which cells of every shape are enumerated."""
MOST_CELL_SITES = 4096
"""Mixed sites of a named supercell."""
MOST_SEARCHED_SITES = 256
"""Mixed sites of a supercell that is searched, or decorated at random."""
MOST_RELAXED = 10_000
"""Orderings of a composition that are relaxed."""
LEFT_OUT = ("enumerate", "search", "random", "probability")
"""Options of which null says that nothing is asked for."""
PROMISED = ("transition", "ordering_vector", "short_range_order")
"""Fields that will come: they are refused as not available yet."""

CellIndex = Annotated[int, Field(strict=True, ge=-64, le=64)]
Row = Annotated[list[CellIndex], Field(min_length=3, max_length=3)]
Cell = Annotated[list[Row], Field(min_length=3, max_length=3)]
"""An integer matrix whose rows are the vectors of a supercell in units of the parent's."""


def determinant(cell: list[list[int]]) -> int:
    """Number of parent cells in a supercell, with the sign of its handedness."""
    (a, b, c), (d, e, f), (g, h, i) = cell
    return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)


class Cells(Model):
    """Which supercells: those with up to so many mixed sites, or one that is named."""

    sites: Annotated[int, Field(strict=True, ge=1, le=MOST_ENUMERATED_SITES)] | None = Field(
        None, description="Mixed sites in all, over all sublattices."
    )
    cell: Cell | None = Field(
        None,
        description="One supercell: integer rows, its vectors in units of those of the structure as given.",
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.sites is None) == (self.cell is None):
            raise refusal(
                "bad-cells", "give either sites (a number of mixed sites) or cell (a 3 by 3 matrix)"
            )
        if self.cell is not None and determinant(self.cell) == 0:
            raise refusal("bad-cells", "/cell: the three rows lie in a plane; give rows that span a volume")
        return self


class Enumerate(Cells):
    """Every inequivalent decoration: of cells with up to so many mixed sites, or of one supercell."""


class Probability(Cells):
    """The supercell of the ordering probability: about so many mixed sites, or one that is named."""


class OrderSearch(Model):
    """Descent on the weights of every site of a larger cell, and guided swaps."""

    sites: Annotated[int, Field(strict=True, ge=2, le=MOST_SEARCHED_SITES)] = Field(
        32, description="Mixed sites of the cell, about."
    )
    seeds: Annotated[int, Field(strict=True, ge=1, le=100)] = Field(4, description="How many descents.")


class RandomCells(Model):
    """Explicit random decorations, relaxed: the disordered state."""

    sites: Annotated[int, Field(strict=True, ge=2, le=MOST_SEARCHED_SITES)] = Field(
        32, description="Mixed sites of each, about."
    )
    cells: Annotated[int, Field(strict=True, ge=2, le=100)] = Field(4, description="How many.")


Relaxed = Annotated[int, Field(strict=True, ge=1, le=MOST_RELAXED)] | Literal["all"]


class OrderOptions(Model):
    """What kind order looks at."""

    enumerate: Enumerate | None = Field(
        Enumerate(sites=8), description="Decorations of small cells, all of them; null for none."
    )
    search: OrderSearch | None = Field(
        OrderSearch(), description="A search in a larger cell, at the compositions of `at`; null for none."
    )
    random: RandomCells | None = Field(
        RandomCells(), description="The disordered state, at the compositions of `at`; null for none."
    )
    relax: Relaxed = Field(
        10,
        description="How many of the lowest orderings of each composition are relaxed; all for small cells.",
    )
    probability: Probability | None = Field(
        Probability(sites=8),
        description="The ordering probability at conditions.temperature, at the compositions of `at`; null for none.",
    )

    @model_validator(mode="before")
    @classmethod
    def _not_yet(cls, value: Any) -> Any:
        if isinstance(value, dict):
            for name in PROMISED:
                if name in value:
                    raise refusal(
                        "not-available-yet",
                        f"/{name}: {name} is not available yet in this version; remove it",
                    )
        return value

    @model_serializer(mode="wrap")
    def _with_what_is_left_out(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Null asks for nothing, also where nulls are left out; what was not given is left out and stays the default.

        So that a problem without compositions, which takes no search, is the same when it is read again.
        """
        whole = handler(self)
        document = {name: value for name, value in whole.items() if name not in LEFT_OUT}
        for name in LEFT_OUT:
            if name in self.model_fields_set:
                document[name] = whole.get(name)
        return document

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """What is written has the form of what is read."""
        return handler(cast("CoreSchema", {k: v for k, v in core_schema.items() if k != "serialization"}))

    @field_validator("relax", mode="before")
    @classmethod
    def _number_or_all(cls, value: object) -> object:
        counts = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST_RELAXED
        if not counts and value != "all":
            raise refusal(
                "bad-choice", f"give a number of orderings from 1 to {MOST_RELAXED}, e.g. 10, or all"
            )
        return value
