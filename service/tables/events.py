"""Table of events."""

from __future__ import annotations

from sqlalchemy import Double, ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from service.tables.database import Base


class EventRow(Base):
    """An event of a job; ``sequence`` rises by one from 1 within the job and is the id that clients resume after."""

    __tablename__ = "events"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    sequence: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(12))
    data: Mapped[str] = mapped_column(Text)
    at: Mapped[float] = mapped_column(Double)
