"""How far targets determine a composition: its covariance in the tangent space, and what they leave open.

To first order in the gradients at the answer (docs/science.md, Eq. 143 and 144).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import null_space

from api_schemas.composition_uncertainty import Determined, MemberUncertainty, UncertaintyShares
from engine.optimize.answer.active import active, loss_gradient, multipliers
from engine.optimize.answer.kept_targets import kept_ranges

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from api_schemas.composition_uncertainty import Bars
    from engine.composition.region import Region
    from engine.composition.space import CompositionSpace
    from engine.optimize.objective import Loss, Term
    from engine.optimize.point import Point

DIAMETER = np.sqrt(2.0)
"""From one pure element to another, in the tangent space: a target that changes by less than its tolerance over that
leaves a direction open."""
_PART_OF = 1e-6
"""A fraction that moves by less along an open direction of length 1 does not move."""


@dataclass(frozen=True, eq=False)
class Determination:
    """What targets say of a composition.

    Attributes:
        space: Names the columns.
        covariances: By share, [n_columns, n_columns]; what was not known of any target is None.
        open: Orthonormal directions in which every target is kept, [n_columns, n_open].
        degenerate: How many of these no goal decides.
        ranges: Least and largest of each fraction with the targets kept, [n_columns, 2]; None where nothing is open.
    """

    space: CompositionSpace
    covariances: Mapping[str, NDArray[np.float64] | None]
    open: NDArray[np.float64]
    degenerate: int
    ranges: NDArray[np.float64] | None

    @property
    def deviations(self) -> NDArray[np.float64]:
        """Standard deviation of each fraction, [n_columns]; NaN where the targets leave it open."""
        return self._deviations(sum(one for one in self.covariances.values() if one is not None))

    def document(self) -> Determined:
        """As a result holds it."""
        ranges = self.ranges
        return Determined(
            uncertainty_of_composition=self._named(self.deviations),
            uncertainty_shares=self._shares(),
            degenerate_directions=self.degenerate,
            feasible_ranges=None
            if ranges is None
            else {
                name: {e: row.tolist() for e, row in zip(elements, ranges[part], strict=True)}
                for name, elements, part in self.space
            },
        )

    def of_member(self) -> MemberUncertainty:
        """As a result holds it of a member of a front."""
        return MemberUncertainty(
            uncertainty_of_composition=self._named(self.deviations),
            uncertainty_shares=self._shares(),
        )

    def _shares(self) -> UncertaintyShares:
        return UncertaintyShares.model_validate(
            {
                name: None if one is None else self._named(self._deviations(one))
                for name, one in self.covariances.items()
            }
        )

    def _deviations(self, covariance: NDArray[np.float64] | float) -> NDArray[np.float64]:
        moves = np.linalg.norm(self.open, axis=1) > _PART_OF
        return np.where(moves, np.nan, np.sqrt(np.maximum(np.diag(np.asarray(covariance)), 0.0)))

    def _named(self, values: NDArray[np.float64]) -> Bars:
        return {
            name: {e: None if np.isnan(value) else value for e, value in fractions.items()}
            for name, fractions in self.space.to_composition(values).items()
        }


def determination(
    region: Region,
    loss: Loss,
    best: Point,
    tiers: Mapping[str, float | None],
    surrogates: Mapping[str, float] | None,
) -> Determination | None:
    """How far the targets determine a composition; None without targets, and where one of them has no gradient.

    Deviations of the targets' properties are taken as independent. Equalities, and constraints that hold the answer
    back, take their directions away; inequalities that are merely met leave theirs.

    Args:
        region: The feasible compositions.
        loss: Objectives; a target's tolerance counts as a standard deviation, as it does in the loss.
        best: The composition, with values and gradients.
        tiers: By property, the typical error of the tier, in its unit; None where it was not measured.
        surrogates: By property, the deviation of a surrogate there; None where that was not asked.
    """
    targets = [term for term in loss.terms if term.target is not None]
    if not targets or any(term.name not in best.gradients for term in targets):
        return None
    tolerances = np.array([term.tolerance for term in targets])
    parts = {
        "tolerance": tolerances,
        "tier": _deviations(targets, tiers),
        "surrogate": None if surrogates is None else _deviations(targets, surrogates),
    }
    slopes = np.array([best.gradients[term.name] for term in targets])
    covariances, unknown = spread(slopes, free_directions(region, loss, best), tolerances, parts)
    goals = len(targets) < len(loss.terms)
    return Determination(
        space=region.space,
        covariances=covariances,
        open=unknown,
        degenerate=0 if goals else unknown.shape[1],
        ranges=kept_ranges(region, loss, best) if unknown.shape[1] else None,
    )


def spread(
    slopes: NDArray[np.float64],
    directions: NDArray[np.float64],
    units: NDArray[np.float64],
    parts: Mapping[str, NDArray[np.float64] | None],
) -> tuple[dict[str, NDArray[np.float64] | None], NDArray[np.float64]]:
    """Covariances of the fractions from deviations of properties that determine them, and what these leave open.

    Args:
        slopes: Tangent-space gradients of the properties, [n_properties, n_columns].
        directions: Orthonormal directions in which the composition may move, [n_columns, d].
        units: Of each property, the change below which it tells nothing over the longest way, [n_properties].
        parts: By share, deviations of the properties, [n_properties], together positive; None where not known.

    Returns:
        By share, [n_columns, n_columns]; and orthonormal directions that stay open, [n_columns, n_open].
    """
    along = slopes @ directions
    _, strengths, turned = np.linalg.svd(along / units[:, None])
    rank = int(np.sum(strengths * DIAMETER > 1.0))
    told, unknown = directions @ turned[:rank].T, directions @ turned[rank:].T
    total = np.sqrt(sum(part**2 for part in parts.values() if part is not None))
    weighted = (along @ turned[:rank].T) / total[:, None]
    response = told @ np.linalg.pinv(weighted) / total
    covariances = {
        name: None if part is None else (response * part**2) @ response.T for name, part in parts.items()
    }
    return covariances, unknown


def free_directions(region: Region, loss: Loss, best: Point) -> NDArray[np.float64]:
    """Orthonormal directions in which the answer may move, [n_columns, d].

    Without those that equalities forbid, those of elements that cannot come in by a little, and, where a target is
    missed or a goal is sought, those of inequalities with a multiplier: these hold the answer where it is.
    """
    basis = region.space.tangent_basis
    found = active(region, loss, best)
    gradient = loss_gradient(loss, best)
    held = [0.0] * len(found)
    if gradient is not None and not loss.met(best.values):
        held = multipliers(found, gradient, basis)
    return without(
        basis, [one.normal for one, value in zip(found, held, strict=True) if one.two_sided or value > 0.0]
    )


def without(basis: NDArray[np.float64], held: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """What is left of orthonormal directions [n_columns, d] without those normals, [n_columns] each: [n_columns, k]."""
    normals = [normal @ basis for normal in held]
    normals = [normal / np.linalg.norm(normal) for normal in normals if np.linalg.norm(normal) > 0.0]
    return basis @ null_space(np.array(normals), rcond=1e-9) if normals else np.asarray(basis)


def _deviations(targets: list[Term], known: Mapping[str, float | None]) -> NDArray[np.float64] | None:
    """Of each target's property, 0 where it is not known; None where none is."""
    values = [known.get(term.name) for term in targets]
    if all(value is None for value in values):
        return None
    return np.array([value or 0.0 for value in values])
