"""Logging of the server's processes: one JSON object a line on standard error."""

from __future__ import annotations

import io
import logging
import sys
from contextlib import suppress
from typing import TextIO, cast

import structlog
from structlog.tracebacks import ExceptionDictTransformer


class Lossy(io.TextIOBase):
    """A file to which lines are written if that is possible: on a full disk it is not, and they are lost."""

    def __init__(self, file: TextIO) -> None:
        """Write to ``file``."""
        self._file = file

    def write(self, text: str) -> int:
        """Write a text, or lose it."""
        with suppress(OSError, ValueError):
            self._file.write(text)
        return len(text)

    def flush(self) -> None:
        """Write what is still held back, or lose it."""
        with suppress(OSError, ValueError):
            self._file.flush()


def configure(process: str) -> None:
    """Send the logs of this process to standard error, marked with its name."""
    # A line that cannot be written (the disk is full) is lost, and nothing else with it.
    logging.raiseExceptions = False
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=cast("TextIO", Lossy(sys.stderr))),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)
