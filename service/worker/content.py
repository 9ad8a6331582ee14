"""Keys of tasks by content: equal keys mean equal records, so the same thing is never computed twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from api_schemas.problem import Problem
from api_schemas.tasks import Task
from engine.potentials import registry
from engine.units.registry import UNITS
from service.work.version import code

_PLACE = {"index", "phase", "other", "origin", "background", "evaluation", "batch", "after"}
"""Fields of a task that say where it stands in its plan, not what is computed."""


def content_keys(problem: Problem, batch: Sequence[Task], device: str) -> list[str]:
    """The key of each task of a batch: of one with others, what these are and which of them it is belong to it."""
    if len(batch) == 1:
        return [content_key(problem, batch[0], device)]
    alone = [content_key(problem, task, device) for task in batch]
    return [
        hashlib.sha256(" ".join([str(number), *alone]).encode()).hexdigest() for number in range(len(batch))
    ]


def content_key(problem: Problem, task: Task, device: str) -> str:
    """SHA-256 of all that the record of a task depends on, besides the checkpoint from which it may go on.

    That is: the unit and the tier, what the unit uses of the problem (with the crystal that the task is of), the
    potential with the checksum of its weights, the task with what it starts from, the kind of device, and the code.
    """
    problem = problem.of_task(task)
    content = {
        "unit": task.unit,
        "tier": task.tier,
        "problem": problem.model_dump(mode="json", exclude=_excluded(task)),
        "task": task.model_dump(mode="json", exclude=_PLACE),
        "weights": registry.describe_choice(problem.potential).sha256,
        "device": device,
        "code": code(),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _excluded(task: Task) -> dict[str, Any]:
    """What of its problem a task does not depend on: other potentials are never those that compute it."""
    names: dict[str, Any] = dict.fromkeys(UNITS[task.unit].without_effect, True)
    return {"potential": {"also"}, **names}
