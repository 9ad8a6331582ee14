"""How far a property of a mixed crystal is expected to be from that of explicit supercells with the same potential."""

from __future__ import annotations

import math

from api_schemas.choices import PotentialChoice
from api_schemas.evaluations import Evaluation
from engine.tiers.registry import TIERS
from engine.tiers.tier import Seen

_WHOLE = 1.0 - 1e-9


def with_uncertainty(evaluation: Evaluation, choice: PotentialChoice) -> Evaluation:
    """The evaluation with the error bar of each property for which there is one.

    A crystal in which nothing is mixed is computed as it is: nothing is added to it. One that is unstable has no bar:
    supercells go elsewhere, and nobody has measured how far.
    """
    fractions = [max(parts.values(), default=1.0) for parts in evaluation.composition.values()]
    if all(fraction >= _WHOLE for fraction in fractions):
        return evaluation
    if evaluation.stable is False:
        return evaluation
    error = TIERS[choice.tier].error(choice.mixing).seen(seen(evaluation))
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


def seen(evaluation: Evaluation) -> Seen | None:
    """What an evaluation shows of its own error: the size mismatch of its elements, and its mixing energy.

    The mismatch is the root mean square over the elements, as they are mixed, of the derivative of ln(volume per atom)
    by their fractions, from the mean of each sublattice (docs/science.md, Eq. 147); where volumes follow Vegard, that
    of the volumes of the end members. None without a gradient of the volume.
    """
    volume = evaluation.properties.get("volume")
    if volume is None or volume.gradient is None:
        return None
    square = 0.0
    for sublattice, slopes in volume.gradient.items():
        shares = evaluation.composition.get(sublattice, {})
        parts = [(shares.get(element, 0.0), slope) for element, slope in slopes.items()]
        mean = sum(share * slope for share, slope in parts)
        square += sum(share * (slope - mean) ** 2 for share, slope in parts)
    mixing = evaluation.properties.get("mixing_energy")
    return Seen(math.sqrt(square) / abs(volume.value), None if mixing is None else mixing.value)
