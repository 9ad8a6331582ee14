"""What a plan over compositions has been told: its evaluations, the loss that they come to, the best and the front."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from api_schemas.evaluations import EvaluationRecord, Suggestion
from api_schemas.kinds import KINDS
from engine.optimize.answer.front import nondominated
from engine.optimize.objective import Loss, build_loss, point_of
from engine.optimize.phases import with_phases
from engine.optimize.point import Point, best_of
from engine.optimize.surrogates.known_parts import known_parts
from engine.optimize.surrogates.measured import measured_at

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.optimize.differences import Differences
    from engine.optimize.known_part import KnownPart
    from engine.problem.resolved import ResolvedProblem


_INSIDE = 1e-6
"""A composition may be beyond a constraint by this: fractions are stored with twelve digits and told with fewer."""


class Told:
    """Evaluations of one problem. It does not change: what is told more makes a new one.

    Args:
        resolved: The problem.
        records: Evaluations, by index.
        known: Parts of properties that are known without a potential; worked out here by default.
        differences: What explicit supercells say of the evaluations, which are corrected by it; None without any.
        among: Everything that the plan was told, where these evaluations are some of it.
    """

    def __init__(
        self,
        resolved: ResolvedProblem,
        records: Sequence[EvaluationRecord] = (),
        known: Mapping[str, KnownPart] | None = None,
        differences: Differences | None = None,
        among: Sequence[EvaluationRecord] | None = None,
    ) -> None:
        self.resolved = resolved
        self.known = known_parts(resolved) if known is None else known
        self.region = resolved.region
        self.space = resolved.region.space
        self.records = tuple(records)
        self.differences = differences
        self._among = self.records if among is None else tuple(among)

    def only(self, records: Sequence[EvaluationRecord]) -> Told:
        """Some of these evaluations, corrected by all that is known; the numbers and the budget of all are taken."""
        return Told(self.resolved, records, self.known, self.differences, self._among)

    @property
    def spent(self) -> int:
        """Evaluations and supercells that the plan was told, and those for which the budget is kept."""
        if self.differences is None:
            return len(self._among)
        return len(self._among) + self.differences.told + self.differences.reserved

    @cached_property
    def loss(self) -> Loss | None:
        """The loss once the targets are known: with the first evaluation; None without objectives."""
        if not self.records or not self.resolved.problem.objectives:
            return None
        loss = build_loss(self.resolved.problem, self.records[0].targets, self.known)
        return replace(loss, measured=measured_at(self.space, self.resolved.problem.measured))

    @cached_property
    def vectors(self) -> list[NDArray[np.float64]]:
        """[n_columns] composition of each evaluation."""
        return [self.space.to_vector(record.composition) for record in self.records]

    @cached_property
    def points(self) -> list[Point]:
        """What a search needs of each evaluation; with an empty loss where there is none.

        Of a search those outside of its region teach, and cannot be its answer.
        """
        loss = self.loss or Loss(())
        found = [
            point_of(record, x, self.space.columns, loss)
            for record, x in zip(self.records, self.vectors, strict=True)
        ]
        if self.differences is not None:
            found = [self.differences.corrected(point, loss) for point in found]
        found = with_phases(self.records, found, self.space)
        if not KINDS[self.resolved.problem.kind].searches:
            return found
        return [point if self.region.contains(point.x, _INSIDE) else point.forbidden() for point in found]

    @cached_property
    def best(self) -> tuple[EvaluationRecord, Point] | None:
        """The evaluation with the least loss."""
        return self.best_among(self.points)

    def best_among(self, points: Sequence[Point]) -> tuple[EvaluationRecord, Point] | None:
        """The one of these with the least loss; None without objectives or without any that converged."""
        usable = [point for point in points if np.isfinite(point.loss)]
        if self.loss is None or not usable:
            return None
        best = best_of(usable)
        return next(record for record in self.records if record.index == best.index), best

    def nondominated(self, among: Sequence[Point]) -> list[EvaluationRecord]:
        """The evaluations that no other one of these betters, by the first objective."""
        if self.loss is None:
            return []
        by_index = {record.index: record for record in self.records}
        return [by_index[point.index] for point in nondominated(self.loss, among)]

    def suggestion(self, place: int, x: NDArray[np.float64], origin: str) -> Suggestion:
        """The task of evaluating a composition, the ``place``-th from here on.

        It carries the nearest relaxed composition, from which the relaxation may start; one that was given up serves
        itself only.
        """
        index = 1 + max((record.index for record in self._among), default=-1) + place
        tier = self.resolved.problem.potential.tier
        # Twelve digits: far within what is feasible, and 0.7 reads as 0.7.
        composition = self.space.to_composition(np.round(x, 12) + 0.0)
        usable = [
            (record, vector)
            for record, vector in zip(self.records, self.vectors, strict=True)
            if record.relaxation is not None
            and (record.relaxation.dq_dx or np.allclose(vector, x, rtol=0.0, atol=1e-9))
        ]
        start: dict[str, Any] = {}
        if usable:
            nearest, _ = min(usable, key=lambda one: (float(np.linalg.norm(one[1] - x)), one[0].index))
            start = {"warm_start": nearest.relaxation, "warm_start_composition": nearest.composition}
        return Suggestion(index=index, origin=origin, composition=composition, tier=tier, **start)
