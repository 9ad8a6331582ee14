"""The API process: ``python -m service.server``, on a socket that the supervisor opened or on an address."""

from __future__ import annotations

import argparse
import socket
from collections.abc import Sequence

import uvicorn

from service import logs
from service.api.app import create_app
from service.connections import GRACE_SECONDS, configured, raise_file_limit
from service.http.guard import is_loopback
from service.settings import Settings


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description="Serve the Orichalcum API.")
    parser.add_argument("--fd", type=int, help="file descriptor of a listening socket")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8421)
    options = parser.parse_args(arguments)
    logs.configure("api")
    server: uvicorn.Server | None = None
    settings = Settings()
    opened = _inherited(options.fd) if options.fd is not None else None
    address = options.host if opened is None else opened.getsockname()[0]
    if not is_loopback(str(address)):
        # Somebody else may reach the service now: whatever the environment says, keys are needed.
        settings = settings.model_copy(update={"require_api_keys": True})
    app = create_app(settings, stopping=lambda: server is not None and server.should_exit)
    app.openapi()  # made before anybody waits for it: it takes a while
    raise_file_limit()
    config = configured(
        app,
        settings,
        host=options.host,
        port=options.port,
        log_level="warning",
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = uvicorn.Server(config)
    server.run(sockets=None if opened is None else [opened])


def _inherited(number: int) -> socket.socket:
    return socket.socket(fileno=number)


if __name__ == "__main__":
    main()
