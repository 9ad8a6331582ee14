"""Asking for maps, claiming them under a lease, and storing each answer under the attempt that claimed it last."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from engine.composition.slices import Slice
from service.repositories import jobs
from service.repositories.tasks import LEASE_SECONDS
from service.tables.database import now
from service.tables.identifiers import new_identifier
from service.tables.jobs import JobRow
from service.tables.maps import MapRow

MOST_OF_A_JOB = 200
"""So many slices of a job are kept; beyond it the one that was asked for first goes."""
MOST_POINTS = 100
"""As many single compositions, counted by themselves: whoever drags a point leaves the maps alone."""


@dataclass(frozen=True)
class MapClaim:
    """A map that this worker may compute, and the token under which it may store the answer."""

    map_id: str
    job_id: str
    attempt: int
    document: str
    property: str
    wanted: Slice


def digest(property_name: str, wanted: Slice) -> str:
    """What stands for a slice of a property within a job."""
    return hashlib.sha256(json.dumps([property_name, *wanted.columns, wanted.at]).encode()).hexdigest()


def find(session: Session, job_id: str, property_name: str, wanted: Slice) -> MapRow | None:
    """The slice of a job, if somebody has asked for it before."""
    of_job = (MapRow.job_id == job_id, MapRow.digest == digest(property_name, wanted))
    return session.scalars(select(MapRow).where(*of_job)).one_or_none()


def under_way(session: Session, job_id: str, property_name: str, wanted: Slice) -> bool:
    """Whether nobody has computed the slice since it was asked for."""
    of_job = (MapRow.job_id == job_id, MapRow.digest == digest(property_name, wanted))
    return session.scalars(select(MapRow.state).where(*of_job)).one_or_none() in ("pending", "running")


def ask(session: Session, job: JobRow, property_name: str, wanted: Slice) -> str | None:
    """Have a slice of a locked job computed, unless it is under way; None where too many are.

    Returns:
        The id of the map.
    """
    row = find(session, job.id, property_name, wanted)
    if row is None:
        if not _make_room(session, job.id, wanted):
            return None
        row = MapRow(
            id=new_identifier(),
            job_id=job.id,
            digest=digest(property_name, wanted),
            property=property_name,
            over=_over(wanted),
            at_composition=wanted.at,
            asked_at=now(session),
            state="pending",
            attempt=0,
            lost=0,
        )
        session.add(row)
        session.flush()
    elif row.state == "idle":
        row.state, row.lost, row.asked_at, row.enqueued_at = "pending", 0, now(session), None
    return row.id


def most(wanted: Slice) -> int:
    """So many of its sort, slices or single compositions, are kept of a job."""
    return MOST_POINTS if wanted.is_point else MOST_OF_A_JOB


def _over(wanted: Slice) -> str:
    return ",".join(wanted.columns)


def _make_room(session: Session, job_id: str, wanted: Slice) -> bool:
    """Whether the job may have another of its sort; the oldest that is not under way is deleted if need be."""
    of_sort = (MapRow.job_id == job_id, (MapRow.over == "") if wanted.is_point else (MapRow.over != ""))
    count = session.execute(select(func.count()).where(*of_sort)).scalar_one()
    if count < most(wanted):
        return True
    oldest = select(MapRow.id).where(*of_sort, MapRow.state == "idle")
    found = session.scalars(oldest.order_by(MapRow.asked_at, MapRow.id).limit(1)).one_or_none()
    if found is None:
        return False
    session.execute(delete(MapRow).where(MapRow.id == found))
    return True


def due(session: Session, job_id: str) -> list[str]:
    """Mark the pending maps of a job for which no message is under way as enqueued, and return their ids."""
    fresh = (MapRow.job_id == job_id, MapRow.state == "pending", MapRow.enqueued_at.is_(None))
    ids = list(session.scalars(select(MapRow.id).where(*fresh).order_by(MapRow.asked_at, MapRow.id)))
    if ids:
        session.execute(update(MapRow).where(MapRow.id.in_(ids)).values(enqueued_at=now(session)))
    return ids


def pending(session: Session, tenant: str, queues: Sequence[str], most: int) -> list[str]:
    """Maps of a tenant that nobody computes, oldest first."""
    found = select(MapRow.id).join(JobRow, JobRow.id == MapRow.job_id)
    found = found.where(MapRow.state == "pending", JobRow.tenant == tenant, JobRow.queue.in_(queues))
    return list(session.scalars(found.order_by(MapRow.asked_at, MapRow.id).limit(most)))


def forget_messages(session: Session, ids: Sequence[str]) -> None:
    """Note that the messages about these maps were not sent, or are lost: they are sent again."""
    session.execute(update(MapRow).where(MapRow.id.in_(ids)).values(enqueued_at=None))


def claim(session: Session, map_id: str, worker: str) -> MapClaim | None:
    """Claim a pending map; None if there is nothing to do for this message."""
    row = _held(session, map_id)
    job = None if row is None else jobs.get(session, row.job_id)
    if row is None or job is None or row.state != "pending":
        return None
    row.state = "running"
    row.attempt += 1
    row.lease_until = now(session) + LEASE_SECONDS
    row.worker = worker
    return claimed(row, job)


def claimed(row: MapRow, job: JobRow) -> MapClaim:
    """The claim on a map that a worker holds."""
    return MapClaim(
        map_id=row.id,
        job_id=job.id,
        attempt=row.attempt,
        document=job.problem,
        property=row.property,
        wanted=Slice(tuple(filter(None, row.over.split(","))), row.at_composition),
    )


def renew(session: Session, held: MapClaim) -> bool:
    """Extend the lease; False if the claim is no longer ours."""
    row = _ours(session, held)
    if row is None:
        return False
    row.lease_until = now(session) + LEASE_SECONDS
    return True


def release(session: Session, held: MapClaim) -> bool:
    """Give a map back uncomputed, without counting it as lost; False if the claim is no longer ours."""
    row = _ours(session, held)
    if row is None:
        return False
    _settle(row, "pending")
    return True


def store(
    session: Session, held: MapClaim, told: int, *, answer: str | None = None, failure: str | None = None
) -> bool:
    """Store an answer, or why there is none, computed from ``told`` evaluations; False if the claim is lost."""
    row = _ours(session, held)
    if row is None:
        return False
    _settle(row, "idle")
    row.told, row.failure, row.lost = told, failure, 0
    if answer is not None:
        row.answer = answer
    return True


def free(session: Session, map_id: str, attempt: int, most_lost: int, failure: str, *, blamed: bool) -> None:
    """Hand on a map whose worker has vanished, by its own doing or not; after ``most_lost`` of its own it fails."""
    row = _held(session, map_id)
    if row is None or row.state != "running" or row.attempt != attempt:
        return
    row.lost += blamed
    if row.lost < most_lost:
        _settle(row, "pending")
        return
    job = jobs.get(session, row.job_id)
    _settle(row, "idle")
    row.failure, row.told = failure, 0 if job is None else job.evaluations_done


def waiting(session: Session, before: float, after: float) -> list[tuple[str, str]]:
    """Queue and job of the maps that need a message: none was sent, or none between these moments."""
    unsent = or_(MapRow.enqueued_at.is_(None), MapRow.enqueued_at < before, MapRow.enqueued_at > after)
    found = (
        select(JobRow.queue, JobRow.id)
        .join(MapRow, MapRow.job_id == JobRow.id)
        .where(MapRow.state == "pending", unsent)
        .distinct()
    )
    return [(queue, job_id) for queue, job_id in session.execute(found)]


def forget_old_messages(session: Session, job_id: str, before: float, after: float) -> None:
    """Have the messages about pending maps of a job that were not sent between these moments sent again."""
    old = or_(MapRow.enqueued_at < before, MapRow.enqueued_at > after)
    pending = (MapRow.job_id == job_id, MapRow.state == "pending", old)
    session.execute(update(MapRow).where(*pending).values(enqueued_at=None))


def _held(session: Session, map_id: str) -> MapRow | None:
    return session.get(MapRow, map_id, with_for_update=True, populate_existing=True)


def _ours(session: Session, held: MapClaim) -> MapRow | None:
    row = _held(session, held.map_id)
    return row if row is not None and row.state == "running" and row.attempt == held.attempt else None


def _settle(row: MapRow, state: str) -> None:
    row.state = state
    row.lease_until = None
    row.worker = None
    row.enqueued_at = None
