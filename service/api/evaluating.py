"""``POST /v1/jobs/{id}/evaluate``: compositions evaluated as a job does, by a job of its own."""

from __future__ import annotations

from anyio.to_thread import run_sync
from fastapi import Request, Response

from api_schemas.choices import EvaluateAt
from api_schemas.errors import parse
from api_schemas.jobs import Job
from service.api.caller import Caller, Submitter
from service.api.children import answered_child, stored_child
from service.api.context import Context, InContext
from service.api.submitting import ACCEPTED, IdempotencyKey
from service.http.calls import calls
from service.http.problem_details import documented
from service.http.request_body import described, optional_json_object
from service.lifecycle.evaluating import evaluation_of

router = calls(tags=["jobs"])

MAX_BYTES = 200_000
"""Of a body: as many compositions as are allowed, of ten elements with all their digits."""

EVALUATE_BODY = described(
    EvaluateAt.model_json_schema(),
    "one",
    "One composition",
    {"at": [{"cation": {"Al": 0.75, "Sc": 0.25}}]},
)


@router.post(
    "/jobs/{job_id}/evaluate",
    status_code=202,
    response_model=Job,
    openapi_extra=EVALUATE_BODY,
    responses={**documented(400, 401, 403, 404, 409, 413, 415, 422, 429, 503, 507), 202: ACCEPTED},
)
async def evaluate_job(
    job_id: str,
    request: Request,
    context: InContext,
    caller: Submitter,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Evaluate compositions as a job does, with its crystal, properties and potential, to hold its surrogates against.

    That is a job of kind evaluate of its own, which names the other as its parent. The other may still run; neither its
    search nor its surrogates learn from it. Of a search in two fidelities the mixed crystal is evaluated, without the
    supercells by which its surrogates are corrected: verify the new job for these.
    """
    await run_sync(context.rates.count_submission, caller.name)
    wanted = parse(EvaluateAt, await optional_json_object(request, MAX_BYTES))
    asked = {"evaluate": job_id, "body": wanted.model_dump()}
    return await answered_child(
        context, caller, idempotency_key, asked, lambda key: _stored(context, caller, job_id, wanted, key)
    )


async def _stored(context: Context, caller: Caller, job_id: str, wanted: EvaluateAt, key: str | None) -> Job:
    asked = await run_sync(evaluation_of, context.database, caller.tenant, job_id, wanted.at)
    return await stored_child(context, caller, job_id, asked, key=key, of_body=lambda error: error)
