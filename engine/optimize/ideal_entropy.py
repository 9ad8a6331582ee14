"""The part of a mixing free energy that is known without a potential: the ideal entropy of mixing.

Its slope is infinite where an element is absent, so neither a quadratic nor a smooth surrogate follows it there. Models
of a mixing free energy describe the remainder, which is as smooth as other properties, and this part is added back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from api_schemas.elements import VACANCY
from engine.properties.energetic import BOLTZMANN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.optimize.objective import Point
    from engine.problems.resolved import ResolvedProblem

MIXING_FREE_ENERGY = "mixing_free_energy"
SMOOTH = 1e-4
"""Below this fraction models go on with the parabola that fits x ln x there: searches need finite slopes."""
_ABSENT = 1e-12


@dataclass(frozen=True, eq=False)
class IdealEntropy:
    """-T S = k_B T sum_c sites_c x_c ln x_c / N, N = fixed + sum_c atoms_c x_c, eV per atom present.

    Attributes:
        sites: Sites of each column's sublattice in the parent cell, [n_columns].
        atoms: The same, 0 for vacancies, [n_columns].
        fixed: Atoms of the parent cell in no sublattice.
        temperature: K.
    """

    sites: NDArray[np.float64]
    atoms: NDArray[np.float64]
    fixed: float
    temperature: float

    def __call__(self, x: Tensor) -> Tensor:
        """Values [...] at compositions [..., n_columns], differentiable."""
        heat = BOLTZMANN * self.temperature
        below = (x - SMOOTH).clamp_max(0.0)
        safe = x.clamp_min(SMOOTH)
        shares = safe * safe.log() + below * (np.log(SMOOTH) + 1.0 + 0.5 * below / SMOOTH)
        total = self.fixed + x @ torch.as_tensor(self.atoms, dtype=x.dtype)
        return heat * (shares @ torch.as_tensor(self.sites, dtype=x.dtype)) / total

    def value_and_gradient(
        self, x: NDArray[np.float64], smooth: float = SMOOTH
    ) -> tuple[float, NDArray[np.float64]]:
        """Value and raw gradient [n_columns] at a composition, by the parabola below the fraction ``smooth``."""
        heat = BOLTZMANN * self.temperature
        below = np.minimum(x - smooth, 0.0)
        safe = np.maximum(x, smooth)
        logs = np.log(safe)
        total = self.fixed + float(self.atoms @ x)
        shares = safe * logs + below * (np.log(smooth) + 1.0 + 0.5 * below / smooth)
        value = heat * float(self.sites @ shares) / total
        slope = logs + 1.0 + below / smooth
        return value, heat * self.sites * slope / total - value * self.atoms / total


def known_parts(resolved: ResolvedProblem) -> dict[str, IdealEntropy]:
    """By property, what is known of it as a function of the composition."""
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


def remainder(point: Point, known: Mapping[str, IdealEntropy]) -> Point:
    """A point whose property values and gradients lack the known parts; its loss stays."""
    values, gradients = dict(point.values), dict(point.gradients)
    for name in values.keys() & known.keys():
        value, gradient = known[name].value_and_gradient(point.x, _ABSENT)
        values[name] -= value
        if name in gradients:
            gradients[name] = gradients[name] - gradient
    return replace(point, values=values, gradients=gradients)
