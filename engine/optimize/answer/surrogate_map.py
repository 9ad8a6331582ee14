"""A surrogate's mean and uncertainty of a property over a slice of the composition space, for plots."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_schemas.maps import SurrogateMap
from engine.composition.slices import INCUMBENT, Slice, map_fault
from engine.mechanics.threads import fitting_threads
from engine.optimize.objective import Loss, point_of
from engine.optimize.surrogates.known_parts import known_parts
from engine.optimize.surrogates.measured import measured_at
from engine.optimize.surrogates.surrogate import surrogates
from engine.properties.table import PROPERTIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from api_schemas.base import Composition
    from api_schemas.evaluations import EvaluationRecord
    from engine.optimize.differences import Differences
    from engine.problem.resolved import ResolvedProblem


def surrogate_map(
    resolved: ResolvedProblem,
    records: Sequence[EvaluationRecord],
    best: Composition | None,
    property_name: str,
    wanted: Slice,
    differences: Differences | None = None,
) -> SurrogateMap:
    """The surrogate over a line, triangle or tetrahedron of compositions.

    It learns from every evaluation told, whatever the strategy; the same records give the same map. Where there is
    no best evaluation yet (or the answer is a front) the slice goes through the centre.

    Args:
        resolved: The problem.
        records: Evaluations, at least one of them converged.
        best: The best composition, through which a slice goes; None where there is none.
        property_name: Any property that the evaluations hold.
        wanted: As `engine.acceptance.maps.asked_slice` gives it.
        differences: What explicit supercells say, by which evaluations are corrected.

    Raises:
        ProblemInvalid: at ``/property`` or ``/over``.
    """
    space = resolved.space
    given = wanted.given(space)
    if given is not None:
        middle = space.to_vector(given)
    elif best is not None and wanted.at == INCUMBENT:
        middle = space.to_vector(best)
    else:
        middle = resolved.region.center()
    compositions = wanted.points(space, middle)
    mean, deviation, learned = expected(resolved, records, property_name, compositions, differences)
    return SurrogateMap(
        property=property_name,
        unit=PROPERTIES[property_name].unit,
        over=list(wanted.columns),
        at=space.to_composition(middle),
        compositions=[space.to_composition(x) for x in compositions],
        mean=mean.tolist(),
        deviation=deviation.tolist(),
        feasible=[resolved.region.contains(x) for x in compositions],
        evaluations=learned,
    )


def expected(
    resolved: ResolvedProblem,
    records: Sequence[EvaluationRecord],
    property_name: str,
    compositions: NDArray[np.float64],
    differences: Differences | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """Mean [n] and standard deviation [n] of a property at compositions [n, n_columns], by a surrogate of all records.

    Returns:
        Them, and how many evaluations the surrogate has learned from.

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
    known = [point for point in points if point.values]
    if not known:
        raise map_fault("/property", f"no evaluation has converged yet, so none tells {property_name[:60]}")
    parts = known_parts(resolved)
    measured = measured_at(space, resolved.problem.measured)
    with fitting_threads(0):  # the matrices of a surrogate are small
        model = surrogates(space, [property_name], points, {}, parts, measured)[property_name]
        mean, deviation = model.mean_and_deviation(compositions)
    return mean, deviation, len(known)
