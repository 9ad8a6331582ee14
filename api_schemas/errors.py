"""RFC 9457 problem details, and how validation errors become fields, messages and mends."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar, get_args, get_origin

from pydantic import BaseModel, Field, ValidationError

from api_schemas.base import Model, Output
from api_schemas.quantities import quantity_hint, unit_of_field
from api_schemas.synonyms import field_hint

TYPE_PREFIX = "urn:orichalcum:problem:"
"""Problem types are this prefix and a stable slug, e.g. ``urn:orichalcum:problem:not-available-yet``."""

MOST_FAULTS = 50
"""Faults of one document that are told one by one; of more, only how many there are."""


class FieldError(Output):
    """One fault of the input: where, what kind, and what would be right."""

    pointer: str = Field(
        description="JSON pointer (RFC 6901) to the offending field; empty for the whole document."
    )
    type: str = Field(description="Stable slug, e.g. unknown-element, not-available-yet.")
    message: str = Field(description="What is wrong and how to mend it.")


class ProblemDetail(Output):
    """RFC 9457 problem detail."""

    type: str = Field(description="URI reference of the problem type; stable.")
    title: str
    status: int
    detail: str | None = None
    instance: str | None = None
    errors: list[FieldError] = Field([], description=f"The first {MOST_FAULTS} faults.")
    more: int = Field(0, description="Faults beyond those in errors.")


class ProblemInvalid(ValueError):  # noqa: N818  (the field's name for it)
    """The problem cannot be accepted.

    Attributes:
        errors: The first `MOST_FAULTS` faults, which are told.
        more: How many there are beyond these.
        found: Every fault that was worded, for whoever collects them.
    """

    def __init__(self, errors: Sequence[FieldError], more: int = 0) -> None:
        """Keep the faults, and how many more there are than these; the message joins them line by line."""
        self.found: tuple[FieldError, ...] = tuple(errors)
        self.errors = self.found[:MOST_FAULTS]
        self.more = more + len(self.found) - len(self.errors)
        super().__init__(faults_text(self.errors, self.more))


def faults_text(errors: Sequence[FieldError], more: int = 0) -> str:
    """Faults line by line, for people."""
    lines = [f"{error.pointer or '/'}: {error.message}" for error in errors]
    return "\n".join([*lines, and_more(more)] if more else lines)


def and_more(more: int) -> str:
    """What is said of faults that are not told one by one: ``and 99 950 more``."""
    return f"and {more:,} more".replace(",", " ")


_M = TypeVar("_M", bound=BaseModel)

SLUGS = {
    "missing": "missing-field",
    "extra_forbidden": "unknown-field",
    "literal_error": "unknown-choice",
    "json_invalid": "malformed-json",
}
"""Types of fault by pydantic's type of error; of others invalid-value."""
WORDING = {
    "missing": "this field is required; add it",
    "extra_forbidden": "this field is not known here; check its spelling or remove it",
    "string_pattern_mismatch": "this text has a form or characters that are not allowed here",
    "string_type": "this should be a text",
    "string_unicode": "this text holds half a character (a lone surrogate); save the file as UTF-8",
    "dict_type": "this should be a mapping",
    "list_type": "this should be a list",
}
"""What is said of a value of the wrong form, by pydantic's type of error."""
_MOST_HINTS = 10
"""Faults of one document for which it is looked up what was meant."""
_LONGEST_NAME = 60
_NUMBER_WANTED = frozenset({"float_type", "int_type", "float_parsing", "int_parsing"})
_LENGTH = re.compile(r"^(List|Dictionary|String) should have (.*?)(?: after validation)?, not (\d+)$")
_TAG = re.compile(r"^<.*>$")
# A validator may begin its message with the pointer, relative to what it checks, of the part that is at fault.
_OWN_POINTER = re.compile(r"^(/[A-Za-z0-9_~/\-]*): (.*)$", re.DOTALL)


def pointer(parts: Iterable[str | int]) -> str:
    """JSON pointer of a location, with ``~`` and ``/`` escaped."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def field_errors(error: ValidationError, prefix: Sequence[str | int] = ()) -> list[FieldError]:
    """Translate a pydantic error into pointers, stable slugs and readable messages; the first `MOST_FAULTS` faults."""
    found: list[FieldError] = []
    model = _model_named(error.title)
    hints = 0
    for item in error.errors(include_url=False)[:MOST_FAULTS]:
        location = [part for part in item["loc"] if not (isinstance(part, str) and _TAG.match(part))]
        is_key = bool(location) and location[-1] == "[key]"
        where = pointer([*prefix, *(location[:-1] if is_key else location)])
        message = item["msg"]
        own = _OWN_POINTER.match(message)
        if own:
            where, message = where + own.group(1), own.group(2)
        slug = SLUGS.get(item["type"], item["type"] if "-" in item["type"] else "invalid-value")
        message = WORDING.get(item["type"], message.replace("Input should", "This should", 1))
        if item["type"] == "model_type":
            message = _mapping_wanted(item.get("ctx", {}).get("class_name", ""))
        if item["type"] == "extra_forbidden" and len(found) < _MOST_HINTS:
            message = _unknown_field(str(location[-1]), _fields_at(model, location[:-1])) or message
        if hints < _MOST_HINTS and (
            hint := _value_hint(item["type"], item.get("input"), item.get("ctx", {}), unit_of_field(location))
        ):
            message, hints = f"{message}; {hint}", hints + 1
        message = _LENGTH.sub(r"this has \3; it should have \2", message)
        found.append(FieldError(pointer=where[:500], type=slug, message=message[:2000]))
    return found


def _value_hint(kind: str, value: object, context: Mapping[str, object], unit: str | None) -> str | None:
    """What a value of the wrong kind or size was probably meant to be: a number with its unit, percent."""
    if kind in _NUMBER_WANTED and isinstance(value, str):
        return quantity_hint(value, unit)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "less_than_equal" and number and context.get("le") == 1.0 and 1.0 < float(str(value)) <= 100.0:
        return "this is a fraction: write 0.2 for 20 %"
    return None


def _mapping_wanted(class_name: str) -> str:
    """What to write where something else than a mapping stands for a model of this name."""
    model = _model_named(class_name)
    if model is None:
        return "this should be a mapping of fields"
    return f"this should be a mapping with fields among {', '.join(_names(model))}"


def _unknown_field(name: str, fields: Sequence[str]) -> str | None:
    """What to write instead of a field that is not among these; None where there are none."""
    if not fields:
        return None
    meant = field_hint(name, fields)
    if meant:
        return f"this field is not known here; write {meant}"
    near = difflib.get_close_matches(name[:_LONGEST_NAME].lower(), fields, n=1)
    mend = f"did you mean {near[0]}?" if near else f"remove it, or write one of {', '.join(fields)}"
    return f"this field is not known here; {mend}"


def _model_named(class_name: str) -> type[Model] | None:
    """The model of this name."""
    waiting = Model.__subclasses__()
    while waiting:
        model = waiting.pop()
        if model.__name__ == class_name:
            return model
        waiting += model.__subclasses__()
    return None


def _fields_at(annotation: object, location: Sequence[str | int]) -> list[str]:
    """The fields of the model that stands at a location within a type; of a union, those of all its models."""
    inner = get_args(annotation)
    if get_origin(annotation) in (list, dict):
        return _fields_at(inner[-1], location[1:]) if location else []
    if inner:
        return [name for one in inner for name in _fields_at(one, location)]
    if not (isinstance(annotation, type) and issubclass(annotation, Model)):
        return []
    if not location:
        return _names(annotation)
    written = dict(zip(_names(annotation), annotation.model_fields.values(), strict=True))
    field = written.get(str(location[0]))
    return [] if field is None else _fields_at(field.annotation, location[1:])


def _names(model: type[Model]) -> list[str]:
    """Its fields as they are written."""
    return [field.alias or name for name, field in model.model_fields.items()]


def parse(model: type[_M], data: object, prefix: Sequence[str | int] = ()) -> _M:
    """Validate ``data`` as ``model``.

    Raises:
        ProblemInvalid: with one entry per fault.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        found = field_errors(error, prefix)
        raise ProblemInvalid(found, error.error_count() - len(found)) from None
    except RecursionError:
        raise ProblemInvalid(
            [FieldError(pointer="", type="too-deep", message="the document is nested too deeply; flatten it")]
        ) from None
