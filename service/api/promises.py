"""What the calls about surrogates share: asking, and the promise of an answer that a worker has still to compute."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from anyio.to_thread import run_sync
from fastapi.responses import JSONResponse

from api_schemas.base import Output
from api_schemas.problem import Problem
from engine.composition.slices import Slice
from service.api.caller import Caller
from service.api.context import Context
from service.http.problem_details import documented
from service.lifecycle import maps

RETRY_SECONDS = 1


def responses(found: str, promise: type[Output], promised: str) -> dict[int | str, dict[str, Any]]:
    """OpenAPI of the answers: what is found, and the promise of it, in words."""
    retry = {"description": "Seconds after which to ask again.", "schema": {"type": "integer"}}
    under_way = {
        "description": f"{promised}; ask the same again after Retry-After seconds.",
        "model": promise,
        "headers": {"Retry-After": retry},
    }
    return {**documented(401, 403, 404, 409, 422, 429), 200: {"description": found}, 202: under_way}


async def asked(
    context: Context, caller: Caller, job_id: str, wanted: Callable[[Problem], tuple[str, Slice]]
) -> maps.MapFound:
    """What there is of what is wanted; see `service.lifecycle.maps.answer`. What is new counts as a submission."""
    count = context.rates.count_submission
    return await run_sync(
        maps.answer,
        context.database,
        context.messenger,
        caller.tenant,
        job_id,
        wanted,
        lambda: count(caller.name),
    )


def promised(under_way: Output, more: Mapping[str, str] = MappingProxyType({})) -> JSONResponse:
    """The answer while a worker computes it."""
    headers = {"Retry-After": str(RETRY_SECONDS), **more}
    return JSONResponse(under_way.model_dump(mode="json"), status_code=202, headers=headers)
