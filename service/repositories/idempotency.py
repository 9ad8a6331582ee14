"""Reserving an idempotency key, and remembering the first answer."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sqlalchemy import delete, or_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.http.refusals import Conflict, MalformedRequest, Unprocessable
from service.tables.database import Database, now
from service.tables.idempotency import IdempotencyRow

IN_FLIGHT_SECONDS = 60.0
KEEP_SECONDS = 86_400.0
MAX_KEY = 255


def digest(body: dict[str, Any]) -> str:
    """SHA-256 of a body, the same however its fields are ordered and spaced."""
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def checked(key: str) -> str:
    """The key, if it can be one.

    Raises:
        MalformedRequest: if it is empty, too long, or not printable ASCII.
    """
    if not 1 <= len(key) <= MAX_KEY or not key.isascii() or not key.isprintable():
        raise MalformedRequest(
            "invalid-idempotency-key",
            "The Idempotency-Key cannot be used",
            f"give 1 to {MAX_KEY} printable ASCII characters, e.g. a UUID",
        )
    return key


def reserve(database: Database, tenant: str, key: str, body_digest: str) -> str | None:
    """Reserve a key for this request; or the first answer, if the same request was made before.

    Raises:
        Unprocessable: if the key came with another body.
        Conflict: if the first request with this key is still being answered.
    """
    try:
        with database.writing() as session:
            row = session.get(IdempotencyRow, (tenant, key))
            if row is None or _expired(row, now(session)):
                if row is not None:
                    session.delete(row)
                    session.flush()
                session.add(
                    IdempotencyRow(tenant=tenant, key=key, digest=body_digest, created_at=now(session))
                )
                return None
            answer, same = row.answer, row.digest == body_digest
    except IntegrityError:
        answer, same = None, True  # somebody reserved it in the same moment
    if not same:
        raise Unprocessable(
            "idempotency-key-reused",
            "The Idempotency-Key was used before",
            "the key came with another body earlier; use a new key for a new job",
        )
    if answer is None:
        raise Conflict(
            "idempotency-key-in-flight",
            "The first request is still being answered",
            "a request with this Idempotency-Key is under way; try again in a moment",
            retry_after=1,
        )
    return answer


def _expired(row: IdempotencyRow, at: float) -> bool:
    keep = IN_FLIGHT_SECONDS if row.answer is None else KEEP_SECONDS
    return at - row.created_at > keep


def remember(session: Session, tenant: str, key: str, job_id: str, answer: str) -> None:
    """Store the first answer under a reserved key."""
    row = session.get(IdempotencyRow, (tenant, key))
    if row is not None:
        row.job_id = job_id
        row.answer = answer


def give_back(database: Database, tenant: str, key: str) -> None:
    """Free a key whose request was refused: the mended request may use it."""
    with database.writing() as session:
        row = session.get(IdempotencyRow, (tenant, key))
        if row is not None and row.answer is None:
            session.delete(row)


def forget_old(session: Session) -> None:
    """Delete keys that nobody will ask for any more."""
    at = now(session)
    session.execute(
        delete(IdempotencyRow).where(
            or_(
                IdempotencyRow.created_at < at - KEEP_SECONDS,
                IdempotencyRow.answer.is_(None) & (IdempotencyRow.created_at < at - IN_FLIGHT_SECONDS),
            )
        )
    )
