"""The kind ``dummy``, the unit ``walk`` that it is cut into, and the tier ``shifted``."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from api_schemas.cost import Cost
from api_schemas.errors import FieldError, ProblemInvalid
from api_schemas.jobs import CostEstimate
from api_schemas.results import Stopped
from engine.kinds.kind import Answer, Examined
from engine.kinds.registry import KINDS
from engine.tiers.mean_field import MeanField
from engine.tiers.registry import TIERS
from engine.units.registry import UNITS
from orichalcum_dummy.schema import DUMMY, SHIFTED, WALK, DummyOptions, WalkRecord, WalkTask

if TYPE_CHECKING:
    from api_schemas.evaluations import EvaluationRecord, Suggestion
    from api_schemas.problem import Problem
    from api_schemas.tasks import Record, Task
    from engine.problem.resolved import ResolvedProblem
    from engine.units.unit import Workplace


def _options(problem: Problem) -> DummyOptions:
    return getattr(problem, DUMMY) or DummyOptions()


class DummyPlan:
    """Tasks that continue one another, asked for all at once."""

    def __init__(self, resolved: ResolvedProblem, seed: int) -> None:
        self._options, self._seed = _options(resolved.problem), seed
        self._told: dict[int, WalkRecord] = {}
        self.planned = self._options.tasks
        self.best = None
        self.front: list[int] = []
        self.trace: list[Any] = []

    @property
    def records(self) -> list[WalkRecord]:
        return [self._told[index] for index in sorted(self._told)]

    @property
    def stopped(self) -> Stopped | None:
        done = len(self._told) == self.planned
        return Stopped(reason="completed", message=f"all {self.planned} walks are done") if done else None

    def ask(self, n: int | None = None) -> list[WalkTask]:
        wanted = [index for index in range(self.planned) if index not in self._told]
        return [
            WalkTask(
                index=index,
                continues=index - 1 if index else None,
                steps=self._options.steps,
                seed=self._seed,
                pause=self._options.pause,
            )
            for index in wanted[:n]
        ]

    def tell(self, records: Sequence[Record]) -> None:
        self._told |= {one.index: one for one in records if isinstance(one, WalkRecord)}

    def answer(self, stopped: Stopped) -> Answer:
        return Answer(own={"places": [one.place for one in self.records]})

    def assessed(self, index: int) -> WalkRecord:
        return self._told[index]

    def predict(self, x: Any, property_name: str) -> Any:
        raise ProblemInvalid([_nothing_to_map()])

    def map(self, property_name: str, wanted: Any) -> Any:
        raise ProblemInvalid([_nothing_to_map()])


def _nothing_to_map() -> FieldError:
    return FieldError(pointer="/property", type="bad-map", message="a walk has no map")


class Dummy:
    """Walks at random."""

    name = DUMMY

    def examine(self, problem: Problem, region: Any, limits: Any, *, bounded: bool) -> Examined:
        return Examined((), _options(problem).tasks)

    def misfits(self, resolved: ResolvedProblem, limits: Any) -> list[FieldError]:
        return []

    def estimate(self, resolved: ResolvedProblem) -> CostEstimate:
        tasks = _options(resolved.problem).tasks
        return CostEstimate(evaluations=tasks, potential_calls=0, seconds=float(tasks), memory_bytes=1)

    def plan(self, resolved: ResolvedProblem, seed: int, *, shared: bool) -> DummyPlan:
        return DummyPlan(resolved, seed)


class Walk:
    """A seeded random walk, whose state holds the generator: it is saved after every step."""

    name = WALK
    task = WalkTask
    record = WalkRecord
    without_effect = frozenset({"kind", "name", "structure", "potential", "strategy", DUMMY})

    def together(self, resolved: ResolvedProblem) -> int:
        return 1

    def words(self, resolved: ResolvedProblem, task: Task) -> str:
        return f"walk {task.index + 1}"

    def perform(
        self, resolved: ResolvedProblem, tasks: Sequence[Task], workplace: Workplace
    ) -> list[WalkRecord]:
        (task,) = tasks
        assert isinstance(task, WalkTask)
        began = time.perf_counter()
        state = workplace.checkpoint
        generator = np.random.Generator(np.random.PCG64(task.seed))
        place, step, taken = 0.0, 0, 0
        if state is not None:
            _restore(generator, state["generator"])
            place = float(state["place"])
            step = int(state["step"]) if int(state["task"]) == task.index else 0
        while step < task.steps:
            workplace.on_call()
            time.sleep(task.pause)
            place += float(generator.standard_normal())
            step, taken = step + 1, taken + 1
            workplace.say(f"walk {task.index + 1}, step {step}")
            kept = {"place": np.array(place), "step": np.array(step), "task": np.array(task.index)}
            workplace.save({"generator": _kept(generator), **kept})
        cost = Cost(potential_calls=0, shared_calls=0, seconds=time.perf_counter() - began)
        return [WalkRecord(index=task.index, place=place, taken=taken, cost=cost)]


def _kept(generator: np.random.Generator) -> np.ndarray:
    """The state of PCG64 as six numbers of 64 bits."""
    state = generator.bit_generator.state
    whole = (state["state"]["state"], state["state"]["inc"])
    halves = [part for number in whole for part in (number >> 64, number & (2**64 - 1))]
    return np.array([*halves, state["has_uint32"], state["uinteger"]], dtype=np.uint64)


def _restore(generator: np.random.Generator, kept: np.ndarray) -> None:
    high, low, more, less, has, rest = (int(number) for number in kept)
    generator.bit_generator.state = {
        "bit_generator": "PCG64",
        "state": {"state": high << 64 | low, "inc": more << 64 | less},
        "has_uint32": has,
        "uinteger": rest,
    }


class Shifted(MeanField):
    """Mean field, with every energy an atom 1 eV higher."""

    name = SHIFTED

    def relaxed(
        self, resolved: ResolvedProblem, suggestions: Sequence[Suggestion], workplace: Workplace
    ) -> list[EvaluationRecord]:
        found = super().relaxed(resolved, suggestions, workplace)
        return [
            one
            if one.energy_per_atom is None
            else one.model_copy(update={"energy_per_atom": one.energy_per_atom + 1.0})
            for one in found
        ]


KINDS.add(Dummy())
UNITS.add(Walk())
TIERS.add(Shifted())
