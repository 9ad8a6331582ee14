"""Table of claims on shared values."""

from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from service.tables.database import Base


class ReferenceClaimRow(Base):
    """A shared value that a worker is computing; of no account once that worker is not heard of any more."""

    __tablename__ = "reference_claims"

    key: Mapped[str] = mapped_column(String(500), primary_key=True)
    worker: Mapped[str] = mapped_column(String(200), index=True)
