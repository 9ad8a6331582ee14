"""The relaxed mean-field crystal in whose sites and cell explicit decorations are made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_schemas.evaluations import Suggestion
from engine.mechanics.relax import relax

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from api_schemas.descents import DescentTask
    from api_schemas.supercells import SupercellTask
    from engine.evaluation.evaluator import Evaluator
    from engine.mechanics.landscape import Landscape
    from engine.mechanics.relax import Relaxed
    from engine.references.store import Reference


def relaxed_mean(
    evaluator: Evaluator,
    task: SupercellTask | DescentTask,
    x: NDArray[np.float64],
    members: Sequence[Reference] = (),
) -> tuple[Landscape, Relaxed]:
    """The enthalpy of the mean-field crystal, and where it is least.

    Args:
        evaluator: Of the problem.
        task: What the crystal is for; its warm start is where the relaxation begins.
        x: The composition that the supercell holds, [n_columns].
        members: The relaxed end members, between which it begins without a warm start; without them at the parent.
    """
    resolved = evaluator.resolved
    suggestion = Suggestion(
        index=task.index,
        composition=resolved.space.to_composition(x),
        warm_start=task.warm_start,
        warm_start_composition=task.composition,
    )
    landscape = evaluator.solver.landscape(resolved.crystal, evaluator.pressure)
    start = evaluator.start(suggestion, x, members)
    (mean,) = relax(landscape, resolved.crystal.weights(x)[None], [start], evaluator.tolerance)
    return landscape, mean
