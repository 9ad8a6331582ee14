"""The stage ``search`` of kind optimize: a strategy proposes compositions until it converges or its budget ends."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from api_schemas.evaluations import EvaluationRecord, Suggestion
from api_schemas.results import Stopped
from engine.kinds.listed import ListedStage
from engine.kinds.told import Told
from engine.optimize.answer import stop_words
from engine.optimize.answer.failures import failure_words
from engine.optimize.history import History
from engine.optimize.objective import Loss
from engine.optimize.point import best_of
from engine.optimize.proposals import strategies
from engine.optimize.proposals.claim import TESTING, claim

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from engine.optimize.point import Point
    from engine.optimize.proposals.gradient import Proposal
    from engine.optimize.surrogates.surrogate import FitCache
    from engine.problem.resolved import ResolvedProblem


CENTRED = 0.5
"""A corrected target is met within this part of its tolerance while a search goes on: its difference is not sure."""


def _since(point: Point) -> str | None:
    """The origin of a point of an earlier search: probes stay what they are."""
    return point.origin if point.origin in TESTING else None


class Search:
    """A search by a strategy that proposes.

    Args:
        resolved: The problem.
        seed: Of everything random.
        given: [n_columns] compositions to start from.
        spare: Evaluations of the budget that are kept for what follows.
    """

    def __init__(
        self,
        resolved: ResolvedProblem,
        seed: int,
        given: Sequence[NDArray[np.float64]],
        spare: int,
    ) -> None:
        self.told = Told(resolved)
        self.seeks_front = resolved.problem.seeks_front
        self._chosen = strategies.choose(resolved.problem)
        self._seed = seed
        self._given = given
        self._planned = resolved.planned
        self._spare = spare
        self._fits: FitCache = {}
        self._asked: dict[int, list[Proposal]] = {}

    def owns(self, record: EvaluationRecord) -> bool:
        """Every record that no other stage owns."""
        del record
        return True

    def tell(self, told: Told) -> None:
        """Take everything told."""
        before = self.told.records
        if told.records != before or told.differences is not self.told.differences:
            self._asked = {}
        if told.records[: len(before)] != before or told.differences is not self.told.differences:
            self._fits.clear()  # the first n are others now
        self.told = told

    def ask(self, n: int | None) -> list[Suggestion]:
        """What the strategy proposes."""
        left = self._budget - self.told.spent
        proposals = self._proposals(None if n is None else min(n, left))
        return [self.told.suggestion(place, one.x, one.origin) for place, one in enumerate(proposals)]

    def ended(self, before: Stopped | None) -> Stopped | None:
        """Once the targets are met, the strategy proposes no more, or the budget is spent."""
        del before
        done = len(self.told.records)
        loss, best = self.told.loss, None if self.seeks_front else self.told.best
        share = 1.0 if self.told.differences is None else CENTRED
        if loss is not None and best is not None and loss.met(best[1].values, share):
            return stop_words.target_met(loss, done)
        if done and not self._proposals(None):
            return self._converged(done)
        if self.told.spent >= self._budget:
            if loss is not None and best is not None and loss.met(best[1].values):
                return stop_words.target_met(loss, done)
            kept = f" ({self._spare} of {self._planned} are kept for rounding)" if self._spare > 1 else ""
            mend = self._failures() or "raise strategy.max_evaluations to go on"
            return Stopped(reason="budget_spent", message=f"all {done} evaluations are spent{kept}; {mend}")
        return None

    def front(self) -> list[EvaluationRecord]:
        """The evaluations that no other one betters; none without a front."""
        return self.told.nondominated(self.told.points) if self.seeks_front else []

    def notes(self) -> list[str]:
        """The strategy that auto chose and why, what cannot be the answer, and whose gradients were set aside."""
        notes = [] if self._chosen.reason is None else [self._chosen.reason]
        outside = sum(point.outside for point in self.told.points)
        if outside:
            words = (
                "lie outside what the problem allows: the surrogates learn from them, and none is its answer"
            )
            notes.append(f"{outside} of {len(self.told.points)} evaluations told {words}")
        for name in sorted({name for _, name in self._fits}):
            latest = max(count for count, other in self._fits if other == name)
            if not self._fits[latest, name].gradients:
                words = "are inconsistent with its values by leave-one-out: the surrogate learned from values only"
                notes.append(f"the gradients of {name} {words}")
        return notes

    def _points(self) -> list[Point]:
        """What the strategy sees: of what was told before supercells the best one as the start of a new search.

        Local searches of what was another function then would take their steps and radii for granted.
        """
        known, points = self.told.differences, self.told.points
        last = -1 if known is None else max((one.after for one in known.explicit.values()), default=-1)
        before = [point for point in points if point.index <= last]
        if not any(point.values and not point.outside for point in before):
            return points
        best = best_of([point for point in before if not point.outside])
        return [
            point
            if point.index > last
            else replace(point, origin="start 0" if point is best else _since(point))
            for point in points
        ]

    @property
    def _budget(self) -> int:
        """At most so many evaluations; one at least."""
        return max(1, self._planned - self._spare)

    def _failures(self) -> str | None:
        """What failed and what can be done about it; None where nothing did."""
        told = self.told
        relaxed = [
            point
            for record, point in zip(told.records, told.points, strict=True)
            if point.values or not record.converged
        ]
        found = []
        if words := failure_words(told.space, relaxed):
            found.append(f"{words}: bound the fractions to where they converge, or use another potential")
        if without := len(told.points) - len(relaxed):
            found.append(
                f"{without} of {len(told.points)} evaluations have none of what is sought: see their messages"
            )
        return "; ".join(found) or None

    def _converged(self, done: int) -> Stopped:
        """What to say of a strategy that proposes no more."""
        stopped = self._proposes_no_more(done)
        more = [] if (failures := self._failures()) is None else [failures]
        listed = self.told.region.listed
        if listed is not None and len(listed) <= len({tuple(x.round(9)) for x in self.told.vectors}):
            more.insert(0, f"the {len(listed)} compositions that the constraints allow are all there are")
        return stopped.model_copy(update={"message": "; ".join([stopped.message, *more])})

    def _proposes_no_more(self, done: int) -> Stopped:
        front, loss = self.front(), self.told.loss
        best = None if self.seeks_front else self.told.best
        if front:
            words = f"the front of {len(front)} compositions grows no further after {done} evaluations"
            return Stopped(reason="converged", message=words)
        if loss is None or best is None:
            what = "has what is sought" if any(one.converged for one in self.told.records) else "converged"
            words = f"none of {done} relaxations {what}: there is no answer"
            return Stopped(reason="converged", message=words)
        if best[1].violation > 0.0:
            return Stopped(reason="converged", message=stop_words.broken(loss, best[1]))
        if loss.met(best[1].values):
            return stop_words.target_met(loss, done)
        if loss.only_targets:
            return stop_words.unreachable(self.told.region, loss, best[1])
        words = f"no search improves further after {done} evaluations"
        if strategies.STRATEGIES[self._chosen.name].tested:
            words += f"; {claim(self.told.space, loss, self.told.points, self._fits).words()}"
        return Stopped(reason="converged", message=words)

    def _proposals(self, n: int | None) -> list[Proposal]:
        count = n or 1
        if count not in self._asked:
            history = History(
                region=self.told.region,
                loss=self.told.loss or Loss(()),
                points=self._points(),
                given=self._given,
                seed=self._seed,
                front=self.seeks_front,
                fits=self._fits,
            )
            self._asked[count] = strategies.propose(self._chosen.name, history, count)
        return self._asked[count]


class GridSearch(ListedStage):
    """A search that visits the points of a grid.

    Args:
        resolved: The problem.
        points: [n_columns] the compositions that the user gave, then those of the grid.
    """

    def __init__(self, resolved: ResolvedProblem, points: Sequence[NDArray[np.float64]]) -> None:
        super().__init__(Told(resolved), points)
        self.seeks_front = resolved.problem.seeks_front

    def ended(self, before: Stopped | None) -> Stopped | None:
        """Once every point is done."""
        stopped = super().ended(before)
        if stopped is None:
            return None
        words = stopped.message
        if self.seeks_front:
            words += f"; the front has {len(self.front())} of them"
        loss, best = self.told.loss, None if self.seeks_front else self.told.best
        if loss is None or best is None:
            return Stopped(reason="completed", message=words)
        if loss.met(best[1].values):
            return stop_words.target_met(loss, len(self.told.records))
        return Stopped(reason="completed", message=f"{words}; a finer grid may come nearer")

    def front(self) -> list[EvaluationRecord]:
        """The evaluations that no other one betters; none without a front."""
        return self.told.nondominated(self.told.points) if self.seeks_front else []

    def notes(self) -> list[str]:
        """A grid has nothing to tell."""
        return []
