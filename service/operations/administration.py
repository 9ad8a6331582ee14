"""What an administrator does at the machine of the service: keys, settings, backups. Prints nothing; returns texts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError

from service.access import keys
from service.operations import backup, migration
from service.operations.preconditions import StartRefused, held, settings_for, writable
from service.settings import Settings
from service.tables.database import Database, now


class Refused(Exception):  # noqa: N818
    """It cannot be done as asked; the message says what to mend."""


@dataclass(frozen=True)
class KeyLine:
    """A key as it is listed."""

    id: str
    tenant: str
    name: str
    scopes: str
    created: str
    expires: str
    standing: str


def create_key(
    data: Path | None, tenant: str, scopes: Sequence[str], name: str, days: float | None
) -> keys.NewKey:
    """Make a key.

    Raises:
        Refused: if it cannot be made.
    """
    with _store(data) as database, database.writing() as session:
        return keys.create(session, tenant, scopes, name, days)


def rotate_key(data: Path | None, identifier: str, grace_days: float) -> keys.NewKey:
    """Make a key like another, which ends after ``grace_days``.

    Raises:
        Refused: if there is no such key.
    """
    with _store(data) as database, database.writing() as session:
        return keys.rotate(session, identifier, grace_days)


def revoke_key(data: Path | None, identifier: str) -> None:
    """End a key now.

    Raises:
        Refused: if there is no such key.
    """
    with _store(data) as database, database.writing() as session:
        keys.revoke(session, identifier)


def list_keys(data: Path | None) -> list[KeyLine]:
    """All keys, oldest first.

    Raises:
        Refused: if the store cannot be used.
    """
    with _store(data) as database, database.reading() as session:
        at = now(session)
        return [
            KeyLine(
                id=row.id,
                tenant=row.tenant,
                name=row.name,
                scopes=row.scopes,
                created=_day(row.created_at),
                expires="never" if row.expires_at is None else _day(row.expires_at),
                standing=keys.standing(row, at),
            )
            for row in keys.listed(session)
        ]


def settings_text(data: Path | None) -> str:
    """All settings that are in force, as JSON, without passwords.

    Raises:
        Refused: if the environment cannot be used.
    """
    return json.dumps(_settings(data).redacted(), indent=2, ensure_ascii=False)


def save_backup(data: Path | None, path: Path) -> dict[str, int]:
    """Save the whole store; the service may be running.

    Raises:
        Refused: if it cannot be done.
    """
    with _store(data, migrated=False) as database:
        return backup.save(database, path)


def restore_backup(data: Path | None, path: Path) -> dict[str, int]:
    """Fill an empty store from a backup; the service must not be running on the data folder.

    Raises:
        Refused: if it cannot be done.
    """
    with ExitStack() as stack:
        settings = _settings(data)
        if settings.database_url is None:
            try:
                stack.enter_context(held(writable(settings.data.expanduser()) / "lock"))
            except StartRefused as refusal:
                raise Refused(str(refusal)) from None
        database = stack.enter_context(_store(data, migrated=False))
        return backup.restore(database, path)


def migrate(data: Path | None) -> None:
    """Bring the store up to date.

    Raises:
        Refused: if it cannot be used.
    """
    with _store(data):
        return


def _settings(data: Path | None) -> Settings:
    try:
        return settings_for(data)
    except StartRefused as refusal:
        raise Refused(str(refusal)) from None


@contextmanager
def _store(data: Path | None, *, migrated: bool = True) -> Iterator[Database]:
    settings = _settings(data)
    try:
        if settings.database_url is None:
            writable(settings.data.expanduser())
        database = Database(settings.store_url())
        try:
            if migrated:
                migration.upgrade(database)
            yield database
        finally:
            database.close()
    except (StartRefused, keys.BadKeyRequest, backup.BackupRefused) as refusal:
        raise Refused(str(refusal)) from None
    except OSError as error:
        raise Refused(f"{error.filename or 'the file'} cannot be used: {error.strerror}") from None
    except (SQLAlchemyError, CommandError, ImportError) as error:
        raise Refused(
            f"the job store cannot be used ({type(error).__name__}: {str(error).splitlines()[0]}); check "
            "ORICHALCUM_DATABASE_URL and the data folder"
        ) from None


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%d %H:%M")
