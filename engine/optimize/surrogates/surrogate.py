"""The surrogates of a search: one Gaussian process per property, refitted at evaluation counts fixed in advance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from engine.optimize.point import best_of
from engine.optimize.surrogates.gaussian_process import GaussianProcess, Hyperparameters, Observations
from engine.optimize.surrogates.hyperparameters import default_hyperparameters, fit, standardisation
from engine.optimize.surrogates.known_parts import remainder
from engine.optimize.surrogates.measured import MEASURED
from engine.optimize.surrogates.phases import Membership, PhaseMixture

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.composition.space import CompositionSpace
    from engine.optimize.known_part import KnownPart
    from engine.optimize.point import Point
    from engine.optimize.surrogates.measured import MeasuredAt
    from engine.optimize.surrogates.phases import Surrogate

FEWEST_TO_FIT = 2
"""Compositions with values that hyperparameters are fitted to; before, they are guessed."""
FEWEST_TO_CHECK = 4
"""Compositions with gradients that leave-one-out needs to judge them."""
INCONSISTENT = 2.0
"""Gradients are set aside where they make the leave-one-out error more than so many times that of values alone,
and the surrogate with them did not say so by its deviations."""
_GROWTH = 1.25
_OFF = 1e-6
"""A fraction this far from where the bounds fix it is another."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """Hyperparameters of a property and whether its gradients are to be believed."""

    hyperparameters: Hyperparameters
    gradients: bool


FitCache = dict[tuple[int, str], Fitted]
"""Fits by evaluation count and property: a memory of what `surrogates` would compute again."""


def refit_count(evaluations: int) -> int:
    """The largest evaluation count at which hyperparameters are fitted: 1, 2, ... 8, 10, 12, 15, 18, 22, ..."""
    count = 1
    while (following := max(count + 1, int(_GROWTH * count))) <= evaluations:
        count = following
    return min(count, evaluations)


def surrogates(
    space: CompositionSpace,
    names: Sequence[str],
    points: Sequence[Point],
    cache: FitCache,
    known: Mapping[str, KnownPart],
    measured: Sequence[MeasuredAt] = (),
) -> dict[str, Surrogate]:
    """The posterior of each property, from all points; hyperparameters from those of the last refit count.

    Where the points are of several phases, each phase has a posterior of its own.

    Args:
        space: Composition space, for its tangent basis.
        names: Names of the properties.
        points: Points by index; those without values are left out.
        cache: Fits already made; what is missing is added.
        known: Parts of properties that need no learning.
        measured: What was measured beside the evaluations.
    """
    best = best_of(points).x
    basis = modelled_directions(space, [*points, *(one.point for one in measured)])
    phases = sorted({point.phase or "" for point in points if point.values})
    points = [remainder(point, known) for point in points]
    measured = [replace(one, point=remainder(one.point, known)) for one in measured]
    usable = [point for point in points if point.values]
    count = refit_count(len(points))

    def posterior(
        name: str, points: Sequence[Point], beside: Sequence[MeasuredAt], key: str
    ) -> GaussianProcess:
        everything = observations(name, points, beside).trimmed(best)
        if len(phases) > 1 and len(everything.values) < FEWEST_TO_FIT:  # how it varies, the other phases tell
            own = default_hyperparameters(everything, basis)
            scale = standardisation(observations(name, usable))[1]
            return GaussianProcess(everything, replace(own, spread=scale), known.get(name))
        if (count, key) not in cache:
            early = observations(name, [one for one in points if id(one) in first], beside)
            if len(phases) > 1 and early.measured.all():  # a phase that was found later
                return GaussianProcess(
                    everything, default_hyperparameters(everything, basis), known.get(name)
                )
            cache[count, key] = _fitted(early if len(early.values) else everything, basis)
        fitted = cache[count, key]
        used = everything if fitted.gradients else everything.without_gradients()
        return GaussianProcess(used, fitted.hyperparameters, known.get(name))

    first = {id(point) for point in points[:count]}
    if len(phases) == 1:
        return {name: posterior(name, points, measured, name) for name in names}
    membership = Membership(
        np.array([point.x for point in usable]),
        np.array([phases.index(point.phase or "") for point in usable]),
        len(phases),
        basis,
    )
    places = membership.at(np.array([one.point.x for one in measured])).argmax(axis=1) if measured else ()

    def part(name: str, number: int) -> GaussianProcess:
        own = [point for point in usable if (point.phase or "") == phases[number]]
        beside = [one for one, place in zip(measured, places, strict=True) if place == number]
        return posterior(name, own, beside, f"{name} in {phases[number]}" if phases[number] else name)

    return {name: PhaseMixture([part(name, k) for k in range(len(phases))], membership) for name in names}


def modelled_directions(space: CompositionSpace, points: Sequence[Point]) -> NDArray[np.float64]:
    """Orthonormal directions in which compositions differ, [n_columns, d].

    Those that the bounds leave free, unless a point was told that lies off what they fix.
    """
    fixed = ~space.varies
    if fixed.all() or not fixed.any():
        return space.tangent_basis
    level = space.tight_bounds[0][fixed]
    within = all(np.abs(point.x[fixed] - level).max() <= _OFF for point in points)
    return space.free_basis if within else space.tangent_basis


def observations(name: str, points: Sequence[Point], measured: Sequence[MeasuredAt] = ()) -> Observations:
    """What points, and what was measured, know of a property: those with gradients first."""
    everything = [
        *((point, 0.0) for point in points),
        *((m.point, m.deviations.get(name, 0.0)) for m in measured),
    ]
    known = [(point, noise) for point, noise in everything if name in point.values]
    full = [one for one in known if name in one[0].gradients]
    ordered = [*full, *(one for one in known if name not in one[0].gradients)]
    n_columns = len(everything[0][0].x) if everything else 0
    return Observations(
        np.array([point.x for point, _ in ordered]).reshape(-1, n_columns),
        np.array([point.values[name] for point, _ in ordered]),
        np.array([point.gradients[name] for point, _ in full]).reshape(-1, n_columns),
        np.array([noise for _, noise in ordered]),
        np.array([point.origin == MEASURED for point, _ in ordered], dtype=bool),
        np.array([point.index for point, _ in ordered], dtype=np.int64),
    )


def _fitted(known: Observations, basis: NDArray[np.float64]) -> Fitted:
    """Hyperparameters from values and gradients; from values alone where leave-one-out says that gradients mislead."""
    if len(known.values) < FEWEST_TO_FIT:
        return Fitted(default_hyperparameters(known, basis), gradients=True)
    known = known.trimmed(known.x[int(np.argmin(known.values))])
    with_gradients = fit(known, basis)
    if len(known.gradients) < FEWEST_TO_CHECK:
        return Fitted(with_gradients, gradients=True)
    bare = known.without_gradients()
    alone = fit(bare, basis)
    together, apart = (
        GaussianProcess(known, with_gradients).leave_one_out(),
        GaussianProcess(bare, alone).leave_one_out(),
    )
    noise = 1e-3 * with_gradients.spread
    worse = _typical(together[0]) > INCONSISTENT * _typical(apart[0]) + noise
    if worse and _surprise(*together) > _surprise(*apart):
        return Fitted(alone, gradients=False)
    return Fitted(with_gradients, gradients=True)


def _typical(errors: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(errors**2)))


def _surprise(errors: NDArray[np.float64], deviations: NDArray[np.float64]) -> float:
    """Mean negative logarithm of the density that was predicted where the values are, up to a constant."""
    return float(np.mean(0.5 * (errors / deviations) ** 2 + np.log(deviations)))
