"""A plan around another one, which asks for more tasks: what it does not say itself, the other says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

from engine.kinds.kind import Plan

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from api_schemas.jobs import BestSoFar
    from api_schemas.maps import SurrogateMap, SurrogatePoint
    from api_schemas.results import Prediction, TracePoint
    from api_schemas.tasks import Record
    from engine.composition.slices import Slice

_Plan = TypeVar("_Plan", bound=Plan)


class Around(Generic[_Plan]):
    """What is known of the plan inside. Those who derive from it say what is asked and told, and when it has ended.

    Args:
        plan: The plan inside; told of nothing yet.
    """

    def __init__(self, plan: _Plan) -> None:
        self._plan = plan

    @property
    def best(self) -> BestSoFar | None:
        """The best evaluation up to now."""
        return self._plan.best

    @property
    def front(self) -> Sequence[int]:
        """Numbers of the evaluations on the front up to now."""
        return self._plan.front

    @property
    def trace(self) -> Sequence[TracePoint]:
        """The convergence."""
        return self._plan.trace

    def assessed(self, index: int) -> Record:
        """An evaluation with what the problem makes of it."""
        return self._plan.assessed(index)

    def predict(self, x: NDArray[np.float64], property_name: str) -> Prediction:
        """What a surrogate of everything told expects of a property at a composition [n_columns]."""
        return self._plan.predict(x, property_name)

    def map(self, property_name: str, wanted: Slice) -> SurrogateMap:
        """What a surrogate of everything told expects of a property over a slice."""
        return self._plan.map(property_name, wanted)

    def point(self, wanted: Slice) -> SurrogatePoint:
        """What surrogates of everything told expect of every property at a composition."""
        return self._plan.point(wanted)
