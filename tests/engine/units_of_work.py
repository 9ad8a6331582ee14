"""Units of work on mixed crystals: a problem, a task performed, and what a unit that saves checkpoints promises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from api_schemas.problem import Problem
from api_schemas.tasks import Record, Task
from engine.acceptance.resolve import resolve
from engine.problem.resolved import ResolvedProblem
from engine.units.registry import UNITS
from engine.units.unit import Workplace

SALT = {"mixed": ("Na", ["Na", "K"])}
HALF = {"mixed": {"Na": 0.5, "K": 0.5}}


def problem(
    prototype: str = "rocksalt",
    species: tuple[str, ...] = ("Na", "Cl"),
    sublattices: dict[str, tuple[str, list[str]]] = SALT,
    potential: str = "sevennet-0",
    **more: Any,
) -> ResolvedProblem:
    """A crystal whose sublattices, by name a site and its elements, are mixed evenly."""
    document = {
        "kind": "evaluate",
        "structure": {"prototype": prototype, "species": list(species)},
        "sublattices": [
            {"name": name, "sites": [site], "elements": elements}
            for name, (site, elements) in sublattices.items()
        ],
        "at": [{name: dict.fromkeys(e, 1 / len(e)) for name, (_, e) in sublattices.items()}],
        "potential": {"name": potential},
        **more,
    }
    return resolve(Problem.model_validate(document))


def performed(resolved: ResolvedProblem, task: Task, **workplace: Any) -> Any:
    """The record of one task."""
    (record,) = UNITS[task.unit].perform(resolved, [task], Workplace(**workplace))
    return record


def timeless(record: Record) -> Record:
    """The record without the seconds that it took."""
    return record.model_copy(update={"cost": record.cost.model_copy(update={"seconds": 0.0})})


class Killed(Exception):  # noqa: N818  (nothing went wrong)
    """Stands for a worker that ends."""


def assert_it_goes_on_bit_for_bit(
    perform: Callable[..., Record], whole: Record, saved: list[dict[str, np.ndarray]]
) -> None:
    """From every checkpoint to the same record, nothing computed again; and what is killed has saved the same.

    Args:
        perform: Performs the task, with what is given of its workplace.
        whole: What the task came to in one go.
        saved: The checkpoints of that, one of every call of the supercell.
    """
    for number, checkpoint in enumerate(saved):
        calls: list[None] = []
        again = perform(on_call=lambda calls=calls: calls.append(None), checkpoint=checkpoint)
        assert timeless(again) == timeless(whole)
        assert len(calls) == len(saved) - 1 - number

    def killing() -> None:
        if len(kept) == 2:
            raise Killed

    kept: list[dict[str, np.ndarray]] = []
    with pytest.raises(Killed):
        perform(on_call=killing, save=kept.append)
    for name, array in saved[1].items():
        np.testing.assert_array_equal(kept[1][name], array)
