"""Evaluations corrected by what explicit supercells say of their neighbours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from statistics import fmean, variance
from typing import TYPE_CHECKING

import numpy as np

from engine.optimize.surrogates.difference import Difference, Observed
from engine.properties.table import COSTS, PROPERTIES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from api_schemas.evaluations import EvaluationRecord
    from api_schemas.supercells import SupercellRecord
    from engine.composition.space import CompositionSpace
    from engine.optimize.objective import Loss
    from engine.optimize.point import Point

SAME = 1e-9
"""Compositions that differ by less are the same."""

Typical = Callable[[str, float], float | None]
"""What the difference of a property, by name and value, typically is; None where nobody knows."""


@dataclass(frozen=True, eq=False)
class Explicit:
    """The supercells of an evaluation.

    Attributes:
        record: The evaluation.
        supercells: Those that converged and stayed on the parent lattice.
        x: The composition that they hold, [n_columns].
        reach: How far a composition may be from it to be held by them, by the fraction that differs most.
        after: Number of the last evaluation told when they were asked for.
    """

    record: EvaluationRecord
    supercells: Sequence[SupercellRecord]
    x: NDArray[np.float64]
    reach: float
    after: int


@dataclass(frozen=True, eq=False)
class Differences:
    """By how much supercells differ from alchemical crystals, property by property.

    Attributes:
        space: Composition space.
        explicit: Evaluations whose supercells are all there, by their number.
        typical: What differences typically are.
        told: How many supercells were told.
        reserved: Tasks of the budget that are kept for supercells.
    """

    space: CompositionSpace
    explicit: Mapping[int, Explicit]
    typical: Typical
    told: int = 0
    reserved: int = 0
    _models: dict[str, Difference] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        space: CompositionSpace,
        records: Sequence[EvaluationRecord],
        supercells: Sequence[SupercellRecord],
        each: int,
        typical: Typical,
    ) -> Differences:
        """What was told so far.

        Args:
            space: Composition space.
            records: Evaluations.
            supercells: Their supercells; those of an evaluation count once all of them are there.
            each: Supercells of an evaluation.
            typical: What differences typically are.
        """
        numbers = {record.index: record for record in records}
        made: dict[int, list[SupercellRecord]] = {}
        for one in sorted(supercells, key=lambda one: (one.evaluation, one.decoration)):
            if one.evaluation in numbers:
                made.setdefault(one.evaluation, []).append(one)
        explicit = {
            number: Explicit(
                numbers[number],
                [one for one in own if one.converged and not one.left_parent],
                space.to_vector(own[0].composition),
                0.5 / max(1, min(own[0].sites.values(), default=1)),
                max(number if one.after is None else one.after for one in own),
            )
            for number, own in made.items()
            if len(own) >= each
        }
        return cls(space, explicit, typical, len(supercells), each)

    def lost(self, x: NDArray[np.float64]) -> bool:
        """Whether at a composition [n_columns] no supercell converged on the parent lattice: there is no such crystal.

        Supercells of their size hold no other composition nearer to it.
        """
        return any(
            not one.supercells and np.abs(one.x - x).max(initial=0.0) <= one.reach + SAME
            for one in self.explicit.values()
        )

    def holds(self, x: NDArray[np.float64]) -> bool:
        """Whether supercells of exactly that composition [n_columns] were computed."""
        return any(np.abs(one.x - x).max(initial=0.0) <= SAME for one in self.explicit.values())

    def of_property(self, name: str, value: float) -> Difference:
        """The difference of a property whose alchemical value is about so much."""
        if name not in self._models:
            self._models[name] = Difference(self._observed(name, value), self.space.slices)
        return self._models[name]

    def corrected(self, point: Point, loss: Loss) -> Point:
        """A point whose properties and gradients hold the difference; of a crystal that there is not without values."""
        if self.lost(point.x):
            return replace(point, values={}, gradients={}, loss=np.inf, violation=np.inf)
        if not point.values or not self.explicit:
            return point
        values, gradients = dict(point.values), dict(point.gradients)
        for name in self.properties & values.keys():
            model = self.of_property(name, values[name])
            values[name] += float(model.mean_and_deviation(point.x[None])[0][0])
            if name in gradients:
                gradients[name] = gradients[name] + self.space.project_gradient(model.slope(point.x))
        return replace(
            point,
            values=values,
            gradients=gradients,
            loss=loss(values) if loss.terms else point.loss,
            violation=loss.violation(values),
        )

    @cached_property
    def properties(self) -> frozenset[str]:
        """Names of what every usable supercell and its evaluation have; what follows from the composition is exact."""
        kept = [one for one in self.explicit.values() if one.supercells]
        if not kept:
            return frozenset()
        sets = [set(cell.properties) for one in kept for cell in one.supercells]
        sets += [set(one.record.properties) for one in kept]
        return frozenset(name for name in set.intersection(*sets) if PROPERTIES[name].family != COSTS)

    def deviation(self, name: str, value: float, x: NDArray[np.float64]) -> float:
        """Standard deviation of the difference of a property, alchemically about so much, at x [n_columns]."""
        return float(self.of_property(name, value).mean_and_deviation(x[None])[1][0])

    def _observed(self, name: str, value: float) -> Observed:
        kept = [one for one in self.explicit.values() if one.supercells and name in self.properties]
        places, values, counts = [], [], []
        squares, freedoms = 0.0, 0
        for one in kept:
            own = [cell.properties[name] for cell in one.supercells]
            found = one.record.properties[name]
            step = one.x - self.space.to_vector(one.record.composition)
            if found.gradient is None and np.abs(step).max(initial=0.0) > SAME:
                continue
            slope = np.zeros(len(step)) if found.gradient is None else self.space.to_vector(found.gradient)
            places.append(one.x)
            values.append(fmean(own) - found.value - float(slope @ step))
            counts.append(float(len(own)))
            if len(own) > 1:
                squares, freedoms = squares + (len(own) - 1) * variance(own), freedoms + len(own) - 1
        return Observed(
            x=np.array(places).reshape(-1, self.space.n_columns),
            values=np.array(values),
            variance=squares / freedoms if freedoms else None,
            decorations=np.array(counts),
            typical=self.typical(name, value),
        )
