"""Pages: opaque cursors and the Link header (RFC 8288)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlencode

from api_schemas.errors import FieldError
from service.http.refusals import Unprocessable

_CURSOR = re.compile(r"[0-7][0-9a-hjkmnp-tv-z]{25}")
"""The identifier of a job, which is a ULID."""


def checked_cursor(cursor: str | None) -> str | None:
    """The cursor, if it can have come from a page before.

    Raises:
        Unprocessable: if it cannot.
    """
    if cursor is not None and not _CURSOR.fullmatch(cursor):
        raise _bad_cursor()
    return cursor


def number_cursor(cursor: str | None) -> int:
    """The cursor of a list that is ordered by number; -1 for its beginning.

    Raises:
        Unprocessable: if it is no number.
    """
    if cursor is None:
        return -1
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 9):
        raise _bad_cursor()
    return int(cursor)


def _bad_cursor() -> Unprocessable:
    message = "take the cursor from next_cursor or the Link header of the page before"
    fault = FieldError(pointer="/cursor", type="invalid-cursor", message=message)
    return Unprocessable("invalid-cursor", "The cursor cannot be used", message, errors=[fault])


def next_link(path: str, cursor: str, limit: int, query: Sequence[tuple[str, str]] = ()) -> str:
    """Value of the Link header that leads to the next page."""
    return f'<{path}?{urlencode([*query, ("cursor", cursor), ("limit", str(limit))])}>; rel="next"'
