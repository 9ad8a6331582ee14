"""Table of tasks."""

from __future__ import annotations

from sqlalchemy import BigInteger, Double, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.tables.database import Base


class TaskRow(Base):
    """A task that a plan asked for: state pending, running or done.

    ``index`` is its number among the tasks of its unit; ``task`` and ``record`` are documents of the unit. ``attempt``
    is the fencing token: it rises with every claim, and a record is stored only under the attempt that claimed it last.
    ``lost`` counts the claims whose worker vanished by itself; after one, the task waits until ``not_before``.
    ``interrupted`` counts those that the platform took away (`service.lifecycle.claims`). ``content_key`` is equal
    where the record must be. ``leader`` is the first task of the batch with which it is computed; a batch is claimed,
    renewed, given back and stored as one, by way of its first task, whose ``leader`` is None. A task that is not
    ``counted`` is no part of how far the job is. ``doing`` are the words of whoever computes it now.
    """

    __tablename__ = "tasks"
    __table_args__ = (
        UniqueConstraint("job_id", "unit", "number"),
        Index("ix_tasks_state_lease_until", "state", "lease_until"),
        Index("ix_tasks_job_id_state", "job_id", "state", "background"),
        Index("ix_tasks_content_key", "content_key"),
        {"sqlite_autoincrement": True},  # an id in a message that comes late must never mean another task
    )

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    unit: Mapped[str] = mapped_column(String(60))
    index: Mapped[int] = mapped_column("number", Integer)
    tier: Mapped[str] = mapped_column(String(60))
    continues: Mapped[int | None] = mapped_column(Integer, default=None)
    leader: Mapped[int | None] = mapped_column(Integer, default=None)
    background: Mapped[bool] = mapped_column(default=False)
    counted: Mapped[bool] = mapped_column(default=True)
    task: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10), default="pending")
    attempt: Mapped[int] = mapped_column(Integer, default=0)
    lost: Mapped[int] = mapped_column(Integer, default=0)
    interrupted: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    lease_until: Mapped[float | None] = mapped_column(Double, default=None)
    not_before: Mapped[float | None] = mapped_column(Double, default=None)
    worker: Mapped[str | None] = mapped_column(String(200), default=None)
    doing: Mapped[str | None] = mapped_column(String(300), default=None)
    enqueued_at: Mapped[float | None] = mapped_column(Double, default=None)
    content_key: Mapped[str | None] = mapped_column(String(64), default=None)
    record: Mapped[str | None] = mapped_column(Text, default=None)
    created_at: Mapped[float] = mapped_column(Double)
    started_at: Mapped[float | None] = mapped_column(Double, default=None)
    finished_at: Mapped[float | None] = mapped_column(Double, default=None)
