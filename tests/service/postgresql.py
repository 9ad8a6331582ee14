"""A PostgreSQL server of the tests' own, on a socket in a temporary folder; none where PostgreSQL is not installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.sql import SQL, Identifier

USER = "postgres"

HASTY = "-c fsync=off -c full_page_writes=off -c autovacuum=off"
"""Without what only a crash of the machine asks for, and what tidies up databases that nobody uses any more."""


def _program(name: str) -> str | None:
    found = shutil.which(name)
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return found or (str(installed[-1]) if installed else None)


def is_installed() -> bool:
    return _program("initdb") is not None and _program("pg_ctl") is not None


def _as_user() -> dict[str, object]:
    """PostgreSQL does not run as root: there, the user that its package made is taken."""
    return {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}


@dataclass(frozen=True)
class Server:
    folder: Path

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://{USER}@/{name}?host={self.folder}"

    def create(self, name: str, template: str = "template1") -> str:
        """A new database with what is in another, to which nobody is connected; returns its URL."""
        statement = SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(template))
        host = str(self.folder)
        with psycopg.connect(host=host, user=USER, dbname="postgres", autocommit=True) as connection:
            connection.execute(statement)
        return self.url(name)

    def start(self) -> None:
        options = f"-c listen_addresses='' -c unix_socket_directories={self.folder} {HASTY}"
        log = str(self.folder / "log")
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-l", log, "-o", options, "-w", "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "-w", "stop")

    def _run(self, name: str, *arguments: str) -> None:
        program = _program(name)
        assert program is not None
        subprocess.run(
            [program, *arguments],
            check=True,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            timeout=120,
            **_as_user(),
        )


@contextmanager
def server() -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="orichalcum-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    running = Server(folder)
    try:
        running._run(
            "initdb", "-D", str(folder / "data"), "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync"
        )
        running.start()
        yield running
        running.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(0 if is_installed() else 1)
