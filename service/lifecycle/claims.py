"""Claims whose holder does not renew them any more: on tasks, on steps of jobs and on maps, and who is to blame.

A claim is taken away once its renewals have stopped for as long as a lease lasts, by the sweeper's watch. The try
counts against what was computed only where that may have ended its process: the sweeper saw the worker stop, and no
other part of the service stopped at the same time. Whatever else took the worker away (the machine, an administrator, a
database that was away, a clock) is the platform's doing: the claim is handed on, and a job to which this happens again
and again is paused and says so, for it did nothing wrong. Of a worker behind HTTPS nobody sees whether it died or its
network: it is waited for longer, and nothing is blamed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from service.lifecycle import finish, states
from service.lifecycle.watch import Watch
from service.repositories import evaluations, jobs, maps, parts, tallies, tasks
from service.repositories.parts import REMOTE_LEASE_SECONDS
from service.repositories.tasks import LEASE_SECONDS
from service.tables.database import Database
from service.tables.jobs import JobRow
from service.tables.maps import MapRow
from service.tables.tasks import TaskRow

STOPPED_SECONDS = 5.0
"""A part that was silent for longer, watched all the time, has stopped: it beats every two seconds."""

TOGETHER_SECONDS = 4.0
"""Parts whose heartbeats end within this time stopped at the same time."""

MOST_INTERRUPTED = 5
"""So many times in a row the platform may take away the worker of one step of a job before the job is paused."""

Cause = Literal["its own", "the platform's"]

_log = structlog.get_logger(__name__)


class Claims:
    """The claims on everything that workers hold, and the heartbeats of all parts, as a sweeper watches them.

    Args:
        database: The store.
        watch: By whose clock.
    """

    def __init__(self, database: Database, watch: Watch | None = None) -> None:
        self._database = database
        self._watch = watch or Watch()
        self._remote: set[str] = set()

    def look(self) -> None:
        """See what is renewed and who is heard of."""
        with self._database.reading() as session:
            held, self._remote = _held(session)
            beats = {_part(name): at for name, at in parts.heard(session).items()}
        self._watch.look({**held, **beats})

    def mend(self) -> None:
        """Take away the claims that are not renewed any more, and hand on what they were on."""
        for name, value in self._watch.stopped(LEASE_SECONDS).items():
            sort, _, key = name.partition(" ")
            if _is_part(name) or (
                name in self._remote and (self._watch.unchanged(name) or 0.0) < REMOTE_LEASE_SECONDS
            ):
                continue
            with apart(name), self._database.writing() as session:
                if sort == "task":
                    self._free_task(session, int(key), value)
                elif sort == "step":
                    self._free_step(session, key, value)
                else:
                    self._free_map(session, key, value)

    def cause(self, claim: str, worker: str | None) -> Cause:
        """Whose doing it is that a claim is not renewed."""
        if parts.is_remote(worker):
            return "the platform's"
        part = _part(worker or "")
        silent = self._watch.unchanged(part)
        if silent is None or silent < STOPPED_SECONDS:
            return "the platform's"  # it has signed off, or lives and was only cut off
        if not (self._watch.witnessed(claim) and self._watch.witnessed(part)):
            return "the platform's"
        others = self._watch.together(part, TOGETHER_SECONDS)
        stopped = [one for one in others if (self._watch.unchanged(one) or 0.0) >= STOPPED_SECONDS]
        return "the platform's" if any(map(_is_part, stopped)) else "its own"

    def _free_task(self, session: Session, task_id: int, value: object) -> None:
        job_id = session.scalars(select(TaskRow.job_id).where(TaskRow.id == task_id)).one_or_none()
        job = None if job_id is None else jobs.locked(session, job_id)
        row = session.get(TaskRow, task_id, with_for_update=True, populate_existing=True)
        if job is None or row is None or (row.attempt, row.lease_until) != value or row.state != "running":
            return
        name = evaluations.name(row.unit, row.index)
        cause = self.cause(f"task {task_id}", row.worker)
        tasks.free(session, row, blamed=cause == "its own")
        _note(session, job, row.worker, name, cause, row.lost, row.interrupted)
        if states.is_final(job):
            return
        if row.lost >= finish.MAX_LOST:
            finish.fail(session, job, finish.worker_lost(name))
        elif row.interrupted >= MOST_INTERRUPTED:
            _pause(session, job, name)

    def _free_step(self, session: Session, job_id: str, value: object) -> None:
        job = jobs.locked(session, job_id)
        if job is None or job.advance_until is None or (job.advance_attempt, job.advance_until) != value:
            return
        cause = self.cause(f"step {job_id}", job.advance_worker)
        job.advance_until = None
        job.needs_advance = True
        job.advance_enqueued_at = None
        if cause == "its own":
            job.advance_lost += 1
        else:
            job.advance_interrupted += 1
        what = "the next step of the search"
        _note(session, job, job.advance_worker, what, cause, job.advance_lost, job.advance_interrupted)
        if states.is_final(job):
            return
        if job.advance_lost >= finish.MAX_LOST:
            finish.fail(session, job, finish.worker_lost(what))
        elif job.advance_interrupted >= MOST_INTERRUPTED:
            _pause(session, job, what)

    def _free_map(self, session: Session, map_id: str, value: object) -> None:
        row = session.get(MapRow, map_id)
        if row is not None and (row.attempt, row.lease_until) == value:
            blamed = self.cause(f"map {map_id}", row.worker) == "its own"
            failure = finish.worker_lost("this map").model_dump_json()
            maps.free(session, map_id, row.attempt, finish.MAX_LOST, failure, blamed=blamed)


@contextmanager
def apart(what: str) -> Iterator[None]:
    """Mend one thing: where that cannot be done, it is logged, and must not keep all others from being mended."""
    try:
        yield
    except SQLAlchemyError:
        raise
    except Exception:  # noqa: BLE001  (whatever it is, others must be mended)
        _log.exception("this cannot be mended", what=what)


def _part(name: str) -> str:
    return f"part {name}"


def _is_part(name: str) -> bool:
    return name.startswith("part ")


def _held(session: Session) -> tuple[Mapping[str, tuple[int, float | None]], set[str]]:
    """Every claim with what changes when it is renewed, and which of them are of workers behind HTTPS."""
    # The first task of a batch stands for all of it.
    running = select(TaskRow.id, TaskRow.worker, TaskRow.attempt, TaskRow.lease_until)
    running = running.where(TaskRow.state == "running", TaskRow.leader.is_(None))
    steps = select(JobRow.id, JobRow.advance_worker, JobRow.advance_attempt, JobRow.advance_until)
    steps = steps.where(JobRow.advance_until.is_not(None))
    mapping = select(MapRow.id, MapRow.worker, MapRow.attempt, MapRow.lease_until)
    mapping = mapping.where(MapRow.state == "running")
    held: dict[str, tuple[int, float | None]] = {}
    remote: set[str] = set()
    for sort, found in (("task", running), ("step", steps), ("map", mapping)):
        for key, worker, attempt, until in session.execute(found):
            held[f"{sort} {key}"] = (attempt, until)
            if parts.is_remote(worker):
                remote.add(f"{sort} {key}")
    return held, remote


def _note(
    session: Session, job: JobRow, worker: str | None, what: str, cause: Cause, lost: int, interrupted: int
) -> None:
    tallies.add(session, "leases_lost")
    _log.warning(
        "a worker was lost",
        job=job.id,
        what=what,
        worker=worker,
        cause=cause,
        lost=lost,
        interrupted=interrupted,
    )


def _pause(session: Session, job: JobRow, what: str) -> None:
    """Pause a locked job that the platform keeps interrupting."""
    if job.state not in ("queued", "running"):
        return
    job.pause_reason = (
        f"Paused: {MOST_INTERRUPTED} times in a row the service was stopped or cut off while it computed {what}, which "
        "is no fault of the job's. Look at what ends the processes of the service (memory, restarts, its database), "
        "then resume the job."
    )
    states.change(session, job, "paused", job.pause_reason)
