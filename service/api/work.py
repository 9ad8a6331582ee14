"""``POST /v1/work/{operation}``: what workers behind HTTPS ask.

Only workers of the same version speak it, so it is not described for others; `service.work.messages` has its forms.
"""

from __future__ import annotations

import gzip
import re
from functools import partial

from anyio.to_thread import run_sync
from fastapi import APIRouter, Request, Response

from service.api.caller import Caller, Computer
from service.api.context import Context, InContext
from service.http.refusals import MalformedRequest
from service.http.request_body import json_body, unpacked
from service.repositories.parts import remote_name
from service.work.messages import MOST_BODY, WORKER_HEADER, WORKER_NAME
from service.work.served import Desk, answered

MOST_SENT = 24 * 1024 * 1024
"""Bytes of a request as it comes, compressed or not."""

_WORTH_PACKING = 1000
_KEYLESS = "keyless"

router = APIRouter(include_in_schema=False)


@router.post("/work/{operation}")
async def work(operation: str, request: Request, context: InContext, caller: Computer) -> Response:
    """Serve a worker."""
    desk = _desk(request, context, caller)
    body = await json_body(request, MOST_SENT)
    encoding = request.headers.get("content-encoding", "").strip().lower()
    answer = await run_sync(partial(_answer, desk, operation, body, encoding), limiter=context.working)
    # Compressed here, in a thread: a large one would hold up everybody.
    if len(answer) < _WORTH_PACKING:
        return Response(answer, media_type="application/json")
    packed = await run_sync(gzip.compress, answer, 1)
    return Response(packed, media_type="application/json", headers={"Content-Encoding": "gzip"})


def _answer(desk: Desk, operation: str, body: bytes, encoding: str) -> bytes:
    return answered(desk, operation, unpacked(body, encoding, MOST_BODY))


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
