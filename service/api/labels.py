"""``PATCH /v1/jobs/{id}``: what people write on a job."""

from __future__ import annotations

from anyio.to_thread import run_sync
from fastapi import Request, Response

from api_schemas.errors import parse
from api_schemas.jobs import Job
from api_schemas.labels import JobLabels
from service.api.caller import Submitter
from service.api.context import InContext
from service.http.answers import document
from service.http.calls import calls
from service.http.problem_details import documented
from service.http.request_body import described, optional_json_object
from service.lifecycle import actions

router = calls(tags=["jobs"])

LABELS_BODY = described(
    JobLabels.model_json_schema(),
    "note",
    "A note and a star",
    {"note": "the one of the talk", "starred": True},
)


@router.patch(
    "/jobs/{job_id}",
    response_model=Job,
    openapi_extra=LABELS_BODY,
    responses=documented(400, 401, 403, 404, 413, 415, 422, 429),
)
async def label_job(job_id: str, request: Request, context: InContext, caller: Submitter) -> Response:
    """Change a job's name, note, tags or star; what is left out stays. The problem itself is not changed."""
    labels = parse(JobLabels, await optional_json_object(request))

    def answered() -> Response:
        return document(actions.label(context.database, caller.tenant, job_id, labels))

    return await run_sync(answered)
