"""Table of shared values."""

from __future__ import annotations

from sqlalchemy import Double, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from service.tables.database import Base


class ReferenceRow(Base):
    """A value that many evaluations share, under a key that holds all it depends on."""

    __tablename__ = "reference_values"

    key: Mapped[str] = mapped_column(String(500), primary_key=True)
    value: Mapped[str] = mapped_column(Text)
    created_at: Mapped[float] = mapped_column(Double)
