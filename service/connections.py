"""Connections of the API: how many there may be, how long a request may take to come, and how the server is set up."""

from __future__ import annotations

import asyncio
import resource
import time
from typing import Any

import h11
import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from api_schemas.errors import TYPE_PREFIX, ProblemDetail
from service.settings import Settings

HEAD_SECONDS = 10.0
"""So long the head of a request may take from its first byte, or from the connection."""

IDLE_SECONDS = 5
"""So long a connection is kept for a next request."""

GRACE_SECONDS = 2
RESERVED_FILES = 160
"""File handles for the store, the broker and the checks."""

FEWEST_CONNECTIONS = 32
MOST_CONNECTIONS = 8000


def most_connections() -> int:
    """Connections that the file handles of this process allow."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(FEWEST_CONNECTIONS, min(files - RESERVED_FILES, MOST_CONNECTIONS))


def raise_file_limit() -> None:
    """Let this process open as many files as it may: many systems begin with 1024, some with 256."""
    files, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS + RESERVED_FILES
    if files < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, most), most))


class BoundedProtocol(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it, where nobody can hold a connection without asking anything.

    The head of a request has to come within `HEAD_SECONDS`. Where there are as many connections as file handles allow,
    the one that has waited longest for a request makes room for a new one; streams and requests under way go on.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """As uvicorn makes it."""
        super().__init__(*arguments, **options)
        self._waiting_since = time.monotonic()
        self._slow: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request, in the place of somebody else if need be."""
        super().connection_made(transport)
        self._wait()
        if len(self.connections) > most_connections():
            waiting = [one for one in self.connections if isinstance(one, BoundedProtocol) and one._waits()]  # noqa: SLF001
            min(waiting, key=lambda one: one._waiting_since, default=self)._end()  # noqa: SLF001

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._wait_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take a piece of a request."""
        super().data_received(data)
        if not self._waits() or self.transport.is_closing():
            self._wait_no_more()
        elif self._slow is None:
            self._wait()

    def on_response_complete(self) -> None:
        """Begin to wait for the next request; uvicorn closes the connection soon if nothing comes."""
        self._waiting_since = time.monotonic()
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, with a problem detail."""
        self._refuse(400, "malformed-request", "The request is not HTTP", msg)

    def _waits(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _wait(self) -> None:
        self._waiting_since = time.monotonic()
        self._slow = self.loop.call_later(HEAD_SECONDS, self._too_slow)

    def _wait_no_more(self) -> None:
        if self._slow is not None:
            self._slow.cancel()
            self._slow = None

    def _too_slow(self) -> None:
        self._slow = None
        if self._waits() and not self.transport.is_closing():
            message = f"the head of a request has to come within {HEAD_SECONDS:g} s; send it at once"
            self._refuse(408, "request-too-slow", "The request did not come in time", message)

    def _end(self) -> None:
        self._wait_no_more()
        self.transport.abort()

    def _refuse(self, status: int, slug: str, title: str, detail: str) -> None:
        problem = ProblemDetail(type=TYPE_PREFIX + slug, title=title, status=status, detail=detail)
        body = problem.model_dump_json().encode()
        headers = [
            ("content-type", "application/problem+json"),
            ("content-length", str(len(body))),
            ("connection", "close"),
        ]
        try:
            for event in (
                h11.Response(status_code=status, headers=headers),
                h11.Data(data=body),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")
        except h11.LocalProtocolError:
            pass  # an answer has begun already
        self.transport.close()


def configured(app: FastAPI, settings: Settings, **options: Any) -> uvicorn.Config:
    """How the server serves the application: the same for the process of the API and for its tests."""
    return uvicorn.Config(
        app,
        http=BoundedProtocol,
        ws="none",
        # Else whoever connects from this machine could say of any address that it is its own.
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        access_log=False,
        server_header=False,
        timeout_keep_alive=IDLE_SECONDS,
        # So many are taken at a time; a few times as many are open before one of them can make room for another.
        backlog=min(2048, most_connections() // 8),
        **options,
    )
