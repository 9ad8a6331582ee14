"""``/v1/jobs``: submitting, listing, reading, cancelling, pausing, resuming and deleting jobs."""

from __future__ import annotations

from typing import Annotated, NoReturn

from anyio.to_thread import run_sync
from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import JSONResponse

from api_schemas.errors import FieldError, ProblemInvalid
from api_schemas.jobs import Job, JobPage, JobState
from api_schemas.results import Result
from service.context import Context, InContext
from service.idempotency import repository as idempotency
from service.jobs import repository as jobs
from service.jobs import service
from service.messages import enqueue
from service.paging import checked_cursor, next_link
from service.problem_details import documented
from service.problems.checking import accepted
from service.problems.endpoints import PROBLEM_BODY
from service.request_body import json_object

router = APIRouter(tags=["jobs"])

Limit = Annotated[int, Query(ge=1, le=200, description="Length of the page.")]


@router.post(
    "/jobs",
    status_code=202,
    response_model=Job,
    openapi_extra=PROBLEM_BODY,
    responses=documented(400, 409, 413, 415, 422),
)
async def submit_job(
    request: Request,
    context: InContext,
    idempotency_key: Annotated[
        str | None, Header(description="Repeating the request repeats the answer only.")
    ] = None,
) -> Response:
    """Submit a problem. The job is queued; Location says where to look, Retry-After when."""
    data = await json_object(request, context.settings.max_request_bytes)
    if idempotency_key is None:
        problem, estimate = await accepted(context, data)
        job = await run_sync(service.submit, context.database, problem, estimate, None)
        await run_sync(enqueue, context.database, context.messenger, job.id)
        return _submitted(job)
    key = idempotency.checked(idempotency_key)
    earlier = await run_sync(idempotency.reserve, context.database, key, idempotency.digest(data))
    if earlier is not None:
        return _submitted(Job.model_validate_json(earlier))
    try:
        problem, estimate = await accepted(context, data)
        job = await run_sync(service.submit, context.database, problem, estimate, key)
    except BaseException:
        await run_sync(idempotency.give_back, context.database, key)
        raise
    await run_sync(enqueue, context.database, context.messenger, job.id)
    return _submitted(job)


def _submitted(job: Job) -> Response:
    headers = {"Location": f"/v1/jobs/{job.id}", "Retry-After": "2"}
    return JSONResponse(job.model_dump(mode="json"), status_code=202, headers=headers)


@router.get("/jobs", responses=documented(400, 422))
def list_jobs(
    response: Response,
    context: InContext,
    state: Annotated[list[JobState] | None, Query(description="Only jobs in these states.")] = None,
    cursor: Annotated[str | None, Query(description="From the page before.")] = None,
    limit: Limit = 50,
) -> JobPage:
    """Jobs, newest first."""
    before = checked_cursor(cursor)
    with context.database.reading() as session:
        rows = jobs.page(session, state or [], before, limit + 1)
        items = [jobs.public(row, with_problem=False) for row in rows[:limit]]
    following = items[-1].id if len(rows) > limit else None
    if following is not None:
        query = [("state", value) for value in state or []]
        response.headers["Link"] = next_link("/v1/jobs", following, limit, query)
    return JobPage(items=items, next_cursor=following)


@router.get("/jobs/{job_id}", responses=documented(404))
def read_job(job_id: str, context: InContext) -> Job:
    """State, progress, times and the normalised problem of a job."""
    with context.database.reading() as session:
        return jobs.public(service.find(session, job_id))


@router.get("/jobs/{job_id}/result", responses=documented(404, 409))
def read_result(job_id: str, context: InContext) -> Result:
    """The answer: 409 while the job runs; of a cancelled job the best so far; of a failed job 409 and the failure."""
    return service.result(context.database, job_id)


@router.get("/jobs/{job_id}/map", response_model=None, responses=documented(404, 422))
def read_map(job_id: str, context: InContext) -> NoReturn:
    """The surrogate over a grid: not available yet."""
    with context.database.reading() as session:
        service.find(session, job_id)
    raise ProblemInvalid(
        [
            FieldError(
                pointer="", type="not-available-yet", message="maps of the surrogate are not available yet"
            )
        ]
    )


@router.post("/jobs/{job_id}/cancel", status_code=202, responses=documented(404, 409))
def cancel_job(job_id: str, context: InContext) -> Job:
    """Stop a job within two seconds; what it found so far is its result."""
    job = service.cancel(context.database, job_id)
    _follow(context, job)
    return job


@router.post("/jobs/{job_id}/pause", responses=documented(404, 409))
def pause_job(job_id: str, context: InContext) -> Job:
    """Start no further evaluation; what is being computed is finished and stored."""
    return service.pause(context.database, job_id)


@router.post("/jobs/{job_id}/resume", responses=documented(404, 409))
def resume_job(job_id: str, context: InContext) -> Job:
    """Go on with a paused job."""
    job = service.resume(context.database, job_id)
    _follow(context, job)
    return job


def _follow(context: Context, job: Job) -> None:
    if job.finished_at is None:
        enqueue(context.database, context.messenger, job.id)


@router.delete("/jobs/{job_id}", status_code=204, responses=documented(404, 409))
def delete_job(job_id: str, context: InContext) -> None:
    """Delete a finished job with its evaluations and events; 409 while it is active."""
    service.delete(context.database, job_id)
