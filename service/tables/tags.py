"""Table of tags."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from service.tables.database import Base


class TagRow(Base):
    """A word by which a job is found again; ``folded`` is how it is compared."""

    __tablename__ = "tags"
    __table_args__ = (Index("ix_tags_folded", "folded"),)

    job_id: Mapped[str] = mapped_column(
        String(26), ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True
    )
    folded: Mapped[str] = mapped_column(String(400), primary_key=True)
    tag: Mapped[str] = mapped_column(Text)
