"""What plans over tasks of any unit have in common, where there are no compositions to search among."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.composition.slices import map_fault
from engine.kinds.kind import Answer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from api_schemas.jobs import BestSoFar
    from api_schemas.maps import SurrogateMap, SurrogatePoint
    from api_schemas.results import Prediction, Stopped, TracePoint
    from api_schemas.tasks import Record, Task
    from engine.composition.slices import Slice


class TaskPlan:
    """A plan that has no best evaluation, no front and no surrogate. Those who derive from it say what it asks.

    They override `planned`, `stopped`, `ask` and `answer`, as functions of `records`.
    """

    best: BestSoFar | None = None
    front: Sequence[int] = ()
    trace: Sequence[TracePoint] = ()

    def __init__(self) -> None:
        self._records: dict[int, Record] = {}

    @property
    def records(self) -> list[Record]:
        """Everything told, by index."""
        return [self._records[index] for index in sorted(self._records)]

    @property
    def planned(self) -> int:
        """At most so many tasks."""
        return 0

    @property
    def stopped(self) -> Stopped | None:
        """Why it has ended; None while it goes on."""
        return None

    def ask(self, n: int | None = None) -> Sequence[Task]:
        """The next tasks."""
        del n
        return ()

    def answer(self, stopped: Stopped) -> Answer:
        """The answer so far."""
        del stopped
        return Answer()

    def tell(self, records: Sequence[Record]) -> None:
        """Add records in any order; one told twice counts once."""
        self._records |= {record.index: record for record in records}

    def assessed(self, index: int) -> Record:
        """A record as it was told.

        Raises:
            KeyError: if none of this number was told.
        """
        return self._records[index]

    def predict(self, x: NDArray[np.float64], property_name: str) -> Prediction:
        """Nothing is learned from these tasks.

        Raises:
            ProblemInvalid: always.
        """
        del x
        raise map_fault("/property", f"this kind has no surrogate, so none of {property_name[:60]}")

    def map(self, property_name: str, wanted: Slice) -> SurrogateMap:
        """Nothing is learned from these tasks.

        Raises:
            ProblemInvalid: always.
        """
        del wanted
        raise map_fault("/property", f"this kind has no surrogate, so no map of {property_name[:60]}")

    def point(self, wanted: Slice) -> SurrogatePoint:
        """Nothing is learned from these tasks.

        Raises:
            ProblemInvalid: always.
        """
        del wanted
        raise map_fault("/at", "this kind has no surrogate, so nothing is expected at a composition")
