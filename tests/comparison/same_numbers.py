"""Shows that a change of the code keeps every number: records what the program answers, and compares two records.

    python tests/comparison/same_numbers.py record FOLDER [--tree PATH]
    python tests/comparison/same_numbers.py compare BEFORE AFTER

A record holds one JSON a problem: what `run`, `evaluate`, `submit`, `show` and `map` print and what the service says
of the problem. Only public interfaces are used, so that the same script records old and new code. Everything is
computed on the CPU by one thread; numbers of another machine or other libraries may differ in the last digits.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

import httpx

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
ABOUT = "about.json"
START_SECONDS, COMMAND_SECONDS = 120.0, 900.0


class NamedDifference(NamedTuple):
    """Values that a change was meant to change; problem and pointer are patterns of fnmatch."""

    problem: str
    pointer: str
    why: str
    within: float = math.inf

    def explains(self, problem: str, pointer: str, old: object, new: object) -> bool:
        """Whether a change is of this kind, and no larger than it should be."""
        if not (fnmatchcase(problem, self.problem) and fnmatchcase(pointer, self.pointer)):
            return False
        if not (isinstance(old, float) and isinstance(new, float)):
            return True
        return abs(new - old) <= self.within * max(abs(old), LEAST)


LEAST = 0.01
"""Numbers smaller than this are compared as if they were as large."""

_COMPLETED = (
    "the search looks at no energy of mixing, so it does not wait for the end members: its first relaxation starts "
    "from the parent, and what follows is within the tolerance of relaxations"
)
_BEFORE_END_MEMBERS = (
    "alscn_on_gan", "algainn_two_objectives", "broken_bound", "budget_spent", "float32", "front*",
    "gradient_two_targets", "hybrid_bounded_properties", "hybrid_few_elements", "nakcl_mace",
    "perovskite_neutral", "random_strategy",
    "rounded_step", "same_as_file", "unreachable_target", "vacancies*",
)  # fmt: skip

NAMED_DIFFERENCES: list[NamedDifference] = [
    NamedDifference(
        "*",
        "/validate/problem/strategy/max_evaluations",
        "a kind that fixes its compositions says how many there are, where nobody set a limit",
    ),
    *(
        NamedDifference("refused_fields", pointer, "faults of the fields that a kind uses come last")
        for pointer in ("/run/message/*", "/validate/errors/*")
    ),
    NamedDifference(
        "evaluate_plain_crystal",
        "*",
        "a crystal in which nothing is mixed is relaxed once, from the parent, and mixes with exactly no energy",
        within=1e-3,
    ),
    *(NamedDifference(name, "*", _COMPLETED, within=0.1) for name in _BEFORE_END_MEMBERS),
]
"""What differs on purpose from the code of November 2026 (39a7de3)."""

NOT_COMPARED = ("*/cost/seconds", "*/provenance/orichalcum", "*/provenance/versions/*", "*/id", "*_at")
"""Pointers of what differs from run to run, or names the code itself; the seconds of an estimate are compared."""

POTENTIALS = ("sevennet-0", "sevennet-l3i5")
MACE_MODELS = "salts=examples/models/alkali_halides/alkali-halides.model"

REFUSED = "refused_*"
"""Names of problems that are refused, with exit code 2; every other command must succeed."""

EVALUATED: dict[str, dict[str, list[str]]] = {
    "nakcl_evaluate": {
        "evaluate": ["--at", "cation:Na=0.4,K=0.6"],
        "evaluate_fixed": ["--at", "cation:Na=0.4,K=0.6", "--fixed-geometry"],
    },
    "evaluate_plain_crystal": {"evaluate": []},
    "evaluate_spinel": {"evaluate_fixed": ["--fixed-geometry"]},
    "evaluate_mace_moduli": {"evaluate_fixed": ["--fixed-geometry"]},
    "perovskite_neutral": {"evaluate": ["--at", "a_site:Ca=0.1,Sr=0.7,La=0.2;b_site:Ti=0.8,Al=0.2"]},
}
"""Problems that `evaluate` is asked of besides, with its arguments, by the names under which answers are kept."""

SERVED = ("alscn_on_gan", "rounded_step", "front_rounded")
"""Problems that are submitted to a service besides."""

MAPPED = ["--property", "density", "--at", "centre"]
"""A slice that no job maps by itself: it is computed after the job's end, from all its evaluations."""

ASK_ABOUT_ALL = """
import json, sys
from orichalcum import Client, Problem, ProblemInvalid

answers = []
with Client() as client:
    for file in sys.argv[1:]:
        try:
            answers.append(json.loads(client.validate(Problem.from_file(file)).model_dump_json()))
        except ProblemInvalid as error:
            answers.append({"refused": str(error)})
print(json.dumps(answers))
"""

ABOUT_THE_CODE = """
import json, pathlib, platform, numpy, scipy, torch, api_schemas, engine, orichalcum, service

folders = {str(pathlib.Path(package.__file__).parents[1]) for package in (api_schemas, engine, orichalcum, service)}
versions = {library.__name__: library.__version__ for library in (numpy, scipy, torch)}
print(json.dumps({"folders": sorted(folders), "python": platform.python_version(), **versions}))
"""


def main() -> int:
    """Record or compare.

    Returns:
        1 if a value differs that no entry of `NAMED_DIFFERENCES` explains, else 0.
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    recording = commands.add_parser("record", help="store what the code answers to every problem")
    recording.add_argument("folder", type=Path)
    recording.add_argument("--tree", type=Path, default=REPOSITORY, help="repository whose code is run")
    comparing = commands.add_parser("compare", help="print what of BEFORE is not the same in AFTER")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    asked = parser.parse_args()
    if asked.command == "compare":
        return compare(asked.before, asked.after)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))  # so that the service is stopped on the way out
    record(asked.folder, asked.tree.resolve())
    return 0


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


class Tree:
    """A repository whose code is run, every command in a process of its own.

    Args:
        folder: The repository.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ORICHALCUM_")}
        if "ORICHALCUM_DATA" in os.environ:  # where the weights are
            kept["ORICHALCUM_DATA"] = os.environ["ORICHALCUM_DATA"]
        threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        ours = {"PYTHONPATH": str(folder), "ORICHALCUM_DEVICE": "cpu", "ORICHALCUM_MACE_MODELS": MACE_MODELS}
        self.environment = {**kept, **threads, **ours}

    def problems(self) -> dict[str, Path]:
        """The problem files by name: the examples of the repository, and those beside this script."""
        files = sorted((self.folder / "examples").glob("*.yaml")) + sorted((HERE / "problems").glob("*.yaml"))
        return {file.stem: file for file in files}

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Python to its end."""
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=COMMAND_SECONDS,
        )

    def printed(self, *arguments: str) -> Any:
        """The JSON that Python prints.

        Raises:
            SystemExit: if it fails.
        """
        done = self.python(*arguments)
        if done.returncode:
            raise SystemExit(f"{' '.join(arguments)[:200]}\nended with {done.returncode}:\n{done.stderr}")
        return json.loads(done.stdout)

    def answer(self, command: str, name: str, file: Path, *arguments: str) -> dict[str, Any]:
        """What a command of `orichalcum` answers to a problem: a JSON object, or the refusal that is expected."""
        words = ["-m", "orichalcum", command, str(file), *arguments, "--json"]
        if not fnmatchcase(name, REFUSED):
            return {"exit_code": 0, "answer": self.printed(*words)}
        done = self.python(*words)
        return {
            "exit_code": done.returncode,
            "message": done.stderr.replace(str(file), file.name).splitlines(),
        }

    @contextmanager
    def service(self) -> Iterator[None]:
        """A running service with a store of its own, to which the commands talk."""
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder, "up.log")
            command = [sys.executable, "-m", "orichalcum", "up", "--port", "0", "--data", f"{folder}/data"]
            with log.open("w") as output:
                stack = subprocess.Popen(
                    command, cwd=self.folder, env=self.environment, stdout=output, stderr=subprocess.STDOUT
                )
            try:
                self.environment["ORICHALCUM_URL"] = _address(stack, log)
                yield
            finally:
                self.environment.pop("ORICHALCUM_URL", None)
                stack.terminate()
                try:
                    stack.wait(60)
                except subprocess.TimeoutExpired:
                    stack.kill()  # what it started ends with it


def _address(stack: subprocess.Popen[bytes], log: Path) -> str:
    """The address that a starting service prints, once the service is ready."""
    deadline = time.monotonic() + START_SECONDS
    while stack.poll() is None and time.monotonic() < deadline:
        urls = [word for word in log.read_text().split() if word.startswith("http://")]
        with suppress(httpx.TransportError):
            if urls and httpx.get(f"{urls[0]}/health/ready", trust_env=False).is_success:
                return urls[0]
        time.sleep(0.2)
    raise SystemExit(f"the service did not get ready:\n{log.read_text()}")


def record(folder: Path, tree: Path) -> None:
    """Store what the code of a repository answers to every problem, one JSON a problem.

    Args:
        folder: To write into, new or empty.
        tree: The repository.

    Raises:
        SystemExit: if the folder holds something, a command fails, or other code would run than the repository's.
    """
    if folder.is_dir() and any(folder.iterdir()):
        raise SystemExit(f"{folder} is not empty; give a new folder")
    code = Tree(tree)
    about = code.printed("-c", ABOUT_THE_CODE)
    if about.pop("folders") != [str(tree)]:
        raise SystemExit(f"the code that is imported is not that of {tree}")
    for name in POTENTIALS:
        if code.python("-m", "orichalcum", "potentials", "fetch", name).returncode:
            raise SystemExit(f"the weights of {name} cannot be had; see: orichalcum potentials fetch {name}")
    began = time.monotonic()
    problems = code.problems()
    answers: dict[str, dict[str, Any]] = {name: {} for name in problems}
    for number, (name, file) in enumerate(problems.items(), 1):
        started = time.monotonic()
        answers[name]["run"] = code.answer("run", name, file)
        for kept, arguments in EVALUATED.get(name, {}).items():
            answers[name][kept] = code.answer("evaluate", name, file, *arguments)
        say(f"{number:3}/{len(problems)}  {name}  {time.monotonic() - started:.1f} s")
    started = time.monotonic()
    with code.service():
        _ask_the_service(code, problems, answers)
    say(f"         the service  {time.monotonic() - started:.1f} s")
    folder.mkdir(parents=True, exist_ok=True)
    for name, answer in {**answers, Path(ABOUT).stem: about}.items():
        (folder / f"{name}.json").write_text(json.dumps(answer, indent=1, ensure_ascii=False) + "\n")
    say(f"{len(problems)} problems in {time.monotonic() - began:.0f} s")


def _ask_the_service(code: Tree, problems: dict[str, Path], answers: dict[str, dict[str, Any]]) -> None:
    """Add what a running service says of every problem, and its jobs with their maps."""
    validations = code.printed("-c", ASK_ABOUT_ALL, *map(str, problems.values()))
    for name, validation in zip(problems, validations, strict=True):
        answers[name]["validate"] = validation
    for name in SERVED:
        command = ["-m", "orichalcum"]
        answers[name]["submit"] = code.answer("submit", name, problems[name], "--wait")
        job = code.printed(*command, "list", "--limit", "1", "--json")["items"][0]["id"]
        answers[name]["show"] = code.printed(*command, "show", job, "--json")
        answers[name]["map"] = code.printed(*command, "map", job, *MAPPED, "--json")


def compare(before: Path, after: Path) -> int:
    """Print every value of one record that is not the same in another.

    Args:
        before: Folder of the record whose values must all be kept.
        after: Folder of the record that must have them, and may have more.

    Returns:
        1 if something differs without a reason in `NAMED_DIFFERENCES`, else 0.
    """
    if _read(before / ABOUT) != _read(after / ABOUT):
        say("Python or libraries of the two records differ, which alone may change last digits.")
    counts: Counter[str] = Counter()
    explained: Counter[NamedDifference] = Counter()
    for file in sorted(before.glob("*.json")):
        if file.name == ABOUT:
            continue
        counts["problems"] += 1
        for pointer, old, new in differences(_read(file), _read(after / file.name), "", counts):
            reason = _reason(file.stem, pointer, old, new)
            if reason:
                explained[reason] += 1
                continue
            counts["differences"] += 1
            change = f" (by {new - old:.1e})" if isinstance(old, float) and isinstance(new, float) else ""
            say(f"{file.stem} {pointer}: {_shown(old)} -> {_shown(new)}{change}")
    for named in NAMED_DIFFERENCES:
        say(f"{explained[named]} differences of {named.problem} {named.pointer}: {named.why}")
    say(
        f"{counts['problems']} problems, {counts['numbers']} numbers and {counts['others']} other values: "
        f"{counts['differences']} unexplained differences, {explained.total()} explained"
    )
    return 1 if counts["differences"] or not counts["numbers"] else 0


class _Missing:
    """Stands for a value that is not there."""


def differences(old: Any, new: Any, pointer: str, counts: Counter[str]) -> Iterator[tuple[str, Any, Any]]:
    """The values that differ, each with its JSON pointer.

    Args:
        old: JSON value, or `_Missing`; of objects all its fields must be in the new one.
        new: The same.
        pointer: Where both are.
        counts: Of the values that were compared; added to.

    Yields:
        Pointer, old value, new value.
    """
    if any(fnmatchcase(pointer, pattern) for pattern in NOT_COMPARED):
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key, value in old.items():
            where = f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"
            yield from differences(value, new.get(key, _Missing), where, counts)
    elif isinstance(old, list) and isinstance(new, list):
        if len(old) != len(new):
            yield pointer, f"{len(old)} entries", f"{len(new)} entries"
        for number, pair in enumerate(zip(old, new, strict=False)):
            yield from differences(*pair, f"{pointer}/{number}", counts)
    else:
        counts["numbers" if type(old) in (int, float) else "others"] += 1
        if not _same(old, new):
            yield pointer, old, new


def _same(old: Any, new: Any) -> bool:
    """Whether two values are the same bit for bit: 0.0 is not -0.0, 1 not 1.0."""
    if isinstance(old, float) and isinstance(new, float):
        return old.hex() == new.hex()
    return type(old) is type(new) and bool(old == new)


def _reason(problem: str, pointer: str, old: object, new: object) -> NamedDifference | None:
    matching = (named for named in NAMED_DIFFERENCES if named.explains(problem, pointer, old, new))
    return next(matching, None)


def _shown(value: Any) -> str:
    if value is _Missing:
        return "missing"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else f"{text[:200]}..."


def _read(file: Path) -> Any:
    """The JSON of a file; `_Missing` where there is none."""
    return json.loads(file.read_text()) if file.is_file() else _Missing


if __name__ == "__main__":
    sys.exit(main())
