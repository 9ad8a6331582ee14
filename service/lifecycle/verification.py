"""Verifying the answer of a finished job by explicit supercells: a job of its own, which begins with what is known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from sqlalchemy.orm import Session

from api_schemas.base import Composition
from api_schemas.choices import Verify
from api_schemas.errors import ProblemDetail
from api_schemas.evaluations import RELAXATION, EvaluationRecord, Suggestion
from api_schemas.jobs import Priority
from api_schemas.kinds import KINDS
from api_schemas.problem import Problem
from engine.kinds.evaluate.verifying import verifying
from service.http.refusals import Conflict
from service.lifecycle import actions, states
from service.repositories import answers, jobs, stored, tasks
from service.repositories.jobs import ProblemUnreadable
from service.tables.database import Database
from service.tables.jobs import JobRow

Known = tuple[Suggestion, EvaluationRecord]
"""A task, and the record that answers it."""


@dataclass(frozen=True)
class Verifying:
    """What verifies the answer of a job.

    Attributes:
        problem: Of the job that does it; still to be checked.
        known: Its evaluations, as the job that it verifies has stored them.
        priority: That of the other job.
    """

    problem: Problem
    known: Sequence[Known]
    priority: Priority


def verification_of(database: Database, tenant: str, job_id: str, verify: Verify) -> Verifying:
    """What verifies the answer of a finished job: its front, or its best, or else everything that it evaluated.

    Raises:
        NotFound: if the tenant has no such job.
        Conflict: if it is not finished, failed, or has no answer that supercells could verify.
    """
    with database.reading() as session:
        job = actions.find(session, tenant, job_id)
        problem, compositions = _answered(job)
        return Verifying(
            problem=verifying(problem.model_copy(update={"name": job.name}), compositions, verify),
            known=_known(session, job, problem, compositions),
            priority=jobs.priority_of(job),
        )


def _answered(job: JobRow) -> tuple[Problem, list[Composition]]:
    """The problem of a job, and the compositions of its answer."""
    if not states.is_final(job):
        text = (
            f"the job is {job.state}; verify it once it has finished, or cancel it to verify its best so far"
        )
        raise Conflict("job-active", "The job is not finished", text, retry_after=2)
    if job.failure is not None:
        failure = ProblemDetail.model_validate_json(job.failure)
        raise _nothing(f"the job failed: {failure.detail or failure.title}")
    if job.kind not in KINDS or not KINDS[job.kind].takes("verify"):
        others = ", ".join(kind.name for kind in KINDS if kind.takes("verify"))
        raise _nothing(
            f"explicit supercells verify compositions, which kind {job.kind} does not answer; {others} do"
        )
    if job.result is None:
        raise _nothing("the job ended before it had an answer; submit it again")
    try:
        problem = jobs.problem_of(job)
    except ProblemUnreadable as unreadable:
        raise _nothing(str(unreadable)) from None
    compositions = answers.compositions(job.result)
    if not compositions:
        raise _nothing("nothing of what the job evaluated converged; submit it again with other settings")
    return problem, compositions


def _nothing(detail: str) -> Conflict:
    return Conflict("nothing-to-verify", "The job has no answer to verify", detail)


def _known(
    session: Session, job: JobRow, problem: Problem, compositions: Sequence[Composition]
) -> list[Known]:
    """The stored records of compositions, as those of a new job that lists these; of some there may be none."""
    places = {json.dumps(composition): place for place, composition in enumerate(compositions)}
    found: dict[int, Known] = {}
    for unit, document in tasks.records(session, job.id):
        if unit != RELAXATION:
            continue
        record = stored.read(EvaluationRecord, document, "an evaluation of the job")
        place = places.get(json.dumps(record.composition))
        usable = record.converged and len(record.targets) == len(problem.objectives)
        if place is None or not usable or place in found:
            continue
        task = Suggestion(index=place, composition=record.composition, tier=problem.potential.tier)
        found[place] = (
            task,
            record.model_copy(update={"index": place, "origin": None, "assessment": None}),
        )
    # A list is evaluated in order: what comes after a gap is computed again.
    return [found[place] for place in takewhile(found.__contains__, range(len(compositions)))]
