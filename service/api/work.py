"""``POST /v1/work/{operation}``: what workers behind HTTPS ask.

Only workers of the same version speak it, so it is not described for others; `service.work.messages` has its forms.
"""

from __future__ import annotations

import gzip
import math
import re
from contextlib import AsyncExitStack

from anyio.to_thread import run_sync
from fastapi import Request, Response

from service.api.caller import Caller, Computer
from service.api.context import Context, InContext
from service.http.calls import calls
from service.http.refusals import MalformedRequest, Unprocessable
from service.http.request_body import json_body, unpacked
from service.repositories.parts import remote_name
from service.work.messages import MOST_SMALL, WORKER_HEADER, WORKER_NAME
from service.work.reading import IN_PLACE
from service.work.served import Desk, answered, check_held, most_bytes

MOST_SENT = 24 * 1024 * 1024
"""Bytes of a request as it comes, compressed or not."""

READING_SECONDS = 10.0
"""Seconds of a core that reading a large request may take."""

_WORTH_PACKING = 1000
_KEYLESS = "keyless"

router = calls(include_in_schema=False)


@router.post("/work/{operation}")
async def work(operation: str, request: Request, context: InContext, caller: Computer) -> Response:
    """Serve a worker."""
    desk = _desk(request, context, caller)
    most = most_bytes(operation)
    encoding = request.headers.get("content-encoding", "").strip().lower()
    async with AsyncExitStack() as large:
        if _announced(request) > IN_PLACE:
            # A body is kept while it comes: of large ones there are few at a time, and small ones do not wait.
            await large.enter_async_context(context.receiving)
        body = await json_body(request, min(most, MOST_SENT))
        await large.enter_async_context(context.working)
        return await _answer(context, desk, operation, body, encoding, most)


async def _answer(
    context: Context, desk: Desk, operation: str, sent: bytes, encoding: str, most: int
) -> Response:
    body = await run_sync(unpacked, sent, encoding, most)
    if len(body) > IN_PLACE and most > MOST_SMALL:
        await run_sync(check_held, desk, body)
        await _examined(context, operation, body)
    answer = await run_sync(answered, desk, operation, body)
    # Compressed here, in a thread: a large one would hold up everybody.
    if len(answer) < _WORTH_PACKING:
        return Response(answer, media_type="application/json")
    packed = await run_sync(gzip.compress, answer, 1)
    return Response(packed, media_type="application/json", headers={"Content-Encoding": "gzip"})


async def _examined(context: Context, operation: str, body: bytes) -> None:
    """Have a large body read from end to end by a process of its own."""
    try:
        async with (
            context.checking,
            context.checker.check(READING_SECONDS, body, what="work", operation=operation) as check,
        ):
            await check.answer()
    except Unprocessable:  # as its process was ended: what it words itself comes as `Refused`
        raise Unprocessable(
            "invalid-work",
            "What the worker sent cannot be stored",
            f"to read it takes longer than {READING_SECONDS:g} s of a core, or too much memory",
        ) from None


def _announced(request: Request) -> float:
    """Bytes that a body has, as its head says; any number where it does not."""
    length = request.headers.get("content-length", "")
    return int(length[:20]) if length.isascii() and length.isdigit() else math.inf


def _desk(request: Request, context: Context, caller: Caller) -> Desk:
    name = request.headers.get(WORKER_HEADER, "")
    if not re.fullmatch(WORKER_NAME, name):
        raise MalformedRequest(
            "bad-worker-name",
            "The worker has no name",
            f"the header {WORKER_HEADER} is 1 to 80 letters, digits, dots, dashes or underscores",
        )
    key = caller.key or _KEYLESS
    return Desk(
        database=context.database,
        messenger=context.messenger,
        tenant=caller.tenant,
        key=key,
        worker=remote_name(caller.tenant, key, name),
        routes=context.settings.routes,
    )
