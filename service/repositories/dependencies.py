"""Which jobs start after which others, and how these ended."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from api_schemas.jobs import JobState
from service.repositories import answers
from service.repositories.stored import StoredUnreadable
from service.tables.dependencies import DependencyRow
from service.tables.jobs import JobRow

MOST_TAKEN = 100
"""Compositions of answers from which a job starts; so many are booked until they are there."""

UNMET: tuple[JobState, ...] = ("failed", "cancelled")
"""States of a job after which none that waits for it can start any more."""


def add(session: Session, job_id: str, before: Sequence[JobRow], *, takes: bool) -> None:
    """Note that a job starts after others, which are locked."""
    for place, one in enumerate(before):
        session.add(DependencyRow(job_id=job_id, place=place, after=one.id, takes=takes))
    session.flush()
    for one in before:
        if one.state == "succeeded":
            settle(session, one)


def of(session: Session, job_ids: Sequence[str]) -> dict[str, list[DependencyRow]]:
    """What jobs start after, in the order in which it was given."""
    found: dict[str, list[DependencyRow]] = defaultdict(list)
    rows = select(DependencyRow).where(DependencyRow.job_id.in_(job_ids))
    for row in session.scalars(rows.order_by(DependencyRow.job_id, DependencyRow.place)):
        found[row.job_id].append(row)
    return found


def settle(session: Session, job: JobRow) -> None:
    """Note for those that wait for a locked job how it has ended, and what it answered: it may be deleted then."""
    waiting = (DependencyRow.after == job.id, DependencyRow.state.is_(None))
    taking = select(DependencyRow.job_id).where(*waiting, DependencyRow.takes)
    answer = None
    if job.result is not None and session.scalars(taking.limit(1)).first() is not None:
        try:
            answer = json.dumps(answers.compositions(job.result))
        except StoredUnreadable:
            answer = None
    session.execute(
        update(DependencyRow)
        .where(*waiting)
        .values(state=job.state, answer=answer)
        .execution_options(synchronize_session="fetch")
    )


def settled(session: Session) -> list[str]:
    """Waiting jobs for which it is known by now whether they start: all before them succeeded, or one did not."""
    of_job = select(DependencyRow.job_id).where(DependencyRow.job_id == JobRow.id)
    open_, unmet = of_job.where(DependencyRow.state.is_(None)), of_job.where(DependencyRow.state.in_(UNMET))
    waiting = select(JobRow.id).where(JobRow.state == "queued", JobRow.waiting)
    return list(session.scalars(waiting.where(~open_.exists() | unmet.exists()).order_by(JobRow.id)))
