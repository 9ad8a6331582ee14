"""Identifiers of jobs: ULIDs, which sort by the time they were made (https://github.com/ulid/spec)."""

from __future__ import annotations

import secrets
import threading
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_RANDOM_BITS = 80
_lock = threading.Lock()
_last = 0


def new_identifier() -> str:
    """A new ULID of 26 lower-case characters, larger than every one made before by this process."""
    global _last  # noqa: PLW0603  (the order within one millisecond is the state of this module)
    with _lock:
        fresh = (time.time_ns() // 1_000_000) << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
        _last = max(fresh, _last + 1)
        value = _last
    return "".join(_ALPHABET[value >> shift & 31] for shift in range(125, -1, -5))
