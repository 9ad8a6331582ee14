"""Jobs that start after others have succeeded, and may take their answers as what they start from.

A job names only jobs that are there when it is made, so no circle can come about. How each of these ended is noted in
the transaction in which it ended, with its answer: it may be deleted afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy.orm import Session

from api_schemas.base import Composition
from api_schemas.errors import TYPE_PREFIX, FieldError, ProblemDetail, ProblemInvalid, parse, pointer
from api_schemas.kinds import KINDS
from api_schemas.problem import Problem
from service.http.refusals import Conflict, NotFound, Unprocessable
from service.lifecycle import finish
from service.lifecycle.claims import apart
from service.lifecycle.dispatch import enqueue
from service.queue.messenger import Messenger
from service.repositories import dependencies, jobs
from service.repositories.dependencies import MOST_TAKEN, UNMET
from service.repositories.jobs import ProblemUnreadable
from service.tables.database import Database, now
from service.tables.dependencies import DependencyRow
from service.tables.jobs import JobRow


def checked(session: Session, tenant: str, after: Sequence[str], taking: Problem | None) -> list[JobRow]:
    """The jobs of a tenant after which another one is to start, each locked and named once.

    Args:
        session: To write in.
        tenant: Whose they are.
        after: Their ids.
        taking: The problem that takes their answers; None where none are taken.

    Raises:
        NotFound: if the tenant has no such job.
        Conflict: if one of them will not succeed any more.
        Unprocessable: if its answer cannot be taken.
    """
    found = {job_id: jobs.locked(session, job_id) for job_id in sorted(set(after))}
    before: list[JobRow] = []
    for place, job_id in enumerate(dict.fromkeys(after)):
        where, job = pointer(("after", place)), found[job_id]
        if job is None or job.tenant != tenant:
            text = f"no job has the id {job_id!r}; see GET /v1/jobs"
            fault = FieldError(pointer=where, type="job-not-found", message=text)
            raise NotFound("job-not-found", "There is no such job", text, errors=[fault])
        if job.state in (*UNMET, "cancelling"):
            text = f"job {job_id} is {job.state} and will not succeed; submit it again first, or leave it out"
            fault = FieldError(pointer=where, type="after-unmet", message=text)
            raise Conflict("after-unmet", "The job would never start", text, errors=[fault])
        if taking is not None and (misfit := _misfit(job, taking)):
            fault = FieldError(pointer="/take", type="nothing-to-take", message=misfit)
            raise Unprocessable("nothing-to-take", "The answer cannot be taken", misfit, errors=[fault])
        before.append(job)
    return before


def _misfit(job: JobRow, taking: Problem) -> str | None:
    """Why a problem cannot start from the answer of a job; None where it can, as far as is known yet."""
    if job.kind not in KINDS or not KINDS[job.kind].takes("verify"):
        others = ", ".join(kind.name for kind in KINDS if kind.takes("verify"))
        return (
            f"job {job.id} is of kind {job.kind}, which answers no compositions; {others} do: leave take out"
        )
    try:
        sublattices = {one.name: set(one.elements) for one in jobs.problem_of(job).sublattices}
    except ProblemUnreadable as unreadable:
        return str(unreadable)
    known = {one.name: set(one.elements) for one in taking.sublattices}
    for name, elements in sublattices.items():
        if name not in known:
            return f"job {job.id} answers compositions of a sublattice {name!r}, which this problem does not have"
        if lacking := sorted(elements - known[name]):
            return (
                f"job {job.id} answers fractions of {', '.join(lacking)} on sublattice {name!r}, which this problem "
                "does not offer there"
            )
    lacking = sorted(known.keys() - sublattices.keys())
    return f"job {job.id} answers nothing of sublattice {lacking[0]!r}" if lacking else None


def begin_settled(database: Database, messenger: Messenger) -> None:
    """Let jobs begin before which all others have succeeded, and end those before which one did not."""
    with database.reading() as session:
        found = dependencies.settled(session)
    for job_id in found:
        with apart(job_id), database.writing() as session:
            job = jobs.locked(session, job_id)
            if job is not None:
                begin(session, job)
        enqueue(database, messenger, job_id)


def begin(session: Session, job: JobRow) -> None:
    """Let a locked, waiting job begin, or end it, if it is known by now which."""
    before = dependencies.of(session, [job.id])[job.id]
    if not job.waiting or job.state != "queued":
        return
    unmet = next((one for one in before if one.state in UNMET), None)
    if unmet is not None:
        finish.fail(session, job, _unmet(unmet))
        return
    if any(one.state is None for one in before):
        return
    if any(one.takes for one in before):
        try:
            job.problem = _taking(job.problem, before)
        except ProblemInvalid as invalid:
            finish.fail(session, job, finish.invalid_problem(invalid.errors))
            return
    job.waiting = False
    job.needs_advance = True
    job.advance_enqueued_at = None
    job.served_at = now(session)  # the time in which it could not begin is no claim to a turn


def _taking(document: str, before: Sequence[DependencyRow]) -> str:
    """A problem that starts from the answers of others, before the compositions that it names itself.

    Raises:
        ProblemInvalid: if there is no such answer, or the problem cannot start from it.
    """
    found: dict[str, Composition] = {}
    for one in before:
        for composition in json.loads(one.answer or "[]"):
            found.setdefault(json.dumps(composition, sort_keys=True), composition)
    if not 1 <= len(found) <= MOST_TAKEN:
        have = f"have {len(found)} compositions" if found else "have no composition that converged"
        ids = ", ".join(one.after for one in before)
        text = f"the answers of {ids} {have}; from 1 to {MOST_TAKEN} can be taken: name compositions in at"
        raise ProblemInvalid([FieldError(pointer="/at", type="nothing-to-take", message=text)])
    data = json.loads(document)
    data["at"] = [*found.values(), *data.get("at", [])]
    return json.dumps(parse(Problem, data).document())


def _unmet(before: DependencyRow) -> ProblemDetail:
    """The failure of a job that cannot start any more."""
    how = "was cancelled" if before.state == "cancelled" else "failed"
    return ProblemDetail(
        type=TYPE_PREFIX + "after-unmet",
        title="A job before it did not succeed",
        status=409,
        detail=f"Job {before.after}, after which this one was to start, {how}. Submit that one again, then this one.",
    )
