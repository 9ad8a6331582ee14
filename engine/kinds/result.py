"""The one place where a result is built: the envelope common to all kinds around the answer of a plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from api_schemas.decorations import DECORATIONS
from api_schemas.descents import DESCENT
from api_schemas.dynamics import BATCHING, DYNAMICS, HARMONIC, THERMAL_CELL
from api_schemas.evaluations import REFERENCE
from api_schemas.problem import Problem
from api_schemas.reading import with_reading
from api_schemas.results import PotentialProvenance, Provenance, Result, Stopped, TotalCost
from api_schemas.supercells import SUPERCELL
from api_schemas.tasks import Record
from engine.kinds.careful import careful
from engine.kinds.kind import Answer, Plan
from engine.kinds.measured import measured_points
from engine.potentials.registry import describe_choice

EXPLICIT = frozenset({SUPERCELL, DECORATIONS, DESCENT, HARMONIC, DYNAMICS, THERMAL_CELL, BATCHING, REFERENCE})
"""Units whose records are no evaluations: explicit crystals, and what is shared."""
PACKAGES = ("torch", "numpy", "scipy", "spglib", "ase", "pymatgen")

NOT_FINISHED = Stopped(reason="budget_spent", message="the campaign is not finished")
"""Why a plan ended that has not."""


def build_result(
    problem: Problem,
    plan: Plan,
    stopped: Stopped | None = None,
    *,
    seed: int,
    seconds: float | None = None,
    device: str = "cpu",
    evaluations: bool = True,
) -> Result:
    """The result of a plan as it stands.

    Args:
        problem: What was asked for.
        plan: Told of every record.
        stopped: Why it ended, where that is not for the plan to know (cancelled, time_limit).
        seed: With which it was begun.
        seconds: Wall time of the whole job; by default the sum over records.
        device: What it ran on.
        evaluations: Whether to list all evaluations, which takes the longest.
    """
    ended = stopped or plan.stopped or NOT_FINISHED
    cost = total_cost(plan.records)
    if seconds is not None:
        cost = cost.model_copy(update={"seconds": seconds})
    answer = plan.answer(ended)
    ended = careful(ended, [answer.best] if answer.best is not None else answer.front)
    if not evaluations:
        answer = replace(answer, evaluations=())
    return _result(problem, answer, ended, cost, provenance(problem, seed, device))


def empty_result(problem: Problem, stopped: Stopped) -> Result:
    """The result of a problem that ended before anything was done for it: no device was used."""
    made_by = provenance(problem, problem.strategy.seed, "none")
    return _result(problem, Answer(), stopped, total_cost([]), made_by)


def _result(problem: Problem, answer: Answer, ended: Stopped, cost: TotalCost, made_by: Provenance) -> Result:
    made = Result(
        kind=problem.kind,
        best=answer.best,
        front=list(answer.front),
        evaluations=list(answer.evaluations),
        answer=dict(answer.own),
        notes=list(answer.notes),
        stopped=ended,
        objective_checks=list(answer.objective_checks),
        **(dict(answer.determined) if answer.determined else {}),
        front_uncertainties=list(answer.front_uncertainties),
        sensitivities=list(answer.sensitivities),
        active_constraints=list(answer.active_constraints),
        trace=list(answer.trace),
        predictions=list(answer.predictions),
        targets=list(answer.targets),
        measured=measured_points(problem),
        offsets=list(answer.offsets),
        verification=None if answer.verification is None else list(answer.verification),
        also=None if answer.also is None else list(answer.also),
        cost=cost,
        provenance=made_by,
    )
    return with_reading(made)


def total_cost(records: Sequence[Record]) -> TotalCost:
    """The cost of all records; shared calls are counted once, and explicit crystals are no evaluations."""
    return TotalCost(
        evaluations=sum(record.unit not in EXPLICIT for record in records),
        potential_calls=sum(record.cost.potential_calls for record in records),
        shared_calls=max((record.cost.shared_calls for record in records), default=0),
        seconds=float(sum(record.cost.seconds for record in records)),
        supercell_calls=sum(record.cost.supercell_calls for record in records),
        primitive_equivalents=float(sum(record.cost.primitive_equivalents for record in records)),
    )


def provenance(problem: Problem, seed: int, device: str) -> Provenance:
    """What is needed to repeat the job."""
    choice = problem.potential
    description = describe_choice(choice)
    return Provenance(
        orichalcum=_version("orichalcum") or "0+unknown",
        potential=PotentialProvenance(
            name=description.name,
            sha256=description.sha256,
            licence=description.licence,
            citation=description.citation,
        ),
        seed=seed,
        device=device,
        dtype=choice.dtype,
        mixing=choice.mixing,
        tier=choice.tier,
        head=choice.head,
        versions={name: found for name in PACKAGES if (found := _version(name))},
    )


@cache
def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
