"""API keys: ``ori_<id>_<secret>``. The secret has 256 random bits, so a plain SHA-256 of it cannot be searched."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.tables.api_keys import ApiKeyRow
from service.tables.database import now

Scope = Literal["read", "submit", "admin", "operator", "compute"]
SCOPES: tuple[Scope, ...] = get_args(Scope)

_FORM = re.compile(r"ori_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_TENANT = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
DAY_SECONDS = 86_400.0


class BadKeyRequest(ValueError):  # noqa: N818  (an answer to whoever administers)
    """A key cannot be made or changed as asked; the message says why."""


@dataclass(frozen=True)
class NewKey:
    """A key that was just made: the only moment at which the whole of it is known."""

    id: str
    key: str


def create(
    session: Session, tenant: str, scopes: Sequence[str], name: str = "", days: float | None = None
) -> NewKey:
    """Make a key of a tenant, valid for ``days`` or without end.

    Raises:
        BadKeyRequest: if the tenant's name, a scope or the time cannot be.
    """
    if not _TENANT.fullmatch(tenant):
        raise BadKeyRequest(
            f"tenant {tenant[:70]!r}: use 1 to 64 lower-case letters, digits, dots, dashes or underscores"
        )
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise BadKeyRequest(f"scopes {', '.join(unknown) or '(none)'}: choose among {', '.join(SCOPES)}")
    if days is not None and not 0 < days <= 36_500:
        raise BadKeyRequest(f"{days:g} days: give a time above 0 and up to 36500")
    identifier, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    at = now(session)
    session.add(
        ApiKeyRow(
            id=identifier,
            digest=_digest(secret),
            tenant=tenant,
            name=name[:200],
            scopes=",".join(scope for scope in SCOPES if scope in scopes),
            created_at=at,
            expires_at=None if days is None else at + days * DAY_SECONDS,
        )
    )
    return NewKey(identifier, f"ori_{identifier}_{secret}")


def rotate(session: Session, identifier: str, grace_days: float) -> NewKey:
    """Make a key like an old one, which goes on working for ``grace_days`` and then ends.

    Raises:
        BadKeyRequest: if there is no such key, it is not valid any more, or the time cannot be.
    """
    row = session.get(ApiKeyRow, identifier)
    at = now(session)
    if row is None or not _valid(row, at):
        raise BadKeyRequest(f"no valid key has the id {identifier[:40]!r}; `orichalcum keys list` shows them")
    if not 0 <= grace_days <= 365:
        raise BadKeyRequest(f"{grace_days:g} days: give 0 to 365 days during which the old key still works")
    days = None if row.expires_at is None else (row.expires_at - row.created_at) / DAY_SECONDS
    made = create(session, row.tenant, row.scopes.split(","), row.name, days)
    end = at + grace_days * DAY_SECONDS
    row.expires_at = end if row.expires_at is None else min(end, row.expires_at)
    return made


def revoke(session: Session, identifier: str) -> None:
    """End a key now.

    Raises:
        BadKeyRequest: if there is no such key.
    """
    row = session.get(ApiKeyRow, identifier)
    if row is None:
        raise BadKeyRequest(f"no key has the id {identifier[:40]!r}; `orichalcum keys list` shows them")
    if row.revoked_at is None:
        row.revoked_at = now(session)


def listed(session: Session) -> Sequence[ApiKeyRow]:
    """All keys, oldest first, with those that have ended."""
    return session.scalars(select(ApiKeyRow).order_by(ApiKeyRow.created_at)).all()


def valid(session: Session) -> int:
    """How many keys are valid now."""
    at = now(session)
    return sum(_valid(row, at) for row in listed(session))


def standing(row: ApiKeyRow, at: float) -> str:
    """Valid, expired or revoked."""
    if row.revoked_at is not None:
        return "revoked"
    return "valid" if _valid(row, at) else "expired"


def found(session: Session, key: str) -> ApiKeyRow | None:
    """The row of a key that is valid now; None for any other text."""
    form = _FORM.fullmatch(key)
    row = None if form is None else session.get(ApiKeyRow, form.group(1))
    if form is None or row is None or not hmac.compare_digest(row.digest, _digest(form.group(2))):
        return None
    return row if _valid(row, now(session)) else None


def ended(session: Session, identifiers: Collection[str]) -> set[str]:
    """Those of these keys that are valid no more."""
    at = now(session)
    rows = session.scalars(select(ApiKeyRow).where(ApiKeyRow.id.in_(identifiers)))
    return set(identifiers) - {row.id for row in rows if _valid(row, at)}


def _valid(row: ApiKeyRow, at: float) -> bool:
    return row.revoked_at is None and (row.expires_at is None or at < row.expires_at)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
