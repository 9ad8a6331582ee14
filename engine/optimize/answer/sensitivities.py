"""How the objectives' properties answer to more of an element, at the best composition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_schemas.results import Sensitivity

if TYPE_CHECKING:
    from api_schemas.evaluations import Evaluation
    from engine.optimize.objective import Loss


def sensitivities(loss: Loss, best: Evaluation) -> list[Sensitivity]:
    """How each objective's property answers to one percent more of an element, the others giving way in proportion."""
    rows = []
    for name, unit in dict.fromkeys((term.name, term.unit) for term in loss.terms):
        value = best.properties.get(name)
        if value is None or value.per_percent is None:
            continue
        symbol = "" if unit == "1" else f" {unit}"
        rows += [
            Sensitivity(
                property=name,
                sublattice=sublattice,
                element=element,
                per_percent=change,
                unit=unit,
                text=f"1 % more {element} moves {name} by {change:+.3g}{symbol}",
            )
            for sublattice, changes in value.per_percent.items()
            for element, change in changes.items()
        ]
    return rows
