"""The next step of a job in the store: claimed under an attempt, renewed, given back, and stored once."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.acceptance.maps import likely_slices
from service.lifecycle import finish, states
from service.repositories import asking, events, jobs, maps, tasks
from service.repositories.tasks import LEASE_SECONDS
from service.tables.database import now
from service.tables.jobs import JobRow
from service.work.work import Step, StepClaim

CHEAP_TO_MAP = 100
"""Maps are computed before anybody asks where a surrogate of at most so many evaluations is fitted for them."""


def due(session: Session, tenant: str, queues: Sequence[str], most: int) -> list[str]:
    """Jobs of a tenant whose next step waits, by priority, then oldest first."""
    due = (JobRow.needs_advance, JobRow.advance_until.is_(None), ~JobRow.waiting)
    active = JobRow.state.in_(("queued", "running"))
    found = select(JobRow.id).where(*due, active, JobRow.tenant == tenant, JobRow.queue.in_(queues))
    return list(session.scalars(found.order_by(JobRow.priority, JobRow.id).limit(most)))


def claim(session: Session, job_id: str, worker: str) -> StepClaim | None:
    """Claim the next step, if one is due and nobody else is at it."""
    job = jobs.locked(session, job_id)
    if job is None or not job.needs_advance or job.waiting or job.state not in ("queued", "running"):
        return None
    if job.advance_until is not None:
        return None
    if asking.outstanding(session, job_id, background=False):
        job.needs_advance = False  # the last of them will ask again
        return None
    job.needs_advance = False
    job.advance_attempt += 1
    job.advance_until = now(session) + LEASE_SECONDS
    job.advance_worker = worker
    return StepClaim(
        job_id=job_id,
        attempt=job.advance_attempt,
        document=job.problem,
        stored=tasks.records(session, job_id),
        overdue=finish.time_limit_passed(job) if jobs.overdue(session, job_id) else None,
    )


def renew(session: Session, held: StepClaim) -> bool:
    """Extend the lease; False if the claim is no longer ours."""
    job = ours(session, held)
    if job is None:
        return False
    job.advance_until = now(session) + LEASE_SECONDS
    return True


def give_back(session: Session, held: StepClaim) -> bool:
    """Give back a step that was not finished, without counting it as lost; False if the claim is no longer ours."""
    job = ours(session, held)
    if job is None:
        return False
    job.advance_until = job.advance_enqueued_at = None
    job.needs_advance = True
    return True


def ours(session: Session, held: StepClaim) -> JobRow | None:
    """The job, locked, if the claim on its step still holds."""
    job = jobs.locked(session, held.job_id)
    if (
        job is None
        or job.advance_attempt != held.attempt
        or job.advance_until is None
        or states.is_final(job)
    ):
        return None
    return job


def store(session: Session, job: JobRow, step: Step) -> None:
    """Store what follows in a locked job."""
    job.advance_until = None
    job.advance_worker = None
    job.advance_lost = job.advance_interrupted = 0
    if job.state == "cancelling":
        return
    if job.state == "paused":
        # Nothing starts while the job is paused; the same step is worked out again when it goes on.
        job.needs_advance = True
        job.advance_enqueued_at = None
        return
    tasks.complete(session, job.id, step.completed)
    news = job.evaluations_planned != step.planned or job.state == "queued"
    job.evaluations_planned = step.planned
    news = step.progress.note(job) or news
    if job.state == "queued":
        states.change(session, job, "running")
    if step.result is not None:
        finish.succeed(session, job, step.result)
        if 0 < job.evaluations_done <= CHEAP_TO_MAP:
            for name, wanted in likely_slices(jobs.problem_of(job)):
                maps.ask(session, job, name, wanted)
        return
    if not asking.add(session, job, step.asked) and not asking.outstanding(session, job.id):
        finish.fail(session, job, finish.nothing_asked())
        return
    if news:
        events.append_progress(session, job, now(session))
