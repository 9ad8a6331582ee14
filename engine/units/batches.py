"""Batches: which tasks of a plan are computed together, the same wherever it is computed.

The last digits of a relaxation depend on what is relaxed with it, for products of matrices depend on their shapes. So
who belongs to a batch follows from what the plan asks for alone, and is a part of each task.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from engine.units.registry import UNITS

if TYPE_CHECKING:
    from api_schemas.tasks import Task
    from engine.problem.resolved import ResolvedProblem


def batched(resolved: ResolvedProblem, tasks: Sequence[Task]) -> list[list[Task]]:
    """Tasks in order, those of one crystal together that are best computed at a time, with the numbers of their batch.

    Args:
        resolved: The problem.
        tasks: Everything that its plan asks for at one time, whether it was computed already or not.
    """
    found: list[list[Task]] = []
    for (name, *_), same in groupby(tasks, lambda task: (task.unit, task.phase, task.other, task.tier)):
        waiting = list(same)
        size = UNITS[name].together(resolved.of_task(waiting[0]))
        for first in range(0, len(waiting), size):
            batch = waiting[first : first + size]
            numbers = [task.index for task in batch] if len(batch) > 1 else []
            found.append([task.model_copy(update={"batch": numbers}) for task in batch])
    return found
