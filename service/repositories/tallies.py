"""Adding to tallies and reading their totals."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from sqlalchemy import delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from service.tables.tallies import TallyRow

SHARDS = 16
KEPT_DAYS = 3
DAY_SECONDS = 86_400.0

_QUOTA = "quota"
_SERVICE = "service"
SERVICE_HOURS = 2
"""What was computed for tenants counts for their turns in the hour in which it was, and in the next."""


def add(session: Session, name: str, label: str = "", amount: float = 1.0) -> None:
    """Add ``amount`` to a tally, which begins at 0."""
    add_all(session, (name, label, amount))


def add_all(session: Session, *amounts: tuple[str, str, float]) -> None:
    """Add to several tallies, each given by name and label, at once."""
    shard = os.getpid() % SHARDS
    # In one order everywhere: two transactions that add to the same rows never wait for each other.
    rows = [
        {"name": name, "label": label, "shard": shard, "value": amount}
        for name, label, amount in sorted(amounts)
    ]
    on_sqlite = session.get_bind().dialect.name == "sqlite"
    values = (sqlite.insert if on_sqlite else postgresql.insert)(TallyRow).values(rows)
    session.execute(
        values.on_conflict_do_update(
            index_elements=["name", "label", "shard"],
            set_={"value": TallyRow.__table__.c.value + values.excluded.value},
        )
    )


def total(session: Session, name: str, label: str = "") -> float:
    """What a tally has come to."""
    found = select(func.coalesce(func.sum(TallyRow.value), 0.0))
    return float(session.execute(found.where(TallyRow.name == name, TallyRow.label == label)).scalar_one())


def of_quota(tenant: str, at: float) -> tuple[str, str, float]:
    """What one task adds to what a tenant has used on the day (UTC) of ``at``, seconds since 1970."""
    return (_QUOTA, _day(tenant, at), 1.0)


def used(session: Session, tenant: str, at: float) -> float:
    """How many tasks of a tenant were computed on the day (UTC) of ``at``."""
    return total(session, _QUOTA, _day(tenant, at))


def of_service(tenant: str, at: float, seconds: float) -> tuple[str, str, float]:
    """What a task adds to what was computed for a tenant in the hour of ``at``, seconds since 1970."""
    return (_SERVICE, f"{int(at // 3600.0)}:{tenant}", seconds)


def served(session: Session, tenants: Iterable[str], at: float) -> dict[str, float]:
    """Seconds that were computed for tenants lately."""
    hours = [int(at // 3600.0) - back for back in range(SERVICE_HOURS)]
    labels = {f"{hour}:{tenant}": tenant for tenant in tenants for hour in hours}
    found = dict.fromkeys(labels.values(), 0.0)
    sums = select(TallyRow.label, TallyRow.value).where(
        TallyRow.name == _SERVICE, TallyRow.label.in_(list(labels))
    )
    for label, value in session.execute(sums):
        found[labels[label]] += float(value)
    return found


def _day(tenant: str, at: float) -> str:
    return f"{int(at // DAY_SECONDS)}:{tenant}"


def totals(session: Session, names: Sequence[str]) -> list[tuple[str, str, float]]:
    """Name, label and total of every tally with one of these names."""
    found = select(TallyRow.name, TallyRow.label, func.sum(TallyRow.value)).where(TallyRow.name.in_(names))
    rows = session.execute(found.group_by(TallyRow.name, TallyRow.label)).all()
    return [(name, label, float(value)) for name, label, value in rows]


def forget_old_quotas(session: Session, today: int) -> None:
    """Delete what was counted against quotas, and for turns, some time ago."""
    # Labels begin with the number of the day, which has five digits until the year 2243.
    limit = f"{today - KEPT_DAYS}:"
    session.execute(delete(TallyRow).where(TallyRow.name == _QUOTA, TallyRow.label < limit))
    # Of hours, six until the year 2084.
    limit = f"{today * 24 - 24}:"
    session.execute(delete(TallyRow).where(TallyRow.name == _SERVICE, TallyRow.label < limit))
