"""Keys of evaluations by content: equal keys mean equal results, so the same point is never computed twice."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path

import api_schemas
import engine
from api_schemas.evaluations import Suggestion
from api_schemas.problem import Problem
from engine.potentials import registry

_WITHOUT_EFFECT = {"name", "strategy", "at", "scan", "verify"}
"""Fields of a problem that choose compositions but do not enter the evaluation of one."""


def content_key(problem: Problem, suggestion: Suggestion, device: str) -> str:
    """SHA-256 of all that an evaluation depends on.

    That is: the crystal, what is asked of it and under which conditions, the potential with the checksum of its
    weights and its precision, the composition with its warm start, the kind of device, and the code.
    """
    content = {
        "problem": problem.model_dump(mode="json", exclude=_WITHOUT_EFFECT),
        "suggestion": suggestion.model_dump(mode="json", exclude={"index", "origin"}),
        "weights": registry.describe_choice(problem.potential).sha256,
        "device": device,
        "code": _code(),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@cache
def _code() -> str:
    """SHA-256 of the sources that compute: another version may give another last digit."""
    found = hashlib.sha256()
    for package in (api_schemas, engine):
        folder = Path(package.__path__[0])
        for path in sorted(folder.rglob("*.py")):
            found.update(str(path.relative_to(folder)).encode())
            found.update(path.read_bytes())
    return found.hexdigest()
