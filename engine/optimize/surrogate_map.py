"""A surrogate's mean and uncertainty of a property over a slice of the composition space, for plots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from api_schemas.base import Composition
from api_schemas.errors import FieldError, ProblemInvalid
from engine.composition.notation import parse_composition
from engine.composition.simplex import lattice_points
from engine.optimize.objective import Loss, point_of
from engine.optimize.surrogate import surrogates

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.composition.space import CompositionSpace
    from engine.optimize.campaign import Campaign

POINTS_PER_EDGE = {2: 101, 3: 41, 4: 15}
"""Of the slice, by how many elements vary."""
NOTHING = 1e-9


@dataclass(frozen=True)
class SurrogateMap:
    """Prediction of a property over a slice.

    Attributes:
        property: Its name.
        over: ``sublattice:element`` of the elements that vary; they share what they have at ``at``.
        at: The composition through which the slice goes.
        compositions: Of the slice; those rich in the first element come first.
        mean: Posterior mean at each, in the property's unit.
        deviation: Posterior standard deviation at each, in the property's unit.
        feasible: Whether each obeys the constraints of the composition.
        evaluations: How many evaluations the surrogate has learned from.
    """

    property: str
    over: list[str]
    at: Composition
    compositions: list[Composition]
    mean: list[float]
    deviation: list[float]
    feasible: list[bool]
    evaluations: int


def surrogate_map(
    campaign: Campaign, property_name: str, over: str, at: Composition | None = None
) -> SurrogateMap:
    """The surrogate over a line, triangle or tetrahedron of compositions.

    It learns from every evaluation told, whatever the strategy; the same records give the same map.

    Args:
        campaign: With at least one converged evaluation told.
        property_name: Any property that the evaluations hold.
        over: ``sublattice:element,element[,...]``, two to four elements, e.g. ``cation:Al,Sc``.
        at: The composition through which the slice goes; by default the best one, else the centre.

    Raises:
        ProblemInvalid: at ``/property``, ``/over`` or ``/at``.
    """
    space = campaign.space
    columns = _columns(space, over)
    best = campaign.best
    if at is not None:
        middle = parse_composition(space, at, ("at",))
    else:
        middle = campaign.region.center() if best is None else space.to_vector(best.composition)
    total = float(middle[columns].sum())
    if total <= NOTHING:
        text = f"none of {over} is present in the composition of the slice; choose elements that are, or another at"
        raise _fault("/over", text)
    points = [
        point_of(record, space.to_vector(record.composition), space.columns, loss)
        for loss in [Loss((), (), (property_name,))]
        for record in campaign.records
    ]
    known = [point for point in points if point.values]
    if not known:
        text = f"no evaluation holds {property_name[:60]!r} yet; name it in the problem's properties, or wait"
        raise _fault("/property", text)
    model = surrogates(space, [property_name], points, {})[property_name]
    slice_points = _slice(middle, columns, total)
    mean, deviation = model.mean_and_deviation(slice_points)
    return SurrogateMap(
        property=property_name,
        over=[space.columns[column] for column in columns],
        at=space.to_composition(middle),
        compositions=[space.to_composition(x) for x in slice_points],
        mean=mean.tolist(),
        deviation=deviation.tolist(),
        feasible=[campaign.region.contains(x) for x in slice_points],
        evaluations=len(known),
    )


def _fault(where: str, message: str) -> ProblemInvalid:
    return ProblemInvalid([FieldError(pointer=where, type="bad-map", message=message)])


def _columns(space: CompositionSpace, over: str) -> list[int]:
    name, _, rest = over.partition(":")
    elements = [element.strip() for element in rest.split(",") if element.strip()]
    wanted = [f"{name.strip()}:{element}" for element in elements]
    if len(set(wanted)) != len(wanted) or len(wanted) not in POINTS_PER_EDGE:
        raise _fault("/over", f"{over[:100]!r} should name two to four elements once each, as cation:Al,Sc")
    unknown = [column for column in wanted if column not in space.columns]
    if unknown:
        raise _fault("/over", f"there is no {unknown[0][:60]!r}; there are {', '.join(space.columns)}")
    return [space.columns.index(column) for column in wanted]


def _slice(middle: NDArray[np.float64], columns: Sequence[int], total: float) -> NDArray[np.float64]:
    """Compositions that share ``total`` among the columns in equal steps and are as ``middle`` elsewhere."""
    k = len(columns)
    steps = POINTS_PER_EDGE[k] - 1
    shares = np.array(list(lattice_points(np.zeros(k), np.ones(k), steps)), dtype=float) / steps
    found = np.repeat(middle[None], len(shares), axis=0)
    found[:, columns] = total * shares
    return found
