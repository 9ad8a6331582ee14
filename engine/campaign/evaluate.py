"""Evaluating one composition of a problem in this process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, overload

from api_schemas.evaluations import (
    REFERENCE,
    EvaluationRecord,
    FixedGeometryEvaluation,
    ReferenceRecord,
    Suggestion,
)
from api_schemas.problem import Problem
from api_schemas.tasks import Record, Task
from engine.acceptance.resolve import at_composition, for_evaluation, resolved_problem
from engine.composition.notation import parse_composition, scaled_notes
from engine.problem.resolved import ResolvedProblem
from engine.tiers.registry import TIERS
from engine.units.registry import UNITS
from engine.units.unit import Workplace

if TYPE_CHECKING:
    from api_schemas.base import Composition
    from api_schemas.problem import ProblemLike
    from engine.mechanics.relax import Tolerance
    from engine.references.store import ReferenceStore


@overload
def evaluate(
    problem: ProblemLike | ResolvedProblem,
    composition: Suggestion | Composition | Mapping[str, Mapping[str, float]],
    *,
    references: ReferenceStore | None = None,
    device: str = "cpu",
    on_call: Callable[[], None] | None = None,
    tolerance: Tolerance | None = None,
    say: Callable[[str], None] | None = None,
) -> EvaluationRecord: ...


@overload
def evaluate(
    problem: ProblemLike | ResolvedProblem,
    composition: Task,
    *,
    references: ReferenceStore | None = None,
    device: str = "cpu",
    on_call: Callable[[], None] | None = None,
    tolerance: Tolerance | None = None,
    say: Callable[[str], None] | None = None,
) -> Record: ...


def evaluate(
    problem: ProblemLike | ResolvedProblem,
    composition: Task | Composition | Mapping[str, Mapping[str, float]],
    *,
    references: ReferenceStore | None = None,
    device: str = "cpu",
    on_call: Callable[[], None] | None = None,
    tolerance: Tolerance | None = None,
    say: Callable[[str], None] | None = None,
) -> Record:
    """Relax one composition and compute its properties with their gradients, or whatever a campaign asks for.

    Args:
        problem: What is asked for.
        composition: Fractions by sublattice and element, or a task of a campaign: a suggestion, or an explicit
            supercell where the answer is to be verified.
        references: Store of end members and same_as crystals; by default one of this process.
        device: cpu or cuda.
        on_call: Called before every potential call; what it raises ends the evaluation.
        tolerance: When the relaxation is finished.
        say: Told in a few words what is being done: which reference is relaxed, and which step of the composition.

    Raises:
        api_schemas.errors.ProblemInvalid: if the problem or the composition cannot be accepted.
        engine.potentials.errors.WeightsUnavailable: if the weights are not here and cannot be fetched.
    """
    workplace = Workplace(device=device, references=references, tolerance=tolerance)
    if on_call is not None:
        workplace = replace(workplace, on_call=on_call)
    if isinstance(composition, Suggestion):
        resolved, task = _resolved(problem, composition.composition).of_task(composition), composition
    elif isinstance(composition, Task):
        resolved = resolved_problem(problem).of_task(composition)
        return UNITS[composition.unit].perform(resolved, [composition], workplace)[0]
    else:
        resolved = _resolved(problem, composition)
        task = Suggestion(
            index=0,
            composition=resolved.space.to_composition(parse_composition(resolved.space, composition)),
            tier=resolved.problem.potential.tier,
        )
        if say is not None:
            workplace = _told(resolved, replace(workplace, say=say))
    record = TIERS[task.tier].relaxed(resolved, [task], workplace)[0]
    notes = [] if isinstance(composition, Suggestion) else scaled_notes([composition])
    if notes:
        record = record.model_copy(update={"warnings": [*record.warnings, *notes]})
    if not record.incomplete:
        return record
    from engine.evaluation.completion import completed
    from engine.references.shared_tasks import shared_tasks

    members = [one for one in shared_tasks(resolved, waits=True) if one.what == "end_members"]
    shared = UNITS[REFERENCE].perform(resolved, members, workplace)
    found = [one for one in shared if isinstance(one, ReferenceRecord)]
    return completed(resolved, [record], found)[0]


def _told(resolved: ResolvedProblem, workplace: Workplace) -> Workplace:
    """Relax what the evaluation refers to, each told by what it is; then every call is a step of the composition."""
    from engine.references.shared_tasks import shared_tasks

    for one in shared_tasks(resolved, waits=True):
        UNITS[REFERENCE].perform(resolved, [one], workplace)
    return workplace.in_steps("relaxing the composition")


def evaluate_fixed_geometry(
    problem: ProblemLike | ResolvedProblem,
    composition: Mapping[str, Mapping[str, float]],
    *,
    device: str = "cpu",
) -> FixedGeometryEvaluation:
    """Energy (eV per cell), forces (eV/Å), stress (eV/Å^3, Voigt, ASE sign) and dE/dlam (eV) of the parent geometry.

    Raises:
        api_schemas.errors.ProblemInvalid: if the problem or the composition cannot be accepted.
        engine.potentials.errors.PotentialError: if the weights are not here, or two sites coincide.
    """
    from engine.evaluation.fixed_geometry import evaluate_fixed_geometry as of_resolved

    return of_resolved(_resolved(problem, composition), composition, device=device)


def _resolved(
    problem: ProblemLike | ResolvedProblem, composition: Mapping[str, Mapping[str, float]]
) -> ResolvedProblem:
    """The problem resolved: of one that lists its compositions and lists none, this is the one."""
    if not isinstance(problem, ResolvedProblem):
        problem = for_evaluation(Problem.of(problem))
    if not isinstance(problem, ResolvedProblem) and not problem.at:
        problem = at_composition(problem, {name: dict(parts) for name, parts in composition.items()})
    return resolved_problem(problem)
