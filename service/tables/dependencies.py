"""Table of the jobs after which other jobs start."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from service.tables.database import Base


class DependencyRow(Base):
    """A job that starts once another one has succeeded, which may have been deleted since.

    ``state`` is how the other one ended, None until then. Where the job ``takes`` its answer, ``answer`` is the list of
    compositions that this was, as JSON text; None where it has none.
    """

    __tablename__ = "dependencies"

    job_id: Mapped[str] = mapped_column(
        ForeignKey("jobs.id", name="fk_dependencies_job_id", ondelete="CASCADE"), primary_key=True
    )
    place: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    after: Mapped[str] = mapped_column(String(26), index=True)
    takes: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str | None] = mapped_column(String(12), default=None)
    answer: Mapped[str | None] = mapped_column(Text, default=None)
