"""How far jobs are: what a worker works out with each record, and what is being computed now."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from api_schemas.jobs import BestSoFar, Progress
from service.repositories import stored
from service.repositories.stored import StoredUnreadable
from service.tables.jobs import JobRow
from service.tables.tasks import TaskRow

MOST_WORDS = 300
"""Characters of what is said of a task."""


@dataclass(frozen=True)
class JobProgress:
    """How far a job is, by the records of its first ``told`` tasks; all but the number is JSON text.

    Attributes:
        told: How many records it is worked out from.
        best: The best evaluation (a ``BestSoFar``); None where there is none.
        trace: The best losses, for a sparkline: a list of numbers.
        front: Numbers of the evaluations on the front.
        standing: The result as far as it is known (a ``Result``), without its evaluations.
    """

    told: int
    best: str | None
    trace: str
    front: str
    standing: str

    def note(self, job: JobRow) -> bool:
        """Write it to a locked job, unless that knows more; whether people are told anything new by it."""
        if self.told < job.told:
            return False
        news = (job.best, job.trace or "[]", job.front or "[]") != (self.best, self.trace, self.front)
        job.best, job.trace, job.front = self.best, self.trace, self.front
        job.standing, job.told = self.standing, self.told
        return news


def of(job: JobRow, doing: Sequence[str]) -> Progress:
    """The progress of a job as users see it.

    Args:
        job: The job.
        doing: What is being computed for it.
    """
    return Progress(
        evaluations_done=job.evaluations_done,
        evaluations_planned=job.evaluations_planned,
        best=_best(job),
        trace=[] if job.trace is None else json.loads(job.trace),
        front=[] if job.front is None else json.loads(job.front),
        doing=list(doing),
    )


def _best(job: JobRow) -> BestSoFar | None:
    """The best evaluation; None also where another version wrote it otherwise: one such job must not hide a list."""
    try:
        return None if job.best is None else stored.read(BestSoFar, job.best, "the best evaluation")
    except StoredUnreadable:
        return None


def doing(session: Session, job_ids: Sequence[str]) -> dict[str, list[str]]:
    """What is being computed for jobs, in words: an entry for each running task of which something was said."""
    running = (TaskRow.job_id.in_(job_ids), TaskRow.state == "running", TaskRow.doing.is_not(None))
    found: dict[str, list[str]] = defaultdict(list)
    for job_id, words in session.execute(
        select(TaskRow.job_id, TaskRow.doing).where(*running).order_by(TaskRow.id)
    ):
        found[job_id].append(words or "")
    return found


def say(session: Session, task_id: int, attempt: int, words: str) -> bool:
    """Note what is being done for a task; False if it is no longer held under this attempt."""
    row = session.get(TaskRow, task_id, with_for_update=True, populate_existing=True)
    if row is None or row.state != "running" or row.attempt != attempt:
        return False
    row.doing = words[:MOST_WORDS]
    return True
