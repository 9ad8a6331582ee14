"""Numbers, compositions, gradients and times in words; those that results hold, too, are worded with the schemas."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from api_schemas.evaluations import Evaluation, PropertyValue
from api_schemas.objectives import Objective
from api_schemas.words import change, composition, counted, number, quantity

__all__ = ["age", "change", "composition", "counted", "mev", "number", "objective_text", "objective_value"]
__all__ += ["quantity", "seconds", "sensitivities"]


def mev(energy: float | None, decimals: int = 1) -> str:
    """An energy in eV as people read it, in meV without the unit."""
    return "–" if energy is None else f"{round(1000.0 * energy, decimals) + 0.0:.{decimals}f}"


def sensitivities(evaluation: Evaluation, name: str) -> Iterator[str]:
    """Sentences such as ``1 % more Sc: +0.00467 Å`` for one property."""
    value = evaluation.properties[name]
    for changes in (value.per_percent or {}).values():
        for element, answer in changes.items():
            yield f"1 % more {element}: {change(answer, value.unit)}"


def objective_text(objective: Objective, target: float | None, unit: str) -> str:
    """What an objective asks for, in words."""
    if objective.goal is not None:
        return objective.goal
    if target is None and isinstance(objective.target, float | int):
        target = float(objective.target)
    shown = "that of another crystal" if target is None else quantity(target, unit)
    return shown if objective.tolerance is None else f"{shown} ± {objective.tolerance:g}"


def objective_value(evaluation: Evaluation, name: str) -> str:
    """``lattice_a 3.2144 Å``, or that it is missing."""
    found: PropertyValue | None = evaluation.properties.get(name)
    return f"{name} –" if found is None else f"{name} {quantity(found.value, found.unit)}"


def seconds(value: float) -> str:
    """A span of time: ``0.4 s``, ``12 s``, ``3 min 20 s``, ``2 h 5 min``."""
    if value < 10:
        return f"{value:.1f} s"
    whole = round(value)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"


def age(moment: datetime, now: datetime | None = None) -> str:
    """How long ago something was."""
    then = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return seconds(max(0.0, ((now or datetime.now(UTC)) - then).total_seconds()))
