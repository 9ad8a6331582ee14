"""By how much what was measured lies above what the potential gives, as surrogates of both learn it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from api_schemas.measured import MeasuredOffset
from engine.mechanics.threads import fitting_threads
from engine.optimize.objective import Loss, point_of
from engine.optimize.phases import with_phases
from engine.optimize.surrogates.known_parts import known_parts
from engine.optimize.surrogates.measured import measured_at
from engine.optimize.surrogates.surrogate import surrogates
from engine.properties.table import PROPERTIES

if TYPE_CHECKING:
    from api_schemas.evaluations import EvaluationRecord
    from engine.problem.resolved import ResolvedProblem


def measured_offsets(resolved: ResolvedProblem, records: Sequence[EvaluationRecord]) -> list[MeasuredOffset]:
    """One for each property that was measured and is in an evaluation that converged (docs/science.md, Eq. 60)."""
    measured, space = measured_at(resolved.space, resolved.problem.measured), resolved.space
    names = dict.fromkeys(name for one in measured for name in one.point.values)
    found = []
    for name in names:
        watched = Loss((), (), (name,))
        points = [point_of(one, space.to_vector(one.composition), space.columns, watched) for one in records]
        points = with_phases(records, points, space)
        if not any(point.values for point in points):
            continue
        with fitting_threads(0):  # the matrices of a surrogate are small
            model = surrogates(space, [name], points, {}, known_parts(resolved), measured)[name]
        value, deviation = model.offset()
        count = sum(name in one.point.values for one in measured)
        unit = PROPERTIES[name].unit
        found.append(MeasuredOffset(property=name, value=value, deviation=deviation, unit=unit, points=count))
    return found


def offset_words(offset: MeasuredOffset) -> str:
    """An offset as a sentence."""
    side = "above" if offset.value >= 0.0 else "below"
    unit = "" if offset.unit == "1" else f" {offset.unit}"
    plural = "" if offset.points == 1 else "s"
    return (
        f"measured {offset.property} lies {abs(offset.value):.3g} \u00b1 {offset.deviation:.2g}{unit} {side} the "
        f"potential's ({offset.points} point{plural}): surrogates learn from it less that offset"
    )
