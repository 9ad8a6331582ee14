"""What the tasks of one worker process share, and what they need from the engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from api_schemas.maps import SurrogateMap, SurrogatePoint
from api_schemas.problem import Problem
from api_schemas.tasks import Record, Task
from engine.composition.slices import Slice
from engine.kinds.kind import Plan
from engine.units.unit import Workplace
from service.work.work import Work


class Map(Protocol):
    """What the surrogate of a plan expects over a slice."""

    def __call__(
        self, problem: Problem, records: Sequence[Record], property_name: str, wanted: Slice
    ) -> SurrogateMap:
        """Fit a surrogate to the records, and map it."""


class Point(Protocol):
    """What the surrogates of a plan expect at a composition."""

    def __call__(self, problem: Problem, stored: Sequence[tuple[str, str]], wanted: Slice) -> SurrogatePoint:
        """Fit surrogates to the stored records, unit and document of each, and ask them."""


@dataclass(frozen=True)
class WorkerContext:
    """One per worker process.

    Attributes:
        device: cpu or cuda.
        work: Where work comes from and goes to.
        perform: Computes tasks of any unit that belong together.
        batches: Which of the tasks that a plan asks for belong together.
        plan: Begins the plan of a problem of any kind.
        surrogate_map: Maps a property over a slice.
        surrogate_point: Tells every property at a composition.
        stopping: Whether this process has been asked to stop.
        abandon: Ends this process at once; whoever supervises it starts it again.
    """

    device: str
    work: Work
    perform: Callable[[Problem, Sequence[Task], Workplace], Sequence[Record]]
    batches: Callable[[Problem, Sequence[Task]], list[list[Task]]]
    plan: Callable[[Problem], Plan]
    surrogate_map: Map
    surrogate_point: Point
    stopping: Callable[[], bool]
    abandon: Callable[[], None] = lambda: None
