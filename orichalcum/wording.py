"""Numbers, compositions, gradients and times in words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from api_schemas.base import Composition
from api_schemas.evaluations import Evaluation, PropertyValue
from api_schemas.objectives import Objective
from api_schemas.units import unit_facts


def number(value: float, unit: str) -> str:
    """A value with as many digits as its unit deserves."""
    decimals = unit_facts(unit).decimals
    # Adding zero turns the -0.0 of a rounded tiny number into 0.0.
    return f"{round(value, decimals) + 0.0:.{decimals}f}"


def quantity(value: float, unit: str) -> str:
    """A value with its unit; a pure number has none."""
    return number(value, unit) if unit == "1" else f"{number(value, unit)} {unit}"


def mev(energy: float | None, decimals: int = 1) -> str:
    """An energy in eV as people read it, in meV without the unit."""
    return "–" if energy is None else f"{round(1000.0 * energy, decimals) + 0.0:.{decimals}f}"


def change(value: float, unit: str) -> str:
    """A signed change with three significant digits and its unit."""
    text = "±0" if abs(value) < 1e-12 else f"{value:+.3g}"
    return text if unit in {"", "1"} else f"{text} {unit}"


def composition(value: Composition, *, digits: int = 4) -> str:
    """A composition on one line: ``cation: Al 0.8170 Sc 0.1830``."""
    if not value:
        return "as given (no sublattices)"
    parts = (
        f"{name}: " + " ".join(f"{element} {fraction:.{digits}f}" for element, fraction in fractions.items())
        for name, fractions in value.items()
    )
    return "; ".join(parts)


def sensitivities(evaluation: Evaluation, name: str) -> Iterator[str]:
    """Sentences such as ``1 % more Sc: +0.00467 Å`` for one property."""
    value = evaluation.properties[name]
    for changes in (value.per_percent or {}).values():
        for element, answer in changes.items():
            yield f"1 % more {element}: {change(answer, value.unit)}"


def corrections(evaluation: Evaluation) -> Iterator[str]:
    """Of each property that explicit supercells corrected: how surely, and what it is alchemically."""
    for name, value in evaluation.properties.items():
        if value.alchemical is not None:
            sure = "" if value.uncertainty is None else f" ± {value.uncertainty:.2g}"
            unit = "" if value.unit == "1" else f" {value.unit}"
            yield (
                f"{name} is corrected by supercells: {number(value.value, value.unit)}{sure}{unit}, "
                f"{quantity(value.alchemical, value.unit)} alchemically"
            )


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


def counted(number_of: int, what: str) -> str:
    """``1 evaluation``, ``2 evaluations``."""
    return f"{number_of} {what}" if number_of == 1 else f"{number_of} {what}s"


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
