"""Answering what is asked of surrogates: from the store where it is known, else by having a worker compute it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from api_schemas.errors import ProblemDetail, ProblemInvalid
from api_schemas.jobs import FINAL_STATES
from api_schemas.kinds import KINDS
from api_schemas.problem import Problem
from engine.composition.slices import Slice
from service.http.refusals import Conflict, StoredFailure, TooMany
from service.lifecycle import actions
from service.lifecycle.dispatch import enqueue_maps
from service.queue.messenger import Messenger
from service.repositories import jobs, maps
from service.repositories.jobs import ProblemUnreadable
from service.tables.database import Database
from service.tables.jobs import JobRow

GROWTH = 0.1
"""While a job runs a map is computed anew once this share of evaluations has been added to those that it knows."""


@dataclass(frozen=True)
class MapFound:
    """What there is of a map, or of a composition: its document, or None while a worker computes it."""

    property: str
    wanted: Slice
    document: str | None


def answer(
    database: Database,
    messenger: Messenger,
    tenant: str,
    job_id: str,
    asked: Callable[[Problem], tuple[str, Slice]],
    count: Callable[[], None],
) -> MapFound:
    """The newest stored map of a slice; a worker is asked for one where there is none, or for a newer one.

    Args:
        database: The store.
        messenger: The queue.
        tenant: Whose job it is.
        job_id: The job.
        asked: The property and the slice of a problem that the caller means.
        count: Counts a slice that nobody has asked for before; it raises TooMany.

    Raises:
        NotFound: if the tenant has no such job.
        ProblemInvalid: at ``/property``, ``/over`` or ``/at``.
        Conflict: if no evaluation is stored yet, or another version stored the problem in another form.
        StoredFailure: if the computation failed.
        TooMany: if the caller asks too often, or the job has too many maps under way.
    """
    with database.reading() as session:
        job = actions.find(session, tenant, job_id)
        property_name, wanted = asked(_problem(job))
        if wanted.is_point and (job.kind not in KINDS or not KINDS[job.kind].takes("measured")):
            text = f"kind {job.kind} has no surrogates, so none expects anything of a composition"
            raise Conflict("nothing-to-map", "The job has no surrogates", text)
        if job.evaluations_done == 0:
            raise _nothing_yet(job)
        row = maps.find(session, job_id, property_name, wanted)
        document = None if row is None else row.answer
        told = 0 if row is None or row.told is None else row.told
        failure = None if row is None or row.failure is None else row.failure
    if told > 0 and not _outdated(job, told):
        if failure is not None:
            raise _failed(ProblemDetail.model_validate_json(failure))
        return MapFound(property_name, wanted, document)
    if row is None:
        count()
    if row is None or row.state == "idle":
        request(database, messenger, job_id, [(property_name, wanted)])
    return MapFound(property_name, wanted, document)


def under_way(database: Database, job_id: str, found: MapFound) -> bool:
    """Whether a worker has still to answer what was asked for: a look at little, for whoever waits."""
    with database.reading() as session:
        return maps.under_way(session, job_id, found.property, found.wanted)


def _problem(job: JobRow) -> Problem:
    """The problem of a job.

    Raises:
        Conflict: if another version stored it in a form that is not known here.
    """
    try:
        return jobs.problem_of(job)
    except ProblemUnreadable as unreadable:
        text = str(unreadable)
        raise Conflict("stored-by-another-version", "This was stored by another version", text) from None


def request(database: Database, messenger: Messenger, job_id: str, slices: list[tuple[str, Slice]]) -> None:
    """Have slices of a job computed.

    Raises:
        TooMany: if too many are under way.
    """
    with database.writing() as session:
        job = jobs.locked(session, job_id)
        asked = [] if job is None else [maps.ask(session, job, name, wanted) for name, wanted in slices]
    enqueue_maps(database, messenger, job_id)
    refused = next((wanted for (_, wanted), found in zip(slices, asked, strict=False) if found is None), None)
    if refused is not None:
        raise TooMany(
            "too-many-maps",
            "Too many maps are under way",
            f"{maps.most(refused)} maps of this job are being computed; ask again once some are done",
            retry_after=5,
        )


def _outdated(job: JobRow, told: int) -> bool:
    """Whether enough evaluations have come since a map was computed from ``told`` of them."""
    added = job.evaluations_done - told
    return added > 0 and (job.state in FINAL_STATES or added >= max(1.0, GROWTH * told))


def _nothing_yet(job: JobRow) -> Conflict:
    if job.state in FINAL_STATES:
        text = f"the job is {job.state} and has no evaluation, so there is nothing to map"
        return Conflict("nothing-to-map", "There is nothing to map", text)
    text = f"the job is {job.state} and has no evaluation yet; ask again once it has one"
    return Conflict("nothing-to-map", "There is nothing to map yet", text, retry_after=2)


def _failed(failure: ProblemDetail) -> Exception:
    """A slice that cannot be computed is the request's fault; all else is told as a conflict."""
    return ProblemInvalid(failure.errors) if failure.errors else StoredFailure(failure)
