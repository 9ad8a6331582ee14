"""The socket at which the API is served, opened before anything is started."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from service.operations.preconditions import StartRefused


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """Open the API's socket before anything starts; the API inherits it, also when it is started again.

    Raises:
        StartRefused: if the port cannot be used.
    """
    if not 0 <= port <= 65535:
        raise StartRefused(f"port {port} does not exist; give one from 1 to 65535, or 0 for any free one")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        opened = socket.socket(family, kind, protocol)
    except OSError as error:
        raise StartRefused(f"{host} cannot be served at: {error.strerror}") from None
    with opened:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Head and body of an answer are two packets: without this the second waits up to 40 ms for an acknowledgement.
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            opened.bind(address)
            opened.listen(1024)
        except OSError as error:
            raise StartRefused(
                f"port {port} of {host} cannot be used: {error.strerror}; stop what uses it, or choose another with"
                " --port"
            ) from None
        yield opened
