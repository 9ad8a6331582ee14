"""The store: SQLAlchemy sessions over SQLite (WAL) or PostgreSQL, and the store's own clock.

Every guard of the service (leases, state changes, numbering of events) is a read and a write under one lock: in SQLite
the lock of the whole file, taken when the transaction begins; in PostgreSQL the row lock of the job, and for quotas,
which count the jobs of a tenant, a lock by the tenant's name.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import Any

from sqlalchemy import Connection, Double, Engine, MetaData, create_engine, event, func, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

BUSY_TIMEOUT_MS = 20_000
"""How long a SQLite transaction waits for another writer."""


class Base(DeclarativeBase):
    """Base of all tables; constraint names are fixed so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class DatabaseClock(FunctionElement[float]):
    """Seconds since 1970 by the clock of the database, so that leases do not depend on the clocks of workers."""

    type = Double()
    inherit_cache = True


@compiles(DatabaseClock, "sqlite")
def _sqlite_clock(_element: DatabaseClock, _compiler: SQLCompiler, **_options: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(DatabaseClock, "postgresql")
def _postgresql_clock(_element: DatabaseClock, _compiler: SQLCompiler, **_options: Any) -> str:
    return "extract(epoch from clock_timestamp())::double precision"


def now(session: Session) -> float:
    """Seconds since 1970 by the database's clock (millisecond resolution)."""
    return float(session.execute(select(DatabaseClock())).scalar_one())


def alone(session: Session, name: str) -> None:
    """Hold back other write transactions that ask for the same name until this one ends.

    For what is decided by counting rows of others: there is no row of one's own to lock. SQLite lets one write at a
    time in any case.
    """
    if session.get_bind().dialect.name == "postgresql":
        key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
        session.execute(select(func.pg_advisory_xact_lock(key)))


class Database:
    """A store: short read transactions and short, serialised write transactions."""

    def __init__(self, url: str) -> None:
        """Connect lazily to the store at the SQLAlchemy ``url``."""
        self.url = url
        self.engine = _engine(url)
        self._writing = self.engine.execution_options(writing=True)
        # SQLite lets one write at a time and makes the others poll, in no order: the threads of a process take turns.
        self._turn: AbstractContextManager[object] = (
            threading.Lock() if url.startswith("sqlite") else nullcontext()
        )

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one state of the store and changes nothing."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session that commits at the end, or rolls back if an exception leaves it."""
        with self._turn, Session(self._writing, expire_on_commit=False) as session, session.begin():
            yield session

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(url, pool_size=10, max_overflow=20, pool_pre_ping=True)
    engine = create_engine(
        url,
        pool_size=20,
        max_overflow=40,
        connect_args={"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False},
    )

    @event.listens_for(engine, "do_connect")
    def private(_dialect: object, _record: object, arguments: Sequence[str], _options: object) -> None:
        # SQLite gives the files beside the store the rights of the store, and that those of whatever umask there is.
        if arguments and not arguments[0].startswith((":memory:", "file:")):
            # Made, never opened: to close a file of SQLite's drops every lock that this process has on it.
            with suppress(OSError):  # it is there, or SQLite says what is wrong
                os.close(os.open(arguments[0], os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        # The driver's own transaction handling is switched off: it would begin late, and deferred.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writing = connection.get_execution_options().get("writing", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine
