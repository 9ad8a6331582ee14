"""A task that saves checkpoints, at work: the problem, what computes it, and whom it tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from api_schemas.tasks import Task

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from engine.evaluation.evaluator import Evaluator
    from engine.problem.resolved import ResolvedProblem

T = TypeVar("T", bound=Task)


@dataclass(frozen=True, eq=False)
class AtWork(Generic[T]):
    """A task, and what computes it.

    Attributes:
        resolved: The problem.
        task: The task.
        evaluator: Of the problem, at the workplace.
        on_call: Called before every potential call; what it raises ends the computation.
        checkpoint: Where the task had come to; None to begin at the beginning.
        save: Keeps a checkpoint, after every potential call of the supercell.
    """

    resolved: ResolvedProblem
    task: T
    evaluator: Evaluator
    on_call: Callable[[], None]
    checkpoint: Mapping[str, NDArray[np.generic]] | None
    save: Callable[[Mapping[str, NDArray[np.generic]]], None]
