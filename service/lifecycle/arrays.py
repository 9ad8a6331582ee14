"""Arrays: the jobs of one problem over lists of values, read together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from api_schemas.arrays import MOST_MEMBERS, JobArray
from service.http.refusals import NotFound
from service.lifecycle.notice import notices
from service.repositories import jobs
from service.tables.jobs import JobRow


def find(session: Session, tenant: str, array_id: str) -> JobArray:
    """The array of a tenant: its jobs that have not been deleted, in the order of its values.

    Raises:
        NotFound: if the tenant has none of this id, or none of its jobs any more.
    """
    found = select(JobRow).where(JobRow.tenant == tenant, JobRow.array == array_id).order_by(JobRow.id)
    rows = session.scalars(
        found.options(defer(JobRow.problem), defer(JobRow.result)).limit(MOST_MEMBERS)
    ).all()
    if not rows:
        text = f"no jobs are of an array {array_id[:60]!r}; `array` of a job names its own"
        raise NotFound("array-not-found", "There is no such array", text)
    return public(session, array_id, rows)


def public(session: Session, array_id: str, rows: Sequence[JobRow]) -> JobArray:
    """Jobs of an array as users see it."""
    items = jobs.public(session, rows, with_problem=False, notices=notices(session, rows))
    return JobArray(id=array_id, states=dict(Counter(one.state for one in items)), items=items)
