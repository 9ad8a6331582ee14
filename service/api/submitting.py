"""What the calls that make a job share: a request repeated under its key makes one job, and the answer says where."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Annotated, Any, TypeVar

from anyio.to_thread import run_sync
from fastapi import Header, Response

from api_schemas.arrays import JobArray
from api_schemas.jobs import Job
from service.api.caller import Caller
from service.api.context import Context
from service.http.answers import document
from service.lifecycle.dispatch import enqueue_or_later
from service.repositories import idempotency

ACCEPTED: dict[str, Any] = {
    "description": "The job is stored and queued.",
    "headers": {
        "Location": {"description": "Address of the job.", "schema": {"type": "string"}},
        "Retry-After": {"description": "Seconds after which to look.", "schema": {"type": "integer"}},
    },
    "links": {
        name: {
            "operationId": f"{operation}_v1_jobs__job_id__{path}",
            "parameters": {"job_id": "$response.body#/id"},
        }
        for name, operation, path in (
            ("job", "read_job", "get"),
            ("evaluations", "list_evaluations", "evaluations_get"),
            ("events", "stream_events", "events_get"),
            ("answer", "read_answer", "answer_get"),
            ("result", "read_result", "result_get"),
            ("map", "read_map", "map_get"),
            ("cancel", "cancel_job", "cancel_post"),
            ("pause", "pause_job", "pause_post"),
            ("resume", "resume_job", "resume_post"),
            ("label", "label_job", "patch"),
            ("delete", "delete_job", "delete"),
            ("surrogate", "read_surrogate", "surrogate_get"),
            ("verify", "verify_job", "verify_post"),
            ("evaluate", "evaluate_job", "evaluate_post"),
        )
    },
}
"""OpenAPI of the answer."""


_Made = TypeVar("_Made", Job, JobArray)


async def submitted_once(
    context: Context,
    caller: Caller,
    key: str | None,
    digest: str,
    store: Callable[[str | None], Awaitable[_Made]],
    model: type[_Made],
) -> tuple[_Made, bool]:
    """Store a job, or an array of them, and enqueue it, unless the same request was made before under the same key.

    Args:
        context: Of the API.
        caller: Who asks.
        key: The Idempotency-Key, if there is one.
        digest: Of all that makes two requests the same.
        store: Stores it, and the answer under the key.
        model: Of what is stored.

    Returns:
        It as it was first answered, and whether it is new.

    Raises:
        MalformedRequest: if the key cannot be one.
        Unprocessable: if the key came with another content.
        Conflict: if the first request with this key is still being answered.
    """
    if key is not None:
        key = idempotency.checked(key)
        earlier = await run_sync(idempotency.reserve, context.database, caller.tenant, key, digest)
        if earlier is not None:
            return await run_sync(model.model_validate_json, earlier), False
    try:
        made = await store(key)
    except BaseException:
        if key is not None:
            await run_sync(idempotency.give_back, context.database, caller.tenant, key)
        raise
    for job in made.items if isinstance(made, JobArray) else (made,):
        await run_sync(enqueue_or_later, context.database, context.messenger, job.id)
    return made, True


IdempotencyKey = Annotated[str | None, Header(description="Repeating the request repeats the answer only.")]
"""The parameter ``idempotency_key`` of what makes jobs."""


async def submitted(job: Job, more: Mapping[str, str] = MappingProxyType({})) -> Response:
    """The answer to whoever made a job: where it is, and when to look."""
    headers = {"Location": f"/v1/jobs/{job.id}", "Retry-After": "2", **more}
    return await run_sync(lambda: document(job, status=202, headers=headers))
