"""Table of maps."""

from __future__ import annotations

from sqlalchemy import Double, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.tables.database import Base


class MapRow(Base):
    """A slice that somebody asked for: state idle, pending or running, and the newest answer.

    ``told`` is how many evaluations the answer (or the failure) was computed from; ``attempt`` is the fencing token,
    raised with every claim; ``lost`` counts the claims in a row whose worker vanished. ``digest`` stands for the
    property, the elements and the composition of the slice.
    """

    __tablename__ = "maps"
    __table_args__ = (UniqueConstraint("job_id", "digest"), Index("ix_maps_state", "state"))

    id: Mapped[str] = mapped_column(String(26), primary_key=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    digest: Mapped[str] = mapped_column(String(64))
    property: Mapped[str] = mapped_column(String(200))
    over: Mapped[str] = mapped_column(Text)
    at_composition: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10), default="pending")
    told: Mapped[int | None] = mapped_column(Integer, default=None)
    answer: Mapped[str | None] = mapped_column(Text, default=None)
    failure: Mapped[str | None] = mapped_column(Text, default=None)
    attempt: Mapped[int] = mapped_column(Integer, default=0)
    lost: Mapped[int] = mapped_column(Integer, default=0)
    lease_until: Mapped[float | None] = mapped_column(Double, default=None)
    worker: Mapped[str | None] = mapped_column(String(200), default=None)
    enqueued_at: Mapped[float | None] = mapped_column(Double, default=None)
    asked_at: Mapped[float] = mapped_column(Double)
