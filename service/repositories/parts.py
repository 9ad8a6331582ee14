"""Heartbeats of the parts of the service (workers, sweepers, processes of the API), and which of them are alive."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, and_, delete, func, select
from sqlalchemy.orm import Session

from service.queue.queues import QUEUE
from service.tables.database import now
from service.tables.parts import PartRow

BEAT_SECONDS = 2.0
ALIVE_SECONDS = 10.0
"""A part that was silent for longer is taken for dead."""

AHEAD_SECONDS = 2.0
"""A heartbeat from farther in the future is one from before the clock was set back."""

IDLE_SECONDS = 10.0
"""A worker that has been idle for longer while messages wait is not given them."""

FORGET_SECONDS = 86_400.0
FORGET_REMOTE_SECONDS = 120.0

Part = Literal["worker", "sweeper", "api"]

REMOTE_LEASE_SECONDS = 60.0
"""How long a claim of a worker behind HTTPS holds without being renewed: networks are cut now and then."""


def remote_name(tenant: str, key: str, name: str) -> str:
    """What a worker behind HTTPS is called: whose work it may see, by which key it came, and its own name."""
    return f"{tenant}/{key}/{name}"


def is_remote(name: str | None) -> bool:
    """Whether a worker is one behind HTTPS: names of others have no slash."""
    return "/" in (name or "")


@dataclass(frozen=True)
class Beat:
    """What a part says of itself.

    Attributes:
        host: Name of its machine.
        pid: Of its process.
        device: cpu or cuda, of a worker.
        queues: Those that a worker serves.
        idle_seconds: For how long a worker has had nothing to do; None while it computes.
        part: Which it is.
    """

    host: str
    pid: int
    device: str = ""
    queues: tuple[str, ...] = (QUEUE,)
    idle_seconds: float | None = 0.0
    part: Part = "worker"


def beat(session: Session, name: str, said: Beat) -> None:
    """Say that a part is alive."""
    at = now(session)
    row = session.get(PartRow, name)
    if row is None:
        row = PartRow(
            id=name, part=said.part, host=said.host, pid=said.pid, device=said.device, started_at=at
        )
        session.add(row)
    row.seen_at = at
    row.queues = ",".join(said.queues)
    row.idle_since = None if said.idle_seconds is None else at - said.idle_seconds


def leave(session: Session, name: str) -> None:
    """Forget a part that stops."""
    session.execute(delete(PartRow).where(PartRow.id == name))


def _alive(at: float) -> ColumnElement[bool]:
    return and_(PartRow.seen_at > at - ALIVE_SECONDS, PartRow.seen_at < at + AHEAD_SECONDS)


def living(session: Session, part: Part = "worker") -> int:
    """Number of parts of a sort that were heard of lately."""
    found = select(func.count()).where(_alive(now(session)), PartRow.part == part)
    return int(session.execute(found).scalar_one())


def alive_among(session: Session, names: Iterable[str]) -> set[str]:
    """Those of the named parts that were heard of lately."""
    found = select(PartRow.id).where(_alive(now(session)), PartRow.id.in_(list(names)))
    return set(session.scalars(found))


def heard(session: Session) -> dict[str, float]:
    """When each part beside the store was last heard of, by its name: also of those that are gone and did not say so.

    Of workers behind HTTPS nobody sees whether they died, so nothing follows from when they were heard of.
    """
    beside = select(PartRow.id, PartRow.seen_at).where(~PartRow.id.contains("/"))
    return {row.id: row.seen_at for row in session.execute(beside)}


def of_key(session: Session, tenant: str, key: str) -> int:
    """Number of living workers that came by a key."""
    named = PartRow.id.startswith(remote_name(tenant, key, ""), autoescape=True)
    return int(session.execute(select(func.count()).where(_alive(now(session)), named)).scalar_one())


def has_room(session: Session, tenant: str, key: str, name: str, most: int) -> bool:
    """Whether a worker is a living one of its key, or there are fewer than ``most`` of these."""
    return name in alive_among(session, [name]) or of_key(session, tenant, key) < most


def only_remote(session: Session, queue: str) -> bool:
    """Whether all living workers of a queue fetch their work over HTTPS, so that nobody takes its messages."""
    found = select(PartRow.id, PartRow.queues).where(_alive(now(session)), PartRow.part == "worker")
    serving = [is_remote(name) for name, queues in session.execute(found) if queue in queues.split(",")]
    return bool(serving) and all(serving)


@dataclass(frozen=True)
class Crew:
    """The living workers of a queue that may compute for a tenant.

    Attributes:
        alive: How many there are.
        taking: How many of them compute, or did so a moment ago: messages reach these.
    """

    alive: int
    taking: int


def crews(session: Session, wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Crew]:
    """The living workers of each of the queues, as a tenant finds them: by queue and tenant."""
    at = now(session)
    found = select(PartRow.id, PartRow.queues, PartRow.idle_since)
    rows = [
        (name, set(served.split(",")), idle_since is None or at - idle_since < IDLE_SECONDS)
        for name, served, idle_since in session.execute(found.where(_alive(at), PartRow.part == "worker"))
    ]
    crews: dict[tuple[str, str], Crew] = {}
    for queue, tenant in wanted:
        theirs = [
            taking
            for name, served, taking in rows
            if queue in served and (not is_remote(name) or name.startswith(remote_name(tenant, "", "")[:-1]))
        ]
        crews[queue, tenant] = Crew(alive=len(theirs), taking=sum(theirs))
    return crews


def forget_old(session: Session) -> None:
    """Delete parts that have been silent for a day, also where the clock was set back since.

    Workers behind HTTPS are forgotten after minutes: anybody with a key gives them names.
    """
    at = now(session)
    remote = PartRow.id.contains("/") & (PartRow.seen_at < at - FORGET_REMOTE_SECONDS)
    old = (PartRow.seen_at < at - FORGET_SECONDS) | (PartRow.seen_at > at + FORGET_SECONDS)
    session.execute(delete(PartRow).where(old | remote))
