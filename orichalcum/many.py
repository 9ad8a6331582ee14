"""Many problems at a time: their keys, so that an interrupted batch goes on, and a bar that shows how far it is."""

from __future__ import annotations

import hashlib
import json
import sys
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from api_schemas.errors import ProblemInvalid
from api_schemas.problem import Problem, ProblemLike

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


@dataclass(frozen=True)
class Keyed:
    """A problem of a batch, and the key with which it is submitted once and no more."""

    problem: Problem
    key: str


def keyed(problems: Iterable[ProblemLike], key: str | None) -> list[Keyed]:
    """The problems of a batch, all of them read and checked, with their keys.

    Args:
        problems: What stands for problems; see `Problem.of`.
        key: A word for the batch: the same word and the same problem make the same key, a problem that is there twice
            two. By default a fresh one.

    Raises:
        ProblemInvalid: if one is none, with the number of the problem before the pointer, ``/3/structure``.
        OSError: if a problem file cannot be read.
    """
    word = uuid.uuid4().hex if key is None else key
    seen: Counter[str] = Counter()
    found = []
    for number, given in enumerate(problems):
        try:
            problem = Problem.of(given)
        except ProblemInvalid as fault:
            moved = [one.model_copy(update={"pointer": f"/{number}{one.pointer}"}) for one in fault.errors]
            raise ProblemInvalid(moved, fault.more) from None
        text = problem.model_dump_json(exclude_unset=True)
        seen[text] += 1
        digest = hashlib.sha256(json.dumps([word, text, seen[text]]).encode()).hexdigest()
        found.append(Keyed(problem, digest[:48]))
    return found


class Bar:
    """How many of a batch are submitted, or have ended."""

    def __init__(self, progress: Progress, total: int) -> None:
        """Begin with nothing done of a total."""
        self._progress = progress
        self._total = total
        self._task: TaskID | None = None

    def begin(self, words: str) -> None:
        """Begin to count, for example ``submitted``."""
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._task = self._progress.add_task(words, total=self._total)

    def step(self) -> None:
        """One more."""
        if self._task is not None:
            self._progress.advance(self._task)


@contextmanager
def bar(total: int, shown: bool | None) -> Iterator[Bar]:
    """A bar on standard error.

    Args:
        total: How many there are.
        shown: Whether it is shown; by default where standard error is a terminal.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    wanted = sys.stderr.isatty() if shown is None else shown
    console = Console(stderr=True, highlight=False)
    with Progress(*columns, console=console, transient=True, disable=not wanted) as progress:
        yield Bar(progress, total)
