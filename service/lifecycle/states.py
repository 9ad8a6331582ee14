"""States of a job and the changes that are allowed between them."""

from __future__ import annotations

from sqlalchemy.orm import Session

from api_schemas.jobs import FINAL_STATES, JobState
from service.repositories import checkpoints, dependencies, events
from service.tables.database import now
from service.tables.jobs import JobRow

ALLOWED: dict[JobState, frozenset[JobState]] = {
    "queued": frozenset({"paused"}),
    "running": frozenset({"queued", "paused"}),
    "paused": frozenset({"queued", "running"}),
    "cancelling": frozenset({"queued", "running", "paused"}),
    "cancelled": frozenset({"queued", "running", "paused", "cancelling"}),
    "succeeded": frozenset({"running"}),
    "failed": frozenset({"queued", "running", "paused"}),
}
"""New state -> the states it may follow."""


class StateChangeRefused(Exception):  # noqa: N818  (it is an answer, not a fault)
    """The job is in a state that the wanted one may not follow."""

    def __init__(self, current: str, wanted: JobState) -> None:
        """Keep both states."""
        super().__init__(f"a job that is {current} cannot become {wanted}")
        self.current = current
        self.wanted = wanted


def is_final(job: JobRow) -> bool:
    """Whether nothing more will happen to the job."""
    return job.state in FINAL_STATES


def change(session: Session, job: JobRow, state: JobState, message: str | None = None) -> None:
    """Move a locked job to ``state``, set its times and append the event; what only an unfinished job needs goes.

    Its result is there before it ends: jobs that wait for it may take that.

    Raises:
        StateChangeRefused: if ``state`` may not follow the job's current state.
    """
    if job.state not in ALLOWED[state]:
        raise StateChangeRefused(job.state, state)
    at = now(session)
    job.state = state
    if state == "running" and job.started_at is None:
        job.started_at = at
    if state in FINAL_STATES:
        job.finished_at = at
        job.needs_advance = False
        job.advance_until = None
        job.standing = None
        job.waiting = False
        dependencies.settle(session, job)
        checkpoints.drop_all(session, job.id)
    events.append_state(session, job, state, message, at)
