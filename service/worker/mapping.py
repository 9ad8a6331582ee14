"""The task ``map``: claim a map, fit the surrogate to the job's stored evaluations, and store what it expects."""

from __future__ import annotations

from contextlib import suppress

import structlog
from sqlalchemy.exc import SQLAlchemyError

from api_schemas.errors import TYPE_PREFIX, ProblemDetail, ProblemInvalid
from service.repositories import maps, tasks
from service.repositories.maps import MapClaim
from service.repositories.tasks import LEASE_SECONDS
from service.tables.database import Database
from service.worker.context import WorkerContext
from service.worker.lease import Interrupted, Lease
from service.worker.replay import records_of

_log = structlog.get_logger(__name__)


def run_map(context: WorkerContext, map_id: str) -> None:
    """Do what a message ``map`` asks for; nothing, if it came twice or too late."""
    try:
        with context.database.writing() as session:
            claim = maps.claim(session, map_id, context.name)
        if claim is not None:
            with structlog.contextvars.bound_contextvars(job=claim.job_id, map=claim.map_id):
                _run(context, claim)
    except SQLAlchemyError:
        # The store is out of reach: the lease runs out and the sweeper hands the map on.
        _log.exception("the store failed during a map")


def _run(context: WorkerContext, claim: MapClaim) -> None:
    with context.database.reading() as session:
        stored = tasks.records(session, claim.job_id)
    lease = Lease(
        renew=lambda: _renew(context.database, claim),
        cancelled=lambda: False,  # a map outlives the search of its job
        stopping=context.stopping,
        seconds=LEASE_SECONDS,
        abandon=lambda: _abandon(context, claim),
    )
    answer, failure = None, None
    try:
        with lease:
            found = context.surrogate_map(claim.problem, records_of(stored), claim.property, claim.wanted)
            lease.check()
            answer = found.model_dump_json()
    except Interrupted as interrupted:
        _log.info("a map was given up", reason=interrupted.reason)
        with context.database.writing() as session:
            maps.release(session, claim)
        return
    except SQLAlchemyError:
        raise
    except ProblemInvalid as invalid:
        failure = slice_refused(invalid)
    except Exception:  # noqa: BLE001  (whatever the surrogate raises ends this map, not the worker)
        _log.exception("a map failed")
        failure = map_failed()
    with context.database.writing() as session:
        told = None if failure is None else failure.model_dump_json()
        if not maps.store(session, claim, len(stored), answer=answer, failure=told):
            _log.info("a late map was refused")


def _abandon(context: WorkerContext, claim: MapClaim) -> None:
    """Give back a map that does not come to its end, and end this process with it."""
    with suppress(SQLAlchemyError), context.database.writing() as session:
        maps.release(session, claim)  # else its lease runs out
    context.abandon()


def _renew(database: Database, claim: MapClaim) -> bool:
    with database.writing() as session:
        return maps.renew(session, claim)


def slice_refused(invalid: ProblemInvalid) -> ProblemDetail:
    """Why a slice has no map as the evaluations stand."""
    return ProblemDetail(
        type=TYPE_PREFIX + "bad-map",
        title="This slice cannot be mapped",
        status=422,
        detail=str(invalid),
        errors=list(invalid.errors),
    )


def map_failed() -> ProblemDetail:
    """The failure of a map whose computation raised an exception; the exception itself is only logged."""
    return ProblemDetail(
        type=TYPE_PREFIX + "map-failed",
        title="The map could not be computed",
        status=500,
        detail="The surrogate could not be fitted. The worker's log says why, under the id of this job.",
    )
