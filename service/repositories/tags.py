"""Tags of jobs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from service.tables.folding import folded
from service.tables.jobs import JobRow
from service.tables.tags import TagRow


def add(session: Session, job_id: str, tags: Iterable[str]) -> None:
    """Give a job tags; one that differs from another by case only is the same."""
    session.add_all(
        TagRow(job_id=job_id, folded=key, tag=tag)
        for key, tag in {folded(tag): tag for tag in reversed(list(tags))}.items()
    )


def replace(session: Session, job_id: str, tags: Iterable[str]) -> None:
    """Give a job these tags in place of those that it has."""
    session.execute(delete(TagRow).where(TagRow.job_id == job_id))
    add(session, job_id, tags)


def of(session: Session, job_ids: Sequence[str]) -> dict[str, list[str]]:
    """The tags of jobs, as they were given, in the order of their letters."""
    found: dict[str, list[str]] = defaultdict(list)
    rows = select(TagRow.job_id, TagRow.tag).where(TagRow.job_id.in_(job_ids)).order_by(TagRow.folded)
    for job_id, tag in session.execute(rows):
        found[job_id].append(tag)
    return found


def tagged(tag: str) -> ColumnElement[bool]:
    """Condition that a job has a tag, in whatever case."""
    return _has(TagRow.folded == folded(tag))


def tagged_like(part: str) -> ColumnElement[bool]:
    """Condition that a job has a tag with this in it, in whatever case."""
    return _has(TagRow.folded.contains(folded(part), autoescape=True))


def _has(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return select(TagRow.job_id).where(TagRow.job_id == JobRow.id, condition).exists()
