"""Running a problem to its end in this process: the tasks of its plan, one batch after the other."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from api_schemas.results import Stopped
from engine.campaign.campaign import Campaign
from engine.potentials.chosen import fetch_chosen
from engine.units.batches import batched
from engine.units.registry import UNITS
from engine.units.unit import State, Workplace, words_of

if TYPE_CHECKING:
    from api_schemas.jobs import BestSoFar
    from api_schemas.problem import ProblemLike
    from api_schemas.results import Result
    from api_schemas.tasks import Record, Task
    from engine.problem.resolved import ResolvedProblem


class Observer(Protocol):
    """What a run reports to."""

    def counted(self, done: int, planned: int, best: BestSoFar | None) -> None:
        """So many tasks are done, of so many at most."""

    def recorded(self, record: Record) -> None:
        """A task is done."""

    def called(self) -> None:
        """A potential is about to be called."""

    def doing(self, words: str) -> None:
        """What is being computed."""


class Interrupted(KeyboardInterrupt):
    """The user stopped a run; ``result`` holds the best so far."""

    def __init__(self, result: Result) -> None:
        """Keep what was found."""
        self.result = result
        super().__init__()


def run(
    problem: ProblemLike | ResolvedProblem | Campaign, observer: Observer, *, device: str = "cpu"
) -> Result:
    """Solve a problem.

    Args:
        problem: What to solve; a campaign goes on from what it was told, and knows everything afterwards.
        observer: Told of progress.
        device: cpu or cuda.

    Raises:
        api_schemas.errors.ProblemInvalid: if the problem cannot be accepted.
        engine.potentials.errors.PotentialError: if the potential cannot be used.
        Interrupted: at Ctrl-C, with the best so far.
    """
    started = time.monotonic()
    campaign = problem if isinstance(problem, Campaign) else Campaign(problem, shared=True)
    workplace = Workplace(device=device, on_call=observer.called, say=observer.doing)
    waiting: list[Record] = []
    done = 0
    checkpoints: dict[tuple[str, int], State] = {}
    try:
        observer.counted(0, campaign.planned, None)
        fetch_chosen(campaign.problem.potential, observer.doing)
        while asked := campaign.ask():
            # One after the other: what holds up nothing comes last.
            batch = [task for task in asked if not task.background] or asked
            for tasks in batched(campaign.resolved, batch):
                records = _performed(campaign, tasks, workplace, checkpoints)
                waiting += records
                for task, record in zip(tasks, records, strict=True):
                    if task.counted:
                        done += 1
                        observer.recorded(record)
            campaign.tell(waiting)
            waiting = []
            observer.counted(done, campaign.planned, campaign.best)
    except KeyboardInterrupt:
        if waiting:
            campaign.tell(waiting)
        stopped = Stopped(reason="cancelled", message="interrupted; the best so far is kept")
        seconds = time.monotonic() - started
        raise Interrupted(campaign.result(stopped, seconds=seconds, device=device)) from None
    return campaign.result(seconds=time.monotonic() - started, device=device)


def _performed(
    campaign: Campaign,
    tasks: Sequence[Task],
    workplace: Workplace,
    checkpoints: dict[tuple[str, int], State],
) -> Sequence[Record]:
    """Compute tasks of one unit; what one saved last is kept for the one that continues it."""
    unit, first = UNITS[tasks[0].unit], tasks[0]
    resolved = campaign.resolved.of_task(first)
    workplace.say(words_of(unit, resolved, tasks))
    before = None if first.continues is None else checkpoints.pop((first.unit, first.continues), None)
    place = replace(
        workplace,
        checkpoint=before,
        save=lambda state: checkpoints.update({(first.unit, first.index): state}),
    )
    return unit.perform(resolved, tasks, place)
