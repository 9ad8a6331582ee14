"""The engine's reference store over SQL: end members and target crystals are computed once for all jobs."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sqlalchemy.exc import IntegrityError

from service.tables.api_keys import DEFAULT_TENANT
from service.tables.database import Database, now
from service.tables.references import ReferenceRow


class SqlReferenceStore:
    """Values by key; the first value stored under a key stays."""

    def __init__(self, database: Database, tenant: str = DEFAULT_TENANT) -> None:
        """Keep values in ``database``; a tenant cannot learn from them what another has computed."""
        self._database = database
        self._prefix = "" if tenant == DEFAULT_TENANT else f"{tenant}/"

    def get(self, key: str) -> dict[str, Any] | None:
        """The value under ``key``, or None."""
        with self._database.reading() as session:
            row = session.get(ReferenceRow, _bounded(self._prefix + key))
            if row is None:
                return None
            value: dict[str, Any] = json.loads(row.value)
            return value

    def put(self, key: str, value: dict[str, Any]) -> None:
        """Store ``value`` under ``key`` unless another worker was faster."""
        text = json.dumps(value, allow_nan=False)
        stored = _bounded(self._prefix + key)
        try:
            with self._database.writing() as session:
                if session.get(ReferenceRow, stored) is None:
                    session.add(ReferenceRow(key=stored, value=text, created_at=now(session)))
        except IntegrityError:
            return  # another worker stored the same value in the same moment


def _bounded(key: str) -> str:
    return key if len(key) <= 500 else "sha256:" + hashlib.sha256(key.encode()).hexdigest()
