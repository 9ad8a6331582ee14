"""A queue that only remembers, and an engine of a few lines in place of the real one."""

from __future__ import annotations

import atexit
import math
import secrets
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path

import httpx
import pytest
import uvicorn
from sqlalchemy import update
from sqlalchemy.orm import Session

from api_schemas.cost import Cost
from api_schemas.evaluations import Assessment, EvaluationRecord, PropertyValue, Suggestion
from api_schemas.jobs import BestSoFar, CostEstimate
from api_schemas.maps import SurrogateMap
from api_schemas.problem import Problem
from api_schemas.results import Stopped, TracePoint
from engine.kinds.kind import Answer
from service import logs
from service.api.app import create_app
from service.checking.checker import Checker
from service.connections import configured
from service.lifecycle.claims import Claims
from service.lifecycle.submission import Options, Submission, submit
from service.lifecycle.sweeper import Sweeper
from service.lifecycle.watch import Watch
from service.operations import migration
from service.queue.messenger import Route
from service.queue.queues import QUEUE
from service.repositories import parts
from service.repositories.parts import Part
from service.settings import Settings
from service.stack import broker as embedded
from service.stack.children import Child, stop_all
from service.tables.database import Database
from service.tables.jobs import JobRow
from service.tables.maps import MapRow
from service.tables.parts import PartRow
from service.tables.tasks import TaskRow
from service.work.in_store import WorkInStore
from service.worker.advance import run_advance
from service.worker.computation import pointed
from service.worker.context import WorkerContext
from service.worker.mapping import run_map
from service.worker.perform import run_task
from tests.waiting import HANG_SECONDS

logs.configure("test")

PROBLEM = {
    "kind": "optimize",
    "name": "(Na,K)Cl",
    "structure": {"prototype": "rocksalt", "species": ["Na", "Cl"]},
    "sublattices": [{"name": "cation", "sites": ["Na"], "elements": {"Na": [0, 1], "K": [0, 1]}}],
    "objectives": [{"property": "lattice_a", "target": 5.9, "tolerance": 0.001}],
    "potential": {"name": "sevennet-0"},
}


@dataclass
class Queue:
    """A messenger that keeps messages in lists, and can be made to fail or to lose them."""

    advances: list[str] = field(default_factory=list)
    tasks: list[int] = field(default_factory=list)
    maps: list[str] = field(default_factory=list)
    broken: bool = False

    def advance(self, job_id: str, route: Route) -> bool:
        if not self.broken:
            self.advances.append(job_id)
        return not self.broken

    def perform(self, task_id: int, route: Route) -> bool:
        if not self.broken:
            self.tasks.append(task_id)
        return not self.broken

    def map(self, map_id: str, route: Route) -> bool:
        if not self.broken:
            self.maps.append(map_id)
        return not self.broken

    def depth(self, queue: str = QUEUE) -> int | None:
        return None if self.broken else len(self.advances) + len(self.tasks) + len(self.maps)

    def lose_everything(self) -> None:
        self.advances.clear()
        self.tasks.clear()
        self.maps.clear()


BATCHES = (1, 2)


class FakePlan:
    """Asks for one composition, then for two, and has then finished; the best is the nearest to 0.7."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.records: list[EvaluationRecord] = []
        self.planned = sum(BATCHES)

    def tell(self, records: Sequence[EvaluationRecord]) -> None:
        self.records = sorted(records, key=lambda record: record.index)

    @property
    def stopped(self) -> Stopped | None:
        done = len(self.records)
        return Stopped(reason="converged", message=f"{done} are enough") if done >= self.planned else None

    def ask(self, n: int | None = None) -> list[Suggestion]:
        count = BATCHES[0] if not self.records else BATCHES[1]
        first = len(self.records)
        return [
            Suggestion(
                index=index, composition={"cation": {"Na": (index + 1) / 10, "K": 1 - (index + 1) / 10}}
            )
            for index in range(first, first + count)
        ]

    @property
    def best(self) -> BestSoFar | None:
        if not self.records:
            return None
        best = min(self.records, key=lambda record: abs(record.composition["cation"]["Na"] - 0.7))
        return BestSoFar(index=best.index, loss=1.0, composition=best.composition, properties={})

    @property
    def trace(self) -> list[TracePoint]:
        return [TracePoint(index=r.index, loss=1.0, best=1.0 / (r.index + 1)) for r in self.records]

    @property
    def front(self) -> list[int]:
        return []

    def answer(self, stopped: Stopped) -> Answer:
        best = self.best
        return Answer(
            best=None if best is None else self._record(best.index).public(),
            evaluations=[record.public() for record in self.records],
            trace=self.trace,
        )

    def assessed(self, index: int) -> EvaluationRecord:
        made = Assessment(loss=1.0, best=1.0 / (index + 1), feasible=True)
        return self._record(index).model_copy(update={"assessment": made})

    def _record(self, index: int) -> EvaluationRecord:
        return next(record for record in self.records if record.index == index)


def fake_perform(problem, task, workplace) -> EvaluationRecord:
    workplace.on_call()
    return EvaluationRecord(
        index=task.index,
        composition=task.composition,
        properties={"lattice_a": PropertyValue(value=6 - task.composition["cation"]["Na"] / 3, unit="Å")},
        energy_per_atom=-3.5,
        converged=True,
        stable=True,
        cost=Cost(potential_calls=1, shared_calls=2, seconds=0.1),
        structure=None,
    )


def each(perform):
    """Computes a batch by what computes one task."""
    return lambda problem, batch, workplace: [perform(problem, task, workplace) for task in batch]


def fake_map(problem, records, property_name, wanted) -> SurrogateMap:
    """One point: the mean is how many records there are."""
    return SurrogateMap(
        property=property_name,
        unit="Å",
        over=list(wanted.columns),
        at={},
        compositions=[{"cation": {"Na": 0.5, "K": 0.5}}],
        mean=[float(len(records))],
        deviation=[0.1],
        feasible=[True],
        evaluations=len(records),
    )


@pytest.fixture
def queue() -> Queue:
    return Queue()


WORKER = "worker-of-test"
HOST = "host"
"""Of the parts that tests make up."""


class SteppedSweeper:
    """A sweeper by whose clock time passes when a test says so."""

    def __init__(self, database: Database, queue: Queue) -> None:
        self.database = database
        self._clock = 0.0
        self._sweeper = Sweeper(database, queue, claims=Claims(database, Watch(lambda: self._clock)))
        self._sweeper.look()

    def look(self, seconds: float = 0.5) -> None:
        self._tick(seconds)
        self._sweeper.look()

    def sweep(self) -> None:
        self._tick()
        self._sweeper.sweep()

    def _tick(self, seconds: float = 0.5) -> None:
        """Time in which an API that serves the test and beats by the wall clock is heard of by this one too.

        Else it seems to have stopped with a worker, now and then, and to it nothing that is lost is blamed.
        """
        self._clock += seconds
        with self.database.writing() as session:
            real = update(PartRow).where(PartRow.host != HOST)
            session.execute(real.values(seen_at=PartRow.seen_at + 0.001))

    def later(self, seconds: float = 60.0, *living: str) -> None:
        """As if this much time had passed since messages were sent, while only the parts that are named went on.

        They beat as often as parts do, and are looked at as often: a look costs more than all else in these tests.
        """
        looks = math.ceil(seconds / parts.BEAT_SECONDS)
        for _ in range(looks):
            for name in living:
                self.beat(name)
            self.look(seconds / looks)
        with self.database.writing() as session:
            for row, column in (
                (TaskRow, "enqueued_at"),
                (MapRow, "enqueued_at"),
                (JobRow, "advance_enqueued_at"),
            ):
                session.execute(update(row).values({column: getattr(row, column) - seconds}))

    def beat(self, name: str, part: Part = "worker") -> None:
        with self.database.writing() as session:
            parts.beat(session, name, parts.Beat(HOST, 1, part=part))

    def lose(self, claim: Callable[[Session, str], object], worker: str = "w", *living: str) -> None:
        """Let a living worker claim something, and vanish with it by itself."""
        self.beat(worker)
        self.look()
        with self.database.writing() as session:
            assert claim(session, worker) is not None
        self.look()
        self.later(60.0, *living)
        self.sweep()


@pytest.fixture
def sweeper(database: Database, queue: Queue) -> SteppedSweeper:
    return SteppedSweeper(database, queue)


@pytest.fixture
def worker(database: Database, queue: Queue) -> WorkerContext:
    return WorkerContext(
        device="cpu",
        work=WorkInStore(database, queue, WORKER),
        perform=each(fake_perform),
        batches=lambda _problem, asked: [[task] for task in asked],
        plan=FakePlan,
        surrogate_map=fake_map,
        surrogate_point=pointed,
        stopping=lambda: False,
    )


@pytest.fixture
def submitted(database: Database) -> Callable[[], str]:
    """Submits the problem without HTTP and returns the job's id."""

    def submitting(**wishes) -> str:
        estimate = CostEstimate(evaluations=3, potential_calls=30, seconds=1.0, memory_bytes=1)
        names = {field.name for field in fields(Options)} & wishes.keys()
        options = Options(**{name: wishes.pop(name) for name in names})
        problem = Problem.model_validate(PROBLEM)
        submission = Submission(problem=problem, estimate=estimate, options=options, **wishes)
        return submit(database, Settings(), submission).id

    return submitting


@pytest.fixture
def work(worker: WorkerContext, queue: Queue) -> Callable[..., int]:
    """Handles messages as a worker would, at most ``limit`` of them; returns how many it handled."""

    def run(limit: int = 1000) -> int:
        handled = 0
        while handled < limit and (queue.advances or queue.tasks or queue.maps):
            if queue.maps:
                run_map(worker, queue.maps.pop(0))
            elif queue.advances:
                run_advance(worker, queue.advances.pop(0))
            else:
                run_task(worker, queue.tasks.pop(0))
            handled += 1
        return handled

    return run


@pytest.fixture
def settings() -> Settings:
    return Settings(max_request_bytes=200_000, max_request_seconds=HANG_SECONDS)


NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Whom a client trusts that does not use HTTPS: to read all authorities takes it 40 ms of a core."""


@cache
def checker() -> Checker:
    """One for all servers of this process: it imports for seconds before its first check."""
    found = Checker()
    atexit.register(found.close)
    return found


@contextmanager
def serving(settings: Settings, database: Database, queue: Queue, port: int = 0) -> Iterator[httpx.Client]:
    """A client of the real application in a real server, over loopback, at any free port or a given one."""
    server: uvicorn.Server | None = None
    app = create_app(
        settings,
        database=database,
        messenger=queue,
        checker=checker(),
        stopping=lambda: server is not None and server.should_exit,
    )
    with socket.create_server(("127.0.0.1", port)) as listening:
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else each answer waits for 40 ms
        config = configured(app, settings, log_level="critical", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with httpx.Client(base_url=address, timeout=HANG_SECONDS, trust_env=False, verify=NOBODY) as client:
            yield client
        server.should_exit = True
        thread.join()


@contextmanager
def running_broker(folder: Path) -> Iterator[tuple[embedded.EmbeddedBroker, Child]]:
    """A real broker of the test's own, and its process."""
    broker = embedded.prepared(folder)
    child = broker.child(folder)
    child.start()
    try:
        broker.wait(child)
        yield broker, child
    finally:
        stop_all([child], 5.0)
        embedded.cleaned(broker)


@pytest.fixture
def client(settings: Settings, database: Database, queue: Queue) -> Iterator[httpx.Client]:
    """A client of a server with the test's own store."""
    with serving(settings, database, queue) as client:
        yield client


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared_client(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """A client of one server for all tests of a module that leave nothing behind."""
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql_server").create(f"shared_{secrets.token_hex(6)}")
    else:
        url = f"sqlite:///{tmp_path_factory.mktemp('shared') / 'store.sqlite3'}"
    database = Database(url)
    migration.upgrade(database)
    settings = Settings(max_request_bytes=200_000, max_request_seconds=HANG_SECONDS)
    with serving(settings, database, Queue()) as client:
        yield client
    database.close()
