"""What the surrogates of all properties say of one composition: mean, uncertainty and slope."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_schemas.maps import ExpectedProperty, SurrogatePoint
from api_schemas.per_percent import per_percent
from engine.composition.polytope import TOLERANCE
from engine.properties.table import PROPERTIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from api_schemas.base import Gradient
    from engine.composition.region import Region
    from engine.composition.space import CompositionSpace
    from engine.optimize.answer.surrogate_map import Learned


def surrogate_point(region: Region, learned: Mapping[str, Learned], x: NDArray[np.float64]) -> SurrogatePoint:
    """What surrogates expect at a composition.

    Args:
        region: What is allowed.
        learned: The surrogate of each property, in the order of the answer; one at least.
        x: The composition, [n_columns].
    """
    broken = list(_broken(region, x))
    return SurrogatePoint(
        at=region.space.to_composition(x),
        expected=[_expected(region.space, name, one, x) for name, one in learned.items()],
        feasible=not broken,
        broken=broken,
        evaluations=max(one.evaluations for one in learned.values()),
    )


def _expected(
    space: CompositionSpace, name: str, learned: Learned, x: NDArray[np.float64]
) -> ExpectedProperty:
    found = learned.expected(x[None])
    raw = learned.model.sloped_moments(x[None]).mean_slope[0]
    gradient = _gradient(space, raw)
    return ExpectedProperty(
        property=name,
        unit=PROPERTIES[name].unit,
        mean=float(found.mean[0]),
        deviation=float(found.deviation[0]),
        gradient=gradient,
        per_percent=per_percent(gradient, space.to_composition(x)),
        beyond=bool(found.beyond()[0]),
    )


def _gradient(space: CompositionSpace, raw: NDArray[np.float64]) -> Gradient:
    """The slope [n_columns] among the elements that bounds leave free: of the others nothing was learned."""
    found: Gradient = {}
    for name, elements, part in zip(space.names, space.elements, space.slices, strict=True):
        free = space.varies[part]
        if free.any():
            slopes = raw[part] - raw[part][free].mean()
            found[name] = {e: float(g) for e, g, varies in zip(elements, slopes, free, strict=True) if varies}
    return found


def _broken(region: Region, x: NDArray[np.float64]) -> Iterator[str]:
    """The bounds and the constraints that a composition [n_columns] breaks, in words."""
    space = region.space
    for column, value, low, high in zip(space.columns, x, space.lower, space.upper, strict=True):
        if not low - TOLERANCE <= value <= high + TOLERANCE:
            yield f"{column} = {value:.6g} is not from {low:g} to {high:g}"
    yield from (fault.message for fault in region.all_broken(x))
