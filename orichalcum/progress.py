"""Live progress of a job, on standard error: a bar on a terminal, and a line for every evaluation anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from api_schemas.evaluations import Evaluation, EvaluationRecord
from api_schemas.jobs import BestSoFar, EvaluationEvent, ProgressEvent, StateEvent
from api_schemas.objectives import Objective
from api_schemas.tasks import Record
from orichalcum import wording
from orichalcum.events import JobEvent
from orichalcum.reporting import plain


class JobProgress:
    """Shows how a job goes on. Used as a context manager."""

    def __init__(self, console: Console, objectives: Sequence[Objective] = (), *, place: str = "") -> None:
        """Show on ``console`` the values of the objectives' properties, after the job's ``place`` among others."""
        self._console = console
        self._place = f"{place}: " if place else ""
        self._names = list(dict.fromkeys(o.property for o in objectives)) or ["lattice_a", "energy"]
        self._calls = 0
        self._best = ""
        self._doing = ""
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task(f"{self._place}waiting", total=None, note="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        self._progress.console.print(Text(plain(text)), soft_wrap=True)

    def counted(self, done: int, planned: int, best: BestSoFar | None) -> None:
        """Show how many compositions have been evaluated, of how many at most, and the best of them."""
        if best is not None:
            values = " ".join(f"{name} {value:.5g}" for name, value in best.properties.items())
            loss = "" if best.loss is None else f", loss {best.loss:.3g}"
            self._best = f"best {wording.composition(best.composition, digits=3)} {values}{loss}"
        self._progress.update(
            self._task,
            description=f"{self._place}{done} of at most {planned}",
            completed=done,
            total=max(planned, 1),
            note=f"{self._best}  {self._doing}".strip(),
        )

    def called(self) -> None:
        """Count one call of the potential, so that a long evaluation is seen to live."""
        self._calls += 1
        self._progress.update(
            self._task, note=f"{self._best}  {self._doing}  {self._calls} potential calls".strip()
        )

    def evaluated(self, index: int, item: Evaluation) -> None:
        """Print a line on a finished evaluation."""
        values = ", ".join(wording.objective_value(item, name) for name in self._names)
        trouble = "" if item.converged else "  did not converge"
        spent = f"{wording.counted(item.cost.potential_calls, 'call')}, {wording.seconds(item.cost.seconds)}"
        self.say(f"  {index + 1:>3}  {wording.composition(item.composition)}  {values}{trouble}  ({spent})")

    def recorded(self, record: Record) -> None:
        """Print a line on a finished task."""
        if isinstance(record, EvaluationRecord):
            self.evaluated(record.index, record)
        else:
            self.say(f"  {record.index + 1:>3}  {self._doing or record.unit}: done")

    def doing(self, words: str) -> None:
        """Show what is being done."""
        self._doing = words
        self._progress.update(self._task, note=f"{self._best}  {words}".strip())

    def follow(self, events: Iterable[JobEvent]) -> StateEvent | None:
        """Show a job's events as they come; returns the last change of state."""
        last: StateEvent | None = None
        for event in events:
            data = event.data
            if isinstance(data, StateEvent):
                last = data
                self.say(data.state + (f": {data.message}" if data.message else ""))
            elif isinstance(data, ProgressEvent):
                now = data.progress
                self._doing = "; ".join(now.doing)
                self.counted(now.evaluations_done, now.evaluations_planned, now.best)
            elif isinstance(data, EvaluationEvent):
                self.evaluated(data.index, data.evaluation)
        return last
