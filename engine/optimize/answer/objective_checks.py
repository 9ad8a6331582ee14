"""How far an evaluation meets each objective, beside what is known of its error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_schemas.messages import ObjectiveCheck

if TYPE_CHECKING:
    from api_schemas.evaluations import Evaluation
    from engine.optimize.objective import Loss


def objective_checks(loss: Loss, best: Evaluation) -> list[ObjectiveCheck]:
    """One an objective, in their order; of an evaluation with the errors that are predicted of its tier."""
    return [
        ObjectiveCheck(
            property=term.name,
            unit=term.unit,
            goal=None if term.target is not None else "maximize" if term.sign < 0.0 else "minimize",
            target=term.target,
            tolerance=None if term.target is None else term.tolerance,
            value=best.properties[term.name].value,
            met=None if term.target is None else term.met(best.properties[term.name].value),
            uncertainty=best.properties[term.name].uncertainty,
        )
        for term in loss.terms
    ]
