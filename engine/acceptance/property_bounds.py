"""Bounds and targets of properties against the values that a property can have, and against each other."""

from __future__ import annotations

import math
from collections import defaultdict

from api_schemas.errors import FieldError, pointer
from api_schemas.problem import Problem
from engine.properties.table import MASS_FRACTION, PROPERTIES, RISK, PropertyRow

SHORTEST = 1.0
"""Å."""
SOFTEST = 0.1
"""GPa; of the bulk modulus of solid helium where it freezes."""


def impossible(row: PropertyRow, low: float, high: float) -> str | None:
    """Why no value of a property lies in ``[low, high]`` (its unit): what its values are; None where one may.

    Positive properties and angles do not reach the ends of their ranges, shares do.
    """
    if row.unit == "degree":
        return None if high > 0.0 and low < 180.0 else "angles lie between 0 and 180 degrees"
    if row.positive:
        return f"{row.name} is always positive" if high <= 0.0 else _other_unit(row, high)
    if row.name.startswith(MASS_FRACTION):
        return None if high >= 0.0 and low <= 1.0 else "a mass fraction lies between 0 and 1"
    if row.name == RISK:
        return None if high >= 0.0 else f"{row.name} is never negative"
    return None


def _other_unit(row: PropertyRow, high: float) -> str | None:
    """Why a positive value is too small to be in the unit of the property."""
    if row.unit == "Å" and high < SHORTEST:
        return f"no lattice constant is below {SHORTEST:g} Å; from nm multiply by 10"
    if row.unit == "GPa" and high < SOFTEST:
        return f"no crystal is softer than {SOFTEST:g} GPa; from eV/Å^3 multiply by 160.2"
    return None


def property_bound_faults(problem: Problem) -> list[FieldError]:
    """Bounds on properties that no value can obey, or that exclude each other; each at its ``min`` or ``max``."""
    found: list[FieldError] = []
    ranges: dict[str, list[tuple[int, float, float]]] = defaultdict(list)
    for number, asked in enumerate(problem.constraints.properties):
        row = PROPERTIES.get(asked.property)
        if row is None:
            continue
        low = -math.inf if asked.min is None else asked.min
        high = math.inf if asked.max is None else asked.max
        range_of_values = impossible(row, low, high)
        if range_of_values is None:
            ranges[row.name].append((number, low, high))
            continue
        field = "max" if impossible(row, -math.inf, high) else "min"
        text = (
            f"no composition obeys {_words(row, field, low, high)}: {range_of_values}; give another {field}, or remove "
            "the bound"
        )
        found.append(_fault(number, field, text))
    for name, bounds in ranges.items():
        below, low, _ = max(bounds, key=lambda bound: bound[1])
        above, _, high = min(bounds, key=lambda bound: bound[2])
        if low > high:
            row = PROPERTIES[name]
            least, most = _words(row, "min", low, high), _words(row, "max", low, high)
            mend = "lower the min or raise the max"
            found += [
                _fault(below, "min", f"no composition obeys {least} together with {most}; {mend}"),
                _fault(above, "max", f"no composition obeys {most} together with {least}; {mend}"),
            ]
    return found


def _words(row: PropertyRow, field: str, low: float, high: float) -> str:
    unit = "" if row.unit == "1" else f" {row.unit}"
    bound = f">= {low:.10g}" if field == "min" else f"<= {high:.10g}"
    return f"{row.name} {bound}{unit}"


def _fault(number: int, field: str, text: str) -> FieldError:
    where = pointer(("constraints", "properties", number, field))
    return FieldError(pointer=where, type="infeasible", message=text)
