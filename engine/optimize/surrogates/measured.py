"""Measured points as surrogates learn from them: with their own noise, and one offset from the potential."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.composition.notation import parse_composition
from engine.optimize.point import Point
from engine.properties.measured import deviation_of

if TYPE_CHECKING:
    from api_schemas.measured import Measured
    from engine.composition.space import CompositionSpace

MEASURED = "measured"
"""Origin of such points."""


@dataclass(frozen=True, eq=False)
class MeasuredAt:
    """What was measured at one composition.

    Attributes:
        point: Composition, values and tangent-space gradients.
        deviations: Standard deviation of each value, and of each derivative per unit fraction.
    """

    point: Point
    deviations: Mapping[str, float]


def measured_at(space: CompositionSpace, measured: Sequence[Measured]) -> tuple[MeasuredAt, ...]:
    """The measured points of a problem that was accepted."""
    return tuple(_of(space, one) for one in measured)


def _of(space: CompositionSpace, one: Measured) -> MeasuredAt:
    pairs = [column.split(":", 1) for column in space.columns]
    gradients = {
        name: space.project_gradient(np.array([slopes[sublattice][element] for sublattice, element in pairs]))
        for name, slopes in one.gradients.items()
    }
    point = Point(
        index=-1,
        origin=MEASURED,
        x=parse_composition(space, one.composition),
        values=dict(one.properties),
        gradients=gradients,
        loss=np.inf,
        violation=np.inf,
        outside=True,
    )
    return MeasuredAt(point, {name: deviation_of(one, name) for name in one.properties})
