"""Table of parts: the processes that the service consists of."""

from __future__ import annotations

from sqlalchemy import Double, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from service.tables.database import Base


class PartRow(Base):
    """A process of the service and when it was last heard of, by the database's clock.

    ``part`` is worker, sweeper or api. Of a worker, ``queues`` are those that it serves, by commas, and ``idle_since``
    is None while it computes.
    """

    __tablename__ = "parts"

    id: Mapped[str] = mapped_column(String(200), primary_key=True)
    part: Mapped[str] = mapped_column(String(20))
    host: Mapped[str] = mapped_column(String(200))
    pid: Mapped[int] = mapped_column(Integer)
    device: Mapped[str] = mapped_column(String(100), default="")
    started_at: Mapped[float] = mapped_column(Double)
    seen_at: Mapped[float] = mapped_column(Double, index=True)
    queues: Mapped[str] = mapped_column(Text, default="")
    idle_since: Mapped[float | None] = mapped_column(Double, default=None)
