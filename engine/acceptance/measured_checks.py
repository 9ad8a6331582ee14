"""What can be wrong with measured points: compositions and properties that are not there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from api_schemas.errors import MOST_FAULTS, FieldError, ProblemInvalid, pointer
from engine.composition.notation import parse_composition
from engine.properties.table import PROPERTIES

if TYPE_CHECKING:
    from api_schemas.measured import Measured
    from engine.composition.space import CompositionSpace

_FIELD = "measured"


def measured_faults(space: CompositionSpace, measured: Sequence[Measured]) -> list[FieldError]:
    """Every fault; bounds and constraints are not looked at: what was measured beyond them teaches too."""
    found: list[FieldError] = []
    for place, one in enumerate(measured):
        if len(found) > MOST_FAULTS:
            break
        try:
            parse_composition(space, one.composition, (_FIELD, place, "composition"))
        except ProblemInvalid as fault:
            found += fault.errors
        for name in one.properties:
            if name not in PROPERTIES:
                text = f"there is no property {name[:60]!r}; GET /v1/properties lists them all"
                where = pointer((_FIELD, place, "properties", name))
                found.append(FieldError(pointer=where, type="unknown-property", message=text))
        for name, slopes in one.gradients.items():
            found += _slope_faults(space, place, name, slopes)
    return found


def _slope_faults(
    space: CompositionSpace, place: int, name: str, slopes: dict[str, dict[str, float]]
) -> list[FieldError]:
    """Derivatives of elements that are not there, and elements without a derivative."""
    given = {f"{sublattice}:{element}" for sublattice, of in slopes.items() for element in of}
    wrong = sorted(given.symmetric_difference(space.columns))
    if not wrong:
        return []
    known = ", ".join(space.columns)
    text = f"the derivatives of {name} are to be by {known}, each once; {wrong[0][:60]} is missing or none of them"
    return [
        FieldError(pointer=pointer((_FIELD, place, "gradients", name)), type="bad-composition", message=text)
    ]
