"""What the tasks of one worker process share, and the three things they need from the engine."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from api_schemas.evaluations import EvaluationRecord, Suggestion
from api_schemas.jobs import BestSoFar
from api_schemas.maps import SurrogateMap
from api_schemas.problem import Problem
from api_schemas.results import Result, Stopped, TracePoint
from engine.composition.slices import Slice
from engine.optimize.answer.trace import thinned
from service.lifecycle.standing import Standing
from service.queue.messenger import Messenger
from service.repositories.references import SqlReferenceStore
from service.tables.database import Database


class Campaign(Protocol):
    """A search for a composition, as ``engine.Campaign`` offers it."""

    @property
    def planned(self) -> int:
        """At most this many evaluations."""

    @property
    def stopped(self) -> Stopped | None:
        """Why the campaign has ended, None while it goes on."""

    @property
    def best(self) -> BestSoFar | None:
        """The best evaluation up to now."""

    @property
    def trace(self) -> list[TracePoint]:
        """The loss of each evaluation and the best up to it."""

    def tell(self, records: Sequence[EvaluationRecord]) -> None:
        """Add evaluations."""

    def ask(self) -> list[Suggestion]:
        """The next compositions to evaluate."""

    def result(self, stopped: Stopped | None = None, *, device: str = "cpu") -> Result:
        """The answer so far."""


class Evaluate(Protocol):
    """``engine.evaluate``."""

    def __call__(
        self,
        problem: Problem,
        composition: Suggestion,
        *,
        references: SqlReferenceStore,
        device: str,
        on_call: Callable[[], None],
    ) -> EvaluationRecord:
        """Relax one composition and compute its properties."""


class Map(Protocol):
    """What the surrogate of a campaign expects over a slice."""

    def __call__(
        self, problem: Problem, records: Sequence[EvaluationRecord], property_name: str, wanted: Slice
    ) -> SurrogateMap:
        """Fit a surrogate to the records, and map it."""


@dataclass(frozen=True)
class WorkerContext:
    """One per worker process.

    Attributes:
        name: Unique among workers.
        device: cpu or cuda.
        database: The store.
        messenger: The queue.
        evaluate: Computes one composition.
        campaign: Begins a campaign of a problem.
        surrogate_map: Maps a property over a slice.
        stopping: Whether this process has been asked to stop.
        abandon: Ends this process at once; whoever supervises it starts it again.
    """

    name: str
    device: str
    database: Database
    messenger: Messenger
    evaluate: Evaluate
    campaign: Callable[[Problem], Campaign]
    surrogate_map: Map
    stopping: Callable[[], bool]
    abandon: Callable[[], None] = lambda: None


def replayed(context: WorkerContext, problem: Problem, records: Sequence[EvaluationRecord]) -> Campaign:
    """The campaign of a problem after everything that is stored has been told."""
    campaign = context.campaign(problem)
    campaign.tell(records)
    return campaign


def standing(campaign: Campaign) -> Standing:
    """How a search stands."""
    best = campaign.best
    return Standing(
        best=None if best is None else best.model_dump_json(), trace=json.dumps(thinned(campaign.trace))
    )
