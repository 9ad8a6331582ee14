"""The engine as the tasks call it: each problem is resolved once in a worker, however many tasks it has."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from api_schemas.maps import SurrogateMap, SurrogatePoint
from api_schemas.problem import Problem
from api_schemas.tasks import Record, Task
from engine.acceptance.resolve import resolve
from engine.composition.slices import Slice
from engine.kinds.kind import Plan
from engine.kinds.registry import KINDS
from engine.potentials.chosen import fetch_chosen
from engine.problem.resolved import ResolvedProblem
from engine.units.batches import batched
from engine.units.registry import UNITS
from engine.units.unit import Workplace, words_of
from service.worker.replay import records_of


@lru_cache(maxsize=64)
def _resolved(document: str) -> ResolvedProblem:
    return resolve(Problem.model_validate_json(document))


def batches(problem: Problem, tasks: Sequence[Task]) -> list[list[Task]]:
    """What a plan of a problem asks for, those together that are computed at a time."""
    return batched(_resolved(problem.model_dump_json()), tasks)


def performed(problem: Problem, tasks: Sequence[Task], workplace: Workplace) -> Sequence[Record]:
    """Compute the tasks of a batch.

    Raises:
        api_schemas.registry.UnknownName: if there is no such unit.
        api_schemas.errors.ProblemInvalid: if the problem cannot be computed.
        engine.potentials.errors.PotentialError: if the potential cannot be used.
    """
    first = tasks[0]
    resolved, unit = _resolved(problem.model_dump_json()).of_task(first), UNITS[first.unit]
    fetch_chosen(problem.potential, workplace.say)
    workplace.say(words_of(unit, resolved, tasks))
    return unit.perform(resolved, tasks, workplace)


def plan_of(problem: Problem) -> Plan:
    """A new plan of a problem.

    Raises:
        api_schemas.registry.UnknownName: if there is no such kind.
        api_schemas.errors.ProblemInvalid: if the problem cannot be computed.
    """
    return KINDS[problem.kind].plan(_resolved(problem.model_dump_json()), problem.strategy.seed, shared=True)


def mapped(problem: Problem, records: Sequence[Record], property_name: str, wanted: Slice) -> SurrogateMap:
    """What a surrogate of the records expects of a property over a slice.

    Raises:
        api_schemas.errors.ProblemInvalid: if the slice cannot be mapped as the records are.
    """
    plan = plan_of(problem)
    plan.tell(records)
    return plan.map(property_name, wanted)


@lru_cache(maxsize=2)
def _learned(document: str, stored: tuple[tuple[str, str], ...]) -> Plan:
    """The plan of a problem that was told records: whoever drags a point asks the same surrogates again and again."""
    plan = plan_of(Problem.model_validate_json(document))
    plan.tell(records_of(stored))
    return plan


def pointed(problem: Problem, stored: Sequence[tuple[str, str]], wanted: Slice) -> SurrogatePoint:
    """What surrogates of stored records expect of every property at a composition.

    Raises:
        api_schemas.errors.ProblemInvalid: if the records tell nothing.
    """
    return _learned(problem.model_dump_json(), tuple((unit, document) for unit, document in stored)).point(
        wanted
    )
