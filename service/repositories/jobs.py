"""Reading and locking jobs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType

from pydantic import ValidationError
from sqlalchemy import ColumnElement, delete, func, or_, select
from sqlalchemy.orm import Session, defer

from api_schemas.errors import ProblemDetail
from api_schemas.jobs import ACTIVE_STATES, Job, JobState, Priority
from api_schemas.problem import Problem
from service.repositories import dependencies, events, progress, tags
from service.tables.database import now
from service.tables.dependencies import DependencyRow
from service.tables.folding import folded
from service.tables.jobs import JobRow


def get(session: Session, job_id: str) -> JobRow | None:
    """The job, or None."""
    return session.get(JobRow, job_id)


def position(session: Session, job_id: str) -> tuple[JobState, int, bool] | None:
    """The job's state, the number of its last event, and whether it is to be cancelled; None if there is no such job.

    Asked for a few times a second, so nothing else is read.
    """
    columns = select(JobRow.state, JobRow.last_event, JobRow.cancel_requested)
    row = session.execute(columns.where(JobRow.id == job_id)).one_or_none()
    return None if row is None else (row.state, row.last_event, row.cancel_requested)


def overdue(session: Session, job_id: str) -> bool:
    """Whether the job's time limit has passed."""
    return (
        session.scalars(select(JobRow.id).where(JobRow.id == job_id, past_limit(session))).one_or_none()
        is not None
    )


def past_limit(session: Session) -> ColumnElement[bool]:
    """Condition that the time limit of a job has passed; false where there is none, or before the job has begun."""
    return JobRow.started_at + JobRow.time_limit < now(session)


def locked(session: Session, job_id: str) -> JobRow | None:
    """The job, held against all other writers until the transaction ends; None if there is none."""
    return session.get(JobRow, job_id, with_for_update=True, populate_existing=True)


def queues_in_use(session: Session) -> list[str]:
    """Queues of the jobs that are not finished."""
    return list(session.scalars(select(JobRow.queue).where(JobRow.state.in_(ACTIVE_STATES)).distinct()))


_ROUNDED = 5e-7
"""Seconds by which the moment that is told may be later than the one that is stored: it has whole microseconds."""


@dataclass(frozen=True)
class JobFilter:
    """Which jobs are meant; what is not given excludes none.

    Attributes:
        states: They are in one of these.
        name: A part of their names, in whatever case.
        tags: They have all of these, in whatever case.
        search: A part of their names, notes or tags, in whatever case.
        starred: They are starred, or they are not.
        created_after: They were made then or later.
        created_before: They were made earlier.
        parent: They come of this one: verify its answer, or evaluate what was asked for beside it.
        array: They are of this array.
        ids: They are among these.
    """

    states: tuple[JobState, ...] = ()
    name: str | None = None
    tags: tuple[str, ...] = ()
    search: str | None = None
    starred: bool | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    parent: str | None = None
    array: str | None = None
    ids: tuple[str, ...] = ()

    def parameters(self) -> list[tuple[str, str]]:
        """As the query parameters that ask for the same."""
        found = [("state", state) for state in self.states] + [("tag", tag) for tag in self.tags]
        moments = (("created_after", self.created_after), ("created_before", self.created_before))
        found += [(name, moment.isoformat()) for name, moment in moments if moment is not None]
        starred = None if self.starred is None else str(self.starred).lower()
        single = (
            ("name", self.name),
            ("search", self.search),
            ("starred", starred),
            ("parent", self.parent),
            ("array", self.array),
        )
        found += [(name, value) for name, value in single if value is not None]
        return found + [("id", one) for one in self.ids]

    def conditions(self) -> list[ColumnElement[bool]]:
        """As conditions of a query of jobs."""
        found = [tags.tagged(tag) for tag in self.tags]
        if self.states:
            found.append(JobRow.state.in_(self.states))
        if self.name is not None:
            found.append(JobRow.folded_name.contains(folded(self.name), autoescape=True))
        if self.search is not None:
            found.append(_said(self.search))
        if self.starred is not None:
            found.append(JobRow.starred == self.starred)
        if self.created_after is not None:
            found.append(JobRow.created_at >= self.created_after.timestamp() - _ROUNDED)
        if self.created_before is not None:
            found.append(JobRow.created_at < self.created_before.timestamp() - _ROUNDED)
        if self.parent is not None:
            found.append(JobRow.parent == self.parent)
        if self.array is not None:
            found.append(JobRow.array == self.array)
        if self.ids:
            found.append(JobRow.id.in_(self.ids))
        return found


def _said(part: str) -> ColumnElement[bool]:
    """Condition that a part of what people wrote on a job is this, in whatever case."""
    texts = (JobRow.folded_name, JobRow.folded_note)
    within = [text.contains(folded(part), autoescape=True) for text in texts]
    return or_(*within, tags.tagged_like(part))


def page(
    session: Session, tenant: str, wanted: JobFilter, before: str | None, limit: int
) -> Sequence[JobRow]:
    """At most ``limit`` jobs of a tenant that are meant, newest first and older than ``before``."""
    # Problems and results may be long, and a list shows neither.
    brief = (defer(JobRow.problem), defer(JobRow.result))
    found = select(JobRow).options(*brief).where(JobRow.tenant == tenant, *wanted.conditions())
    found = found.order_by(JobRow.id.desc()).limit(limit)
    if before is not None:
        found = found.where(JobRow.id < before)
    return session.scalars(found).all()


def count(session: Session, tenant: str, wanted: JobFilter) -> int:
    """How many jobs of a tenant are meant."""
    found = select(func.count()).select_from(JobRow).where(JobRow.tenant == tenant, *wanted.conditions())
    return session.execute(found).scalar_one()


def remove(session: Session, job: JobRow) -> None:
    """Delete a job with its tasks, their checkpoints and its events."""
    session.execute(delete(JobRow).where(JobRow.id == job.id))


class ProblemUnreadable(Exception):  # noqa: N818
    """A stored problem is not one that this process knows; the message says so."""


def problem_of(job: JobRow) -> Problem:
    """The job's problem.

    Raises:
        ProblemUnreadable: if it is not one that this process knows.
    """
    return parsed_problem(job.problem)


@lru_cache(maxsize=256)
def parsed_problem(document: str) -> Problem:
    """The problem of a document that was stored.

    Raises:
        ProblemUnreadable: if it is not one that this process knows.
    """
    try:
        return Problem.model_validate_json(document)
    except ValidationError as invalid:
        first = invalid.errors(include_url=False, include_context=False)[0]
        raise ProblemUnreadable(
            f"the problem of this job is not known here ({'/'.join(map(str, first['loc']))}: {first['msg']}); if it is "
            "of an extension, name that in ORICHALCUM_EXTENSIONS of every process"
        ) from None


PRIORITIES: Mapping[Priority, int] = {"high": 0, "normal": 3, "low": 6}
"""As the broker counts them: 0 is served first."""


def priority_of(job: JobRow) -> Priority:
    """Whether it goes before the jobs of others, or after."""
    return next((name for name, number in PRIORITIES.items() if number == job.priority), "normal")


def public(
    session: Session,
    rows: Sequence[JobRow],
    *,
    with_problem: bool = True,
    notices: Mapping[str, str] = MappingProxyType({}),
) -> list[Job]:
    """Jobs as users see them.

    Args:
        session: To read in.
        rows: The jobs.
        with_problem: Whether to show their problems.
        notices: Why nothing is being done for a job, by its id.
    """
    ids = [row.id for row in rows]
    doing, tagged = progress.doing(session, ids), tags.of(session, ids)
    before = dependencies.of(session, ids)
    return [
        _public(
            row, doing[row.id], tagged[row.id], before[row.id], notices.get(row.id), with_problem=with_problem
        )
        for row in rows
    ]


def _public(
    job: JobRow,
    doing: Sequence[str],
    tagged: Sequence[str],
    before: Sequence[DependencyRow],
    notice: str | None,
    *,
    with_problem: bool,
) -> Job:
    optional = {
        "started_at": None if job.started_at is None else events.timestamp(job.started_at),
        "finished_at": None if job.finished_at is None else events.timestamp(job.finished_at),
        "failure": None if job.failure is None else ProblemDetail.model_validate_json(job.failure),
        "problem": _known_problem(job) if with_problem else None,
    }
    return Job.model_validate(
        {
            "id": job.id,
            "name": job.name,
            "kind": job.kind,
            "state": job.state,
            "progress": progress.of(job, doing),
            "cancel_requested": job.cancel_requested,
            "priority": priority_of(job),
            "time_limit": job.time_limit,
            "parent": job.parent,
            "tags": list(tagged),
            "note": job.note,
            "starred": job.starred,
            "after": [one.after for one in before],
            "takes_answer": any(one.takes for one in before),
            "waiting": job.waiting,
            "array": job.array,
            "array_values": None if job.array_values is None else json.loads(job.array_values),
            "created_at": events.timestamp(job.created_at),
            "notice": notice,
            **optional,
        }
    )


def _known_problem(job: JobRow) -> Problem | None:
    try:
        return problem_of(job)
    except ProblemUnreadable:
        return None
