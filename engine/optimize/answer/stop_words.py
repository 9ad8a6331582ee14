"""Why a search stopped, in words: targets met, missed or out of reach, constraints that nothing obeys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_schemas.results import Stopped
from engine.optimize.answer.active import active
from engine.optimize.objective import SLACK

if TYPE_CHECKING:
    from engine.composition.region import Region
    from engine.optimize.objective import Loss
    from engine.optimize.point import Point


def target_met(loss: Loss, evaluations: int) -> Stopped:
    """The words for a search that reached its targets."""
    parts = [
        f"{t.name} is within {t.tolerance:g}{_unit(t.unit)} of {t.target:.6g}{_unit(t.unit)}"
        for t in loss.terms
    ]
    plural = "" if evaluations == 1 else "s"
    return Stopped(
        reason="target_met", message=f"{' and '.join(parts)} after {evaluations} evaluation{plural}"
    )


def broken(loss: Loss, best: Point) -> str:
    """The words for property constraints that no composition tried obeys: how near the nearest comes."""
    parts = [
        f"{bound.words()} is not obeyed: {best.values[bound.name]:.6g}{_unit(bound.unit)} is the nearest"
        for bound in loss.thresholds
        if bound.beyond(best.values[bound.name]) > SLACK
    ]
    return f"{' and '.join(parts)}; relax the constraint or offer other elements"


def missed(loss: Loss, best: Point) -> str:
    """The words for the targets that a composition misses: its values, and by how much."""
    return " and ".join(
        f"{term.name} = {best.values[term.name]:.6g}{_unit(term.unit)} "
        f"({_off(best.values[term.name], term.target)} {term.target:.6g}{_unit(term.unit)})"
        for term in loss.terms
        if term.target is not None and not term.met(best.values[term.name])
    )


def unreachable(region: Region, loss: Loss, best: Point) -> Stopped:
    """The words for targets that no composition reaches: the nearest, and what holds it back."""
    parts = []
    for term in loss.terms:
        value = best.values[term.name]
        if term.target is not None and not term.met(value):
            parts.append(
                f"{term.name} comes no nearer to {term.target:.6g}{_unit(term.unit)} "
                f"than {value:.6g}{_unit(term.unit)} ({_off(value, term.target)})"
            )
    bounds = [one.words for one in active(region, loss, best) if not one.natural]
    held = (
        f"; {', '.join(bounds)}: widen these or offer other elements" if bounds else "; offer other elements"
    )
    return Stopped(reason="unreachable_target", message=" and ".join(parts) + held)


def _off(value: float, target: float) -> str:
    return f"{abs(value - target):.2g} {'above' if value > target else 'below'}"


def _unit(unit: str) -> str:
    return "" if unit == "1" else f" {unit}"
