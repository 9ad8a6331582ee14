"""``/v1/jobs``: submitting, listing, reading, cancelling, pausing, resuming and deleting jobs."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import Header, Query, Request, Response
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from api_schemas.errors import FieldError
from api_schemas.jobs import AnswerSoFar, CancelledJobs, Job, JobPage
from api_schemas.results import Result
from service.api.caller import Reader, Submitter
from service.api.checking import accepted, checking
from service.api.context import Context, InContext
from service.api.options import SubmitOptions, same
from service.api.problems import PROBLEM_BODY
from service.api.selection import Selected
from service.api.submitting import ACCEPTED, IdempotencyKey, submitted, submitted_once
from service.api.waiting import applied, matches, preferred_wait, settled
from service.checking.checker import Check
from service.http.answers import document
from service.http.calls import calls
from service.http.paging import checked_cursor, next_link
from service.http.problem_details import documented
from service.http.refusals import Unprocessable
from service.http.request_body import json_body
from service.lifecycle import actions
from service.lifecycle.dispatch import enqueue_or_later
from service.lifecycle.notice import notices
from service.lifecycle.submission import Options, Submission, submit
from service.repositories import jobs
from service.repositories.jobs import JobFilter
from service.tables.jobs import JobRow

router = calls(tags=["jobs"])

MOST_CANCELLED = 200
"""Jobs that one call cancels."""

Limit = Annotated[int, Query(ge=1, le=200, description="Length of the page.")]


@router.post(
    "/jobs",
    status_code=202,
    response_model=Job,
    openapi_extra=PROBLEM_BODY,
    responses={**documented(400, 401, 403, 404, 409, 413, 415, 422, 429, 503, 507), 202: ACCEPTED},
)
async def submit_job(
    request: Request,
    context: InContext,
    caller: Submitter,
    options: SubmitOptions,
    idempotency_key: IdempotencyKey = None,
    prefer: Annotated[
        str | None, Header(description="wait=N: answer once the job has finished, or after N s.")
    ] = None,
) -> Response:
    """Submit a problem. The job is queued; Location says where to look, Retry-After when."""
    await run_sync(context.rates.count_submission, caller.name)
    body = await json_body(request, context.settings.max_request_bytes)
    async with checking(context, body, taking=options.takes_answer, digest=same(options)) as check:
        digest = await check.digest()
        job, fresh = await submitted_once(
            context, caller, idempotency_key, digest, lambda key: _stored(context, check, options, key), Job
        )
    if fresh and (seconds := preferred_wait(prefer)):
        with suppress(SQLAlchemyError):  # the job is stored, and an error would say that nothing is
            job, _ = await settled(context, caller, job.id, seconds)
    return await submitted(job, applied(prefer) if fresh else {})


async def _stored(context: Context, check: Check, options: Options, key: str | None) -> Job:
    problem, estimate = await accepted(check)
    submission = Submission(problem=problem, estimate=estimate, options=options, key=key)
    return await run_sync(submit, context.database, context.settings, submission)


@router.get("/jobs", response_model=JobPage, responses=documented(401, 403, 422, 429))
def list_jobs(
    context: InContext,
    caller: Reader,
    wanted: Selected,
    cursor: Annotated[str | None, Query(description="From the page before.")] = None,
    limit: Limit = 50,
) -> Response:
    """Jobs, newest first."""
    before = checked_cursor(cursor)
    with context.database.reading() as session:
        rows = jobs.page(session, caller.tenant, wanted, before, limit + 1)
        items = _listed(session, rows[:limit])
    following = items[-1].id if len(rows) > limit else None
    headers = {}
    if following is not None:
        headers["Link"] = next_link("/v1/jobs", following, limit, wanted.parameters())
    return document(JobPage(items=items, next_cursor=following), headers=headers)


def _listed(session: Session, rows: Sequence[JobRow]) -> list[Job]:
    return jobs.public(session, rows, with_problem=False, notices=notices(session, rows))


@router.post(
    "/jobs/cancel",
    status_code=202,
    response_model=CancelledJobs,
    responses=documented(401, 403, 422, 429),
)
def cancel_jobs(context: InContext, caller: Submitter, wanted: Selected) -> Response:
    """Stop many jobs: those that the filters of the list mean, of which one has to be given; 200 at a time."""
    if not replace(wanted, starred=wanted.starred or None).parameters():  # nearly every job is unstarred
        fault = FieldError(
            pointer="/id", type="missing-parameter", message="say which jobs: give id, tag or state"
        )
        raise Unprocessable("missing-parameter", "It is not said which jobs", fault.message, errors=[fault])
    cancelled, more = actions.cancel_many(context.database, caller.tenant, wanted, MOST_CANCELLED)
    for job_id in cancelled:
        enqueue_or_later(context.database, context.messenger, job_id)
    with context.database.reading() as session:
        now_so = jobs.page(session, caller.tenant, JobFilter(ids=cancelled), None, MOST_CANCELLED)
        items = _listed(session, now_so) if cancelled else []
    rest = [one for one in wanted.ids if one not in cancelled] if not more else []
    return document(CancelledJobs(items=items, not_cancelled=rest, more=more), status=202)


@router.get(
    "/jobs/{job_id}",
    response_model=Job,
    responses={**documented(401, 403, 404, 429), 304: {"description": "The job has not changed."}},
)
async def read_job(
    job_id: str,
    context: InContext,
    caller: Reader,
    if_none_match: Annotated[str | None, Header(description="The ETag that is known.")] = None,
    prefer: Annotated[
        str | None, Header(description="wait=N: answer once the job has finished or differs, or after N s.")
    ] = None,
) -> Response:
    """State, progress, times and the normalised problem of a job."""
    seconds = preferred_wait(prefer)
    job, tag = await settled(context, caller, job_id, seconds, if_none_match)
    headers = {"ETag": tag, **applied(prefer)}
    if matches(if_none_match, tag):
        return Response(status_code=304, headers=headers)
    return await run_sync(lambda: document(job, headers=headers))


@router.get("/jobs/{job_id}/result", response_model=Result, responses=documented(401, 403, 404, 409, 429))
def read_result(job_id: str, context: InContext, caller: Reader) -> Response:
    """The answer: 409 while the job runs; of a cancelled job the best so far; of a failed job 409 and the failure."""
    return document(actions.result(context.database, caller.tenant, job_id))


@router.get("/jobs/{job_id}/answer", response_model=AnswerSoFar, responses=documented(401, 403, 404, 429))
def read_answer(job_id: str, context: InContext, caller: Reader) -> Response:
    """What the kind answers as far as it is known, while the job runs too: free energies, with runs and errors so far.

    Each event `progress` may have changed it.
    """
    return document(actions.answer(context.database, caller.tenant, job_id))


@router.post("/jobs/{job_id}/cancel", status_code=202, responses=documented(401, 403, 404, 409, 429))
def cancel_job(job_id: str, context: InContext, caller: Submitter) -> Job:
    """Stop a job within two seconds; what it found so far is its result."""
    job = actions.cancel(context.database, caller.tenant, job_id)
    _follow(context, job)
    return job


@router.post("/jobs/{job_id}/pause", responses=documented(401, 403, 404, 409, 429))
def pause_job(job_id: str, context: InContext, caller: Submitter) -> Job:
    """Start no further evaluation; what is being computed is finished and stored."""
    return actions.pause(context.database, caller.tenant, job_id)


@router.post("/jobs/{job_id}/resume", responses=documented(401, 403, 404, 409, 429))
def resume_job(job_id: str, context: InContext, caller: Submitter) -> Job:
    """Go on with a paused job."""
    job = actions.resume(context.database, caller.tenant, job_id)
    _follow(context, job)
    return job


def _follow(context: Context, job: Job) -> None:
    if job.finished_at is None:
        enqueue_or_later(context.database, context.messenger, job.id)


@router.delete("/jobs/{job_id}", status_code=204, responses=documented(401, 403, 404, 409, 429))
def delete_job(job_id: str, context: InContext, caller: Submitter) -> None:
    """Delete a finished job with its evaluations and events; 409 while it is active."""
    actions.delete(context.database, caller.tenant, job_id)
