"""Campaign: the public face of a plan. Ask for tasks, tell records, read the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING, Any

from api_schemas.errors import FieldError, ProblemInvalid, parse
from api_schemas.evaluations import Suggestion
from api_schemas.kinds import KINDS as SCHEMAS
from api_schemas.measured import Measured
from api_schemas.supercells import SupercellTask
from engine.acceptance.maps import asked_point, asked_slice, checked_property
from engine.acceptance.measured_checks import measured_faults
from engine.acceptance.resolve import resolved_problem
from engine.campaign.told_checks import checked_records
from engine.composition.notation import parse_composition
from engine.composition.slices import INCUMBENT
from engine.kinds.registry import KINDS
from engine.kinds.result import build_result

if TYPE_CHECKING:
    from api_schemas.jobs import BestSoFar
    from api_schemas.maps import SurrogateMap, SurrogatePoint
    from api_schemas.problem import ProblemLike
    from api_schemas.results import Prediction, Result, Stopped, TracePoint
    from api_schemas.tasks import Record
    from engine.problem.resolved import ResolvedProblem


class Campaign:
    """A problem on its way to an answer, by the plan of its kind.

    Ask for a batch, compute it in any order and anywhere, tell the records, and ask again; the batch before must
    have been told whole, and what is left of a search's that was told in part is asked for again. Telling the
    stored records of an interrupted campaign to a new one continues it exactly.

    Args:
        problem: What is asked for.
        seed: By default the problem's.
        shared: Whether what evaluations share (end members, elemental phases, crystals of targets) is asked for as
            tasks of its own, which can run side by side; else it is computed with the first that needs it.

    Raises:
        api_schemas.errors.ProblemInvalid: if the problem cannot be accepted.
    """

    def __init__(
        self, problem: ProblemLike | ResolvedProblem, seed: int | None = None, *, shared: bool = False
    ) -> None:
        self.resolved = resolved_problem(problem)
        self.problem = self.resolved.problem
        self.region = self.resolved.region
        self.space = self.region.space
        self.seed = self.problem.strategy.seed if seed is None else seed
        self.plan = KINDS[self.problem.kind].plan(self.resolved, self.seed, shared=shared)
        self._asked: list[Any] = []
        self._shared = shared

    def __repr__(self) -> str:
        done = f"{len(self.records)} of at most {self.planned} tasks told"
        stopped, best = self.stopped, self.best
        parts = [f"Campaign({self.problem.name!r}, kind {self.problem.kind}", f"seed {self.seed}", done]
        if best is not None and best.loss is not None:
            parts.append(f"best loss {best.loss:.4g} at {best.composition}")
        parts.append("going on" if stopped is None else f"stopped: {stopped.reason}")
        return ", ".join(parts) + ")"

    def _repr_html_(self) -> str:
        """How it stands, for notebooks."""
        best, stopped = self.best, self.stopped
        rows: dict[str, object] = {
            "problem": self.problem.name,
            "kind": self.problem.kind,
            "seed": self.seed,
            "told": f"{len(self.records)} of at most {self.planned} tasks",
        }
        if best is not None:
            rows["best so far"] = best.composition
            rows |= {name: f"{value:.6g}" for name, value in best.properties.items()}
        rows["state"] = "going on" if stopped is None else f"{stopped.reason}: {stopped.message}"
        cells = "".join(f"<tr><th>{escape(k)}</th><td>{escape(str(v))}</td></tr>" for k, v in rows.items())
        return f"<table>{cells}</table>"

    @property
    def records(self) -> tuple[Any, ...]:
        """Everything told, by index: records of the units that the plan asked for."""
        return tuple(self.plan.records)

    @property
    def planned(self) -> int:
        """At most so many tasks."""
        return self.plan.planned

    def tell(self, records: Sequence[Record]) -> None:
        """Add records, in any order; one told twice counts once.

        Evaluations of compositions that the problem does not allow teach the surrogates, and are never its answer.

        Raises:
            api_schemas.errors.ProblemInvalid: if one is no record of this problem (a number that is none, fractions
                that do not add up to 1, an element that is not there, another one's index): none counts then.
        """
        self.plan.tell(checked_records(self.resolved, self.records, records))

    def tell_measured(self, measured: Sequence[Measured | Mapping[str, Any]]) -> None:
        """Add people's own points, as under ``measured`` in a problem file: the surrogates learn from them.

        They are no evaluations: neither counted, nor the answer. What was told before is told again to a plan that
        knows them.

        Raises:
            api_schemas.errors.ProblemInvalid: if one is none; none of them counts then.
        """
        added = [one if isinstance(one, Measured) else parse(Measured, dict(one)) for one in measured]
        if not SCHEMAS[self.problem.kind].takes("measured"):
            text = SCHEMAS[self.problem.kind].refusal("measured")
            raise ProblemInvalid([FieldError(pointer="/measured", type="unused-field", message=text)])
        everything = [*self.problem.measured, *added]
        faults = measured_faults(self.space, everything)
        if faults:
            raise ProblemInvalid(faults)
        self.problem = self.problem.model_copy(update={"measured": everything})
        self.resolved = replace(self.resolved, problem=self.problem)
        records = self.plan.records
        self.plan = KINDS[self.problem.kind].plan(self.resolved, self.seed, shared=self._shared)
        self.plan.tell(records)

    def ask(self, n: int | None = None) -> list[Any]:
        """The next tasks; empty once the campaign has stopped.

        Args:
            n: How many at the most; by default the problem's batch_size, else as many as the plan has use for.
        """
        if not SCHEMAS[self.problem.kind].searches:
            return list(self.plan.ask(n))  # its tasks are numbered by what they are of
        told = {(record.unit, record.index) for record in self.records}
        batch = [task for task in self._asked if isinstance(task, Suggestion | SupercellTask)]
        left = [task for task in batch if (task.unit, task.index) not in told]
        if 0 < len(left) < len(batch) and self.stopped is None:
            return left[:n]
        self._asked = list(self.plan.ask(n))
        return list(self._asked)

    @property
    def stopped(self) -> Stopped | None:
        """Why the campaign has ended, None while it goes on."""
        return self.plan.stopped

    @property
    def best(self) -> BestSoFar | None:
        """The evaluation with the least loss up to now."""
        return self.plan.best

    @property
    def front(self) -> list[int]:
        """Numbers of the evaluations on the front up to now; empty where none is asked for."""
        return list(self.plan.front)

    @property
    def trace(self) -> list[TracePoint]:
        """The loss of each evaluation and the best up to it; empty without objectives and for a front."""
        return list(self.plan.trace)

    def result(
        self, stopped: Stopped | None = None, *, seconds: float | None = None, device: str = "cpu"
    ) -> Result:
        """The answer so far.

        Args:
            stopped: Why it ended, where that is not for the campaign to know (cancelled, time_limit).
            seconds: Wall time of the whole job; by default the sum over records.
            device: What it ran on.
        """
        return build_result(self.problem, self.plan, stopped, seed=self.seed, seconds=seconds, device=device)

    def predict(self, composition: Mapping[str, Mapping[str, float]], *properties: str) -> list[Prediction]:
        """What surrogates of everything told expect at a composition, and how surely.

        Args:
            composition: Fractions by sublattice and element.
            properties: Names; by default those of the objectives.

        Raises:
            api_schemas.errors.ProblemInvalid: if the composition is none, or no evaluation holds a property.
        """
        x = parse_composition(self.space, composition)
        names = properties or tuple(dict.fromkeys(one.property for one in self.problem.objectives))
        return [self.plan.predict(x, checked_property(self.problem, name)) for name in names]

    def map(
        self, property_name: str | None = None, over: str | None = None, at: str = INCUMBENT
    ) -> SurrogateMap:
        """What a surrogate of everything told expects of a property over a slice of compositions.

        Args:
            property_name: By default that of the first objective.
            over: ``sublattice:element,element[,...]``; by default the first elements of a sublattice.
            at: ``incumbent``, ``centre`` or a composition, e.g. ``cation:Al=0.8,Sc=0.2``.

        Raises:
            api_schemas.errors.ProblemInvalid: at ``/property``, ``/over`` or ``/at``.
        """
        return self.plan.map(*asked_slice(self.problem, property_name, over, at))

    def point(self, at: str = INCUMBENT) -> SurrogatePoint:
        """What surrogates of everything told expect of every property at a composition, with slopes.

        Args:
            at: ``incumbent``, ``centre`` or a composition, e.g. ``cation:Al=0.8,Sc=0.2``.

        Raises:
            api_schemas.errors.ProblemInvalid: at ``/at``.
        """
        return self.plan.point(asked_point(self.problem, at)[1])
