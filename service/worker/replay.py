"""Plans told of what is stored, and how far they are: what is written to a job with each record."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache

from api_schemas.problem import Problem
from api_schemas.results import Result, Stopped
from api_schemas.tasks import Record
from engine.kinds.kind import Plan
from engine.kinds.result import build_result
from engine.optimize.answer.trace import thinned
from engine.units.registry import UNITS
from service.repositories import evaluations, jobs, stored
from service.repositories.progress import JobProgress
from service.worker.context import WorkerContext

_UNDER_WAY = Stopped(reason="cancelled", message="the job is not finished")
"""Why a job would end now; what takes long to work out is left out of the answer of a cancelled one."""

_TRIES = 3


@lru_cache(maxsize=256)
def record_of(unit: str, document: str) -> Record:
    """A stored record.

    Raises:
        api_schemas.registry.UnknownName: if there is no such unit.
        service.repositories.stored.StoredUnreadable: if another version wrote it otherwise.
    """
    return stored.read(UNITS[unit].record, document, "a record of this job")


def records_of(found: Iterable[tuple[str, str]]) -> list[Record]:
    """Stored records: unit and document of each."""
    return [record_of(unit, document) for unit, document in found]


def replayed(context: WorkerContext, problem: Problem, records: Sequence[Record]) -> Plan:
    """The plan of a problem after these records have been told."""
    plan = context.plan(problem)
    plan.tell(records)
    return plan


def result_of(
    context: WorkerContext, problem: Problem, plan: Plan, stopped: Stopped, *, evaluations: bool = True
) -> Result:
    """The result of a plan that ends, with its evaluations or without."""
    return build_result(
        problem,
        plan,
        stopped,
        seed=problem.strategy.seed,
        device=context.device,
        evaluations=evaluations,
    )


def progress_of(
    context: WorkerContext, problem: Problem, plan: Plan, told: int, known: Result | None = None
) -> JobProgress:
    """How far a plan is.

    Args:
        context: Of this worker.
        problem: What is asked for.
        plan: Told of every record.
        told: How many those are.
        known: Its result, where that is at hand.
    """
    best = plan.best
    standing = known or result_of(context, problem, plan, _UNDER_WAY, evaluations=False)
    return JobProgress(
        told=told,
        best=None if best is None else best.model_dump_json(),
        trace=json.dumps(thinned(standing.trace)),
        front=json.dumps(list(plan.front)),
        standing=standing.model_copy(update={"evaluations": []}).model_dump_json(),
    )


def catch_up(context: WorkerContext, job_id: str) -> None:
    """Bring a job's progress up to its stored records where it is behind, as when two were stored at a time."""
    for _ in range(_TRIES):
        behind = context.work.behind(job_id)
        if behind is None:
            return
        problem, records = jobs.parsed_problem(behind.document), records_of(behind.records)
        plan = replayed(context, problem, records)
        completed = evaluations.completed(records, plan.assessed)
        if context.work.catch_up(job_id, progress_of(context, problem, plan, len(records)), completed):
            return
