"""Evaluating compositions as another job does, to hold its surrogates against: a job of its own."""

from __future__ import annotations

from collections.abc import Sequence

from api_schemas.base import Composition
from api_schemas.jobs import Priority
from api_schemas.kinds import KINDS
from api_schemas.problem import Problem
from engine.kinds.evaluate.verifying import evaluating
from service.http.refusals import Conflict
from service.lifecycle import actions
from service.repositories import jobs
from service.repositories.jobs import ProblemUnreadable
from service.tables.database import Database


def evaluation_of(
    database: Database, tenant: str, job_id: str, at: Sequence[Composition]
) -> tuple[Problem, Priority]:
    """The problem, still to be checked, that evaluates compositions as a job does, and the job's priority.

    The job need not have finished. Of a search in two fidelities they are evaluated as mixed crystals only.

    Raises:
        NotFound: if the tenant has no such job.
        Conflict: if its kind evaluates no compositions, or another version stored it.
    """
    with database.reading() as session:
        job = actions.find(session, tenant, job_id)
        if job.kind not in KINDS or not KINDS[job.kind].takes("measured"):
            others = ", ".join(kind.name for kind in KINDS if kind.takes("measured"))
            text = f"kind {job.kind} has no surrogate that an evaluation could be held against; {others} have"
            raise Conflict("nothing-to-evaluate", "The job evaluates no compositions", text)
        try:
            problem = jobs.problem_of(job)
        except ProblemUnreadable as unreadable:
            text = str(unreadable)
            raise Conflict("stored-by-another-version", "This was stored by another version", text) from None
        named = problem.model_copy(update={"name": job.name})
        return evaluating(named, at), jobs.priority_of(job)
