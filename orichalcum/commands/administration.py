"""Commands for who runs a service: its settings, its store brought up to date, backups of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from orichalcum import local
from orichalcum.reporting import note, reporting

Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        envvar="ORICHALCUM_DATA",
        help="Folder of the service; with ORICHALCUM_DATABASE_URL set, that store is used.",
        show_default=False,
    ),
]


@reporting
def settings(data: Data = None) -> None:
    """Print the settings that are in force as JSON, without passwords."""
    with local.administering() as administration:
        typer.echo(administration.settings_text(data))


@reporting
def migrate(data: Data = None) -> None:
    """Bring the store up to date with this version; 'up' does so by itself."""
    with local.administering() as administration:
        administration.migrate(data)
    note("the store is up to date")


@reporting
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="File to write; it must not exist.")],
    data: Data = None,
) -> None:
    """Save jobs, evaluations, events and keys into one file; the service may be running."""
    with local.administering() as administration:
        _tell(administration.save_backup(data, file), f"saved to {file}")


@reporting
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="File that 'orichalcum backup' has written.")],
    data: Data = None,
) -> None:
    """Fill a new, empty store from a backup; SQLite and PostgreSQL take each other's."""
    with local.administering() as administration:
        _tell(administration.restore_backup(data, file), f"restored from {file}")


def _tell(counts: Mapping[str, int], done: str) -> None:
    note(f"{counts.get('jobs', 0)} jobs and {counts.get('evaluations', 0)} evaluations {done}")
