"""Table of workers."""

from __future__ import annotations

from sqlalchemy import Double, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from service.tables.database import Base


class WorkerRow(Base):
    """A worker process and when it was last heard of, by the database's clock.

    ``queues`` are those that it serves, by commas. ``idle_since`` is None while it computes.
    """

    __tablename__ = "workers"

    id: Mapped[str] = mapped_column(String(200), primary_key=True)
    host: Mapped[str] = mapped_column(String(200))
    pid: Mapped[int] = mapped_column(Integer)
    device: Mapped[str] = mapped_column(String(100))
    started_at: Mapped[float] = mapped_column(Double)
    seen_at: Mapped[float] = mapped_column(Double, index=True)
    queues: Mapped[str] = mapped_column(Text, default="", server_default="")
    idle_since: Mapped[float | None] = mapped_column(Double, default=None)
