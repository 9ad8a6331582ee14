"""``POST /v1/jobs/{id}/verify``: explicit supercells of a finished job's answer, as a job of its own."""

from __future__ import annotations

from anyio.to_thread import run_sync
from fastapi import Request, Response

from api_schemas.choices import Verify
from api_schemas.errors import FieldError, parse
from api_schemas.jobs import Job
from service.api.caller import Caller, Submitter
from service.api.children import answered_child, stored_child
from service.api.context import Context, InContext
from service.api.submitting import ACCEPTED, IdempotencyKey
from service.http.calls import calls
from service.http.problem_details import documented
from service.http.request_body import described, optional_json_object
from service.lifecycle.verification import verification_of

router = calls(tags=["jobs"])

VERIFY_BODY = described(
    Verify.model_json_schema(),
    "two",
    "Two supercells of about 32 mixed sites",
    Verify().model_dump(),
    required=False,
)


@router.post(
    "/jobs/{job_id}/verify",
    status_code=202,
    response_model=Job,
    openapi_extra=VERIFY_BODY,
    responses={**documented(400, 401, 403, 404, 409, 413, 415, 422, 429, 503, 507), 202: ACCEPTED},
)
async def verify_job(
    job_id: str,
    request: Request,
    context: InContext,
    caller: Submitter,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Relax explicit supercells of the answer of a finished job, or of the best so far of a cancelled one.

    That is a job of its own, which names the other as its parent and begins with the evaluations that are known.
    """
    await run_sync(context.rates.count_submission, caller.name)
    verify = parse(Verify, await optional_json_object(request))
    asked = {"verify": job_id, "body": verify.model_dump()}
    return await answered_child(
        context, caller, idempotency_key, asked, lambda key: _stored(context, caller, job_id, verify, key)
    )


async def _stored(context: Context, caller: Caller, job_id: str, verify: Verify, key: str | None) -> Job:
    found = await run_sync(verification_of, context.database, caller.tenant, job_id, verify)
    asked = (found.problem, found.priority)
    return await stored_child(context, caller, job_id, asked, key=key, of_body=_of_body, known=found.known)


def _of_body(error: FieldError) -> FieldError:
    """A fault of the job's problem as one of the request, where it is a fault of what this asks for."""
    if error.pointer != "/verify" and not error.pointer.startswith("/verify/"):
        return error
    return error.model_copy(update={"pointer": error.pointer.removeprefix("/verify")})
