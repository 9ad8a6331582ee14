"""The API's side of checking: hands each problem to a process of its own, and waits for what that tells."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import structlog

from api_schemas.arrays import MOST_MEMBERS
from api_schemas.errors import FieldError, ProblemDetail, ProblemInvalid
from service.checking.frames import LENGTH, LIMITS, What, framed
from service.http.refusals import Refused, Unavailable, Unprocessable
from service.settings import Settings

CLOCK_FACTOR = 15.0
"""A check may take so much longer by the clock than of a core: on a busy machine it waits for its turn."""

MEMBER_SHARE = 1 / 40
"""Of the time for one problem, what each member of an array has beside it: what it shares is read once."""

GRACE_SECONDS = 10.0
"""So long after its limit a check that has not ended is given up, and with it the process that forks: it is frozen."""

_ENDINGS = (signal.SIGPROF, signal.SIGALRM)
_log = structlog.get_logger(__name__)


def _without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """What whoever reads hostile problems may know; settings are read whatever the case of their names."""
    secret = Settings.secret_variables()
    return {name: value for name, value in environment.items() if name.upper() not in secret}


class Checker:
    """Forks checks from a process that has imported all they need; starts that when it is first needed, or has died."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._starting = threading.Lock()

    def start(self) -> None:
        """Start the process that forks, unless it runs; it imports for some seconds, which nobody has to wait for."""
        with self._starting:
            self._started()

    def close(self) -> None:
        """End the process that forks; checks that are under way end at their limits."""
        with self._starting:
            if self._control is not None:
                self._control.close()
            if self._process is not None:
                self._process.kill()
                self._process.wait()
            self._process = self._control = None

    @asynccontextmanager
    async def check(
        self,
        seconds: float,
        body: bytes,
        *,
        what: What = "problem",
        taking: bool = False,
        digest: dict[str, Any] | None = None,
        operation: str = "",
    ) -> AsyncIterator[Check]:
        """A check of a problem, of an array of them, or of what a worker sends.

        Args:
            seconds: Of a core, after which it is ended; of an array each member adds a fortieth.
            body: The problem, in JSON that nobody has looked at yet.
            what: What the body is, and what is wanted of it.
            taking: Whether it starts from answers that are not there yet.
            digest: What else makes two requests the same; given, `Check.digest` has to be asked for first.
            operation: What a worker wants that sent the body.
        """
        share = seconds * MEMBER_SHARE if what == "array" else 0.0
        most = seconds + share * MOST_MEMBERS
        ours, theirs = socket.socketpair()
        with theirs:
            self._hand_over(theirs, seconds, most)
        ours.settimeout(0.0)
        reader, writer = await asyncio.open_connection(sock=ours)
        try:
            wanted = {
                "what": what,
                "taking": taking,
                "digest": digest,
                "operation": operation,
                "seconds_more": share,
            }
            writer.write(framed(json.dumps(wanted).encode()) + framed(body))
            yield Check(self, reader, writer, most, what)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def _hand_over(self, connection: socket.socket, seconds: float, most: float) -> None:
        limits = LIMITS.pack(seconds, most * CLOCK_FACTOR)
        with self._starting:
            try:
                socket.send_fds(self._started(), [limits], [connection.fileno()])
            except OSError:  # it has just died
                self._forgotten()
                socket.send_fds(self._started(), [limits], [connection.fileno()])

    def _started(self) -> socket.socket:
        if self._process is not None and self._process.poll() is not None:
            _log.warning("the process that forks checks has ended", code=self._process.returncode)
            self._forgotten()
        if self._control is None:
            self._control, theirs = socket.socketpair()
            environment = _without_secrets(os.environ) | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
            with theirs:
                command = [sys.executable, "-m", "service.checking"]
                self._process = subprocess.Popen(command, stdin=theirs.fileno(), env=environment)  # noqa: S603
        return self._control

    def _forgotten(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = self._control = None

    def given_up(self) -> None:
        """End the process that forks: a check has neither answered nor ended."""
        _log.error("the process that forks checks does not answer; it is ended")
        with self._starting:
            self._forgotten()


class Check:
    """A problem that is being checked by a process of its own."""

    def __init__(
        self,
        checker: Checker,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        seconds: float,
        what: What,
    ) -> None:
        """Listen to the process at the other end."""
        self._checker = checker
        self._reader = reader
        self._writer = writer
        self._seconds = seconds
        self._fewer = "fewer values, or " if what == "array" else ""

    async def digest(self) -> str:
        """The digest of the body and what was given with it; checking waits until the answer is asked for.

        Raises:
            ServiceProblem: if the body cannot be read, or that takes too long.
        """
        found = str((await self._told())["digest"])
        self._writer.write(framed(b"{}"))
        return found

    async def answer(self) -> dict[str, Any]:
        """What the check came to.

        Raises:
            ProblemInvalid: with the faults found.
            ServiceProblem: if the body cannot be read, or the check takes too long.
        """
        return await self._told()

    async def _told(self) -> dict[str, Any]:
        try:
            async with asyncio.timeout(self._seconds * CLOCK_FACTOR + GRACE_SECONDS):
                (length,) = LENGTH.unpack(await self._reader.readexactly(LENGTH.size))
                found: dict[str, Any] = json.loads(await self._reader.readexactly(length))
        except (asyncio.IncompleteReadError, ConnectionError):
            # Of a check that was ended by itself it is told why; this is the process that begins them.
            raise Unavailable(
                "check-unavailable",
                "Problems cannot be checked now",
                "the process that checks problems has ended and is started again; try again in a moment",
                retry_after=2,
            ) from None
        except TimeoutError:
            self._checker.given_up()
            raise Unavailable(
                "check-unavailable",
                "Problems cannot be checked now",
                "the process that checks problems did not answer and is started again; try again in a moment",
                retry_after=2,
            ) from None
        if "invalid" in found:
            raise ProblemInvalid(
                [FieldError.model_validate(error) for error in found["invalid"]], found["more"]
            )
        if "refused" in found:
            raise Refused(ProblemDetail.model_validate(found["refused"]), found["headers"])
        if "failed" in found:
            raise RuntimeError(f"a check failed: {found['failed']}; the log says why")
        if "ended" in found:
            raise self._ended(found["ended"])
        return found

    def _ended(self, number: int) -> Unprocessable:
        if number in _ENDINGS:
            return Unprocessable(
                "too-complex",
                "The problem takes too long to check",
                f"checking was given up after {self._seconds:g} s of a core at most; give {self._fewer}a smaller or "
                "simpler structure, fewer constraints, or fewer compositions",
            )
        _log.error("a check ended", signal=number)
        return Unprocessable(
            "check-ended",
            "The problem could not be checked",
            "the process that checked it ended unexpectedly; give a smaller or simpler problem, or try again",
        )
