"""``orichalcum up``: the whole stack on one machine, as tethered children of this process."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError

from service.access import keys
from service.http.guard import is_loopback
from service.operations import migration
from service.operations.preconditions import StartRefused, held, settings_for, writable
from service.settings import sqlite_url
from service.stack import broker as embedded
from service.stack.children import Child, stop_all
from service.stack.hung import HungParts
from service.stack.listening import listening
from service.tables.database import Database

STOP_SECONDS = 5.0
READY_SECONDS = 90.0
WORKER_REFUSED = 78
"""Exit code of a worker that cannot work as configured."""

WORKER_ABANDONED = 75
"""Exit code of a worker that ended itself to end a computation."""


def up(
    *,
    host: str = "127.0.0.1",
    port: int = 8421,
    workers: int = 1,
    device: str = "auto",
    data: Path | None = None,
    console: bool = True,
) -> int:
    """Run broker, API, workers and sweeper until SIGINT or SIGTERM.

    Args:
        host: Address to serve at; beyond loopback every call then needs an API key.
        port: To serve at.
        workers: Number of worker processes.
        device: auto (ORICHALCUM_DEVICE where that is set), cpu or cuda.
        data: Folder of the store, the broker and the logs; by default ORICHALCUM_DATA or ~/.local/share/orichalcum.
        console: Whether to say what happens on standard output.

    Returns:
        Exit code: 0 after a stop that was asked for, 1 if the stack broke, 2 if it could not start as asked.
    """
    try:
        with ExitStack() as stack:
            return _Stack(stack, host, port, workers, device, data, console=console).run()
    except StartRefused as refusal:
        sys.stderr.write(f"orichalcum up: {refusal}\n")
        return 2
    except embedded.BrokerFailed as failure:
        sys.stderr.write(f"orichalcum up: {failure}\n")
        return 1


class _Stack:
    """One running stack."""

    def __init__(
        self,
        stack: ExitStack,
        host: str,
        port: int,
        workers: int,
        device: str,
        data: Path | None,
        *,
        console: bool,
    ) -> None:
        if device not in ("auto", "cpu", "cuda"):
            raise StartRefused(f"device {device!r} is not known; give auto, cpu or cuda")
        if not 1 <= workers <= 256:
            raise StartRefused(f"{workers} workers cannot be started; give 1 to 256")
        self.settings = settings_for(data)
        self.data = self.settings.data.expanduser().absolute()
        self.workers = workers
        self.device = self.settings.device if device == "auto" else device
        self.console = console
        self.stop = threading.Event()
        self.code = 0
        self.children: list[Child] = []
        self.broker: embedded.Listened | None = None
        self.logs = writable(self.data) / "logs"
        self.logs.mkdir(exist_ok=True)
        stack.enter_context(held(self.data / "lock"))
        self.socket = stack.enter_context(listening(host, port))
        address, port = self.socket.getsockname()[:2]
        self.public = not is_loopback(address)
        # Of a wildcard address, which is no destination, loopback is a part.
        reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, host)  # noqa: S104
        self.url = f"http://[{reached}]:{port}" if ":" in reached else f"http://{reached}:{port}"
        stack.enter_context(_stopped_by_signals(self.stop))
        self.stack = stack

    def run(self) -> int:
        """Start everything, watch it, stop it."""
        self.say(f"Data and logs in {self.data}")
        store_url = self.settings.database_url or sqlite_url(self.data / "orichalcum.sqlite3")
        self._migrate(store_url)
        self._say_who_may_call(store_url)
        environment = {**os.environ, "ORICHALCUM_DATABASE_URL": store_url, "ORICHALCUM_DEVICE": self.device}
        environment["ORICHALCUM_BROKER_URL"] = self.settings.broker_url or self._start_broker()
        self.stack.callback(lambda: stop_all(self.children, STOP_SECONDS))
        hung = HungParts(store_url)
        self.stack.callback(hung.close)
        for child in self._our_children(environment):
            self.children.append(child)
            child.start()
        if self._wait_until_ready():
            self.say(
                f"Orichalcum is ready at {self.url} (API documentation: {self.url}/docs). Stop with Ctrl-C."
            )
        while not self.stop.wait(0.2):
            self._look()
            running = {child.pid: child for child in self.children if child.pid is not None}
            frozen = [running[pid] for pid in hung.found(running)]
            if self.broker is not None and self.broker.is_silent():
                frozen.append(self.broker.process)
            for child in frozen:
                self.say(f"{child.name} does not answer; it is ended.")
                child.kill()
        self.say("Stopping.")
        return self.code

    def _say_who_may_call(self, store_url: str) -> None:
        if not (self.public or self.settings.require_api_keys):
            return
        database = Database(store_url)
        with database.reading() as session:
            count = keys.valid(session)
        database.close()
        self.say(
            f"Every call needs an API key; {count or 'no'} valid key{'' if count == 1 else 's'} so far. "
            f"Make one with: orichalcum keys create --data {self.data}"
        )

    def say(self, text: str) -> None:
        """Tell the console."""
        if self.console:
            sys.stdout.write(text + "\n")
            sys.stdout.flush()

    def _migrate(self, url: str) -> None:
        database = Database(url)
        try:
            migration.upgrade(database)
        except (SQLAlchemyError, CommandError, ImportError) as error:
            raise StartRefused(
                f"the job store cannot be opened ({type(error).__name__}: {str(error).splitlines()[0]}); check "
                "ORICHALCUM_DATABASE_URL and the data folder"
            ) from None
        finally:
            database.close()

    def _start_broker(self) -> str:
        broker = embedded.prepared(self.data)
        child = broker.child(self.logs)
        # Registered first, so stopped last: after everyone who talks to it.
        self.stack.callback(embedded.cleaned, broker)
        self.stack.callback(lambda: stop_all([child], STOP_SECONDS))
        child.start()
        try:
            broker.wait(child)
        except embedded.BrokerFailed:
            # Its files may be damaged. They hold nothing that the store does not know better.
            stop_all([child], STOP_SECONDS)
            broker.forget()
            child.start()
            broker.wait(child)
        self.broker = embedded.Listened(broker, child)
        return broker.url

    def _our_children(self, environment: dict[str, str]) -> Iterator[Child]:
        python = [sys.executable, "-m"]
        number = self.socket.fileno()
        command = [*python, "service.server", "--fd", str(number)]
        yield Child("api", command, environment, self.logs / "api.log", pass_fds=(number,))
        yield Child("sweeper", [*python, "service.sweeper"], environment, self.logs / "sweeper.log")
        for index in range(1, self.workers + 1):
            name = f"worker-{index}"
            command = [*python, "service.worker", "--workers", str(self.workers)]
            yield Child(
                name,
                command,
                environment,
                self.logs / f"{name}.log",
                fatal_codes=frozenset({WORKER_REFUSED}),
                prompt_codes=frozenset({WORKER_ABANDONED}),
            )

    def _watched(self) -> list[Child]:
        return [*([] if self.broker is None else [self.broker.process]), *self.children]

    def _look(self) -> None:
        for child in self._watched():
            code = child.ended()
            if code is None:
                if child.restart_if_due():
                    self.say(f"{child.name} was started again.")
            elif code in child.fatal_codes:
                sys.stderr.write(f"orichalcum up: {child.name} cannot work: {child.last_words(1)}\n")
                self.code = 2
                self.stop.set()
            elif code not in child.prompt_codes:
                self.say(f"{child.name} ended unexpectedly ({_meaning(code)}); see {child.log}")

    def _wait_until_ready(self) -> bool:
        deadline = time.monotonic() + READY_SECONDS
        with httpx.Client(base_url=self.url, timeout=5, trust_env=False) as client:
            while time.monotonic() < deadline and not self.stop.wait(0.1):
                self._look()
                try:
                    if client.get("/health/ready").status_code == 200:
                        return True
                except httpx.TransportError:
                    continue
        if not self.stop.is_set():
            sys.stderr.write(
                f"orichalcum up: not ready after {READY_SECONDS:.0f} s; see the logs in {self.logs}\n"
            )
            self.code = 1
            self.stop.set()
        return False


def _meaning(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


@contextmanager
def _stopped_by_signals(stop: threading.Event) -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
