"""Heartbeats of workers, and which of them are alive."""

from __future__ import annotations

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from service.database import now
from service.workers.models import WorkerRow

BEAT_SECONDS = 2.0
ALIVE_SECONDS = 10.0
"""A worker that was silent for longer is taken for dead."""

FORGET_SECONDS = 3600.0


def beat(session: Session, worker: str, host: str, pid: int, device: str) -> None:
    """Say that a worker is alive."""
    at = now(session)
    row = session.get(WorkerRow, worker)
    if row is None:
        session.add(WorkerRow(id=worker, host=host, pid=pid, device=device, started_at=at, seen_at=at))
    else:
        row.seen_at = at


def leave(session: Session, worker: str) -> None:
    """Forget a worker that stops."""
    session.execute(delete(WorkerRow).where(WorkerRow.id == worker))


def living(session: Session) -> int:
    """Number of workers heard of lately."""
    found = select(func.count()).where(WorkerRow.seen_at > now(session) - ALIVE_SECONDS)
    return int(session.execute(found).scalar_one())


def forget_old(session: Session) -> None:
    """Delete workers that have been silent for an hour."""
    session.execute(delete(WorkerRow).where(WorkerRow.seen_at < now(session) - FORGET_SECONDS))
