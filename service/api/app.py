"""The FastAPI application. Importing it does not import torch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import Depends, FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.middleware.gzip import GZipMiddleware
from fastapi_offline import FastAPIOffline

from service.access.rates import Rates
from service.api import (
    arrays,
    catalogue,
    evaluating,
    evaluations,
    events,
    health,
    jobs,
    labels,
    maps,
    problems,
    surrogate,
    verification,
    work,
)
from service.api.context import Context
from service.api.description import describe
from service.api.metrics import MeasuredRequests, Metrics
from service.api.tail import EventTail
from service.checking.checker import Checker
from service.dashboard import site
from service.http import problem_details
from service.http.addresses import StorableAddresses
from service.http.guard import Guard
from service.http.parameters import only_known
from service.lifecycle.finish import own_version
from service.lifecycle.pulse import Pulse
from service.queue.messenger import CeleryMessenger, Messenger, celery_application
from service.queue.queues import every_queue
from service.repositories import parts
from service.settings import Settings
from service.tables.database import Database

CHECKED_AT_ONCE = 4
"""Problems that are checked at the same time; more wait."""

SERVED_AT_ONCE = 8
"""Requests of workers that are answered at the same time; more wait, and people do not."""


def create_app(
    settings: Settings,
    *,
    database: Database | None = None,
    messenger: Messenger | None = None,
    checker: Checker | None = None,
    stopping: Callable[[], bool] = lambda: False,
) -> FastAPI:
    """The API over a store and a queue.

    Args:
        settings: Where both are, and the limits of requests.
        database: Given, it is used instead of the one that the settings name.
        messenger: The same for the queue.
        checker: The same for what checks problems; it is not ended with the application.
        stopping: Whether the server is shutting down; event streams then end.
    """
    store = database or Database(settings.store_url())
    queue = messenger or CeleryMessenger(celery_application(settings.queue_url()))
    metrics = Metrics(store, queue, every_queue(settings.routes))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        tail, pulse = EventTail(store), Pulse(store, "api")
        checks = checker or Checker()
        await run_sync(checks.start)
        app.state.context = Context(
            settings=settings,
            database=store,
            messenger=queue,
            tail=tail,
            checker=checks,
            checking=CapacityLimiter(CHECKED_AT_ONCE),
            working=CapacityLimiter(SERVED_AT_ONCE),
            receiving=CapacityLimiter(SERVED_AT_ONCE),
            rates=Rates(settings.most_requests(), settings.most_submissions(), settings.broker_url),
            stopping=stopping,
        )
        beating = asyncio.create_task(_beat(pulse))
        yield
        beating.cancel()
        await run_sync(pulse.leave)
        await tail.close()
        if checker is None:
            await run_sync(checks.close)
        store.close()

    app = FastAPIOffline(
        title="Orichalcum",
        version=own_version(),
        summary="Finds the composition of a mixed crystal that has the properties you want.",
        lifespan=lifespan,
        dependencies=[Depends(only_known)],
        separate_input_output_schemas=False,
        redoc_url=None,
    )
    app.state.metrics = metrics
    # The last one added is the outermost.
    app.add_middleware(StorableAddresses)
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=6)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors_origins),
            allow_methods=["GET", "POST", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "If-None-Match", "Prefer"],
            expose_headers=["ETag", "Link", "Location", "Retry-After"],
        )
    app.add_middleware(
        Guard,
        hosts=settings.allowed_hosts,
        any_host=settings.keys_required(),
        origins=settings.cors_origins,
    )
    app.add_middleware(MeasuredRequests, metrics=metrics)
    problem_details.install(app)
    for part in (
        problems,
        jobs,
        labels,
        arrays,
        verification,
        evaluating,
        evaluations,
        events,
        maps,
        surrogate,
        catalogue,
        work,
    ):
        app.include_router(part.router, prefix="/v1")  # of a router within a router, FastAPI makes all twice
    app.include_router(health.router)

    app.router.routes.extend(site.routes(site.STATIC))
    describe(app)
    return app


async def _beat(pulse: Pulse) -> None:
    """Say that the event loop goes on, by a thread that requests cannot take away."""
    alone = CapacityLimiter(1)
    while True:
        await run_sync(pulse.beat, limiter=alone)
        await asyncio.sleep(parts.BEAT_SECONDS)
