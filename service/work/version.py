"""Which code computes: equal numbers need equal sources, whatever the version is called."""

from __future__ import annotations

import hashlib
import importlib
from functools import cache
from pathlib import Path

from api_schemas import extensions


@cache
def code() -> str:
    """SHA-256 of the sources that compute, extensions too: another version may give another last digit."""
    found = hashlib.sha256()
    for name in ("api_schemas", "engine", *extensions.named()):
        for folder in map(Path, importlib.import_module(name).__path__):
            for path in sorted(folder.rglob("*.py")):
                found.update(str(path.relative_to(folder)).encode())
                found.update(path.read_bytes())
    return found.hexdigest()
