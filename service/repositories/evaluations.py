"""The tasks that users see one by one, as evaluations: those that relax compositions. All others only count."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from api_schemas.evaluations import RELAXATION, Evaluation, EvaluationRecord
from api_schemas.jobs import StoredEvaluation
from api_schemas.tasks import Record
from service.repositories import stored
from service.tables.tasks import TaskRow


def is_one(unit: str) -> bool:
    """Whether records of a unit are shown as evaluations."""
    return unit == RELAXATION


def name(unit: str, index: int) -> str:
    """What a task is called where something went wrong with it."""
    return f"{'evaluation' if is_one(unit) else unit} {index}"


def page(session: Session, job_id: str, after: int = -1, limit: int | None = None) -> list[StoredEvaluation]:
    """The stored evaluations of a job with numbers above ``after``, by number, ``limit`` at the most."""
    found = select(TaskRow.index, TaskRow.record).where(
        TaskRow.job_id == job_id, TaskRow.unit == RELAXATION, TaskRow.state == "done", TaskRow.index > after
    )
    rows = session.execute(found.order_by(TaskRow.index).limit(limit)).all()
    return [StoredEvaluation(index=row.index, evaluation=_public(row.record)) for row in rows]


def one(session: Session, job_id: str, index: int) -> Evaluation:
    """The stored evaluation of a number."""
    where = (TaskRow.job_id == job_id, TaskRow.unit == RELAXATION, TaskRow.index == index)
    return _public(session.scalars(select(TaskRow.record).where(*where)).one())


def of_ended(session: Session, job_id: str, front: str | None) -> list[StoredEvaluation]:
    """All stored evaluations of a job that ends, with who is on the front now.

    Args:
        session: To read in.
        job_id: The job.
        front: Numbers of the evaluations on the front, as the job has them.
    """
    members = set(json.loads(front or "[]"))
    found: list[StoredEvaluation] = []
    for one in page(session, job_id):
        made = one.evaluation.assessment
        if made is None or made.on_front is None:
            found.append(one)
            continue
        made = made.model_copy(update={"on_front": one.index in members})
        evaluation = one.evaluation.model_copy(update={"assessment": made})
        found.append(one.model_copy(update={"evaluation": evaluation}))
    return found


def completed(known: Iterable[Record], assessed: Callable[[int], Record]) -> list[Record]:
    """The evaluations among stored records that lacked what their plan knows by now, with it.

    Args:
        known: As they were stored.
        assessed: An evaluation of a number as the plan has it now.
    """
    lacking = [one for one in known if isinstance(one, EvaluationRecord) and one.incomplete]
    found = [assessed(one.index) for one in lacking]
    return [one for one in found if isinstance(one, EvaluationRecord) and not one.incomplete]


def _public(record: str | None) -> Evaluation:
    return stored.read(Evaluation, record or "", "an evaluation")
