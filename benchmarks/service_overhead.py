"""What the service adds to the work itself: submissions, claims, overhead of an evaluation, recovery, events.

One table; every number is of this machine and this run. PostgreSQL is measured where it is installed.
"""

from __future__ import annotations

import importlib
import json
import os
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from api_schemas.evaluations import Suggestion
from api_schemas.jobs import CostEstimate
from api_schemas.problem import Problem
from service.api.app import create_app
from service.lifecycle import states
from service.lifecycle.submission import Submission, submit
from service.operations import migration
from service.queue.queues import QUEUE
from service.repositories import asking, jobs, tasks, turns
from service.settings import Settings
from service.tables.database import Database
from service.tables.tasks import TaskRow

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
# A library may have installed a package called tests as well: ours is put before it.
importlib.import_module("tests").__path__.insert(0, str(ROOT / "tests"))

stacks = importlib.import_module("tests.stack")
problem: Callable[..., dict[str, Any]] = importlib.import_module("tests.e2e.test_jobs").problem
waiting = importlib.import_module("tests.waiting")
postgresql = importlib.import_module("tests.service.postgresql")
Queue = importlib.import_module("tests.service.conftest").Queue

FULL = os.environ.get("ORICHALCUM_BENCH") == "full"
SUBMISSIONS = 1000 if FULL else 200
CLAIMS = 1000 if FULL else 200
POINTS = 20

Row = tuple[str, str, str]


@contextmanager
def api(database: Database) -> Iterator[str]:
    """The API on loopback over a store, with a queue that does nothing; its address."""
    app = create_app(Settings(), database=database, messenger=Queue())
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()


def submissions(url: str) -> list[Row]:
    """Milliseconds of a submission by one client, and submissions a second by sixteen."""
    with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
        client.post("/v1/jobs", json=problem())
        times = [_timed(lambda: client.post("/v1/jobs", json=problem())) for _ in range(SUBMISSIONS)]
        reads = _timed(lambda: [client.get("/v1/prototypes") for _ in range(SUBMISSIONS)])
        with ThreadPoolExecutor(16) as pool:
            began = time.perf_counter()
            list(pool.map(lambda _: client.post("/v1/jobs", json=problem()), range(SUBMISSIONS)))
            rate = SUBMISSIONS / (time.perf_counter() - began)
    times.sort()
    return [
        (
            "submit, one client, p50 / p99",
            f"{times[len(times) // 2] * 1e3:.0f} / {times[-len(times) // 100] * 1e3:.0f} ms",
            "",
        ),
        ("submits a second, 16 clients", f"{rate:.0f} 1/s", ""),
        ("plain reads a second, one client", f"{SUBMISSIONS / reads:.0f} 1/s", ""),
    ]


def claims(database: Database, name: str) -> Row:
    """Claims and results a second of the store, by four workers, each evaluation of a job of its own."""
    asked = Problem.model_validate(problem())
    estimate = CostEstimate(evaluations=1, potential_calls=1, seconds=1, memory_bytes=1)
    ids = []
    for _ in range(CLAIMS):
        job_id = submit(database, Settings(), Submission(problem=asked, estimate=estimate)).id
        with database.writing() as session:
            job = jobs.locked(session, job_id)
            assert job is not None  # noqa: S101
            states.change(session, job, "running")
            asking.add(session, job, [[Suggestion(index=0, composition={"cation": {"Na": 0.5, "K": 0.5}})]])
            asking.to_enqueue(session, job_id, 1)
    with database.reading() as session:
        ids = list(session.scalars(select(TaskRow.id)))

    def claim(task_id: int) -> None:
        with database.reading() as session:
            found = turns.next_task(session, task_id, (QUEUE,))
        with database.writing() as session:
            held = None if found is None else tasks.claim(session, found, "benchmark")
        if held is not None:
            with database.writing() as session:
                tasks.release(session, held)

    with ThreadPoolExecutor(4) as pool:
        seconds = _timed(lambda: list(pool.map(claim, ids)))
    return (
        f"claims a second, {name}",
        f"{len(ids) / seconds:.0f} 1/s",
        "whose turn, claim, release; 4 threads",
    )


def overhead(stack: Any) -> Row:
    """Seconds that the service adds to each of twenty evaluations, beside the same in this process."""
    from engine.campaign.campaign import Campaign
    from engine.campaign.evaluate import evaluate

    at = [{"cation": {"Na": 1 - n / 40, "K": n / 40}} for n in range(POINTS)]
    asked = problem(
        kind="evaluate", objectives=[], at=at, structure={"prototype": "rocksalt", "species": ["Na", "Cl"]}
    )
    warm = stack.submit({**asked, "at": [{"cation": {"Na": 0.33, "K": 0.67}}]})
    stack.finished(warm)
    began = time.perf_counter()
    job_id = stack.submit(asked)
    with stack.client.stream("GET", f"/v1/jobs/{job_id}/events", timeout=300) as stream:
        for _ in stream.iter_lines():
            pass
    there = time.perf_counter() - began
    parsed = Problem.model_validate(asked)
    campaign = Campaign(parsed)
    evaluate(parsed, Suggestion(index=0, composition={"cation": {"Na": 0.33, "K": 0.67}}))

    def here() -> None:
        while campaign.stopped is None:
            campaign.tell([evaluate(parsed, suggestion) for suggestion in campaign.ask()])

    inside = _timed(here)
    added = (there - inside) / POINTS
    return (
        "overhead of an evaluation",
        f"{added * 1e3:.0f} ms",
        f"goal < 150 ms; {there:.1f} s by the service, {inside:.1f} s in this process",
    )


def recovery(stack: Any) -> Row:
    """Seconds from the SIGKILL of the worker until the evaluation runs again."""
    job_id = stack.of("recovery").submit(problem(kind="scan", scan={"points_per_edge": 101}))
    worker = stack.stopped_while_computing(job_id)
    began = time.perf_counter()
    worker.kill()
    query = "select count(*) from tasks where job_id = ? and attempt = 2 and state in ('running', 'done')"
    waiting.wait_for(lambda: stack.rows(query, job_id)[0][0])
    return (
        "SIGKILL to running again",
        f"{time.perf_counter() - began:.1f} s",
        "goal < 15 s; a lease holds 9 s",
    )


def events(stack: Any) -> Row:
    """Seconds from the storing of an evaluation until a client reads its event."""
    own = stack.of("events")
    job_id = own.submit(problem(kind="scan", scan={"points_per_edge": 16}))
    late = []
    with own.client.stream("GET", f"/v1/jobs/{job_id}/events", timeout=300) as stream:
        for line in stream.iter_lines():
            if line.startswith("data: "):
                at = datetime.fromisoformat(json.loads(line.removeprefix("data: "))["at"]).timestamp()
                late.append(time.time() - at)
    late.sort()
    return ("event latency, p50 / worst", f"{statistics.median(late):.2f} / {late[-1]:.2f} s", "goal < 0.5 s")


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    """Measure and print."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/store.sqlite3")
        migration.upgrade(database)
        with api(database) as url:
            rows += submissions(url)
        other = Database(f"sqlite:///{folder}/claims.sqlite3")
        migration.upgrade(other)
        rows.append(claims(other, "SQLite"))
        other.close()
        if postgresql.is_installed():
            with postgresql.server() as server:
                other = Database(server.create("claims"))
                migration.upgrade(other)
                rows.append(claims(other, "PostgreSQL"))
                other.close()
        stack = stacks.start(Path(folder) / "data")
        try:
            rows += [overhead(stack), events(stack), recovery(stack)]
        finally:
            stacks.end(stack)
    table = Table("measured", "value", "remark")
    for row in rows:
        table.add_row(*row)
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
