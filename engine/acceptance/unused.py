"""Fields that a problem gives and its kind does not use: refused, so that nothing that is accepted is ignored."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel

from api_schemas.errors import FieldError, pointer
from api_schemas.kinds import KINDS
from api_schemas.problem import Problem


def unused_fields(problem: Problem) -> list[FieldError]:
    """Every field with another value than its default that the kind of the problem does not use."""
    if problem.kind not in KINDS:
        return []
    kind = KINDS[problem.kind]
    return [
        FieldError(
            pointer=pointer(path.split(".")),
            type=kind.faults.get(path, "unused-field"),
            message=kind.refusal(path),
        )
        for path in _given(problem)
        if not kind.takes(path)
    ]


def _given(problem: Problem) -> Iterator[str]:
    """Fields with another value than their default; of a part of which some kind uses some fields only, its fields."""
    parts = {path.partition(".")[0] for kind in KINDS for path in kind.uses if "." in path}
    for name, field in type(problem).model_fields.items():
        value = getattr(problem, name)
        if value == field.get_default(call_default_factory=True):
            continue
        if name not in parts or not isinstance(value, BaseModel):
            yield name
            continue
        for inner, of_inner in type(value).model_fields.items():
            if getattr(value, inner) != of_inner.get_default(call_default_factory=True):
                yield f"{name}.{inner}"
