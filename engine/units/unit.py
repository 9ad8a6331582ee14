"""What a unit of work is, and what it finds where it is computed. Torch-free: what computes is imported when used."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Any, Protocol

from api_schemas.tasks import Record, Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from engine.mechanics.relax import Tolerance
    from engine.problem.resolved import ResolvedProblem
    from engine.references.store import ReferenceStore

State = Mapping[str, "NDArray[np.generic]"]
"""A checkpoint: arrays by name, of the number formats that safetensors knows."""


OF_THE_PLAN = frozenset({"kind", "name", "strategy", "at", "scan", "verify", "order", "free_energy"})
"""Fields of a problem that say which tasks there are, and nothing of what one comes to."""


def _nothing(*_: Any) -> None:
    """Nothing listens."""


@dataclass(frozen=True)
class Workplace:
    """Where a unit is computed.

    Attributes:
        device: cpu or cuda.
        references: Store of values that tasks share; None for one of this process.
        on_call: To be called before every call of a potential; what it raises ends the task.
        say: Told in a few words what is being done.
        checkpoint: Where the task, or the one that it continues, had come to; None to begin at the beginning.
        save: Keeps a checkpoint of the task; what it raises ends the task.
        tolerance: When a relaxation is finished; None for the usual.
    """

    device: str = "cpu"
    references: ReferenceStore | None = None
    on_call: Callable[[], None] = field(default=_nothing)
    say: Callable[[str], None] = field(default=_nothing)
    checkpoint: State | None = None
    save: Callable[[State], None] = field(default=_nothing)
    tolerance: Tolerance | None = None

    def in_steps(self, words: str) -> Workplace:
        """The same workplace, where every call of a potential is told as a step: ``evaluation 3, step 5``.

        Args:
            words: What is being done.
        """
        steps = count(1)

        def on_call() -> None:
            self.on_call()
            self.say(f"{words}, step {next(steps)}")

        return replace(self, on_call=on_call)


class Unit(Protocol):
    """A unit of work: an input, an output, and the way from the one to the other.

    A unit is a pure function of the problem, the task and the checkpoint: computed again, it gives the same record bit
    for bit on the same machine, with the same number of threads and the same versions; continued from any checkpoint
    that it saved, too.
    """

    @property
    def name(self) -> str:
        """As tasks name it."""

    @property
    def task(self) -> type[Task]:
        """The form of its tasks."""

    @property
    def record(self) -> type[Record]:
        """The form of its records."""

    @property
    def without_effect(self) -> frozenset[str]:
        """Fields of a problem on which its records do not depend: tasks that differ in these only share a record."""

    def together(self, resolved: ResolvedProblem) -> int:
        """How many tasks are best computed at a time in one process; 1 for a unit that saves checkpoints."""

    def words(self, resolved: ResolvedProblem, task: Task) -> str:
        """What the task does, for people: ``evaluation 3``."""

    def perform(
        self, resolved: ResolvedProblem, tasks: Sequence[Task], workplace: Workplace
    ) -> Sequence[Record]:
        """Compute tasks, in order.

        Raises:
            api_schemas.errors.ProblemInvalid: if the problem cannot be computed.
            engine.potentials.errors.PotentialError: if the potential cannot be used.
        """


def words_of(unit: Unit, resolved: ResolvedProblem, tasks: Sequence[Task]) -> str:
    """What tasks of a unit that are computed together do, for people: ``evaluation 1 to evaluation 4``."""
    first, last = unit.words(resolved, tasks[0]), unit.words(resolved, tasks[-1])
    return first if len(tasks) == 1 else f"{first} to {last}"
