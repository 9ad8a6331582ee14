"""Table of jobs."""

from __future__ import annotations

from sqlalchemy import Double, Index, Integer, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from service.tables.api_keys import DEFAULT_TENANT
from service.tables.database import Base


class JobRow(Base):
    """A job. Times are seconds since 1970 by the database's clock; documents are JSON text, kept digit for digit.

    ``priority`` is the broker's: 0 is served first. ``time_limit`` counts seconds from ``started_at``.

    ``standing`` is the result as far as it is known by ``told`` records, without its evaluations, which are in the
    tasks: whoever ends the job puts them in. The columns of evaluations count tasks of every unit.

    ``folded_name`` and ``folded_note`` are how the name and the note are compared with what is sought.

    ``name`` is the problem's at first; people may change it, write a ``note``, and have it ``starred``.

    ``parent`` is the job whose answer it verifies; that one may have been deleted since.

    ``waiting`` is whether jobs after which it starts (`service.tables.dependencies`) have not all succeeded yet.

    ``array`` is what it shares with the other jobs of one problem over lists of values; ``array_values`` are its own.

    ``served`` is for how many seconds workers have computed for it, until ``served_at``.

    ``pause_reason`` is why the service itself paused the job, for people; None where a user did.

    ``advance_*`` is the claim on the job's next step: ``advance_attempt`` is a fencing token, raised with every claim.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        Index("ix_jobs_tenant_id", "tenant", "id"),
        Index("ix_jobs_parent", "parent"),
        Index("ix_jobs_array", "array"),
    )

    id: Mapped[str] = mapped_column(String(26), primary_key=True)
    tenant: Mapped[str] = mapped_column(String(64), default=DEFAULT_TENANT, server_default=DEFAULT_TENANT)
    name: Mapped[str] = mapped_column(String(200))
    folded_name: Mapped[str] = mapped_column(Text, default="", server_default="")
    note: Mapped[str] = mapped_column(Text, default="", server_default="")
    folded_note: Mapped[str] = mapped_column(Text, default="", server_default="")
    starred: Mapped[bool] = mapped_column(default=False, server_default=false())
    kind: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(12), index=True)
    problem: Mapped[str] = mapped_column(Text)
    priority: Mapped[int] = mapped_column(Integer, default=3, server_default="3")
    queue: Mapped[str] = mapped_column(String(120), default="orichalcum", server_default="orichalcum")
    time_limit: Mapped[float | None] = mapped_column(Double, default=None)
    parent: Mapped[str | None] = mapped_column(String(26), default=None)
    waiting: Mapped[bool] = mapped_column(default=False, server_default=false())
    array: Mapped[str | None] = mapped_column(String(26), default=None)
    array_values: Mapped[str | None] = mapped_column(Text, default=None)
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    served: Mapped[float] = mapped_column(Double, default=0.0, server_default="0")
    served_at: Mapped[float | None] = mapped_column(Double, default=None)
    pause_reason: Mapped[str | None] = mapped_column(Text, default=None)
    evaluations_planned: Mapped[int] = mapped_column(Integer, default=0)
    evaluations_done: Mapped[int] = mapped_column(Integer, default=0)
    best: Mapped[str | None] = mapped_column(Text, default=None)
    trace: Mapped[str | None] = mapped_column(Text, default=None)
    front: Mapped[str | None] = mapped_column(Text, default=None)
    standing: Mapped[str | None] = mapped_column(Text, default=None, deferred=True)
    told: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    result: Mapped[str | None] = mapped_column(Text, default=None)
    failure: Mapped[str | None] = mapped_column(Text, default=None)
    created_at: Mapped[float] = mapped_column(Double)
    started_at: Mapped[float | None] = mapped_column(Double, default=None)
    finished_at: Mapped[float | None] = mapped_column(Double, default=None)
    cancel_requested_at: Mapped[float | None] = mapped_column(Double, default=None)
    last_event: Mapped[int] = mapped_column(Integer, default=0)
    needs_advance: Mapped[bool] = mapped_column(default=True)
    advance_enqueued_at: Mapped[float | None] = mapped_column(Double, default=None)
    advance_attempt: Mapped[int] = mapped_column(Integer, default=0)
    advance_lost: Mapped[int] = mapped_column(Integer, default=0)
    advance_interrupted: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    advance_until: Mapped[float | None] = mapped_column(Double, default=None)
    advance_worker: Mapped[str | None] = mapped_column(String(200), default=None)
