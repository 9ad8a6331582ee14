"""Arrays of jobs: one problem over lists of values, each combination a job of its own."""

from __future__ import annotations

import copy
import difflib
import itertools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, get_args

from pydantic import Field, JsonValue

from api_schemas.base import Model, Output, counted_first
from api_schemas.errors import FieldError, ProblemInvalid, pointer
from api_schemas.jobs import Job, JobState
from api_schemas.problem import Problem

MOST_MEMBERS = 100
"""Jobs of an array."""

MOST_FIELDS = 5
_DEEPEST = 12
_LONGEST_SHOWN = 200
_LONGEST_NAME = 200


class ArrayRequest(Model):
    """The body of ``POST /v1/arrays``."""

    problem: dict[str, JsonValue] = Field(description="A problem, as the body of POST /v1/jobs.")
    over: Annotated[
        dict[
            Annotated[str, Field(min_length=1, max_length=200)],
            Annotated[list[JsonValue], Field(min_length=1, max_length=MOST_MEMBERS)],
        ],
        counted_first(MOST_FIELDS),
    ] = Field(
        min_length=1,
        description="Fields of the problem and their values, e.g. conditions.pressure: [0, 5, 10]; every combination "
        f"becomes a job, {MOST_MEMBERS} at the most.",
    )


class JobArray(Output):
    """The jobs of an array."""

    id: str
    states: dict[JobState, int] = Field(description="How many of its jobs are in which state.")
    items: list[Job] = Field(description="Its jobs, in the order of the values.")


@dataclass(frozen=True)
class ArrayMember:
    """One combination of values.

    Attributes:
        document: The problem with the values in it.
        values: The values by field, as they are shown.
        placed: For each field where it is in the problem, and where in the request its value is.
    """

    document: dict[str, Any]
    values: Mapping[str, JsonValue]
    placed: Sequence[tuple[str, str]]

    def of_request(self, fault: FieldError) -> FieldError:
        """A fault of the problem as one of the request: at the value where that is at fault."""
        for within, given in self.placed:
            if fault.pointer == within or fault.pointer.startswith(f"{within}/"):
                return fault.model_copy(update={"pointer": given + fault.pointer.removeprefix(within)})
        return fault.model_copy(update={"pointer": f"/problem{fault.pointer}"})


def members(request: ArrayRequest) -> Iterator[ArrayMember]:
    """Every combination of the values, the last field the fastest.

    Raises:
        ProblemInvalid: if there are too many, or a field is none of a problem.
    """
    count = math.prod(len(values) for values in request.over.values())
    if count > MOST_MEMBERS:
        text = f"this makes {count} jobs; at most {MOST_MEMBERS} are one array: give fewer values, or several arrays"
        raise ProblemInvalid([FieldError(pointer="/over", type="too-many-jobs", message=text)])
    paths = {name: _path(name) for name in request.over}
    for combination in itertools.product(*(enumerate(values) for values in request.over.values())):
        document: dict[str, Any] = copy.deepcopy(dict(request.problem))
        shown: dict[str, JsonValue] = {}
        placed = []
        for (name, path), (number, value) in zip(paths.items(), combination, strict=True):
            _put(document, path, value, name)
            shown[".".join(map(str, path))] = _shown(value, number)
            placed.append((pointer(path), pointer(("over", name, number))))
        if "name" not in {path[0] for path in paths.values()}:
            document["name"] = _named(document.get("name", "unnamed"), shown)
        yield ArrayMember(document, shown, placed)


def _path(name: str) -> list[str | int]:
    """Where a field is in a problem: its path with dots, or its own name where only one part has such a field.

    Raises:
        ProblemInvalid: if there is no such field, or several.
    """
    steps: list[str | int] = [
        int(one) if one.isdecimal() and len(one) < 6 else one for one in name.split(".")
    ]
    parts = _parts()
    first = str(steps[0])
    if first in Problem.model_fields and len(steps) <= _DEEPEST:
        return steps
    owners = [part for part, fields in parts.items() if first in fields]
    if len(owners) == 1 and len(steps) < _DEEPEST:
        return [owners[0], *steps]
    if owners:
        text = (
            f"several parts have such a field; write one of {', '.join(f'{one}.{first}' for one in owners)}"
        )
    else:
        known = [*Problem.model_fields, *(one for fields in parts.values() for one in fields)]
        near = difflib.get_close_matches(first[:60], known, n=1)
        mend = f"did you mean {near[0]}?" if near else "write a path such as conditions.pressure"
        text = f"problems have no such field; {mend}"
    raise ProblemInvalid([FieldError(pointer=pointer(("over", name)), type="unknown-field", message=text)])


def _parts() -> dict[str, list[str]]:
    """The fields of each part of a problem, as they are written."""
    found: dict[str, list[str]] = {}
    for name, field in Problem.model_fields.items():
        for one in (field.annotation, *get_args(field.annotation)):
            if isinstance(one, type) and issubclass(one, Model):
                found[name] = [inner.alias or key for key, inner in one.model_fields.items()]
    return found


def _put(document: dict[str, Any], path: Sequence[str | int], value: JsonValue, name: str) -> None:
    """Put a value into a document, with the mappings on the way to it."""
    place: Any = document
    for step, following in itertools.pairwise([*path, ""]):
        last = following == ""
        if isinstance(place, list) and isinstance(step, int) and step < len(place):
            if last:
                place[step] = value
        elif isinstance(place, dict):
            key = str(step)
            if last:
                place[key] = value
            else:
                if place.get(key) is None:
                    place[key] = {}
                step = key  # noqa: PLW2901  (a mapping's keys are texts)
        else:
            text = f"the problem holds nothing that could have {step!r} here; give it there, or another path"
            raise ProblemInvalid(
                [FieldError(pointer=pointer(("over", name)), type="unknown-field", message=text)]
            )
        if not last:
            place = place[step]


def _shown(value: JsonValue, number: int) -> JsonValue:
    """A value as it is shown: a long one by its number."""
    return value if len(json.dumps(value)) <= _LONGEST_SHOWN else f"value {number + 1}"


def _named(name: object, values: Mapping[str, JsonValue]) -> object:
    """The name of a job of an array: that of its problem, with its values."""
    if not isinstance(name, str):
        return name
    own = ", ".join(f"{path.rpartition('.')[2]} {_plain(value)}" for path, value in values.items())
    own = "".join(one for one in own if one.isprintable())[: _LONGEST_NAME // 2]
    return f"{name[: _LONGEST_NAME - len(own) - 2]}, {own}"


def _plain(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def as_over(texts: Sequence[str]) -> dict[str, list[JsonValue]]:
    """Fields and their values from texts such as ``pressure=0,5,10`` or ``strategy.seed=[1, 2]``.

    Raises:
        ValueError: if one has no such form; the message says what would be right.
    """
    found: dict[str, list[JsonValue]] = {}
    for text in texts:
        name, equals, values = text.partition("=")
        name = name.strip()
        if not (name and equals and values.strip()):
            raise ValueError(f"{text!r} names no values; write a field and its values, e.g. pressure=0,5,10")
        if name in found:
            raise ValueError(f"{name} is given twice; give all of its values at once")
        found[name] = _values(values.strip())
    return found


def _values(text: str) -> list[JsonValue]:
    if text.startswith("["):
        try:
            listed = json.loads(text)
        except ValueError:
            raise ValueError(f"{text!r} is no list in JSON; write values with commas, or a list") from None
        return list(listed)
    return [_value(one.strip()) for one in text.split(",")]


def _value(text: str) -> JsonValue:
    try:
        found: JsonValue = json.loads(text)
    except ValueError:
        return text
    return found if isinstance(found, int | float | bool) or found is None else text
