"""What a kind of problem is, and its plan: ask and tell over tasks. Torch-free: plans are imported when used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from pydantic import JsonValue

from api_schemas.also import AlsoEvaluated
from api_schemas.composition_uncertainty import Determined, MemberUncertainty
from api_schemas.errors import FieldError
from api_schemas.evaluations import Evaluation
from api_schemas.jobs import BestSoFar, CostEstimate
from api_schemas.measured import MeasuredOffset
from api_schemas.messages import ObjectiveCheck
from api_schemas.results import Prediction, Sensitivity, Stopped, TracePoint
from api_schemas.tasks import Record, Task
from api_schemas.verification import Verification

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from api_schemas.maps import SurrogateMap, SurrogatePoint
    from api_schemas.problem import Problem
    from engine.composition.region import Region
    from engine.composition.slices import Slice
    from engine.problem.limits import Limits
    from engine.problem.resolved import ResolvedProblem

DEFAULT_POINTS_PER_EDGE = 11
"""Points on an edge of a grid for which nobody said how many."""


@dataclass(frozen=True)
class Examined:
    """What a kind makes of a problem before it is accepted.

    Attributes:
        faults: All that is wrong with the fields that the kind uses.
        planned: At most so many evaluations; any number where there are faults.
        points_per_edge: Of the grid, where the problem asks for one.
        verified: At most so many evaluations are verified by explicit supercells, where the problem asks for that.
        listed: Those of their compositions [n_columns] that are known beforehand, with the pointer to what asks for
            them; only where they are to be verified.
    """

    faults: Sequence[FieldError]
    planned: int = 1
    points_per_edge: int = DEFAULT_POINTS_PER_EDGE
    verified: int = 1
    listed: Sequence[tuple[str, NDArray[np.float64]]] = ()


@dataclass(frozen=True)
class Answer:
    """What a plan answers: the parts of a result that its kind fills. Those that say nothing of it stay empty.

    Attributes:
        best: The best evaluation.
        front: The evaluations of the Pareto front.
        evaluations: All of them.
        own: What the kind answers beyond evaluations: the result's `answer`.
        objective_checks: How far the best evaluation meets each objective.
        determined: How far the targets determine the best composition; None without targets.
        front_uncertainties: How sure the composition of each member of the front is; None where that is not known.
        sensitivities: How objectives answer to more of an element.
        active_constraints: What holds the answer back.
        notes: How it was found.
        trace: The convergence.
        predictions: How well surrogates knew the answer.
        targets: Target of each objective, same_as resolved.
        offsets: By how much what was measured lies above what the potential gives.
        verification: What explicit supercells say; None where they were not asked for.
        also: What other potentials say; None where they were not asked for.
    """

    best: Evaluation | None = None
    front: Sequence[Evaluation] = ()
    evaluations: Sequence[Evaluation] = ()
    own: dict[str, JsonValue] = field(default_factory=dict)
    objective_checks: Sequence[ObjectiveCheck] = ()
    determined: Determined | None = None
    front_uncertainties: Sequence[MemberUncertainty | None] = ()
    sensitivities: Sequence[Sensitivity] = ()
    active_constraints: Sequence[str] = ()
    notes: Sequence[str] = ()
    trace: Sequence[TracePoint] = ()
    predictions: Sequence[Prediction] = ()
    targets: Sequence[float | None] = ()
    offsets: Sequence[MeasuredOffset] = ()
    verification: Sequence[Verification] | None = None
    also: Sequence[AlsoEvaluated] | None = None


class Plan(Protocol):
    """Ask and tell over tasks: a deterministic function of the problem, the seed and the records told so far.

    Nothing else is state. A job that was interrupted goes on by telling its stored records to a new plan: the same
    tasks follow, in whatever order a batch came back.
    """

    @property
    def records(self) -> Sequence[Record]:
        """Everything told, by index."""

    @property
    def planned(self) -> int:
        """At most so many tasks."""

    @property
    def stopped(self) -> Stopped | None:
        """Why it has ended; None while it goes on."""

    @property
    def best(self) -> BestSoFar | None:
        """The best up to now; None where there is none."""

    @property
    def front(self) -> Sequence[int]:
        """Numbers of the evaluations on the front up to now; empty where none is asked for."""

    @property
    def trace(self) -> Sequence[TracePoint]:
        """The convergence; empty where there is none."""

    def ask(self, n: int | None = None) -> Sequence[Task]:
        """The next tasks, ``n`` at the most; empty once the plan has ended. What was asked before must be told."""

    def tell(self, records: Sequence[Record]) -> None:
        """Add records in any order; one told twice counts once."""

    def answer(self, stopped: Stopped) -> Answer:
        """The answer so far, of a job that ended for this reason."""

    def assessed(self, index: int) -> Record:
        """A record with what the problem makes of it, as it is stored and shown."""

    def predict(self, x: NDArray[np.float64], property_name: str) -> Prediction:
        """What a surrogate of everything told expects of a property at a composition [n_columns].

        Raises:
            api_schemas.errors.ProblemInvalid: if nothing is there to learn from.
        """

    def map(self, property_name: str, wanted: Slice) -> SurrogateMap:
        """What a surrogate of everything told expects of a property over a slice.

        Raises:
            api_schemas.errors.ProblemInvalid: if nothing is there to be mapped.
        """

    def point(self, wanted: Slice) -> SurrogatePoint:
        """What surrogates of everything told expect of every property at a composition.

        Raises:
            api_schemas.errors.ProblemInvalid: if nothing is there to learn from.
        """


class Kind(Protocol):
    """A kind of problem. How its files are written is in `api_schemas.kinds`, under the same name."""

    @property
    def name(self) -> str:
        """As in ``kind:``."""

    def examine(self, problem: Problem, region: Region, limits: Limits, *, bounded: bool) -> Examined:
        """Check the fields that it uses, and count what it plans.

        Args:
            problem: As parsed; it may have other faults.
            region: The feasible compositions; with faults among the constraints, those of the bounds alone.
            limits: How large a problem may be.
            bounded: Whether the space is small enough for grids to be counted.
        """

    def misfits(self, resolved: ResolvedProblem, limits: Limits) -> Sequence[FieldError]:
        """What is wrong with the problem that only its crystal tells; memory is looked at later.

        Args:
            resolved: The problem, without other faults.
            limits: How large a problem may be.
        """

    def estimate(self, resolved: ResolvedProblem) -> CostEstimate:
        """Expected cost on one worker."""

    def plan(self, resolved: ResolvedProblem, seed: int, *, shared: bool) -> Plan:
        """A new plan.

        Args:
            resolved: The problem.
            seed: Of everything random.
            shared: Whether it asks for what its tasks share, too, so that this runs beside them; whoever computes the
                tasks by himself gets that computed with the first that needs it.
        """
