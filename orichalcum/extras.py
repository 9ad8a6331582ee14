"""Optional libraries: asked for when they are used, with the extra that installs them where they are missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from orichalcum.exceptions import ExtraMissing


@contextmanager
def needing(library: str, extra: str) -> Iterator[None]:
    """Turn the absence of a library into an error that names the extra.

    Raises:
        ExtraMissing: if it is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != library:
            raise
        raise ExtraMissing(library, extra) from None
