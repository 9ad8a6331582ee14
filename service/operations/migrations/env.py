"""Alembic's entry: runs migrations on the database that ``service.operations.migration`` passes in."""

from __future__ import annotations

from alembic import context

from service.tables.database import Database
from service.tables.schema import METADATA


def _run() -> None:
    database: Database = context.config.attributes["database"]
    with database.engine.execution_options(writing=True).connect() as connection:
        context.configure(connection=connection, target_metadata=METADATA, render_as_batch=True)
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()


_run()
