"""``GET /v1/jobs/{id}/events``: server-sent events, read from storage and resumed after Last-Event-ID."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import Header
from fastapi.responses import Response, StreamingResponse
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event

from api_schemas.jobs import FINAL_STATES
from service.api.caller import Reader
from service.api.context import Context, InContext
from service.http.calls import calls
from service.http.problem_details import documented
from service.http.refusals import MalformedRequest
from service.lifecycle import actions, states
from service.repositories import events, jobs
from service.repositories.stored import StoredUnreadable

KEEPALIVE_SECONDS = 10.0
STREAM_SECONDS = 600.0
"""A stream ends after so long, and the client resumes it: no connection lives for ever."""

RECONNECT = b"retry: 1000\n\n"
PAGE = 100

router = calls(tags=["jobs"])

_EXAMPLE = (
    'event: state\ndata: {"state":"running","message":null,"at":"2025-01-01T12:00:00Z"}\nid: 2\n\n'
    'event: progress\ndata: {"progress":{"evaluations_done":1,"evaluations_planned":40,"best":null},'
    '"at":"2025-01-01T12:00:05Z"}\nid: 4\n\n'
)

_EVENT = {
    "type": "object",
    "required": ["event", "data", "id"],
    "properties": {
        "event": {"enum": ["state", "progress", "evaluation"]},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {
                "anyOf": [
                    {"$ref": f"#/components/schemas/{name}"}
                    for name in ("StateEvent", "ProgressEvent", "EvaluationEvent")
                ]
            },
        },
        "id": {"type": "string", "description": "An integer that rises by one within the job."},
        "retry": {"type": "integer"},
    },
}
"""Each event, as OpenAPI 3.2 describes the items of a stream."""


@router.get(
    "/jobs/{job_id}/events",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Events `state`, `progress` and `evaluation`; the stream ends after the final state.",
            "content": {"text/event-stream": {"itemSchema": _EVENT, "example": _EXAMPLE}},
        },
        204: {"description": "The job is finished and every event has been read: do not connect again."},
        **documented(400, 401, 403, 404, 409, 429),
    },
)
async def stream_events(
    job_id: str,
    context: InContext,
    caller: Reader,
    last_event_id: Annotated[
        str | None, Header(description="The id of the last event that was read; the stream goes on after it.")
    ] = None,
) -> Response:
    """Everything that happens to a job, from the beginning or after Last-Event-ID, until it is finished."""
    seen = _sequence(last_event_id)
    last, final = await run_sync(_position, context, caller.tenant, job_id)
    if final and seen >= last:
        return Response(status_code=204)
    # An event that cannot be read is told as a problem, which a stream that has begun could not.
    await run_sync(_next, context, job_id, min(seen, last), 1)
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return StreamingResponse(
        _stream(context, job_id, min(seen, last), caller.key), headers=headers, media_type="text/event-stream"
    )


def _sequence(header: str | None) -> int:
    if header is None or header == "":
        return 0
    if not (header.isascii() and header.isdigit() and len(header) <= 10):
        raise MalformedRequest(
            "invalid-last-event-id",
            "The Last-Event-ID cannot be used",
            "give the id of the last event that was read",
        )
    return int(header)


def _position(context: Context, tenant: str, job_id: str) -> tuple[int, bool]:
    with context.database.reading() as session:
        job = actions.find(session, tenant, job_id)
        return job.last_event, states.is_final(job)


def _next(context: Context, job_id: str, seen: int, most: int = PAGE) -> tuple[list[bytes], int, bool]:
    """Encoded events after ``seen``, the number of the last of them, and whether nothing will follow.

    They end before one that another version stored in a form that is not known here.

    Raises:
        StoredUnreadable: if that is the first.
    """
    with context.database.reading() as session:
        position = jobs.position(session, job_id)
        if position is None:
            return [], seen, True
        state, newest, _ = position
        encoded: list[bytes] = []
        last = seen
        for event in events.after(session, job_id, seen, most):
            try:
                data = events.content(session, event)
            except StoredUnreadable:
                if not encoded:
                    raise
                break
            encoded.append(format_sse_event(event=event.kind, id=str(event.sequence), data_str=data))
            last = event.sequence
        return encoded, last, state in FINAL_STATES and last >= newest


async def _stream(context: Context, job_id: str, seen: int, key: str | None) -> AsyncIterator[bytes]:
    with context.tail.watching(job_id, key):
        began = spoke = time.monotonic()
        yield RECONNECT
        news = True
        while not (context.stopping() or context.tail.has_ended(key)):
            if time.monotonic() - began >= STREAM_SECONDS:
                return
            if news:
                try:
                    encoded, seen, ended = await run_sync(_next, context, job_id, seen)
                except StoredUnreadable:
                    return  # whoever connects again is told why
                for item in encoded:
                    yield item
                if ended:
                    return
                if encoded:
                    spoke = time.monotonic()
                    continue
            # Woken once a second besides, to notice that the server is stopping or the key has ended.
            news = await context.tail.wait(job_id, seen, 1.0)
            if time.monotonic() - spoke > KEEPALIVE_SECONDS:
                yield KEEPALIVE_COMMENT
                spoke = time.monotonic()
                news = True
