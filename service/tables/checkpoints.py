"""Table of checkpoints."""

from __future__ import annotations

from sqlalchemy import Double, ForeignKey, Index, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from service.tables.database import Base


class CheckpointRow(Base):
    """The last checkpoint of a task, as safetensors, and the attempt that saved it: at most one for each task."""

    __tablename__ = "checkpoints"
    __table_args__ = (Index("ix_checkpoints_job_id", "job_id"),)

    task_id: Mapped[int] = mapped_column(
        ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    job_id: Mapped[str] = mapped_column(String(26), ForeignKey("jobs.id", ondelete="CASCADE"))
    attempt: Mapped[int] = mapped_column(Integer)
    data: Mapped[bytes] = mapped_column(LargeBinary)
    saved_at: Mapped[float] = mapped_column(Double)
