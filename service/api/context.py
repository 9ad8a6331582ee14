"""What the endpoints share: settings, store, queue and the tail of events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from anyio import CapacityLimiter
from fastapi import Depends, Request

from service.access.rates import Rates
from service.api.tail import EventTail
from service.checking.checker import Checker
from service.queue.messenger import Messenger
from service.settings import Settings
from service.tables.database import Database


@dataclass(frozen=True)
class Context:
    """One per application.

    Attributes:
        settings: Limits of the API.
        database: The store.
        messenger: The queue.
        tail: Wakes those who wait for events.
        checker: Checks problems, each in a process of its own.
        checking: Bounds how many problems are checked at a time.
        working: Bounds how many requests of workers are answered at a time.
        receiving: Bounds how many large requests of workers are received at a time.
        rates: Counts what callers ask for.
        stopping: Whether the server is shutting down.
    """

    settings: Settings
    database: Database
    messenger: Messenger
    tail: EventTail
    checker: Checker
    checking: CapacityLimiter
    working: CapacityLimiter
    receiving: CapacityLimiter
    rates: Rates
    stopping: Callable[[], bool]


def _context(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


InContext = Annotated[Context, Depends(_context)]
