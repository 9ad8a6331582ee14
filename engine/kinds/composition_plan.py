"""What plans over compositions have in common: stages that ask for relaxations, and the answer they come to."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from api_schemas.evaluations import Assessment, Evaluation, EvaluationRecord, MemberState, Suggestion
from api_schemas.jobs import BestSoFar
from api_schemas.results import Prediction
from engine.composition.notation import scaled_notes
from engine.composition.slices import map_fault
from engine.kinds.computed import Computed
from engine.kinds.fidelity.corrected import corrected, differences
from engine.kinds.kind import Answer
from engine.kinds.stages import Stages, in_order
from engine.kinds.told import Told
from engine.optimize.answer.active import active_constraints
from engine.optimize.answer.assessment import assessment
from engine.optimize.answer.determination import determination
from engine.optimize.answer.failures import phase_words
from engine.optimize.answer.front_uncertainty import member_determination
from engine.optimize.answer.objective_checks import objective_checks
from engine.optimize.answer.offsets import measured_offsets, offset_words
from engine.optimize.answer.prediction import left_open, predictions
from engine.optimize.answer.sensitivities import sensitivities
from engine.optimize.answer.surrogate_map import Learned, learned, middle_of, surrogate_map
from engine.optimize.answer.surrogate_point import surrogate_point
from engine.optimize.answer.trace import trace
from engine.optimize.objective import Loss
from engine.optimize.phases import SHAPE_WORDS
from engine.properties.table import PROPERTIES, wanted_properties
from engine.tiers.uncertainty import with_uncertainty

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from api_schemas.base import Composition
    from api_schemas.composition_uncertainty import Determined, MemberUncertainty
    from api_schemas.maps import SurrogateMap, SurrogatePoint
    from api_schemas.results import Stopped, TracePoint
    from api_schemas.supercells import SupercellRecord
    from api_schemas.tasks import Record
    from engine.composition.slices import Slice
    from engine.optimize.point import Point
    from engine.problem.resolved import ResolvedProblem


class CompositionPlan:
    """A plan whose tasks are all relaxations of compositions.

    Args:
        resolved: The problem.
        stages: Its stages.
        planned: At most so many evaluations.
        seeks_front: Whether several objectives are traded off: then there is a front, and no best.
        waits: Whether evaluations wait for the end members, or are completed once those are known.
    """

    def __init__(
        self,
        resolved: ResolvedProblem,
        stages: Stages,
        planned: int,
        *,
        seeks_front: bool = False,
        waits: bool = True,
    ) -> None:
        self.resolved = resolved
        self.planned = planned
        self.waits = waits
        self.seeks_front = seeks_front
        self.told = Told(resolved)
        self._members: Sequence[MemberState] = ()
        self._fitted: dict[str, Learned] = {}
        self._stages = stages
        self._supercells: Sequence[SupercellRecord] = ()
        if resolved.problem.corrected:
            self._retell(())
        else:
            self._stages.tell(self.told)

    @property
    def records(self) -> Sequence[EvaluationRecord]:
        """Everything told, by index."""
        return self.told.records

    def tell(self, records: Sequence[Record]) -> None:
        """Add evaluations, in any order; one told twice counts once."""
        self._retell([record for record in records if isinstance(record, EvaluationRecord)])

    def learn(self, supercells: Sequence[SupercellRecord]) -> None:
        """Take explicit supercells of its evaluations, in place of those taken earlier: these are corrected by them."""
        self._supercells = supercells
        self._retell(())

    def _retell(self, evaluations: Sequence[EvaluationRecord]) -> None:
        records = in_order(self.told.records, evaluations)
        found = differences(self.resolved, records, self._supercells)
        self.told = Told(self.resolved, records, self.told.known, found)
        self._fitted = {}
        self._stages.tell(self.told)

    def tell_members(self, members: Sequence[MemberState]) -> None:
        """End members that were relaxed beside the evaluations: maps and predictions learn from them, no search does.

        A search that looked at what is told in the background would depend on when that came.
        """
        self._members = tuple(members)
        self._fitted = {}

    def ask(self, n: int | None = None) -> list[Suggestion]:
        """The next compositions, by default as many as the problem says or the strategy has use for."""
        asked = self._stages.ask(n if n is not None else self.resolved.problem.strategy.batch_size)
        return asked if self.waits else [one.model_copy(update={"completed_later": True}) for one in asked]

    @property
    def stopped(self) -> Stopped | None:
        """Why the plan has ended; None while it goes on."""
        return self._stages.ended

    @property
    def best(self) -> BestSoFar | None:
        """The evaluation with the least loss up to now."""
        found = self.answered()
        if found is None or self.told.loss is None:
            return None
        record, point = found
        return BestSoFar(
            index=record.index,
            loss=self.told.loss(point.values),
            composition=record.composition,
            properties=dict(point.values),
            targets=record.targets,
        )

    @property
    def front(self) -> list[int]:
        """Numbers of the evaluations on the front up to now."""
        return sorted(record.index for record in self.front_records())

    @property
    def trace(self) -> list[TracePoint]:
        """The loss of each evaluation and the best up to it; empty without objectives and for a front."""
        return [] if self.told.loss is None or self.seeks_front else trace(self.told.points)

    def answered(self) -> tuple[EvaluationRecord, Point] | None:
        """The best evaluation with what a search needs of it; None where there is none."""
        return None if self.seeks_front else self.told.best

    def answer_records(self) -> Sequence[EvaluationRecord]:
        """The evaluations that the answer consists of; where nothing is sought, all of them."""
        return self.records

    def front_records(self) -> list[EvaluationRecord]:
        """The front; empty where none is asked for."""
        return []

    def notes(self) -> list[str]:
        """How the answer was found; here which compositions of the problem were scaled, and what left the parent."""
        pairs = zip(self.records, self.told.points, strict=True)
        left = phase_words(self.told.space, [point for record, point in pairs if record.converged])
        return [*scaled_notes(self.resolved.problem.at), *([] if left is None else [left])]

    def answer(self, stopped: Stopped) -> Answer:
        """The answer so far. A cancelled job gets no predictions: its answer is wanted at once."""
        found, loss = self.answered(), self.told.loss
        front = self.front_records()
        evaluations = self._evaluations({record.index for record in front})
        places = {record.index: place for place, record in enumerate(self.records)}
        choice = self.resolved.problem.potential
        best = None if found is None else with_uncertainty(evaluations[places[found[0].index]], choice)
        offsets = [] if stopped.reason == "cancelled" else measured_offsets(self.resolved, self.records)
        at_best = None if found is None or loss is None else found[1]
        members = [with_uncertainty(evaluations[places[record.index]], choice) for record in front]
        return Answer(
            best=best,
            front=members,
            front_uncertainties=self._sureness(members, [places[record.index] for record in front]),
            evaluations=evaluations,
            objective_checks=[] if best is None or loss is None else objective_checks(loss, best),
            determined=None if best is None else self._determined(best, quick=stopped.reason == "cancelled"),
            sensitivities=[] if best is None or loss is None else sensitivities(loss, best),
            active_constraints=[]
            if at_best is None or loss is None
            else active_constraints(self.told.region, loss, at_best),
            notes=[*self.notes(), *(offset_words(one) for one in offsets)],
            offsets=offsets,
            trace=self.trace,
            predictions=[] if stopped.reason == "cancelled" else self._predictions(),
            targets=list(self.records[0].targets) if self.records else [],
        )

    def predict(self, x: NDArray[np.float64], property_name: str) -> Prediction:
        """What a surrogate of everything told expects of a property at a composition [n_columns]."""
        found = self._learned(property_name).expected(x[None])
        unit = PROPERTIES[property_name].unit
        return Prediction(
            property=property_name, mean=float(found.mean[0]), deviation=float(found.deviation[0]), unit=unit
        )

    def map(self, property_name: str, wanted: Slice) -> SurrogateMap:
        """What a surrogate of everything told expects of a property over a slice."""
        return surrogate_map(
            self.resolved, self._incumbent, self._learned(property_name), property_name, wanted
        )

    def point(self, wanted: Slice) -> SurrogatePoint:
        """What surrogates of everything told expect of every property at a composition."""
        x = middle_of(self.resolved, self._incumbent, wanted)
        objectives = [one.property for one in self.resolved.problem.objectives]
        held = {name for record in self.records if record.converged for name in record.properties}
        names = [
            name
            for name in dict.fromkeys([*objectives, *wanted_properties(self.resolved.problem)])
            if name in held
        ]
        if not names:
            raise map_fault("/at", "no evaluation has converged yet, so there is nothing to learn from")
        return surrogate_point(self.resolved.region, {name: self._learned(name) for name in names}, x)

    @property
    def _incumbent(self) -> Composition | None:
        """The best composition; None where there is none."""
        best = self.best
        return None if best is None else best.composition

    def _learned(self, property_name: str) -> Learned:
        """The surrogate of a property; it is fitted once until something is told."""
        if property_name not in self._fitted:
            self._fitted[property_name] = learned(
                self.resolved, self.records, property_name, self._members, self.told.differences
            )
        return self._fitted[property_name]

    def assessed(self, index: int) -> EvaluationRecord:
        """An evaluation with what the problem makes of it, as far as it can be told now: the front may still move.

        Raises:
            StopIteration: if no evaluation of this number was told.
        """
        place = next(k for k, record in enumerate(self.records) if record.index == index)
        made = self._assessment(place, self.trace, self.front if self.seeks_front else ())
        return self._marked(self.records[place], place).model_copy(update={"assessment": made})

    def _evaluations(self, members: Collection[int]) -> Computed[Evaluation]:
        """Every evaluation as users see it, assessed.

        Args:
            members: Numbers of those on the front.
        """
        steps = self.trace

        def one(place: int) -> Evaluation:
            made = self._assessment(place, steps, members)
            record = self._marked(self.records[place], place)
            shown = record.public().model_copy(update={"assessment": made})
            return shown if self.told.differences is None else corrected(self.told.differences, shown)

        return Computed(len(self.records), one)

    def _marked(self, record: EvaluationRecord, place: int) -> EvaluationRecord:
        """An evaluation with the jump of its shape against others, if there is one."""
        if self.told.points[place].phase == record.phase:
            return record
        said = [record.message] if record.message else []
        return record.model_copy(update={"left_parent": True, "message": "; ".join([*said, SHAPE_WORDS])})

    def _assessment(self, place: int, steps: Sequence[TracePoint], members: Collection[int]) -> Assessment:
        """What the problem makes of an evaluation.

        Args:
            place: Which of the records it is.
            steps: The trace.
            members: Numbers of the evaluations on the front.
        """
        index = self.records[place].index
        return assessment(
            self.told.space,
            self.told.loss or Loss(()),
            self.told.points[place],
            best=steps[place].best if steps else None,
            on_front=index in members if self.seeks_front else None,
        )

    def _determined(self, best: Evaluation, *, quick: bool) -> Determined | None:
        """How far the targets determine the best composition; if it has to be quick without the share of surrogates."""
        found, loss = self.answered(), self.told.loss
        if found is None or loss is None:
            return None
        if all(term.target is None for term in loss.terms):
            return None
        tiers = {term.name: best.properties[term.name].uncertainty for term in loss.terms}
        surrogates = None if quick else left_open(self.told.space, loss, self.told.points, found[1])
        made = determination(self.told.region, loss, found[1], tiers, surrogates)
        return None if made is None else made.document()

    def _sureness(
        self, members: Sequence[Evaluation], places: Sequence[int]
    ) -> list[MemberUncertainty | None]:
        """How sure the composition of each member of a front is, whose places among the records are given."""
        loss = self.told.loss
        if loss is None:
            return []
        found = []
        for member, place in zip(members, places, strict=True):
            tiers = {term.name: member.properties[term.name].uncertainty for term in loss.terms}
            made = member_determination(self.told.region, loss, self.told.points[place], tiers)
            found.append(None if made is None else made.of_member())
        return found

    def _predictions(self) -> list[Prediction]:
        """How well the surrogates knew the best composition."""
        found, loss = self.answered(), self.told.loss
        if found is None or loss is None:
            return []
        return predictions(self.told.space, loss, self.told.points, found[0].index, self._members)
