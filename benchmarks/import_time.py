"""What starting costs: importing the evaluator beside importing torch, and the help of the command line.

Everything is started in turn, again and again, so that other work on the machine slows all alike. Times are processor
time of the whole process (user and system), medians over the rounds; the first round only writes the bytecode. The help
is also measured at commit 39a7de3, before heavy imports were put off, where the repository's history is here.
"""

from __future__ import annotations

import io
import os
import resource
import statistics
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[1]
FULL = os.environ.get("ORICHALCUM_BENCH") == "full"
ROUNDS = 41 if FULL else 11
BEFORE = "39a7de3"
IMPORT_GOAL = 1.15
HELP_GOAL = 0.5

TORCH = ("-c", "import torch")
EVALUATOR = ("-c", "import engine.evaluation.evaluator")
HELP = ("-m", "orichalcum", "--help")

Case = tuple[Path, tuple[str, ...]]


def checked_out(folder: Path) -> bool:
    """Put the packages as they were before into a folder; False where there is no such history."""
    command = ["git", "-C", str(ROOT), "archive", BEFORE, "api_schemas", "engine", "orichalcum", "service"]
    try:
        done = subprocess.run(command, capture_output=True, check=True)  # noqa: S603  (a command of our own)
    except (OSError, subprocess.CalledProcessError):
        return False
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return True


def processor_seconds(case: Case) -> float:
    """User and system time of one process."""
    root, arguments = case
    environment = {**os.environ, "PYTHONPATH": str(root)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(  # noqa: S603  (a command of our own)
        [sys.executable, *arguments], cwd=root, env=environment, stdout=subprocess.DEVNULL, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def medians(cases: dict[str, Case]) -> dict[str, float]:
    """Median seconds of each case, started in turn."""
    seconds: dict[str, list[float]] = {name: [] for name in cases}
    for number in range(ROUNDS + 1):
        for name, case in cases.items():
            taken = processor_seconds(case)
            if number:
                seconds[name].append(taken)
    return {name: statistics.median(values) for name, values in seconds.items()}


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        earlier = Path(folder)
        imports: dict[str, Case] = {"torch": (ROOT, TORCH), "evaluator": (ROOT, EVALUATOR)}
        helps: dict[str, Case] = {"help": (ROOT, HELP)}
        if checked_out(earlier):
            imports["evaluator before"] = (earlier, ("-c", "import engine.evaluation"))
            helps["help before"] = (earlier, HELP)
        found = medians(imports)
        found.update(medians(helps))
    table = Table("measured", "seconds", "ratio", "goal", title=f"medians of {ROUNDS} rounds")
    table.add_row("import torch", f"{found['torch']:.3f}", "", "")
    for name, goal in (("evaluator", f"at most {IMPORT_GOAL:g}"), ("evaluator before", "")):
        if name in found:
            ratio = f"{found[name] / found['torch']:.2f} of torch"
            table.add_row(f"import {name}", f"{found[name]:.3f}", ratio, goal)
    if "help before" in found:
        table.add_row("orichalcum --help before", f"{found['help before']:.3f}", "", "")
        ratio, goal = f"{found['help'] / found['help before']:.2f} of before", f"under {HELP_GOAL:g}"
    else:
        ratio, goal = f"commit {BEFORE} is not here", ""
    table.add_row("orichalcum --help", f"{found['help']:.3f}", ratio, goal)
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
