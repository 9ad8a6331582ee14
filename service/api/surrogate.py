"""``GET /v1/jobs/{id}/surrogate``."""

from __future__ import annotations

import time
from typing import Annotated

from anyio import sleep
from anyio.to_thread import run_sync
from fastapi import Header, Query, Response

from api_schemas.maps import PointUnderWay, SurrogatePoint
from api_schemas.problem import Problem
from engine.acceptance.maps import asked_point
from engine.composition.slices import INCUMBENT, MOST_TEXT, Slice
from service.api.caller import Caller, Reader
from service.api.context import Context, InContext
from service.api.promises import asked, promised, responses
from service.api.waiting import applied, preferred_wait
from service.http.calls import calls
from service.lifecycle import maps

router = calls(tags=["jobs"])

ASK_SECONDS = 0.2
"""How often a request that waits looks whether the worker has answered."""
MOST_WAITING = 32
"""So many requests wait in one process; others are answered at once, as if they had not asked to wait."""
_WAITING: set[object] = set()


@router.get(
    "/jobs/{job_id}/surrogate",
    response_model=SurrogatePoint,
    responses=responses(
        "The newest that is stored; `evaluations` says how many evaluations it has learned from.",
        PointUnderWay,
        "A worker computes it",
    ),
)
async def read_surrogate(
    job_id: str,
    context: InContext,
    caller: Reader,
    at: Annotated[
        str,
        Query(
            min_length=1,
            max_length=MOST_TEXT,
            description="The composition: incumbent (the best so far, else the centre), centre, or one written as on "
            "the command line.",
            examples=["cation:Al=0.8,Sc=0.2;anion:N=1"],
        ),
    ] = INCUMBENT,
    prefer: Annotated[
        str | None, Header(description="wait=N answers once it is known, or after N seconds, at most 30.")
    ] = None,
) -> Response:
    """What surrogates expect of every property at a composition: mean, uncertainty, slopes, and what it breaks.

    They are those of the maps, fitted whatever the job's strategy. While the job runs, the newest stored answer is
    given and a newer one is computed in the background once evaluations have come that it does not know.
    """

    def meant(problem: Problem) -> tuple[str, Slice]:
        return asked_point(problem, at)

    deadline = time.monotonic() + preferred_wait(prefer)
    found = await asked(context, caller, job_id, meant)
    waited = {}
    if found.document is None and preferred_wait(prefer) > 0 and len(_WAITING) < MOST_WAITING:
        waited = applied(prefer)
        if await _computed(context, caller, job_id, found, deadline):
            found = await asked(context, caller, job_id, meant)
    if found.document is not None:
        return Response(found.document, media_type="application/json", headers=applied(prefer))
    under_way = PointUnderWay(at=found.wanted.at, message="a worker computes it; ask again in a moment")
    return promised(under_way, waited)


async def _computed(
    context: Context, caller: Caller, job_id: str, found: maps.MapFound, deadline: float
) -> bool:
    """Whether a worker has answered before the deadline, and while the caller's key is valid."""
    waiting = object()
    _WAITING.add(waiting)
    try:
        with context.tail.watching(job_id, caller.key):
            while time.monotonic() < deadline and not context.stopping():
                if not await run_sync(maps.under_way, context.database, job_id, found):
                    return True
                if context.tail.has_ended(caller.key):
                    return False
                await sleep(min(ASK_SECONDS, max(0.0, deadline - time.monotonic())))
            return False
    finally:
        _WAITING.discard(waiting)
