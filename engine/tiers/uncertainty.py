"""How far a property of a mixed crystal typically is from that of explicit supercells with the same potential."""

from __future__ import annotations

from api_schemas.choices import PotentialChoice
from api_schemas.evaluations import Evaluation
from engine.tiers.registry import TIERS

_WHOLE = 1.0 - 1e-9


def with_uncertainty(evaluation: Evaluation, choice: PotentialChoice) -> Evaluation:
    """The evaluation with the typical error of each property for which there is one.

    A crystal in which nothing is mixed is computed as it is: nothing is added to it.
    """
    fractions = [max(parts.values(), default=1.0) for parts in evaluation.composition.values()]
    if all(fraction >= _WHOLE for fraction in fractions):
        return evaluation
    error = TIERS[choice.tier].error(choice.mixing)
    return evaluation.model_copy(
        update={
            "properties": {
                name: value
                if value.uncertainty is not None
                else value.model_copy(update={"uncertainty": error.of(name, value.value)})
                for name, value in evaluation.properties.items()
            }
        }
    )
