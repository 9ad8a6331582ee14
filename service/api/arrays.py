"""``/v1/arrays``: one problem over lists of values, each combination a job of its own."""

from __future__ import annotations

from typing import Any

from anyio.to_thread import run_sync
from fastapi import Request, Response

from api_schemas.arrays import ArrayRequest, JobArray
from service.api.caller import Reader, Submitter
from service.api.checking import accepted_array, checking
from service.api.context import Context, InContext
from service.api.options import SubmitOptions, same
from service.api.problems import EXAMPLE
from service.api.submitting import IdempotencyKey, submitted_once
from service.checking.checker import Check
from service.http.answers import document
from service.http.calls import calls
from service.http.problem_details import documented
from service.http.request_body import described, json_body
from service.lifecycle import arrays
from service.lifecycle.submission import Options, submit_array

router = calls(tags=["arrays"])

_SCHEMA = ArrayRequest.model_json_schema()
del _SCHEMA["$defs"]  # of any JSON value
_SCHEMA["properties"]["problem"] = {"$ref": "#/components/schemas/Problem"}
_SCHEMA["properties"]["over"]["additionalProperties"]["items"] = {}

ARRAY_BODY = described(
    _SCHEMA, "pressures", "Three pressures", {"problem": EXAMPLE, "over": {"conditions.pressure": [0, 5, 10]}}
)

_STORED: dict[str, Any] = {
    "description": "The jobs are stored and queued.",
    "headers": {
        "Location": {"description": "Address of the array.", "schema": {"type": "string"}},
        "Retry-After": {"description": "Seconds after which to look.", "schema": {"type": "integer"}},
    },
    "links": {
        "array": {
            "operationId": "read_array_v1_arrays__array_id__get",
            "parameters": {"array_id": "$response.body#/id"},
        }
    },
}


@router.post(
    "/arrays",
    status_code=202,
    response_model=JobArray,
    openapi_extra=ARRAY_BODY,
    responses={**documented(400, 401, 403, 404, 409, 413, 415, 422, 429, 503, 507), 202: _STORED},
)
async def make_array(
    request: Request,
    context: InContext,
    caller: Submitter,
    options: SubmitOptions,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Submit a problem over lists of values: a job for every combination. All are checked, then all are stored."""
    await run_sync(context.rates.count_submission, caller.name)
    body = await json_body(request, context.settings.max_request_bytes)
    wanted = {"array": True, **same(options)}
    async with checking(context, body, what="array", taking=options.takes_answer, digest=wanted) as check:
        digest = await check.digest()
        found, _ = await submitted_once(
            context,
            caller,
            idempotency_key,
            digest,
            lambda key: _stored(context, check, options, key),
            JobArray,
        )
    headers = {"Location": f"/v1/arrays/{found.id}", "Retry-After": "2"}
    return await run_sync(lambda: document(found, status=202, headers=headers))


async def _stored(context: Context, check: Check, options: Options, key: str | None) -> JobArray:
    members = await accepted_array(check)
    return await run_sync(submit_array, context.database, context.settings, members, options, key)


@router.get("/arrays/{array_id}", response_model=JobArray, responses=documented(401, 403, 404, 429))
def read_array(array_id: str, context: InContext, caller: Reader) -> Response:
    """The jobs of an array, and how many are in which state; `GET /v1/jobs?array=` pages and filters them."""
    with context.database.reading() as session:
        return document(arrays.find(session, caller.tenant, array_id))
