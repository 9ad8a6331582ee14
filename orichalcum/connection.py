"""What the handle of a job needs of a client: to send calls and to read streams.

The clients make the handles, and a handle speaks through its client; this says what it may ask of one, so that
neither module imports the other.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Protocol, TypeVar

from pydantic import BaseModel

from orichalcum.protocol import Address, Call

M = TypeVar("M", bound=BaseModel)


class Connection(Protocol):
    """A service that is asked one call at a time; `orichalcum.Client` is one."""

    address: Address

    def send(self, call: Call[M]) -> M:
        """Send a call, again where that may help, and read its answer."""

    def send_without_answer(self, call: Call[M]) -> None:
        """Send a call whose answer has no body."""

    def stream(self, call: Call[M]) -> AbstractContextManager[Iterator[bytes]]:
        """The body of an answer piece by piece, while it is being sent."""


class AsyncConnection(Protocol):
    """The same for asynchronous code; `orichalcum.AsyncClient` is one."""

    address: Address

    async def send(self, call: Call[M]) -> M:
        """Send a call, again where that may help, and read its answer."""

    async def send_without_answer(self, call: Call[M]) -> None:
        """Send a call whose answer has no body."""

    def stream(self, call: Call[M]) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """The body of an answer piece by piece, while it is being sent."""
