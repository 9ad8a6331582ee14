"""``/health/live``, ``/health/ready`` and ``/metrics``."""

from __future__ import annotations

from typing import Literal

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field
from sqlalchemy.exc import SQLAlchemyError

from service.api.caller import Operator
from service.api.context import Context, InContext
from service.api.metrics import Metrics
from service.http.calls import calls
from service.http.problem_details import documented
from service.lifecycle.notice import stalled
from service.repositories import parts

router = calls("", tags=["health"])


class Live(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Ready(BaseModel):
    """Which parts of the service work."""

    ready: bool
    database: bool
    broker: bool
    workers: int = Field(description="Those that were heard of lately.")
    sweeper: bool = Field(description="Whether one was heard of lately: without it nothing is mended.")
    stalled: list[str] = Field([], description="Queues whose messages nobody takes, in words.")


@router.get("/health/live")
def live() -> Live:
    """Whether the API process answers."""
    return Live()


@router.get(
    "/health/ready", response_model=Ready, responses={503: {"model": Ready, "description": "Not ready."}}
)
def ready(context: InContext) -> Response:
    """Whether jobs can be stored, queued and computed now."""
    found = readiness(context)
    return JSONResponse(found.model_dump(), status_code=200 if found.ready else 503)


def readiness(context: Context) -> Ready:
    """Look at the store, the broker, the heartbeats of all parts, and whether workers take what waits for them."""
    waiting: list[str] = []
    try:
        with context.database.reading() as session:
            alive, sweepers = parts.living(session), parts.living(session, "sweeper")
            waiting, database = stalled(session), True
    except SQLAlchemyError:
        alive, sweepers, database = 0, 0, False
    broker = context.messenger.depth() is not None
    return Ready(
        ready=database and broker and alive > 0 and sweepers > 0 and not waiting,
        database=database,
        broker=broker,
        workers=alive,
        sweeper=sweepers > 0,
        stalled=waiting,
    )


@router.get(
    "/metrics",
    responses={
        200: {"content": {"text/plain": {}}, "description": "Prometheus text format."},
        **documented(401, 403, 429),
    },
)
def metrics(request: Request, _caller: Operator) -> Response:
    """Requests, jobs, evaluations and workers of all tenants, for Prometheus."""
    measured: Metrics = request.app.state.metrics
    return Response(generate_latest(measured.registry), media_type=CONTENT_TYPE_LATEST)
