"""How the API and the processes that check speak: documents with their length before them, over a pair of sockets."""

from __future__ import annotations

import json
import socket
import struct
from typing import Any, Literal

What = Literal["validation", "problem", "array", "work"]
"""What a body is, and what is wanted of it: all that can be told of a problem; that it, or an array, is accepted; that
what a worker sends can be stored."""

LENGTH = struct.Struct("!I")
"""The number of bytes that follow."""

LIMITS = struct.Struct("!dd")
"""Seconds of a core and seconds of the clock that a check may take; sent with the socket that it is told over."""


def framed(payload: bytes) -> bytes:
    """The payload with its length before it."""
    return LENGTH.pack(len(payload)) + payload


def send(connection: socket.socket, document: dict[str, Any]) -> None:
    """Send a JSON document."""
    connection.sendall(framed(json.dumps(document).encode()))


def receive(connection: socket.socket) -> bytes:
    """The next payload.

    Raises:
        EOFError: if the other side has closed.
    """
    (length,) = LENGTH.unpack(_exactly(connection, LENGTH.size))
    return _exactly(connection, length)


def _exactly(connection: socket.socket, count: int) -> bytes:
    found = bytearray()
    while len(found) < count:
        part = connection.recv(min(count - len(found), 1 << 20))
        if not part:
            raise EOFError
        found += part
    return bytes(found)
