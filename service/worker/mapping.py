"""A map, or a composition: surrogates are fitted to the job's stored evaluations, and what they expect is stored."""

from __future__ import annotations

from contextlib import suppress

import structlog

from api_schemas.base import Output
from api_schemas.errors import TYPE_PREFIX, ProblemDetail, ProblemInvalid
from service.repositories import jobs
from service.repositories.maps import MapClaim
from service.work.work import OUT_OF_REACH, Message
from service.worker.context import WorkerContext
from service.worker.lease import Interrupted, Lease
from service.worker.replay import records_of

_log = structlog.get_logger(__name__)


def run_map(context: WorkerContext, map_id: str) -> None:
    """Do what a message ``map`` asks for; nothing, if it came twice or too late."""
    try:
        held = context.work.claim(Message("map", map_id))
    except OUT_OF_REACH:
        _log.exception("the store failed during a map")
        return
    if isinstance(held, MapClaim):
        compute_map(context, held)


def compute_map(context: WorkerContext, held: MapClaim) -> None:
    """Compute a map that is held, and store it."""
    with structlog.contextvars.bound_contextvars(job=held.job_id, map=held.map_id):
        try:
            _run(context, held)
        except OUT_OF_REACH:
            # The store is out of reach: the lease runs out and the sweeper hands the map on.
            _log.exception("the store failed during a map")


def _run(context: WorkerContext, held: MapClaim) -> None:
    work = context.work
    problem, stored = jobs.parsed_problem(held.document), work.records(held)
    lease = Lease(
        renew=lambda: work.renew(held),
        cancelled=lambda: work.unwanted(held),
        stopping=context.stopping,
        seconds=work.lease_seconds,
        abandon=lambda: _abandon(context, held),
    )
    try:
        with lease:
            found: Output
            if held.wanted.is_point:
                found = context.surrogate_point(problem, stored, held.wanted)
            else:
                found = context.surrogate_map(problem, records_of(stored), held.property, held.wanted)
            lease.check()
            answer = found.model_dump_json()
    except Interrupted as interrupted:
        _log.info("a map was given up", reason=interrupted.reason)
        work.give_back(held)
        return
    except OUT_OF_REACH:
        raise
    except ProblemInvalid as invalid:
        work.fail(held, slice_refused(invalid))
        return
    except Exception:  # noqa: BLE001  (whatever the surrogate raises ends this map, not the worker)
        _log.exception("a map failed")
        work.fail(held, map_failed())
        return
    if not work.store_map(held, len(stored), answer):
        _log.info("a late map was refused")


def _abandon(context: WorkerContext, held: MapClaim) -> None:
    """Give back a map that does not come to its end, and end this process with it."""
    with suppress(*OUT_OF_REACH):
        context.work.give_back(held)  # else its lease runs out
    context.abandon()


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
