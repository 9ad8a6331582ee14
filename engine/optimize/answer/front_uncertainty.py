"""How sure the compositions of a front are: each as if the values that it has were what is sought.

An error of the tier in an objective moves the composition that has these values, to first order by the gradients at the
member, as it moves the answer to targets (docs/science.md, Eq. 143).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import nnls

from engine.optimize.answer.active import active
from engine.optimize.answer.determination import Determination, spread, without

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.composition.region import Region
    from engine.optimize.objective import Loss, Term
    from engine.optimize.point import Point

_HOLDS = 1e-3
"""Part of the objectives' slopes from which a constraint holds a member back."""
_SUM = 1e3
"""Weight of the equation by which the objectives' weights add up to 1."""


def member_determination(
    region: Region, loss: Loss, member: Point, tiers: Mapping[str, float | None]
) -> Determination | None:
    """How sure a member of a front is; None where no error of an objective is known, or one has no gradient.

    Args:
        region: The feasible compositions.
        loss: The objectives.
        member: The composition, with values and gradients.
        tiers: By property, the typical error of the tier, in its unit; None where it was not measured.
    """
    if any(term.name not in member.gradients for term in loss.terms):
        return None
    errors = np.array([tiers.get(term.name) or 0.0 for term in loss.terms])
    tolerances = np.array([0.0 if term.target is None else term.tolerance for term in loss.terms])
    known = np.hypot(errors, tolerances) > 0.0
    if not known.any():
        return None
    slopes = np.array([member.gradients[term.name] for term in loss.terms])[known]
    errors, tolerances = errors[known], tolerances[known]
    parts = {"tolerance": tolerances, "tier": errors if errors.any() else None, "surrogate": None}
    free = _free_directions(region, loss, member)
    covariances, unknown = spread(slopes, free, np.hypot(errors, tolerances), parts)
    return Determination(region.space, covariances, unknown, degenerate=0, ranges=None)


def _free_directions(region: Region, loss: Loss, member: Point) -> NDArray[np.float64]:
    """Orthonormal directions in which the member may move, [n_columns, d].

    Without those of equalities and of constraints that hold it back: those with a multiplier for the weights of the
    objectives, not negative, by which it comes nearest to the best of all.
    """
    basis = region.space.tangent_basis
    found = active(region, loss, member)
    downhill = [-_unit(basis.T @ _uphill(term, member)) for term in loss.terms]
    normals = [_unit(basis.T @ one.normal) for one in found]
    either = [-normal for one, normal in zip(found, normals, strict=True) if one.two_sided]
    columns = np.array([*downhill, *(-normal for normal in normals), *either]).T
    sums = np.array([_SUM] * len(downhill) + [0.0] * (len(found) + len(either)))
    weights = nnls(np.vstack([columns, sums]), np.append(np.zeros(len(columns)), _SUM), maxiter=1000)[0]
    held = weights[len(downhill) : len(downhill) + len(found)] > _HOLDS
    return without(
        basis, [one.normal for one, holds in zip(found, held, strict=True) if holds or one.two_sided]
    )


def _uphill(term: Term, member: Point) -> NDArray[np.float64]:
    """Gradient of an objective's loss, [n_columns]."""
    return term.slope(member.values[term.name]) * member.gradients[term.name]


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    length = float(np.linalg.norm(vector))
    return vector / length if length > 0.0 else vector
