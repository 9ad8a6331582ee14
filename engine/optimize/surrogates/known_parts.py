"""Parts of properties that are known without a potential: models describe the rest, and add them back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from api_schemas.symbols import VACANCY
from engine.optimize.known_part import SMOOTH, KnownPart
from engine.optimize.surrogates.ideal_entropy import ABSENT, MIXING_FREE_ENERGY, IdealEntropy
from engine.properties.costs import element_values, is_cost
from engine.properties.table import wanted_properties

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.optimize.point import Point
    from engine.problem.resolved import ResolvedProblem


@dataclass(frozen=True, eq=False)
class MassMean:
    """A mean over the mass, (a0 + a x) / (m0 + m x): the whole of a price, a mass fraction or a supply risk.

    It is docs/science.md, Eq. 45.

    Attributes:
        amount: Constant a0, then coefficients a, [1 + n_columns].
        mass: Constant m0, then coefficients m, [1 + n_columns], u.
    """

    amount: NDArray[np.float64]
    mass: NDArray[np.float64]
    steep: bool = False
    whole: bool = True

    def value_and_gradient(
        self, x: NDArray[np.float64], smooth: float = SMOOTH
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Values [...] and raw gradients at compositions [..., n_columns]; it is smooth everywhere."""
        del smooth
        mass = self.mass[0] + x @ self.mass[1:]
        value = (self.amount[0] + x @ self.amount[1:]) / mass
        return value, (self.amount[1:] - value[..., None] * self.mass[1:]) / mass[..., None]


def known_parts(resolved: ResolvedProblem) -> dict[str, KnownPart]:
    """By property, what is known of it as a function of the composition."""
    return {**_entropy(resolved), **_costs(resolved)}


def _entropy(resolved: ResolvedProblem) -> dict[str, KnownPart]:
    crystal, space = resolved.crystal, resolved.space
    temperature = resolved.problem.conditions.temperature
    if temperature == 0.0:
        return {}
    owners = crystal.site_sublattice.tolist()
    sites = [float(owners.count(i)) for i, elements in enumerate(space.elements) for _ in elements]
    present = [element != VACANCY for elements in space.elements for element in elements]
    return {
        MIXING_FREE_ENERGY: IdealEntropy(
            np.array(sites), np.array(sites) * np.array(present), float(owners.count(-1)), temperature
        )
    }


def _costs(resolved: ResolvedProblem) -> dict[str, KnownPart]:
    crystal, problem = resolved.crystal, resolved.problem

    def of_columns(of_copies: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.concatenate([[of_copies @ crystal.weights_offset], of_copies @ crystal.weights_matrix])

    mass = of_columns(crystal.masses)
    return {
        name: MassMean(of_columns(crystal.masses * element_values(name, crystal, problem.conditions)), mass)
        for name in wanted_properties(problem)
        if is_cost(name)
    }


def remainder(point: Point, known: Mapping[str, KnownPart]) -> Point:
    """A point whose property values and gradients lack the known parts; its loss stays."""
    values, gradients = dict(point.values), dict(point.gradients)
    for name in values.keys() & known.keys():
        value, gradient = known[name].value_and_gradient(point.x, ABSENT)
        whole = known[name].whole  # what is left then is rounding, which would only mislead a model
        values[name] = 0.0 if whole else values[name] - float(value)
        if name in gradients:
            gradients[name] = np.zeros(len(point.x)) if whole else gradients[name] - gradient
    return replace(point, values=values, gradients=gradients)
