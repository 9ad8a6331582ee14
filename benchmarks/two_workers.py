"""Throughput of two workers over one: many small jobs of crystals of two atoms, through the whole stack.

What two can be worth on a machine is measured beside it: the same computation in one process and in two at once. On
cores that other work keeps busy that is far from two, whatever the service does. Each stack has a store of its own, and
its first jobs, which load the potential, are not counted.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
# A library may have installed a package called tests as well: ours is put before it.
importlib.import_module("tests").__path__.insert(0, str(ROOT / "tests"))

stacks = importlib.import_module("tests.stack")

FULL = os.environ.get("ORICHALCUM_BENCH") == "full"
JOBS, POINTS = (24, 16) if FULL else (8, 8)

ALONE = """import sys, time
from api_schemas.problem import Problem
from engine.campaign.run import run
from benchmarks.two_workers import asked
from tests.observing import Silent
run(Problem.model_validate(asked(0)), Silent())
print("ready", flush=True)
sys.stdin.readline()
for number in map(int, sys.argv[1:]):
    run(Problem.model_validate(asked(number)), Silent())
"""


def asked(number: int) -> dict[str, Any]:
    """A scan of a crystal of two atoms, every one different."""
    return {
        "kind": "scan",
        "structure": {"prototype": "rocksalt", "species": ["Na", "Cl"], "a": round(5.6 + 0.002 * number, 4)},
        "sublattices": [{"name": "cation", "sites": ["Na"], "elements": ["Na", "K"]}],
        "scan": {"points_per_edge": POINTS},
        "potential": {"name": "sevennet-0"},
    }


def by_service(workers: int, folder: Path) -> tuple[float, float]:
    """Evaluations a second through a stack with so many workers, and seconds of a core of the workers for each."""
    stack = stacks.start(folder / f"with-{workers}", "--workers", str(workers))
    try:
        for number in range(workers):  # each loads the potential
            stack.finished(stack.submit(asked(1000 + number)))
        spent = _spent(stack)
        began = time.perf_counter()
        ids = [stack.submit(asked(number)) for number in range(1, JOBS + 1)]
        for job_id in ids:
            stack.finished(job_id)
        seconds = time.perf_counter() - began
        return JOBS * POINTS / seconds, (_spent(stack) - spent) / (JOBS * POINTS)
    finally:
        stacks.end(stack)


def _spent(stack: Any) -> float:
    times = [worker.cpu_times() for worker in stack.running("service.worker")]
    return float(sum(one.user + one.system for one in times))


def by_processes(count: int) -> float:
    """Evaluations a second of the same jobs in so many processes without a service."""
    shares = [range(1 + number, JOBS + 1, count) for number in range(count)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    processes = [
        subprocess.Popen(  # noqa: S603  (this Python, and numbers)
            [sys.executable, "-c", ALONE, *map(str, share)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for share in shares
    ]
    for process in processes:
        assert process.stdout is not None  # noqa: S101
        assert process.stdout.readline() == "ready\n"  # noqa: S101
    began = time.perf_counter()
    for process in processes:
        process.communicate("go\n")
        assert process.returncode == 0  # noqa: S101
    return JOBS * POINTS / (time.perf_counter() - began)


def main() -> None:
    """Measure and print."""
    table = Table("measured", "one", "two", "ratio")
    alone = [by_processes(count) for count in (1, 2)]
    with tempfile.TemporaryDirectory() as folder:
        served = [by_service(count, Path(folder)) for count in (1, 2)]
    for name, one, two in (
        ("evaluations a second, processes without a service", *alone),
        ("evaluations a second, workers", served[0][0], served[1][0]),
        ("seconds of a core of the workers for each", served[0][1], served[1][1]),
    ):
        table.add_row(name, f"{one:.3g}", f"{two:.3g}", f"{two / one:.2f}")
    console = Console(width=120)
    console.print(table)
    load = psutil.getloadavg()[0]
    console.print(f"{JOBS} jobs of {POINTS} evaluations; load of the machine at the end: {load:.1f}")


if __name__ == "__main__":
    main()
