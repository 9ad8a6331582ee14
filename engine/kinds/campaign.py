"""Campaign: ask for compositions, tell evaluations. A deterministic function of (problem, seed, evaluations told)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from api_schemas.evaluations import EvaluationRecord, Suggestion
from api_schemas.jobs import BestSoFar
from api_schemas.results import Prediction, Result, Stopped, TracePoint
from engine.acceptance.resolve import ResolvedProblem, resolved_problem
from engine.acceptance.resolved import is_front, rounding_reserve
from engine.composition.notation import parse_composition
from engine.optimize.answer import report
from engine.optimize.answer.active import active_constraints
from engine.optimize.answer.front import nondominated
from engine.optimize.answer.prediction import predictions
from engine.optimize.answer.rounding import (
    ROUNDED,
    rounded_answer,
    rounded_answer_stop,
    rounded_front,
    rounded_front_stop,
)
from engine.optimize.answer.trace import trace
from engine.optimize.objective import Loss, Point, best_of, build_loss, point_of
from engine.optimize.proposals import strategies
from engine.optimize.surrogates.known_parts import known_parts
from engine.properties.accuracy import with_uncertainty

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from api_schemas.problem import Problem
    from engine.optimize.proposals.gradient import Proposal
    from engine.optimize.surrogates.surrogate import FitCache

GRID_BATCH = 64
"""Points of a grid asked for at a time."""


class Campaign:
    """A composition search.

    Ask for a batch, evaluate it in any order and anywhere, tell the records, and ask again; the batch before must
    have been told whole. Telling the stored records of an interrupted campaign to a new one continues it exactly.

    Args:
        problem: What is asked for.
        seed: By default the problem's.

    Raises:
        api_schemas.errors.ProblemInvalid: if the problem cannot be accepted.
    """

    def __init__(self, problem: Problem | ResolvedProblem, seed: int | None = None) -> None:
        self.resolved = resolved_problem(problem)
        self.problem = self.resolved.problem
        self.region = self.resolved.region
        self.space = self.region.space
        self.seed = self.problem.strategy.seed if seed is None else seed
        self._records: list[EvaluationRecord] = []
        self._given = [
            parse_composition(self.space, composition, ("at", str(i)))
            for i, composition in enumerate(self.problem.at)
        ]
        self._known = known_parts(self.resolved)
        self._plan = self._planned_points()
        self._chosen = strategies.choose(self.problem)
        self._front = self.problem.kind == "optimize" and is_front(self.problem)
        self._asked: dict[int, list[Proposal]] = {}
        self._fits: FitCache = {}
        self._unrounded: Campaign | None = None
        self._rounding: list[NDArray[np.float64]] | None = None

    @property
    def records(self) -> tuple[EvaluationRecord, ...]:
        """Everything told, by index."""
        return tuple(self._records)

    @property
    def planned(self) -> int:
        """At most this many evaluations."""
        return self.resolved.planned if self._plan is None else len(self._plan) + self._spare

    def tell(self, records: Sequence[EvaluationRecord]) -> None:
        """Add evaluations, in any order; one told twice counts once."""
        known = {record.index: record for record in self._records}
        known.update({record.index: record for record in records})
        self._records = [known[index] for index in sorted(known)]
        self._asked = {}
        self._unrounded = None
        self._rounding = None

    def ask(self, n: int | None = None) -> list[Suggestion]:
        """The next compositions to evaluate; empty once the campaign has stopped.

        Args:
            n: How many at the most; by default the problem's batch_size, else as many as the strategy has use for.
        """
        n = n if n is not None else self.problem.strategy.batch_size
        done = len(self._records)
        if self.search_ended is not None:
            rest = self._to_round()[:n]
            return [self._suggestion(done + i, x, ROUNDED) for i, x in enumerate(rest)]
        left = self._search_budget - done
        if self._plan is not None:
            chosen = [(x, "grid") for x in self._plan[done : done + min(left, n or GRID_BATCH)]]
        else:
            chosen = [(p.x, p.origin) for p in self._proposals(None if n is None else min(n, left))]
        return [self._suggestion(done + i, x, origin) for i, (x, origin) in enumerate(chosen)]

    @property
    def stopped(self) -> Stopped | None:
        """Why the campaign has ended, None while it goes on."""
        ended = self.search_ended
        if ended is None or self._to_round():
            return None
        return self._with_rounding(ended)

    @property
    def search_ended(self) -> Stopped | None:
        """Why the search has ended, before its answer is rounded."""
        if self._has_rounded:
            return self._search.search_ended
        done = len(self._records)
        if self._plan is not None:
            return self._stopped_plan() if done >= len(self._plan) else None
        best, loss = self._best_record(), self._loss()
        if loss is not None and best is not None and loss.met(_values(loss, best)):
            return report.target_met(loss, done)
        if done and not self._proposals(None):
            return self._stopped_search(loss, best)
        if done >= self._search_budget:
            kept = f" ({self._spare} of {self.planned} are kept for rounding)" if self._spare > 1 else ""
            words = f"all {done} evaluations are spent{kept}; raise strategy.max_evaluations to go on"
            return Stopped(reason="budget_spent", message=words)
        return None

    @property
    def best(self) -> BestSoFar | None:
        """The evaluation with the least loss up to now."""
        record, loss = self._best_record(), self._loss()
        if record is None or loss is None:
            return None
        values = _values(loss, record)
        return BestSoFar(
            index=record.index,
            loss=loss(values),
            composition=record.composition,
            properties=values,
            targets=record.targets,
        )

    @property
    def trace(self) -> list[TracePoint]:
        """The loss of each evaluation and the best up to it; empty without objectives and for a front."""
        loss = self._loss()
        return [] if loss is None or self._front else trace(self._points(loss))

    def result(
        self, stopped: Stopped | None = None, *, seconds: float | None = None, device: str = "cpu"
    ) -> Result:
        """The answer so far.

        Args:
            stopped: Why it ended, where that is not for the campaign to know (cancelled, time_limit).
            seconds: Wall time of the whole job; by default the sum over evaluations.
            device: What it ran on.
        """
        best, loss = self._best_record(), self._loss()
        public = None if best is None else with_uncertainty(best.public(), self.problem.potential)
        cost = report.total_cost(self._records)
        return Result(
            kind=self.problem.kind,
            best=public,
            front=[
                with_uncertainty(record.public(), self.problem.potential) for record in self._front_records()
            ],
            notes=self._notes(),
            evaluations=[record.public() for record in self._records],
            stopped=stopped
            or self.stopped
            or Stopped(reason="budget_spent", message="the campaign is not finished"),
            sensitivities=[]
            if public is None or loss is None
            else report.sensitivities(self.space, loss, public),
            active_constraints=[]
            if best is None or loss is None
            else active_constraints(self.region, loss, self._point(best, loss)),
            trace=self.trace,
            predictions=self._predictions(stopped),
            targets=list(self._records[0].targets) if self._records else [],
            cost=cost if seconds is None else cost.model_copy(update={"seconds": seconds}),
            provenance=report.provenance(self.problem, self.seed, device),
        )

    @property
    def _spare(self) -> int:
        """Evaluations kept for the rounded answer."""
        return rounding_reserve(self.problem)

    @property
    def _search_budget(self) -> int:
        """At most this many evaluations before the answer is rounded; one at least."""
        return max(1, self.planned - self._spare)

    def _notes(self) -> list[str]:
        """The strategy that auto chose and why, and the properties whose gradients were set aside."""
        if self._plan is not None:
            return []
        notes = [] if self._chosen.reason is None else [self._chosen.reason]
        for name in sorted({name for _, name in self._fits}):
            latest = max(count for count, other in self._fits if other == name)
            if not self._fits[latest, name].gradients:
                words = "are inconsistent with its values by leave-one-out: the surrogate learned from values only"
                notes.append(f"the gradients of {name} {words}")
        return notes

    def _predictions(self, stopped: Stopped | None) -> list[Prediction]:
        """How well the surrogates knew the best composition; not of a cancelled job, whose answer is wanted at once."""
        best, loss = self._best_record(), self._loss()
        if best is None or loss is None or (stopped is not None and stopped.reason == "cancelled"):
            return []
        return predictions(self.space, loss, self._points(loss), best.index)

    @property
    def _has_rounded(self) -> bool:
        return any(record.origin == ROUNDED for record in self._records)

    @property
    def _search(self) -> Campaign:
        """The campaign as it was before anything was rounded."""
        if not self._has_rounded:
            return self
        if self._unrounded is None:
            self._unrounded = Campaign(self.resolved, self.seed)
            self._unrounded.tell([record for record in self._records if record.origin != ROUNDED])
        return self._unrounded

    def _to_round(self) -> list[NDArray[np.float64]]:
        """The compositions in the problem's steps that are still to be evaluated once the search has ended."""
        if self._rounding is None:
            left = self.planned - len(self._records)
            loss = self._loss()
            self._rounding = []
            if self.region.steps and left > 0 and self._front:
                members = self._vectors(self._search.unrounded_front())
                self._rounding = rounded_front(self.region, members, self._vectors(self._records), left)
            elif self.region.steps and left > 0 and loss is not None:
                found = rounded_answer(self.region, loss, self._points(loss), self._fits)
                self._rounding = [] if found is None else [found]
        return self._rounding

    def _vectors(self, records: Sequence[EvaluationRecord]) -> list[NDArray[np.float64]]:
        return [self.space.to_vector(record.composition) for record in records]

    def _with_rounding(self, ended: Stopped) -> Stopped:
        """What to say of a search whose answer was rounded."""
        best, loss = self._best_record(), self._loss()
        if not self.region.steps or loss is None:
            return ended
        if self._front:
            before = len(self._search.unrounded_front())
            return rounded_front_stop(self.region, before, self._vectors(self._front_records()), ended)
        if best is None:
            return ended
        answer = self._point(best, loss)
        left = self.planned - len(self._records)
        return rounded_answer_stop(self.region, loss, self._points(loss), answer, ended, left=left)

    def _planned_points(self) -> list[NDArray[np.float64]] | None:
        """The compositions of a campaign that knows them all beforehand: evaluate, scan, strategy grid."""
        if self.problem.kind == "evaluate":
            return self._given or [self.region.center()]
        if self.problem.kind == "scan" or self.problem.strategy.name == "grid":
            points = list(self.region.grid(self.resolved.points_per_edge))
            return (
                points
                if self.problem.kind == "scan"
                else [*self._given, *points][: self.problem.strategy.max_evaluations - self._spare]
            )
        return None

    def _stopped_plan(self) -> Stopped:
        done = len(self._records)
        failed = sum(not record.converged for record in self._records)
        words = f"all {done} evaluations are done" if done != 1 else "the evaluation is done"
        words += f"; {failed} did not converge" if failed else ""
        loss, best = self._loss(), self._best_record()
        if self._front:
            words += f"; the front has {len(self.unrounded_front())} of them"
        if self.problem.kind != "optimize" or loss is None or best is None:
            return Stopped(reason="completed", message=words)
        if loss.met(_values(loss, best)):
            return report.target_met(loss, done)
        return Stopped(reason="completed", message=f"{words}; a finer grid may come nearer")

    def _stopped_search(self, loss: Loss | None, best: EvaluationRecord | None) -> Stopped:
        done = len(self._records)
        front = self.unrounded_front()
        if front:
            words = f"the front of {len(front)} compositions grows no further after {done} evaluations"
            return Stopped(reason="converged", message=words)
        if loss is None or best is None:
            words = f"none of {done} relaxations converged: there is no answer"
            return Stopped(reason="converged", message=words)
        if self._point(best, loss).violation > 0.0:
            return Stopped(reason="converged", message=report.broken(loss, self._point(best, loss)))
        if loss.only_targets:
            return report.unreachable(self.region, loss, self._point(best, loss))
        return Stopped(reason="converged", message=f"no search improves further after {done} evaluations")

    def _loss(self) -> Loss | None:
        """The loss once the targets are known: with the first evaluation."""
        if not self._records or not self.problem.objectives:
            return None
        return build_loss(self.problem, self._records[0].targets, self._known)

    def _points(self, loss: Loss) -> list[Point]:
        return [self._point(record, loss) for record in self._records]

    def _point(self, record: EvaluationRecord, loss: Loss) -> Point:
        return point_of(record, self.space.to_vector(record.composition), self.space.columns, loss)

    def _proposals(self, n: int | None) -> list[Proposal]:
        count = n or 1
        if count not in self._asked:
            loss = self._loss() or Loss(())
            history = strategies.History(
                region=self.region,
                loss=loss,
                points=self._points(loss),
                given=self._given,
                seed=self.seed,
                front=self._front,
                fits=self._fits,
            )
            self._asked[count] = strategies.propose(self._chosen.name, history, count)
        return self._asked[count]

    def unrounded_front(self) -> list[EvaluationRecord]:
        """The evaluations that no other one betters, by the first objective; none without a front."""
        return self._nondominated(self._records)

    def _front_records(self) -> list[EvaluationRecord]:
        """The front, of compositions in the problem's steps once it has been rounded."""
        front = self.unrounded_front()
        if not (front and self.region.steps and self.search_ended is not None and not self._to_round()):
            return front
        vectors = self._vectors(self._records)
        made = [r for r, x in zip(self._records, vectors, strict=True) if self.region.is_rounded(x)]
        return self._nondominated(made) or front

    def _nondominated(self, records: Sequence[EvaluationRecord]) -> list[EvaluationRecord]:
        loss = self._loss()
        if loss is None or not self._front:
            return []
        by_index = {record.index: record for record in records}
        points = [self._point(record, loss) for record in records]
        return [by_index[point.index] for point in nondominated(loss, points)]

    def _best_record(self) -> EvaluationRecord | None:
        loss = self._loss()
        if loss is None or self._front:
            return None
        points = [point for point in self._points(loss) if np.isfinite(point.loss)]
        if any(point.origin == ROUNDED for point in points):
            points = [point for point in points if self.region.is_rounded(point.x)]
        if not points:
            return None
        return next(record for record in self._records if record.index == best_of(points).index)

    def _suggestion(self, index: int, x: NDArray[np.float64], origin: str) -> Suggestion:
        """With the nearest relaxed composition, from which the relaxation may start."""
        usable = [record for record in self._records if record.relaxation is not None]
        # Twelve digits: far within what is feasible, and 0.7 reads as 0.7.
        composition = self.space.to_composition(np.round(x, 12) + 0.0)
        if not usable:
            return Suggestion(index=index, origin=origin, composition=composition)
        nearest = min(
            usable, key=lambda r: (float(np.linalg.norm(self.space.to_vector(r.composition) - x)), r.index)
        )
        return Suggestion(
            index=index,
            origin=origin,
            composition=composition,
            warm_start=nearest.relaxation,
            warm_start_composition=nearest.composition,
        )


def _values(loss: Loss, record: EvaluationRecord) -> dict[str, float]:
    """The properties of an evaluation that objectives and constraints name."""
    return {name: record.properties[name].value for name in loss.properties}
