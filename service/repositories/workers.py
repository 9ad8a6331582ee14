"""Heartbeats of workers, and which of them are alive."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from service.queue.queues import QUEUE
from service.tables.database import now
from service.tables.workers import WorkerRow

BEAT_SECONDS = 2.0
ALIVE_SECONDS = 10.0
"""A worker that was silent for longer is taken for dead."""

IDLE_SECONDS = 10.0
"""A worker that has been idle for longer while messages wait is not given them."""

FORGET_SECONDS = 3600.0


@dataclass(frozen=True)
class Beat:
    """What a worker says of itself.

    Attributes:
        host: Name of its machine.
        pid: Of its process.
        device: cpu or cuda.
        queues: Those that it serves.
        idle_seconds: For how long it has had nothing to do; None while it computes.
    """

    host: str
    pid: int
    device: str
    queues: tuple[str, ...] = (QUEUE,)
    idle_seconds: float | None = 0.0


def beat(session: Session, worker: str, said: Beat) -> None:
    """Say that a worker is alive."""
    at = now(session)
    row = session.get(WorkerRow, worker)
    if row is None:
        row = WorkerRow(id=worker, host=said.host, pid=said.pid, device=said.device, started_at=at)
        session.add(row)
    row.seen_at = at
    row.queues = ",".join(said.queues)
    row.idle_since = None if said.idle_seconds is None else at - said.idle_seconds


def leave(session: Session, worker: str) -> None:
    """Forget a worker that stops."""
    session.execute(delete(WorkerRow).where(WorkerRow.id == worker))


def living(session: Session) -> int:
    """Number of workers heard of lately."""
    found = select(func.count()).where(WorkerRow.seen_at > now(session) - ALIVE_SECONDS)
    return int(session.execute(found).scalar_one())


@dataclass(frozen=True)
class Crew:
    """The living workers of a queue.

    Attributes:
        alive: How many there are.
        taking: How many of them compute, or did so a moment ago: messages reach these.
    """

    alive: int
    taking: int


def crews(session: Session, queues: Iterable[str]) -> dict[str, Crew]:
    """The living workers of each of the queues."""
    at = now(session)
    found = select(WorkerRow.queues, WorkerRow.idle_since).where(WorkerRow.seen_at > at - ALIVE_SECONDS)
    rows = [
        (set(served.split(",")), idle_since is None or at - idle_since < IDLE_SECONDS)
        for served, idle_since in session.execute(found)
    ]
    return {
        queue: Crew(
            alive=sum(queue in served for served, _ in rows),
            taking=sum(queue in served and taking for served, taking in rows),
        )
        for queue in queues
    }


def forget_old(session: Session) -> None:
    """Delete workers that have been silent for an hour."""
    session.execute(delete(WorkerRow).where(WorkerRow.seen_at < now(session) - FORGET_SECONDS))
