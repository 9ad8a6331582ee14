"""Alembic's entry: runs migrations on the database that ``service.operations.migration`` passes in."""

from __future__ import annotations

from alembic import context

from service.tables.database import Database
from service.tables.schema import METADATA


def _run() -> None:
    database: Database = context.config.attributes["database"]
    with database.engine.execution_options(writing=True).connect() as connection:
        # All steps in one transaction, also in SQLite, whose tables our transactions cover: one that is refused or
        # fails leaves the store as it was.
        context.configure(
            connection=connection,
            target_metadata=METADATA,
            render_as_batch=True,
            transactional_ddl=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()


_run()
