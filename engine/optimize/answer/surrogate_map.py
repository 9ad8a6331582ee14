"""What a surrogate has learned of a property: its mean and uncertainty over a slice of the composition space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import nnls

from api_schemas.maps import SurrogateMap
from engine.composition.slices import INCUMBENT, Slice, map_fault
from engine.mechanics.threads import fitting_threads
from engine.optimize.answer.left_out import left_out
from engine.optimize.objective import Loss, point_of
from engine.optimize.phases import with_phases
from engine.optimize.point import Point
from engine.optimize.surrogates.known_parts import known_parts
from engine.optimize.surrogates.measured import measured_at
from engine.optimize.surrogates.phases import PhaseMixture, band
from engine.optimize.surrogates.surrogate import surrogates
from engine.properties.table import PROPERTIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from api_schemas.base import Composition
    from api_schemas.evaluations import EvaluationRecord, MemberState
    from api_schemas.maps import LeftOut
    from engine.composition.space import CompositionSpace
    from engine.optimize.differences import Differences
    from engine.optimize.surrogates.phases import Surrogate
    from engine.problem.resolved import ResolvedProblem

END_MEMBER = "end member"
"""Origin of points that are none of the evaluations."""
SURE_OF_A_PHASE = 0.95
"""Probability of a phase from which a composition is said to be of it."""
OUTSIDE, EVALUATED = 1e-4, 1e-9
"""A composition this far from the hull of others lies outside; one this near to another is the same."""


def surrogate_map(
    resolved: ResolvedProblem,
    best: Composition | None,
    surrogate: Learned,
    property_name: str,
    wanted: Slice,
) -> SurrogateMap:
    """The surrogate over a line, triangle or tetrahedron of compositions.

    Where there is no best evaluation yet (or the answer is a front) the slice goes through the centre.

    Args:
        resolved: The problem.
        best: The best composition, through which a slice goes; None where there is none.
        surrogate: Of the property.
        property_name: The property.
        wanted: As `engine.acceptance.maps.asked_slice` gives it.

    Raises:
        ProblemInvalid: at ``/over``.
    """
    space = resolved.space
    middle = middle_of(resolved, best, wanted)
    compositions = wanted.points(space, middle)
    found = surrogate.expected(compositions)
    return SurrogateMap(
        property=property_name,
        unit=PROPERTIES[property_name].unit,
        over=list(wanted.columns),
        at=space.to_composition(middle),
        compositions=[space.to_composition(x) for x in compositions],
        mean=found.mean.tolist(),
        deviation=found.deviation.tolist(),
        feasible=[resolved.region.contains(x) for x in compositions],
        beyond=found.beyond().tolist(),
        evaluations=found.learned,
        left_out=surrogate.left_out(),
    )


def middle_of(resolved: ResolvedProblem, best: Composition | None, wanted: Slice) -> NDArray[np.float64]:
    """The composition through which a slice goes, [n_columns]; with no best evaluation the centre is the incumbent."""
    given = wanted.given(resolved.space)
    if given is not None:
        return resolved.space.to_vector(given)
    if best is not None and wanted.at == INCUMBENT:
        return resolved.space.to_vector(best)
    return resolved.region.center()


@dataclass(frozen=True, eq=False)
class Learned:
    """The surrogate of a property.

    Attributes:
        model: The surrogate.
        evaluations: From how many it has learned.
    """

    model: Surrogate
    evaluations: int

    def expected(self, compositions: NDArray[np.float64]) -> Expected:
        """What it says of compositions [n, n_columns]."""
        with fitting_threads(0):  # the matrices of a surrogate are small
            mean, deviation = band(self.model, compositions)
        return Expected(compositions, mean, deviation, self.evaluations, self.model)

    def left_out(self) -> list[LeftOut]:
        """Every evaluation predicted from all others."""
        with fitting_threads(0):
            return left_out(self.model)


@dataclass(frozen=True, eq=False)
class Expected:
    """What a surrogate says of compositions.

    Attributes:
        compositions: Compositions, [n, n_columns].
        mean: Of the property, [n].
        deviation: Its standard deviation, with which two to each side hold every evaluation that is left out, [n].
        learned: From how many evaluations.
        model: The surrogate.
    """

    compositions: NDArray[np.float64]
    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]
    learned: int
    model: Surrogate

    def beyond(self) -> NDArray[np.bool_]:
        """Where the property is not known: outside of the hull of what was learned, or between phases, [n]."""
        own = self.model.observations
        known = own.x[~own.measured]
        away = np.array([distance_from_hull(known, x) for x in self.compositions])
        between = np.zeros(len(away), dtype=bool)
        if isinstance(self.model, PhaseMixture):
            between = self.model.membership.at(self.compositions).max(axis=1) < SURE_OF_A_PHASE
        return np.asarray((away > OUTSIDE) | between)


def distance_from_hull(points: NDArray[np.float64], x: NDArray[np.float64]) -> float:
    """The distance of a composition [n_columns] from the convex hull of others [n, n_columns], by least squares."""
    weight = 100.0  # of the condition that shares add up to 1
    matrix = np.vstack([points.T, np.full(len(points), weight)])
    return float(nnls(matrix, np.append(x, weight))[1])


def learned(
    resolved: ResolvedProblem,
    records: Sequence[EvaluationRecord],
    property_name: str,
    members: Sequence[MemberState] = (),
    differences: Differences | None = None,
) -> Learned:
    """The surrogate of a property.

    It learns from every evaluation told, and from end members that were relaxed beside them, whatever the strategy; the
    same records give the same surrogate.

    Args:
        resolved: The problem.
        records: Evaluations, at least one of them converged.
        property_name: Any property that the evaluations hold.
        members: Relaxed end members.
        differences: What explicit supercells say, by which evaluations are corrected.

    Raises:
        ProblemInvalid: at ``/property``, if no evaluation that converged holds the property.
    """
    space = resolved.space
    watched = Loss((), (), (property_name,))
    points = [
        point_of(record, space.to_vector(record.composition), space.columns, watched) for record in records
    ]
    if differences is not None:
        points = [differences.corrected(point, watched) for point in points]
    points = with_phases(records, points, space)
    known = [point for point in points if point.values]
    if not known:
        raise map_fault("/property", f"no evaluation has converged yet, so none tells {property_name[:60]}")
    points += member_points(space, members, [property_name], points)
    parts = known_parts(resolved)
    measured = measured_at(space, resolved.problem.measured)
    with fitting_threads(0):  # the matrices of a surrogate are small
        model = surrogates(space, [property_name], points, {}, parts, measured)[property_name]
    return Learned(model, len(known))


def member_points(
    space: CompositionSpace, members: Sequence[MemberState], names: Sequence[str], beside: Sequence[Point]
) -> list[Point]:
    """End members as surrogates learn from them: values alone, of those that were not evaluated themselves.

    Args:
        space: Composition space.
        members: Relaxed end members.
        names: Names of the properties, all of which a member has to hold.
        beside: The points of evaluations.
    """
    found = []
    for member in members:
        x = space.to_vector(member.composition)
        evaluated = any(point.values and np.abs(point.x - x).max() <= EVALUATED for point in beside)
        if evaluated or not all(name in member.properties for name in names):
            continue
        found.append(
            Point(
                index=-1,
                origin=END_MEMBER,
                x=x,
                values={name: member.properties[name] for name in names},
                gradients={},
                loss=np.inf,
                violation=np.inf,
                outside=True,
                phase=member.phase,
            )
        )
    return found
