"""What can be done with a tenant's jobs: label, cancel, pause, resume, delete, read the result."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from api_schemas.errors import ProblemDetail
from api_schemas.jobs import ACTIVE_STATES, AnswerSoFar, Job, JobState
from api_schemas.labels import JobLabels
from api_schemas.reading import with_reading
from api_schemas.results import Result
from service.http.refusals import Conflict, NotFound, StoredFailure
from service.lifecycle import finish, states
from service.lifecycle.notice import notices
from service.repositories import asking, jobs, stored, tags, tasks
from service.repositories.jobs import JobFilter
from service.tables.database import Database, now
from service.tables.folding import folded
from service.tables.jobs import JobRow


def find(session: Session, tenant: str, job_id: str) -> JobRow:
    """The job of a tenant.

    Raises:
        NotFound: if the tenant has none of this id.
    """
    return _present(jobs.get(session, job_id), tenant, job_id)


def _locked(session: Session, tenant: str, job_id: str) -> JobRow:
    return _present(jobs.locked(session, job_id), tenant, job_id)


def _present(job: JobRow | None, tenant: str, job_id: str) -> JobRow:
    # A job of somebody else is answered like one that does not exist.
    if job is None or job.tenant != tenant:
        raise NotFound(
            "job-not-found", "There is no such job", f"no job has the id {job_id[:60]!r}; see GET /v1/jobs"
        )
    return job


def _public(session: Session, job: JobRow) -> Job:
    (found,) = jobs.public(session, [job], notices=notices(session, [job]))
    return found


def label(database: Database, tenant: str, job_id: str, labels: JobLabels) -> Job:
    """Write on a job, in whatever state it is; what is not given stays. The last who writes wins.

    Raises:
        NotFound: if there is no such job.
    """
    given = labels.model_fields_set
    with database.writing() as session:
        job = _locked(session, tenant, job_id)
        if "name" in given:
            job.name, job.folded_name = labels.name, folded(labels.name)
        if "note" in given:
            job.note, job.folded_note = labels.note, folded(labels.note)
        if "starred" in given:
            job.starred = labels.starred
        if "tags" in given:
            tags.replace(session, job.id, labels.tags)
            session.flush()
        return _public(session, job)


def cancel(database: Database, tenant: str, job_id: str) -> Job:
    """Ask a job to stop. What has stored nothing and computes nothing is cancelled at once.

    Otherwise a worker stops at its next look and works out the answer so far; if none does so within a second, the
    sweeper ends the job. A job that is cancelled or being cancelled stays so.

    Raises:
        NotFound: if there is no such job.
        Conflict: if it has already succeeded or failed.
    """
    with database.writing() as session:
        job = _locked(session, tenant, job_id)
        if job.state in ("cancelling", "cancelled"):
            return _public(session, job)
        if states.is_final(job):
            raise _refused(job.state, "cancelling")
        job.cancel_requested = True
        job.cancel_requested_at = now(session)
        if job.evaluations_done == 0 and not _computing(session, job):
            finish.cancel(session, job)
        else:
            states.change(session, job, "cancelling")
            job.needs_advance = True
            job.advance_enqueued_at = None
        return _public(session, job)


def cancel_many(database: Database, tenant: str, wanted: JobFilter, most: int) -> tuple[tuple[str, ...], int]:
    """Ask the active jobs that are meant to stop, at most so many; their ids, and how many more there are.

    Where the store fails after some of them, these are told, and the others are among those that are left.
    """
    states = tuple(
        state for state in wanted.states or ACTIVE_STATES if state in ACTIVE_STATES and state != "cancelling"
    )
    if not states:
        return (), 0
    active = replace(wanted, states=states)
    with database.reading() as session:
        found = [job.id for job in jobs.page(session, tenant, active, None, most)]
        more = jobs.count(session, tenant, active) - len(found)
    cancelled: list[str] = []
    for place, job_id in enumerate(found):
        try:
            cancel(database, tenant, job_id)
        except (Conflict, NotFound):  # it has finished meanwhile, or is gone
            continue
        except SQLAlchemyError:
            if not cancelled:
                raise
            return tuple(cancelled), max(0, more) + len(found) - place
        cancelled.append(job_id)
    return tuple(cancelled), max(0, more)


def _computing(session: Session, job: JobRow) -> bool:
    return asking.computing(session, job.id) or job.advance_until is not None


def pause(database: Database, tenant: str, job_id: str) -> Job:
    """Start no further evaluation of a job; what is being computed is finished and stored.

    Raises:
        NotFound: if there is no such job.
        Conflict: if it is finished or being cancelled.
    """
    with database.writing() as session:
        job = _locked(session, tenant, job_id)
        if job.state != "paused":
            _change(session, job, "paused")
        return _public(session, job)


def resume(database: Database, tenant: str, job_id: str) -> Job:
    """Go on with a paused job.

    Raises:
        NotFound: if there is no such job.
        Conflict: if it is not paused.
    """
    with database.writing() as session:
        job = _locked(session, tenant, job_id)
        if job.state != "paused":
            raise _refused(job.state, "running")
        job.pause_reason, job.advance_interrupted = None, 0
        tasks.forgive(session, job.id)
        _change(session, job, "queued" if job.started_at is None else "running")
        return _public(session, job)


def _change(session: Session, job: JobRow, state: JobState) -> None:
    try:
        states.change(session, job, state)
    except states.StateChangeRefused as refusal:
        raise _refused(refusal.current, refusal.wanted) from None


def _refused(current: str, wanted: JobState) -> Conflict:
    doing = {"paused": "paused", "running": "resumed", "queued": "resumed", "cancelling": "cancelled"}.get(
        wanted, wanted
    )
    return Conflict(
        "job-state",
        "The job's state does not allow it",
        f"the job is {current}; it cannot be {doing} any more"
        if current in ("succeeded", "failed", "cancelled", "cancelling")
        else f"the job is {current}; it cannot be {doing}",
    )


def delete(database: Database, tenant: str, job_id: str) -> None:
    """Delete a finished job with its tasks and events.

    Raises:
        NotFound: if there is no such job.
        Conflict: if it is not finished.
    """
    with database.writing() as session:
        job = _locked(session, tenant, job_id)
        if not states.is_final(job):
            raise Conflict(
                "job-active", "The job is not finished", f"the job is {job.state}; cancel it first"
            )
        jobs.remove(session, job)


def answer(database: Database, tenant: str, job_id: str) -> AnswerSoFar:
    """What the kind of a job answers beyond evaluations, as far as it is known; of a finished job all of it.

    Raises:
        NotFound: if there is no such job.
    """
    with database.reading() as session:
        job = find(session, tenant, job_id)
        document = job.result or job.standing
        known = None if document is None else stored.read(Result, document, "how far this job is")
        own = {} if known is None else known.answer
        return AnswerSoFar.model_validate({"state": job.state, "told": job.told, "answer": own})


def result(database: Database, tenant: str, job_id: str) -> Result:
    """The result of a finished job.

    Raises:
        NotFound: if there is no such job.
        Conflict: while it is not finished.
        StoredFailure: if it failed.
    """
    with database.reading() as session:
        job = find(session, tenant, job_id)
        if job.failure is not None:
            raise StoredFailure(ProblemDetail.model_validate_json(job.failure))
        if job.result is None:
            raise Conflict(
                "job-not-finished",
                "There is no result yet",
                f"the job is {job.state}; ask again later",
                retry_after=2,
            )
        return with_reading(stored.read(Result, job.result, "the result of this job"))
