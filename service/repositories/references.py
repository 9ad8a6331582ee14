"""The engine's reference store over SQL: end members and target crystals are computed once for all jobs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from service.repositories import parts
from service.tables.api_keys import DEFAULT_TENANT
from service.tables.database import Database, now
from service.tables.reference_claims import ReferenceClaimRow
from service.tables.references import ReferenceRow


class ComputedElsewhere(Exception):  # noqa: N818  (it is an order to wait)
    """Another worker is computing a value that is needed here."""


class SqlReferenceStore:
    """Values by key; the first stored under a key stays, and one worker computes it while others do other things.

    Args:
        database: Where values are kept.
        tenant: Whose they are; a tenant cannot learn from them what another has computed.
        worker: Who computes; None for nobody who would have to wait.
    """

    def __init__(self, database: Database, tenant: str = DEFAULT_TENANT, worker: str | None = None) -> None:
        self._database = database
        self._prefix = "" if tenant == DEFAULT_TENANT else f"{tenant}/"
        self._worker = worker

    def get(self, key: str) -> dict[str, Any] | None:
        """The value under ``key``, or None."""
        with self._database.reading() as session:
            row = session.get(ReferenceRow, _bounded(self._prefix + key))
            if row is None:
                return None
            value: dict[str, Any] = json.loads(row.value)
            return value

    def begin(self, keys: Sequence[str]) -> None:
        """Claim values that are to be computed.

        Raises:
            ComputedElsewhere: if a living worker is at one of them.
        """
        if self._worker is None:
            return
        wanted = sorted({_bounded(self._prefix + key) for key in keys})
        try:
            with self._database.writing() as session:
                rows = session.scalars(
                    select(ReferenceClaimRow)
                    .where(ReferenceClaimRow.key.in_(wanted))
                    .order_by(ReferenceClaimRow.key)
                    .with_for_update()
                ).all()
                others = {row.worker for row in rows} - {self._worker}
                if parts.alive_among(session, others):
                    raise ComputedElsewhere
                for row in rows:
                    row.worker = self._worker
                known = {row.key for row in rows}
                session.add_all(
                    ReferenceClaimRow(key=key, worker=self._worker) for key in wanted if key not in known
                )
        except IntegrityError:
            raise ComputedElsewhere from None  # another worker claimed one in the same moment

    def put(self, key: str, value: dict[str, Any]) -> None:
        """Store ``value`` under ``key`` unless another worker was faster."""
        text = json.dumps(value, allow_nan=False)
        stored = _bounded(self._prefix + key)
        try:
            with self._database.writing() as session:
                session.execute(delete(ReferenceClaimRow).where(ReferenceClaimRow.key == stored))
                if session.get(ReferenceRow, stored) is None:
                    session.add(ReferenceRow(key=stored, value=text, created_at=now(session)))
        except IntegrityError:
            return  # another worker stored the same value in the same moment

    def give_back(self) -> None:
        """Let others compute what this worker claimed and did not store."""
        if self._worker is not None:
            with self._database.writing() as session:
                session.execute(delete(ReferenceClaimRow).where(ReferenceClaimRow.worker == self._worker))


def _bounded(key: str) -> str:
    return key if len(key) <= 500 else "sha256:" + hashlib.sha256(key.encode()).hexdigest()
