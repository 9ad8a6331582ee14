"""Claiming evaluations under a lease, and storing each exactly once.

A claim raises the evaluation's ``attempt`` and sets a lease by the database's clock. Whoever computes renews the lease;
a result, a renewal or a release counts only under the attempt that claimed last (a fencing token), so a worker that was
frozen, cut off or replaced can do no harm when it comes back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from api_schemas.evaluations import EvaluationRecord, Suggestion
from api_schemas.problem import Problem
from service.access.quotas import used_label
from service.lifecycle.standing import Standing
from service.repositories import events, jobs, tallies
from service.tables.api_keys import DEFAULT_TENANT
from service.tables.database import now
from service.tables.jobs import JobRow
from service.tables.tasks import EvaluationRow

BACKOFF_SECONDS = (0.0, 5.0)
"""How long an evaluation waits after its first and its second lost worker; the third ends its job."""

LEASE_SECONDS = 9.0
"""How long a claim holds without being renewed."""

STORING_STATES = ("running", "paused", "cancelling")
"""States of a job in which a finished evaluation is still stored."""


@dataclass(frozen=True)
class Claim:
    """An evaluation that this worker may compute, and the token under which it may store the result."""

    evaluation_id: int
    job_id: str
    attempt: int
    problem: Problem
    suggestion: Suggestion
    tenant: str = DEFAULT_TENANT


def add(session: Session, job: JobRow, suggestions: Sequence[Suggestion]) -> None:
    """Insert the evaluations that a campaign asks for."""
    at = now(session)
    for suggestion in suggestions:
        session.add(
            EvaluationRow(
                job_id=job.id, index=suggestion.index, suggestion=suggestion.model_dump_json(), created_at=at
            )
        )


def outstanding(session: Session, job_id: str) -> int:
    """Number of evaluations that were asked for and are not stored yet."""
    found = select(func.count()).where(EvaluationRow.job_id == job_id, EvaluationRow.state != "done")
    return int(session.execute(found).scalar_one())


def to_enqueue(session: Session, job_id: str, window: int) -> list[int]:
    """Mark pending evaluations as enqueued until ``window`` of the job are under way, and return their ids.

    Keeping few messages of each job in the queue lets jobs take turns: a scan of thousands of points does not stand
    before a job of three.
    """
    waiting = (
        EvaluationRow.job_id == job_id,
        EvaluationRow.state != "done",
        EvaluationRow.enqueued_at.is_not(None),
    )
    under_way = int(session.execute(select(func.count()).where(*waiting)).scalar_one())
    if under_way >= window:
        return []
    fresh = (
        select(EvaluationRow.id)
        .where(
            EvaluationRow.job_id == job_id,
            EvaluationRow.state == "pending",
            EvaluationRow.enqueued_at.is_(None),
            or_(EvaluationRow.not_before.is_(None), EvaluationRow.not_before <= now(session)),
        )
        .order_by(EvaluationRow.index)
        .limit(window - under_way)
    )
    ids = list(session.scalars(fresh))
    if ids:
        session.execute(
            update(EvaluationRow).where(EvaluationRow.id.in_(ids)).values(enqueued_at=now(session))
        )
    return ids


def _held(session: Session, evaluation_id: int) -> EvaluationRow | None:
    return session.get(EvaluationRow, evaluation_id, with_for_update=True, populate_existing=True)


def claim(session: Session, evaluation_id: int, worker: str) -> Claim | None:
    """Claim a pending evaluation of a running job; None if there is nothing to do for this message."""
    job_id = session.scalars(
        select(EvaluationRow.job_id).where(EvaluationRow.id == evaluation_id)
    ).one_or_none()
    job = None if job_id is None else jobs.locked(session, job_id)
    row = _held(session, evaluation_id)
    if job is None or row is None or row.state != "pending":
        return None
    if job.state != "running":
        row.enqueued_at = None  # enqueued again when the job is resumed
        return None
    at = now(session)
    row.state = "running"
    row.attempt += 1
    row.lease_until = at + LEASE_SECONDS
    row.started_at = at
    row.worker = worker
    if row.attempt > 1:
        tallies.add(session, "retries")
    return Claim(
        evaluation_id=row.id,
        job_id=job.id,
        attempt=row.attempt,
        problem=jobs.problem_of(job),
        suggestion=Suggestion.model_validate_json(row.suggestion),
        tenant=job.tenant,
    )


def renew(session: Session, held: Claim) -> bool:
    """Extend the lease; False if the claim is no longer ours."""
    changed = session.execute(
        update(EvaluationRow)
        .where(
            EvaluationRow.id == held.evaluation_id,
            EvaluationRow.attempt == held.attempt,
            EvaluationRow.state == "running",
        )
        .values(lease_until=now(session) + LEASE_SECONDS)
        .returning(EvaluationRow.id)
    )
    return changed.one_or_none() is not None


def release(session: Session, held: Claim) -> bool:
    """Give an evaluation back unfinished, without counting it as lost; False if the claim is no longer ours."""
    changed = session.execute(
        update(EvaluationRow)
        .where(
            EvaluationRow.id == held.evaluation_id,
            EvaluationRow.attempt == held.attempt,
            EvaluationRow.state == "running",
        )
        .values(state="pending", lease_until=None, worker=None, enqueued_at=None)
        .returning(EvaluationRow.id)
    )
    return changed.one_or_none() is not None


def cached(session: Session, held: Claim, content_key: str) -> EvaluationRecord | None:
    """The record of the same evaluation in any job of the same tenant, under the number of this one; or None."""
    found = (
        select(EvaluationRow.record)
        .join(JobRow, JobRow.id == EvaluationRow.job_id)
        .where(
            EvaluationRow.content_key == content_key,
            EvaluationRow.state == "done",
            JobRow.tenant == held.tenant,
        )
        .limit(1)
    )
    text = session.scalars(found).one_or_none()
    if text is None:
        return None
    record = EvaluationRecord.model_validate_json(text)
    return record.model_copy(update={"index": held.suggestion.index, "origin": held.suggestion.origin})


def store(
    session: Session,
    held: Claim,
    record: EvaluationRecord,
    standing: Standing | None,
    *,
    content_key: str | None = None,
    from_cache: bool = False,
) -> bool:
    """Store a result once, with its events; False if the claim is no longer ours or the job wants it no more.

    With ``standing`` it becomes known how the search stands. Under ``content_key`` other jobs of the tenant find the
    result. The job's ``needs_advance`` is set when this was the last evaluation of its batch.
    """
    job = jobs.locked(session, held.job_id)
    row = _held(session, held.evaluation_id)
    if job is None or row is None or row.state != "running" or row.attempt != held.attempt:
        return False
    if job.state not in STORING_STATES:
        return False
    at = now(session)
    row.state = "done"
    row.record = record.model_dump_json()
    row.content_key = content_key
    row.finished_at = at
    row.lease_until = None
    row.enqueued_at = None
    session.flush()
    job.evaluations_done += 1
    if standing is not None:
        standing.note(job)
    events.append_evaluation(session, job, row.index, at)
    events.append_progress(session, job, at)
    _count(session, job, at - (row.started_at or at), at, from_cache=from_cache)
    if outstanding(session, job.id) == 0:
        job.needs_advance = True
        job.advance_enqueued_at = None
    return True


def _count(session: Session, job: JobRow, seconds: float, at: float, *, from_cache: bool) -> None:
    if from_cache:
        tallies.add(session, "cache_hits")
        return
    potential = jobs.problem_of(job).potential.name
    tallies.add(session, "evaluations", potential)
    tallies.add(session, "evaluation_seconds", potential, seconds)
    tallies.add(session, "quota", used_label(job.tenant, at))


def drop_unfinished(session: Session, job_id: str) -> None:
    """Delete what was asked for and is not stored: a late result then finds no place."""
    session.execute(
        delete(EvaluationRow).where(EvaluationRow.job_id == job_id, EvaluationRow.state != "done")
    )


def page(session: Session, job_id: str, after: int, limit: int) -> Sequence[EvaluationRow]:
    """At most ``limit`` stored evaluations with numbers above ``after``, by number."""
    found = select(EvaluationRow).where(
        EvaluationRow.job_id == job_id, EvaluationRow.state == "done", EvaluationRow.index > after
    )
    return session.scalars(found.order_by(EvaluationRow.index).limit(limit)).all()
