"""Claiming tasks under a lease, and storing the record of each exactly once.

A claim raises the task's ``attempt`` and sets a lease. Whoever computes renews the lease, which others see by its
changing (`service.lifecycle.watch`); a record, a checkpoint, a renewal or a release counts only under the attempt that
claimed last (a fencing token), so a worker that was frozen, cut off or replaced can do no harm when it comes back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from api_schemas.evaluations import EvaluationRecord
from api_schemas.problem import Problem
from api_schemas.tasks import Record
from service.repositories import checkpoints, evaluations, events, jobs, parts, speeds, tallies, turns
from service.repositories import progress as progress_of_jobs
from service.repositories.progress import JobProgress
from service.tables.api_keys import DEFAULT_TENANT
from service.tables.database import now
from service.tables.jobs import JobRow
from service.tables.tasks import TaskRow

BACKOFF_SECONDS = (0.0, 5.0)
"""How long a task waits after its first and its second lost worker; the third ends its job."""

LEASE_SECONDS = 9.0
"""How long a claim holds without being renewed."""

STORING_STATES = ("running", "paused", "cancelling")
"""States of a job in which a finished task is still stored."""


@dataclass(frozen=True)
class Claim:
    """A task that this worker may compute, and the token under which it may store the record.

    Attributes:
        task_id: Of its row.
        job_id: Its job.
        attempt: The token.
        document: The problem of the job, as it is stored.
        unit: What it asks of a worker.
        index: Its number among the tasks of its unit.
        task: The task, as a document of its unit.
        continues: Number of the task that it continues.
        tenant: Whose job it is.
        done: How many of the job's tasks were done then.
        others: The claims on the other tasks of its batch.
    """

    task_id: int
    job_id: str
    attempt: int
    document: str
    unit: str
    index: int
    task: str
    continues: int | None = None
    tenant: str = DEFAULT_TENANT
    done: int = 0
    others: tuple[Claim, ...] = ()

    @property
    def batch(self) -> tuple[Claim, ...]:
        """The claims on all tasks that are computed together."""
        return (self, *self.others)

    @property
    def problem(self) -> Problem:
        """The problem of the job.

        Raises:
            ProblemUnreadable: if it is not one that this process knows.
        """
        return jobs.parsed_problem(self.document)


def _held(session: Session, task_id: int) -> TaskRow | None:
    return session.get(TaskRow, task_id, with_for_update=True, populate_existing=True)


def claim(session: Session, task_id: int, worker: str) -> Claim | None:
    """Claim a pending task of a running job, with its batch; None if there is nothing to do for this message."""
    job_id = session.scalars(select(TaskRow.job_id).where(TaskRow.id == task_id)).one_or_none()
    job = None if job_id is None else jobs.locked(session, job_id)
    row = _held(session, task_id)
    if job is None or row is None or row.state != "pending":
        return None
    if job.state != "running" or not _can_begin(session, row):
        row.enqueued_at = None  # enqueued again when the job is resumed, or what it continues is done
        return None
    at = now(session)
    batch = members(session, row, locked=True)
    for one in batch:
        one.state = "running"
        one.attempt += 1
        one.lease_until = at + LEASE_SECONDS
        one.started_at = at
        one.worker = worker
    if row.attempt > 1:
        tallies.add(session, "retries")
    return claimed(job, batch)


def members(session: Session, row: TaskRow, *, locked: bool = False) -> list[TaskRow]:
    """The tasks that are computed together with one, in order, itself among them; of a locked job where they change."""
    first = row.index if row.leader is None else row.leader
    same = (TaskRow.job_id == row.job_id, TaskRow.unit == row.unit)
    found = select(TaskRow).where(*same, or_(TaskRow.index == first, TaskRow.leader == first))
    found = found.order_by(TaskRow.index)
    return list(session.scalars(found.with_for_update() if locked else found))


def claimed(job: JobRow, batch: Sequence[TaskRow]) -> Claim:
    """The claim on the tasks of a batch that a worker holds."""
    first, *others = [_claimed(job, one) for one in batch]
    return replace(first, others=tuple(others))


def _claimed(job: JobRow, row: TaskRow) -> Claim:
    return Claim(
        task_id=row.id,
        job_id=job.id,
        attempt=row.attempt,
        document=job.problem,
        unit=row.unit,
        index=row.index,
        task=row.task,
        continues=row.continues,
        tenant=job.tenant,
        done=job.evaluations_done,
    )


def _can_begin(session: Session, row: TaskRow) -> bool:
    if row.continues is None:
        return True
    before = (TaskRow.job_id == row.job_id, TaskRow.unit == row.unit, TaskRow.index == row.continues)
    return session.scalars(select(TaskRow.state).where(*before)).one_or_none() == "done"


def renew(session: Session, held: Claim) -> bool:
    """Extend the lease; False if the claim is no longer ours."""
    return _changed(session, held, lease_until=now(session) + LEASE_SECONDS)


def release(session: Session, held: Claim, wait: float | None = None) -> bool:
    """Give a task back unfinished, without counting it as lost; False if the claim is no longer ours.

    Its checkpoint stays: whoever claims it next goes on from there, after ``wait`` seconds if that is given.
    """
    values = {"lease_until": None, "worker": None, "doing": None, "enqueued_at": None}
    later = None if wait is None else now(session) + wait
    return _changed(session, held, state="pending", not_before=later, **values)


def _changed(session: Session, held: Claim, **values: object) -> bool:
    """Change the tasks that are held under the attempts of a claim; whether they are."""
    found = []
    for one in held.batch:
        ours = (TaskRow.id == one.task_id, TaskRow.attempt == one.attempt, TaskRow.state == "running")
        changed = session.execute(update(TaskRow).where(*ours).values(**values).returning(TaskRow.id))
        found.append(changed.one_or_none() is not None)
    return all(found)


def cached(session: Session, held: Claim, content_key: str) -> str | None:
    """The record of the same task in any job of the same tenant, as a document; None if there is none."""
    found = (
        select(TaskRow.record)
        .join(JobRow, JobRow.id == TaskRow.job_id)
        .where(TaskRow.content_key == content_key, TaskRow.state == "done", JobRow.tenant == held.tenant)
        .limit(1)
    )
    return session.scalars(found).one_or_none()


def store(
    session: Session,
    held: Claim,
    record: Record,
    progress: JobProgress | None,
    *,
    completed: Iterable[Record] = (),
    content_key: str | None = None,
    from_cache: bool = False,
    together: int = 1,
) -> int:
    """Store a record once, with its events; 0 if the claim is no longer ours or the job wants it no more.

    With ``progress`` it becomes known how far the job is; records of earlier tasks of the job that are ``completed``
    with this one take the place of what is stored of them. Under ``content_key`` other jobs of the tenant find the
    record. It was computed with others, ``together`` of them with itself, which share the time that it took. The job's
    ``needs_advance`` is set when its plan waits for nothing else.

    Returns:
        How many records the job has now.
    """
    job = jobs.locked(session, held.job_id)
    row = _held(session, held.task_id)
    if job is None or row is None or row.state != "running" or row.attempt != held.attempt:
        return 0
    if job.state not in STORING_STATES:
        return 0
    at = now(session)
    row.state = "done"
    row.record = record.model_dump_json()
    row.content_key = content_key
    row.finished_at = at
    row.lease_until = row.doing = row.enqueued_at = None
    session.flush()
    doing = progress_of_jobs.doing(session, [job.id])[job.id]
    complete(session, job.id, completed)
    checkpoints.drop_continued(session, row)
    job.evaluations_done += row.counted
    if progress is not None:
        progress.note(job)
    if evaluations.is_one(row.unit):
        events.append_evaluation(session, job, row.index, at)
    events.append_progress(session, job, at, doing)
    seconds = max(0.0, at - (row.started_at or at)) / together
    if not from_cache:
        turns.note_served(session, job, seconds, at)
    if row.counted:
        _count(session, job, row, record, seconds, at, from_cache=from_cache)
    stored, waited_for = session.execute(
        select(
            func.count().filter(TaskRow.state == "done"),
            func.count().filter(TaskRow.state != "done", TaskRow.background.is_(False)),
        ).where(TaskRow.job_id == job.id)
    ).one()
    if waited_for == 0:
        job.needs_advance = True
        job.advance_enqueued_at = None
    return int(stored)


def complete(session: Session, job_id: str, records: Iterable[Record]) -> None:
    """Put records in the place of those that are stored of the same tasks of a locked job."""
    for record in records:
        stored = (TaskRow.job_id == job_id, TaskRow.unit == record.unit, TaskRow.index == record.index)
        changed = update(TaskRow).where(*stored, TaskRow.state == "done")
        session.execute(changed.values(record=record.model_dump_json()))


def _count(
    session: Session,
    job: JobRow,
    row: TaskRow,
    record: Record,
    seconds: float,
    at: float,
    *,
    from_cache: bool,
) -> None:
    if from_cache:
        tallies.add(session, "cache_hits")
        return
    choice = jobs.problem_of(job).potential
    state = record.structure if isinstance(record, EvaluationRecord) else None
    # Estimates are everybody's: they learn nothing from what one tenant's workers say of themselves.
    sites = 0 if state is None or parts.is_remote(row.worker) else len(state.sites)
    tallies.add_all(
        session,
        ("evaluations", choice.name, 1.0),
        ("evaluation_seconds", choice.name, seconds),
        *speeds.learned(choice, job.kind, sites, record),
        tallies.of_quota(job.tenant, at),
    )


def free(session: Session, row: TaskRow, *, blamed: bool) -> None:
    """Hand on a task and its batch, whose worker has vanished, by its own doing or not; a checkpoint stays."""
    for one in members(session, row, locked=True):
        one.state = "pending"
        one.lease_until = one.doing = one.enqueued_at = one.not_before = None
        one.lost += blamed
        one.interrupted += not blamed
    if blamed:
        wait = BACKOFF_SECONDS[min(row.lost, len(BACKOFF_SECONDS)) - 1]
        row.not_before = now(session) + wait if wait else None


def forgive(session: Session, job_id: str) -> None:
    """Forget how often the platform interrupted the tasks of a job."""
    session.execute(update(TaskRow).where(TaskRow.job_id == job_id).values(interrupted=0))


def drop_unfinished(session: Session, job_id: str) -> None:
    """Delete what was asked for and is not stored: a late record then finds no place."""
    session.execute(delete(TaskRow).where(TaskRow.job_id == job_id, TaskRow.state != "done"))


def records(session: Session, job_id: str, *, counted: bool = False) -> list[tuple[str, str]]:
    """Unit and document of every stored record of a job, by number; or of those that count as progress."""
    found = select(TaskRow.unit, TaskRow.record).where(TaskRow.job_id == job_id, TaskRow.state == "done")
    if counted:
        found = found.where(TaskRow.counted)
    rows = session.execute(found.order_by(TaskRow.index, TaskRow.unit)).all()
    return [(row.unit, row.record) for row in rows if row.record is not None]
