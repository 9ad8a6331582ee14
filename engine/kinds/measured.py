"""Measured points of a problem as its result shows them. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_schemas.measured import MeasuredPoint, MeasuredValue
from engine.properties.measured import deviation_of
from engine.properties.table import PROPERTIES

if TYPE_CHECKING:
    from api_schemas.problem import Problem


def measured_points(problem: Problem) -> list[MeasuredPoint]:
    """Each with units, and with the deviation that counts where none was given."""
    return [
        MeasuredPoint(
            composition=one.composition,
            properties={
                name: MeasuredValue(
                    value=value, deviation=deviation_of(one, name), unit=PROPERTIES[name].unit
                )
                for name, value in one.properties.items()
            },
            source=one.source,
        )
        for one in problem.measured
    ]
