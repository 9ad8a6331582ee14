"""What must hold before the store of a data folder is used: settings, the folder, and the lock on it."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pydantic import ValidationError

from service.settings import Settings

OTHERS = 0o077
"""What others than this user may do with a file."""


class StartRefused(Exception):  # noqa: N818
    """The stack cannot start as asked; the message says what to mend."""


def settings_for(data: Path | None) -> Settings:
    """The settings of the environment, with the data folder that was asked for.

    Raises:
        StartRefused: if a variable of the environment cannot be used.
    """
    try:
        return Settings() if data is None else Settings(data=data)
    except ValidationError as invalid:
        faults = "; ".join(
            f"ORICHALCUM_{str(item['loc'][0]).upper()}: {item['msg']}"
            for item in invalid.errors(include_url=False)
        )
        raise StartRefused(f"the environment cannot be used: {faults}") from None


def writable(data: Path) -> Path:
    """Make the data folder, for this user alone, and return it.

    Whatever this process and those that it starts make from now on is for this user alone, too; and so becomes what
    lies in the folder since before.

    Raises:
        StartRefused: if it cannot be made or written to.
    """
    os.umask(OTHERS)
    try:
        data.mkdir(parents=True, exist_ok=True)
        if not os.access(data, os.W_OK | os.X_OK):
            raise PermissionError(13, "Permission denied")
        for path in (data, *data.rglob("*")):
            with suppress(FileNotFoundError, PermissionError):  # gone meanwhile, or of somebody else
                mode = path.lstat().st_mode
                if mode & OTHERS and not stat.S_ISLNK(mode):
                    path.chmod(stat.S_IMODE(mode) & ~OTHERS)
    except OSError as error:
        raise StartRefused(
            f"the data folder {data} cannot be used: {error.strerror}; choose one with --data"
        ) from None
    return data


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the data folder against a second supervisor.

    Raises:
        StartRefused: if another supervisor holds it.
    """
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            other = file.read(20).strip() or "unknown"
            raise StartRefused(
                f"the data folder {path.parent} is in use by another `orichalcum up` (process {other}); stop that, or "
                "choose another folder with --data"
            ) from None
        file.seek(0)
        file.truncate()
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
