"""Objectives as one weighted loss with gradients: targets within tolerances, and goals (docs/science.md, Eq. 52)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from api_schemas.units import unit_facts
from engine.optimize.point import Point
from engine.properties.table import PROPERTIES

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from api_schemas.constraints import PropertyConstraint
    from api_schemas.evaluations import EvaluationRecord
    from api_schemas.problem import Problem
    from engine.optimize.known_part import KnownPart
    from engine.optimize.surrogates.measured import MeasuredAt

Values = TypeVar("Values", float, "NDArray[np.float64]", "Tensor")
"""Values of a property: one or many."""
Columns = TypeVar("Columns", "NDArray[np.float64]", "Tensor")
"""Values of several properties in the last dimension."""
SLACK = 1e-3
"""A property constraint may be broken by so many of the scales of its unit: what relaxations can tell."""


@dataclass(frozen=True)
class Term:
    """One objective, with its target as a number.

    The loss is ``weight ((P - target)/tolerance)^2`` with a target, else ``weight sign P / scale``.
    """

    name: str
    unit: str
    weight: float
    target: float | None
    tolerance: float
    sign: float
    scale: float

    def loss(self, value: Values) -> Values:
        """Loss at property values."""
        if self.target is None:
            return self.weight * self.sign * value / self.scale
        return self.weight * ((value - self.target) / self.tolerance) ** 2

    def slope(self, value: float) -> float:
        """Derivative of the loss with respect to the property."""
        if self.target is None:
            return self.weight * self.sign / self.scale
        return 2.0 * self.weight * (value - self.target) / self.tolerance**2

    def met(self, value: float, share: float = 1.0) -> bool:
        """Whether a target is reached within a share of its tolerance; a goal is never met."""
        return self.target is not None and abs(value - self.target) <= share * self.tolerance


@dataclass(frozen=True)
class Threshold:
    """A bound on a property: ``low <= P <= high``.

    Attributes:
        name: Of the property.
        unit: Its unit.
        low: -inf where there is none.
        high: inf where there is none.
        scale: What counts as one unit of violation.
    """

    name: str
    unit: str
    low: float
    high: float
    scale: float

    def beyond(self, value: float) -> float:
        """How far a value is on the wrong side, in scales; negative inside."""
        return max(self.low - value, value - self.high) / self.scale

    def words(self) -> str:
        """The bound as text."""
        left = "" if np.isinf(self.low) else f"{self.low:g} <= "
        right = "" if np.isinf(self.high) else f" <= {self.high:g}"
        return f"{left}{self.name}{right}" + ("" if self.unit == "1" else f" {self.unit}")


@dataclass(frozen=True)
class Loss:
    """The weighted sum of the objectives' losses, and the bounds on properties."""

    terms: tuple[Term, ...]
    thresholds: tuple[Threshold, ...] = ()
    watched: tuple[str, ...] = ()
    """Properties that are looked at without being objectives."""
    known: Mapping[str, KnownPart] = field(default_factory=dict)
    """By property, a part of it that is known without a potential: models describe the rest."""
    measured: Sequence[MeasuredAt] = ()
    """What was measured of properties beside the evaluations."""

    @property
    def properties(self) -> tuple[str, ...]:
        """Every property that matters, each once."""
        return tuple(
            dict.fromkeys(
                [*(t.name for t in self.terms), *(bound.name for bound in self.thresholds), *self.watched]
            )
        )

    def violation(self, values: Mapping[str, float]) -> float:
        """How far the property constraints are broken, in scales; 0 within `SLACK`."""
        beyond = (bound.beyond(values[bound.name]) for bound in self.thresholds)
        return float(sum(amount for amount in beyond if amount > SLACK))

    def __call__(self, values: Mapping[str, float]) -> float:
        """Loss at property values by name."""
        return float(sum(term.loss(values[term.name]) for term in self.terms))

    def of_columns(self, values: Columns) -> Columns:
        """Losses [...] of property values [..., n_properties] in the order of `properties`."""
        total = 0.0 * values[..., 0]
        for term in self.terms:
            total = total + term.loss(values[..., self.place(term.name)])
        return total

    def each(self, values: Columns) -> Columns:
        """The loss of every objective [..., n_terms] at property values as of `of_columns`."""
        found = values[..., [self.place(term.name) for term in self.terms]]
        for number, term in enumerate(self.terms):
            found[..., number] = term.loss(found[..., number])
        return found

    def violation_of_columns(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far the property constraints are broken [...] at property values as of `of_columns`."""
        total = np.zeros(values.shape[:-1])
        for bound in self.thresholds:
            own = values[..., self.place(bound.name)]
            beyond = np.maximum(bound.low - own, own - bound.high) / bound.scale
            total += np.where(beyond > SLACK, beyond, 0.0)
        return total

    def place(self, name: str) -> int:
        """The number of a property among `properties`."""
        return self.properties.index(name)

    def met(self, values: Mapping[str, float], share: float = 1.0) -> bool:
        """Whether every target is reached within a share of its tolerance under every constraint; False with a goal."""
        reached = bool(self.terms) and all(term.met(values[term.name], share) for term in self.terms)
        return reached and self.violation(values) == 0.0

    def parts(self) -> tuple[Loss, Loss]:
        """The losses of the targets alone and of the goals alone."""
        targets = tuple(term for term in self.terms if term.target is not None)
        goals = tuple(term for term in self.terms if term.target is None)
        return Loss(targets, known=self.known), Loss(goals, known=self.known)

    @property
    def only_targets(self) -> bool:
        """Whether every objective is a target."""
        return all(term.target is not None for term in self.terms)


def build_loss(
    problem: Problem, targets: Sequence[float | None], known: Mapping[str, KnownPart] | None = None
) -> Loss:
    """The loss of a problem whose same_as targets are resolved; of some properties a part may be known."""
    terms = []
    for objective, target in zip(problem.objectives, targets, strict=True):
        unit = PROPERTIES[objective.property].unit
        terms.append(
            Term(
                name=objective.property,
                unit=unit,
                weight=objective.weight or 1.0,
                target=target,
                tolerance=objective.tolerance or 1.0,
                sign=-1.0 if objective.goal == "maximize" else 1.0,
                scale=objective.scale or unit_facts(unit).scale,
            )
        )
    thresholds = tuple(_threshold(asked) for asked in problem.constraints.properties)
    return Loss(tuple(terms), thresholds, known=known or {})


def _threshold(asked: PropertyConstraint) -> Threshold:
    unit = PROPERTIES[asked.property].unit
    return Threshold(
        name=asked.property,
        unit=unit,
        low=-np.inf if asked.min is None else asked.min,
        high=np.inf if asked.max is None else asked.max,
        scale=unit_facts(unit).scale,
    )


def point_of(record: EvaluationRecord, x: NDArray[np.float64], columns: Sequence[str], loss: Loss) -> Point:
    """The point of an evaluation."""
    names = loss.properties
    usable = record.converged and all(name in record.properties for name in names)
    values = {name: record.properties[name].value for name in names} if usable else {}
    gradients = {}
    for name in names if usable else ():
        gradient = record.properties[name].gradient
        if gradient is not None:
            pairs = (column.split(":", 1) for column in columns)
            gradients[name] = np.array([gradient[sublattice][element] for sublattice, element in pairs])
    return Point(
        index=record.index,
        origin=record.origin,
        x=x,
        values=values,
        gradients=gradients,
        loss=loss(values) if usable else np.inf,
        violation=loss.violation(values) if usable else np.inf,
        phase=record.phase,
    )
