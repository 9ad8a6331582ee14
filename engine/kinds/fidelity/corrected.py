"""Evaluations corrected by the difference that supercells teach: for the search, and as they are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from api_schemas.per_percent import per_percent
from engine.optimize.differences import Differences
from engine.tiers.registry import TIERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from api_schemas.evaluations import Evaluation, EvaluationRecord
    from api_schemas.supercells import SupercellRecord
    from engine.problem.resolved import ResolvedProblem


SAME = 1e-9
"""Differences that are smaller, relative to what differs, are none."""


def differences(
    resolved: ResolvedProblem, records: Sequence[EvaluationRecord], supercells: Sequence[SupercellRecord]
) -> Differences | None:
    """What supercells say of the evaluations of a problem that seeks their properties; None of any other."""
    verify, choice = resolved.problem.supercells, resolved.problem.potential
    if verify is None or not resolved.problem.corrected:
        return None
    typical = TIERS[choice.tier].error(choice.mixing).of
    return Differences.of(resolved.space, records, supercells, verify.supercells, typical)


def corrected(found: Differences, evaluation: Evaluation) -> Evaluation:
    """An evaluation as it is shown: values and gradients with the difference, its deviation as their uncertainty.

    What the alchemical crystal alone has is kept beside each value.
    """
    if not evaluation.converged or not found.explicit:
        return evaluation
    space, x = found.space, found.space.to_vector(evaluation.composition)
    properties = dict(evaluation.properties)
    for name in sorted(found.properties & properties.keys()):
        own = properties[name]
        model = found.of_property(name, own.value)
        if float(np.abs(model.observed.values).max(initial=0.0)) <= SAME * max(1.0, abs(own.value)):
            continue  # symmetry fixes it
        mean, deviation = model.mean_and_deviation(x[None])
        changed: dict[str, object] = {
            "value": own.value + float(mean[0]),
            "alchemical": own.value,
            "uncertainty": float(deviation[0]),
        }
        if own.gradient is not None:
            slope = space.to_vector(own.gradient) + space.project_gradient(model.slope(x))
            gradient = space.to_composition(slope)
            changed |= {"gradient": gradient, "per_percent": per_percent(gradient, evaluation.composition)}
        properties[name] = own.model_copy(update=changed)
    return evaluation.model_copy(update={"properties": properties})
