"""Whether a part of the service in a container goes on: ``python -m service.operations.probe worker``.

Docker looks at the health of a container and does nothing about it. So the probe itself ends a part that is silent; the
container ends with it, and is started again by its policy. It needs ``init: true``: the part is then a child of process
1, and can be ended however frozen it is.
"""

from __future__ import annotations

import argparse
import socket
import sys
import time
import urllib.request
from collections.abc import Sequence
from urllib.error import URLError

import psutil
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from service.settings import Settings
from service.tables.database import Database, now
from service.tables.parts import PartRow

SILENT_SECONDS = 30.0
"""A part whose heartbeat is older is not well."""

BEGINNING_SECONDS = 300.0
"""How long a part may take to its first heartbeat."""

_ADDRESS = "http://127.0.0.1:8421/health/live"
_MODULES = {"worker": "service.worker", "sweeper": "service.sweeper", "api": "service.server"}


def main(arguments: Sequence[str] | None = None, parent: int = 1) -> int:
    """Look once; 0 if the part goes on.

    Args:
        arguments: Which part.
        parent: Process whose child the part is.
    """
    parser = argparse.ArgumentParser(
        description="Whether a part of the service goes on, and its end if it does not."
    )
    parser.add_argument("part", choices=tuple(_MODULES))
    part = parser.parse_args(arguments).part
    try:
        well = _answers() if part == "api" else _beats(part)
    except SQLAlchemyError as error:
        sys.stdout.write(f"the store does not answer ({type(error).__name__}); the part is left alone\n")
        return 1
    if well:
        return 0
    for process in _processes(_MODULES[part], parent):
        if time.time() - process.create_time() > BEGINNING_SECONDS:
            sys.stdout.write(f"{part} is silent and is ended\n")
            process.kill()
    return 1


def _answers() -> bool:
    try:
        with urllib.request.urlopen(_ADDRESS, timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _beats(part: str) -> bool:
    """Whether the part on this host was heard of lately."""
    database = Database(Settings().store_url())
    try:
        with database.reading() as session:
            here = (PartRow.part == part, PartRow.host == socket.gethostname()[:200])
            lately = PartRow.seen_at > now(session) - SILENT_SECONDS
            return session.scalars(select(PartRow.id).where(*here, lately).limit(1)).one_or_none() is not None
    finally:
        database.close()


def _processes(module: str, parent: int) -> list[psutil.Process]:
    return [one for one in psutil.Process(parent).children() if module in one.cmdline()]


if __name__ == "__main__":
    sys.exit(main())
