"""Submitting: checked problems become queued jobs of a tenant, within its quotas: one, or an array of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue
from sqlalchemy.orm import Session

from api_schemas.arrays import JobArray
from api_schemas.jobs import CostEstimate, Job, Priority
from api_schemas.problem import Problem
from api_schemas.tasks import Record, Task
from service.access import quotas
from service.lifecycle import arrays, following
from service.lifecycle.notice import notices
from service.queue.queues import queue_of
from service.repositories import asking, dependencies, events, idempotency, jobs, tags
from service.settings import Settings
from service.tables.api_keys import DEFAULT_TENANT
from service.tables.database import Database, now
from service.tables.folding import folded
from service.tables.identifiers import new_identifier
from service.tables.jobs import JobRow


@dataclass(frozen=True)
class Member:
    """A problem of a submission.

    Attributes:
        problem: Already checked.
        estimate: What it may cost.
        values: What is its own in an array, by field.
    """

    problem: Problem
    estimate: CostEstimate
    values: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True)
class Options:
    """How jobs are submitted, beside their problems.

    Attributes:
        tenant: Whose jobs they become.
        priority: Whether their evaluations go before those of other jobs, or after.
        time_limit: Seconds after which each ends with the best so far.
        tags: Words by which they are found again.
        after: Ids of jobs that have to succeed before they start.
        takes_answer: Whether they start from the answers of these.
    """

    tenant: str = DEFAULT_TENANT
    priority: Priority = "normal"
    time_limit: float | None = None
    tags: Sequence[str] = ()
    after: Sequence[str] = ()
    takes_answer: bool = False


@dataclass(frozen=True)
class Submission:
    """What a caller submits.

    Attributes:
        problem: Already checked.
        estimate: What it may cost.
        options: How it is submitted.
        key: Idempotency key under which the answer is remembered.
        parent: Id of the job whose answer it verifies.
        known: Tasks that it will ask for whose records are known already.
    """

    problem: Problem
    estimate: CostEstimate
    options: Options = Options()
    key: str | None = None
    parent: str | None = None
    known: Sequence[tuple[Task, Record]] = ()


def submit(database: Database, settings: Settings, submission: Submission) -> Job:
    """Store a new, queued job, and the answer under the idempotency key if there is one.

    Raises:
        TooMany: if a quota of the tenant is used up.
        NotFound: if the tenant has no job after which it is to start.
        Conflict: if one of these will not succeed.
        Unprocessable: if the answer of one of these cannot be taken.
    """
    options, member = submission.options, Member(submission.problem, submission.estimate)
    with database.writing() as session:
        quotas.check(session, settings, options.tenant, [submission.estimate])
        job = _stored(session, settings, member, options, parent=submission.parent)
        asking.add_known(session, job, submission.known)
        session.flush()
        (answer,) = jobs.public(session, [job], notices=notices(session, [job]))
        if submission.key is not None:
            idempotency.remember(session, options.tenant, submission.key, job.id, answer.model_dump_json())
    return answer


def submit_array(
    database: Database,
    settings: Settings,
    members: Sequence[Member],
    options: Options,
    key: str | None = None,
) -> JobArray:
    """Store the jobs of an array, all or none, and the answer under the idempotency key if there is one.

    Raises:
        TooMany: if a quota of the tenant has no room for all of them.
        NotFound: if the tenant has no job after which they are to start.
        Conflict: if one of these will not succeed.
        Unprocessable: if the answer of one of these cannot be taken.
    """
    array = new_identifier()
    with database.writing() as session:
        quotas.check(session, settings, options.tenant, [member.estimate for member in members])
        rows = [_stored(session, settings, member, options, array=array) for member in members]
        session.flush()
        answer = arrays.public(session, array, rows)
        if key is not None:
            idempotency.remember(session, options.tenant, key, rows[0].id, answer.model_dump_json())
    return answer


def _stored(
    session: Session,
    settings: Settings,
    member: Member,
    options: Options,
    *,
    parent: str | None = None,
    array: str | None = None,
) -> JobRow:
    problem = member.problem
    taking = problem if options.takes_answer else None
    before = following.checked(session, options.tenant, options.after, taking)
    # What takes an answer is normalised once it has it.
    document = json.dumps(problem.document()) if taking else problem.model_dump_json(exclude_none=True)
    at = now(session)
    job = JobRow(
        id=new_identifier(),
        tenant=options.tenant,
        name=problem.name,
        folded_name=folded(problem.name),
        kind=problem.kind,
        state="queued",
        problem=document,
        priority=jobs.PRIORITIES[options.priority],
        queue=queue_of(problem.potential.name, settings.routes),
        time_limit=options.time_limit,
        parent=parent,
        array=array,
        array_values=None if array is None else json.dumps(dict(member.values)),
        waiting=bool(before),
        cancel_requested=False,
        evaluations_planned=member.estimate.evaluations,
        evaluations_done=0,
        created_at=at,
        last_event=0,
        needs_advance=not before,
        advance_attempt=0,
        advance_lost=0,
    )
    session.add(job)
    session.flush()
    events.append_state(session, job, "queued", None, at)
    tags.add(session, job.id, options.tags)
    if before:
        dependencies.add(session, job.id, before, takes=options.takes_answer)
        following.begin(session, job)
    return job
