"""Submitting: a checked problem becomes a queued job of a tenant, within its quotas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from api_schemas.jobs import CostEstimate, Job, Priority
from api_schemas.problem import Problem
from api_schemas.tasks import Record, Task
from service.access import quotas
from service.queue.queues import queue_of
from service.repositories import events, idempotency, jobs, tags, tasks
from service.settings import Settings
from service.tables.api_keys import DEFAULT_TENANT
from service.tables.database import Database, now
from service.tables.folding import folded
from service.tables.identifiers import new_identifier
from service.tables.jobs import JobRow

PRIORITIES: Mapping[Priority, int] = {"high": 0, "normal": 3, "low": 6}
"""As the broker counts them: 0 is served first."""


@dataclass(frozen=True)
class Submission:
    """What a caller submits.

    Attributes:
        problem: Already checked.
        estimate: What it may cost.
        tenant: Whose job it becomes.
        key: Idempotency key under which the answer is remembered.
        priority: Whether its evaluations go before those of other jobs, or after.
        time_limit: Seconds after which it ends with the best so far.
        parent: Id of the job whose answer it verifies.
        tags: Words by which it is found again.
        known: Tasks that it will ask for whose records are known already.
    """

    problem: Problem
    estimate: CostEstimate
    tenant: str = DEFAULT_TENANT
    key: str | None = None
    priority: Priority = "normal"
    time_limit: float | None = None
    parent: str | None = None
    tags: Sequence[str] = ()
    known: Sequence[tuple[Task, Record]] = ()


def submit(database: Database, settings: Settings, submission: Submission) -> Job:
    """Store a new, queued job, and the answer under the idempotency key if there is one.

    Raises:
        TooMany: if a quota of the tenant is used up.
    """
    problem = submission.problem
    with database.writing() as session:
        quotas.check(session, settings, submission.tenant, submission.estimate)
        at = now(session)
        job = JobRow(
            id=new_identifier(),
            tenant=submission.tenant,
            name=problem.name,
            folded_name=folded(problem.name),
            kind=problem.kind,
            state="queued",
            problem=problem.model_dump_json(exclude_none=True),
            priority=PRIORITIES[submission.priority],
            queue=queue_of(problem.potential.name, settings.routes),
            time_limit=submission.time_limit,
            parent=submission.parent,
            cancel_requested=False,
            evaluations_planned=submission.estimate.evaluations,
            evaluations_done=0,
            created_at=at,
            last_event=0,
            needs_advance=True,
            advance_attempt=0,
            advance_lost=0,
        )
        session.add(job)
        session.flush()
        events.append_state(session, job, "queued", None, at)
        tags.add(session, job.id, submission.tags)
        tasks.add_known(session, job, submission.known)
        session.flush()
        answer = jobs.public(job, tagged=tags.of(session, [job.id])[job.id])
        if submission.key is not None:
            idempotency.remember(session, submission.tenant, submission.key, job.id, answer.model_dump_json())
    return answer
