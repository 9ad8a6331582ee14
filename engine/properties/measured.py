"""How sure a measured value of a property is where nobody said it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_schemas.units import unit_facts
from engine.properties.table import PROPERTIES

if TYPE_CHECKING:
    from api_schemas.measured import Measured


def deviation_of(one: Measured, name: str) -> float:
    """Standard deviation of a measured value, in the unit of the property: by default what counts as a unit of loss."""
    return one.deviation.get(name, unit_facts(PROPERTIES[name].unit).scale)
