"""Server-sent events of a job: the wire format, the typed events, and resuming after a dropped connection.

Source of the format: WHATWG HTML, section 9.2, https://html.spec.whatwg.org/multipage/server-sent-events.html.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import httpx
from pydantic import ValidationError

from api_schemas.jobs import FINAL_STATES, EvaluationEvent, ProgressEvent, StateEvent
from orichalcum.exceptions import ServiceFault, ServiceUnreachable, UnexpectedAnswer
from orichalcum.protocol import Address, unreachable

MAX_EVENT_BYTES = 16_000_000
RECONNECT_DELAYS = (0.2, 0.5, 1.0, 2.0, 4.0, 4.0, 4.0)
"""Seconds before each try to reconnect; an event, or a connection that lasted, starts the count anew."""
LASTING_SECONDS = 5.0
"""A connection that sent something and lived so long was a good one, even if nothing happened to the job."""

_MODELS: dict[str, type[StateEvent | ProgressEvent | EvaluationEvent]] = {
    "state": StateEvent,
    "progress": ProgressEvent,
    "evaluation": EvaluationEvent,
}


@dataclass(frozen=True)
class ServerSentEvent:
    """One event as it came over the wire."""

    id: str
    name: str
    data: str


@dataclass
class EventParser:
    """Turns the bytes of a stream into events, whatever pieces they come in.

    Lines end in LF, CRLF or CR and in nothing else: JSON may hold other characters that Python's ``splitlines``
    takes for line ends.
    """

    _buffer: bytes = b""
    _data: list[str] = field(default_factory=list)
    _name: str = ""
    _id: str = ""

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """The events that ``chunk`` completes.

        Raises:
            ValueError: if an event is longer than ``MAX_EVENT_BYTES`` or is not UTF-8.
        """
        buffer = self._buffer + chunk
        # A CR at the very end may be the first half of CRLF: it waits for the next chunk.
        held = b"\r" if buffer.endswith(b"\r") else b""
        buffer = buffer[: len(buffer) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *lines, rest = buffer.split(b"\n")
        self._buffer = rest + held
        found = [self._line(line.decode("utf-8")) for line in lines]
        if len(self._buffer) + sum(map(len, self._data)) > MAX_EVENT_BYTES:
            raise ValueError("an event is too long")
        return [event for event in found if event is not None]

    def _line(self, line: str) -> ServerSentEvent | None:
        if not line:
            event = ServerSentEvent(self._id, self._name or "message", "\n".join(self._data))
            complete = bool(self._data)
            self._data, self._name = [], ""
            return event if complete else None
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._name = value
        elif name == "id" and "\0" not in value:
            self._id = value
        return None


@dataclass(frozen=True)
class JobEvent:
    """An event of a job: its number (rising per job), its name and its data."""

    id: int
    name: str
    data: StateEvent | ProgressEvent | EvaluationEvent

    @property
    def final(self) -> bool:
        """Whether the job has ended with this event."""
        return isinstance(self.data, StateEvent) and self.data.state in FINAL_STATES


class Following:
    """Where a reader of a job's events stands: what it has seen, and when it gives up reconnecting."""

    def __init__(self, at: Address, after: int | None = None) -> None:
        """Start after event number ``after`` (None: from the first)."""
        self._at = at
        self._last = after
        self._failures = 0
        self._opened = time.monotonic()
        self._has_bytes = False
        self._parser = EventParser()
        self.finished = False
        self.received_on_this_connection = False

    def headers(self) -> dict[str, str]:
        """Headers of the next connection; a new connection starts a new parse."""
        self._parser = EventParser()
        self._opened = time.monotonic()
        self._has_bytes = False
        self.received_on_this_connection = False
        return {} if self._last is None else {"Last-Event-ID": str(self._last)}

    def receive(self, chunk: bytes) -> list[JobEvent]:
        """The events that ``chunk`` completes and that were not seen before.

        Raises:
            UnexpectedAnswer: if the stream is not one of job events.
        """
        self._has_bytes = True
        try:
            found = [event for event in map(_typed, self._parser.feed(chunk)) if event is not None]
        except ValueError as error:
            raise UnexpectedAnswer(self._at.url, f"event stream: {error}") from None
        fresh = []
        for event in found:
            if self._last is not None and event.id <= self._last:
                continue
            self._last = event.id
            self._failures = 0
            self.received_on_this_connection = True
            self.finished = self.finished or event.final
            fresh.append(event)
        return fresh

    def delay(self, error: httpx.TransportError | ServiceFault | None) -> float:
        """Seconds to wait before reconnecting after the stream ended or broke.

        Raises:
            ServiceUnreachable: after too many fruitless tries; or the ServiceFault that kept it from going on.
        """
        if self._has_bytes and time.monotonic() - self._opened > LASTING_SECONDS:
            self._failures = 0
        if self._failures >= len(RECONNECT_DELAYS):
            if isinstance(error, httpx.TransportError):
                raise unreachable(self._at, error)
            raise error or ServiceUnreachable(self._at.url, "it keeps closing the event stream")
        self._failures += 1
        return RECONNECT_DELAYS[self._failures - 1]


def _typed(event: ServerSentEvent) -> JobEvent | None:
    """The event with its model; None for a name that a newer service may have added."""
    model = _MODELS.get(event.name)
    if model is None:
        return None
    if not event.id.isdecimal():
        raise ValueError(f"event id {event.id[:20]!r} is not a number")
    try:
        data = model.model_validate_json(event.data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise ValueError(f"event {event.name}: {first['msg']}") from None
    return JobEvent(int(event.id), event.name, data)
