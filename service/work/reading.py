"""Reading what a worker behind HTTPS sends, which is hostile until it is read.

Whoever reads JSON holds up every other thread of its process. So what is small is read where it is answered, and of
what is large the first words are looked at (what it speaks of must be held), then it is read in a process of its own
(`service.checking`), and only what was found sound there is read where it is answered.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, RootModel, TypeAdapter, ValidationError

from api_schemas.jobs import BestSoFar
from api_schemas.maps import SurrogateMap, SurrogatePoint
from api_schemas.registry import UnknownName
from api_schemas.results import Result
from api_schemas.tasks import Record, Task
from engine.units.registry import UNITS
from engine.units.unit import Unit
from service.http.refusals import Unprocessable
from service.repositories.progress import JobProgress
from service.work import bounds, messages
from service.work.work import Step

IN_PLACE = 256 * 1024
"""Bytes up to which a request is read where it is answered."""

MOST_HEADER = 100_000
"""Bytes of what a checkpoint says of its tensors."""

_TOLD_FAULTS = 20
_LENGTH = 8
_NUMBERS = TypeAdapter(list[float])
_INDICES = TypeAdapter(list[int])
_BEGINNING = re.compile(rb'\s*\{\s*"(held|job_id)"\s*:\s*(\{[^{}]{1,200}\}|"[0-9a-z]{1,26}")\s*[,}]')

M = TypeVar("M", bound=BaseModel)


def read(model: type[M], text: str | bytes, what: str) -> M:
    """A document of a form.

    Raises:
        Unprocessable: if it is of another form; the first fault is told.
    """
    try:
        return model.model_validate_json(text)
    except ValidationError as invalid:
        count = invalid.error_count()
        if count > _TOLD_FAULTS:  # to word them takes long
            refuse(f"{what} is not understood: it has {count} faults")
        first = invalid.errors(include_url=False, include_context=False, include_input=False)[0]
        refuse(f"{what} is not understood: {'/'.join(map(str, first['loc']))[:200]}: {first['msg'][:200]}")


def sound(model: type[M], text: str, what: str) -> M:
    """A document that can be written and read back: a number that is not finite has no place in the store."""
    return read(model, read(model, text, what).model_dump_json(), what)


def refuse(detail: str) -> NoReturn:
    """Refuse what was sent.

    Raises:
        Unprocessable: always.
    """
    raise Unprocessable("invalid-work", "What the worker sent cannot be stored", detail) from None


def beginning(body: bytes) -> messages.Token | messages.OfJob:
    """What a large request speaks of, by its first words; nothing else of it is read.

    Raises:
        Unprocessable: if it does not begin with what is held, or with the job.
    """
    found = _BEGINNING.match(body[:400])
    if found is None:
        refuse("a large request begins with what it speaks of: held, or job_id")
    name, value = found.groups()
    if name == b"held":
        return read(messages.Token, value, "what is held")
    return read(messages.OfJob, b'{"job_id":' + value + b"}", "the job")


def record(document: messages.Document, index: int | None = None) -> Record:
    """A record of a unit; of the task of that number where one is given."""
    what = f"a record of {document.unit}"
    found = sound(_unit(document).record, document.text, what)
    cost = found.cost
    if max(cost.potential_calls, cost.shared_calls, cost.supercell_calls, cost.seconds) > bounds.MOST_COST:
        refuse(f"{what} cost more than {bounds.MOST_COST:g} calls or seconds")
    if not 0 <= found.index < bounds.MOST_NUMBER:
        refuse(f"{what} is of no number from 0 to below {bounds.MOST_NUMBER}")
    if found.unit != document.unit or (index is not None and found.index != index):
        refuse(f"{what} is of {found.unit} {found.index}, not of {document.unit} {index}")
    return found


def _unit(document: messages.Document) -> Unit:
    try:
        return UNITS[document.unit]
    except UnknownName as unknown:
        refuse(str(unknown))


def _task(document: messages.Document) -> Task:
    found = sound(_unit(document).task, document.text, f"a task of {document.unit}")
    if found.unit != document.unit:
        refuse(f"a task of {document.unit} is of {found.unit}")
    fault = bounds.fault(found)
    if fault is not None:
        refuse(f"a task of {document.unit} cannot be asked for: {fault}")
    return found


def records(documents: Sequence[messages.Document]) -> list[Record]:
    """Records that complete others."""
    return [record(one) for one in documents]


def progress(told: messages.Standing) -> JobProgress:
    """How far a job is, as it can be shown."""
    try:
        trace, front = _NUMBERS.validate_json(told.trace), _INDICES.validate_json(told.front)
        texts = json.dumps(trace, allow_nan=False), json.dumps(front)
    except ValueError:
        refuse("how far the job is cannot be read")
    best = None if told.best is None else sound(BestSoFar, told.best, "the best evaluation")
    return JobProgress(
        told=told.told,
        best=None if best is None else best.model_dump_json(),
        trace=texts[0],
        front=texts[1],
        standing=sound(Result, told.standing, "how far the job is").model_dump_json(),
    )


def step(said: messages.StepDone) -> Step:
    """What follows in a job."""
    return Step(
        planned=said.planned,
        progress=progress(said.progress),
        asked=[[_task(one) for one in said.asked]],
        completed=records(said.completed),
        result=None if said.result is None else sound(Result, said.result, "a result"),
    )


class _Learned(RootModel[SurrogateMap | SurrogatePoint]):
    """What surrogates said, of a slice or of a composition."""


def surrogate_map(said: messages.MapDone, *, point: bool) -> str:
    """A map, or what surrogates say of one composition, written anew."""
    model = SurrogatePoint if point else SurrogateMap
    return sound(model, said.answer, "a composition" if point else "a map").model_dump_json()


def _map_done(said: messages.MapDone) -> None:
    sound(_Learned, said.answer, "a map")


def shared(said: messages.KeyAndValue) -> dict[str, Any]:
    """A value that evaluations share."""
    try:
        value = json.loads(said.value)
        json.dumps(value, allow_nan=False)
    except (ValueError, RecursionError):  # no JSON, or a number that is none
        refuse("a shared value is JSON with finite numbers")
    if not isinstance(value, dict):
        refuse("a shared value is a JSON object")
    return value


def checkpoint(said: messages.Saved) -> bytes:
    """Refuse what is not of the form of safetensors: a length, a JSON header, and the bytes that it speaks of.

    https://huggingface.co/docs/safetensors/index#format
    """
    data = said.data
    size = int.from_bytes(data[:_LENGTH], "little")
    if size > MOST_HEADER:
        refuse(f"a checkpoint is safetensors with a header of at most {MOST_HEADER} bytes")
    try:
        header = json.loads(data[_LENGTH : _LENGTH + size]) if _LENGTH + size <= len(data) else None
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict):
        refuse("a checkpoint is safetensors")
    for name, tensor in header.items():
        place = tensor.get("data_offsets") if isinstance(tensor, dict) else None
        if name != "__metadata__" and not _within(place, len(data) - _LENGTH - size):
            refuse("a checkpoint is safetensors whose tensors lie within it")
    return data


def _within(place: object, size: int) -> bool:
    """Whether a place is a pair of numbers, begin and end, of so many bytes."""
    if not (isinstance(place, list) and len(place) == 2 and all(type(one) is int for one in place)):
        return False
    begin, end = place
    return bool(0 <= begin <= end <= size)


def examine(operation: str, body: bytes) -> None:
    """Read a large request from end to end, in a process of its own: nobody waits for it but who sent it.

    Raises:
        Unprocessable: if it cannot be stored.
    """
    model, look = _LARGE[operation]
    look(read(model, body, "the request"))


def _task_done(said: messages.TaskDone) -> None:
    for text in said.records:
        try:
            unit = json.loads(text)["unit"]
        except (ValueError, RecursionError, LookupError, TypeError):
            unit = ""
        record(messages.Document.model_construct(unit=str(unit)[:60], text=text))
    if said.progress is not None:
        progress(said.progress)
    records(said.completed)


def _progress(said: messages.Progress) -> None:
    progress(said.progress)
    records(said.completed)


_LARGE: Mapping[str, tuple[type[messages.Exchanged], Callable[[Any], object]]] = MappingProxyType(
    {
        "store-task": (messages.TaskDone, _task_done),
        "store-step": (messages.StepDone, step),
        "store-map": (messages.MapDone, _map_done),
        "store-reference": (messages.KeyAndValue, shared),
        "save-checkpoint": (messages.Saved, checkpoint),
        "catch-up": (messages.Progress, _progress),
    }
)
