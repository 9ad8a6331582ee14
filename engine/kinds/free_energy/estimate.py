"""What a problem of kind free_energy will cost, before anything is computed. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_schemas.jobs import CostEstimate
from engine.crystals.symmetry import hessian_rows
from engine.kinds.free_energy.questions import (
    FIRST_BATCHES,
    FIRST_RUNS,
    PAIRS,
    SETTLING_SOFT,
    Questions,
)
from engine.units.estimate import PROCESS_MEMORY, estimate_relaxations, work_of

if TYPE_CHECKING:
    from engine.problem.resolved import ResolvedProblem


MOST_STRAINS = 3
"""Strains that keep the symmetry, of crystals that are cubic to orthorhombic, at most."""
CENTRES = 2
"""Cells about which vibrations are differentiated until that at a temperature is found, about."""
MATRICES = 3
"""Of the size of the Hessian, at a time."""


def memory_of(resolved: ResolvedProblem, cells: int, together: int = 1) -> float:
    """Bytes of a step of supercells that are computed together, with the Hessian and what makes samples, [3 n, 3 n]."""
    matrix = 8 * (3 * cells * resolved.crystal.n_sites) ** 2
    return PROCESS_MEMORY + MATRICES * matrix + work_of(resolved.crystal, resolved, cells).memory(together)


def _cells(questions: Questions) -> int:
    """Cells of a crystal whose force constants are taken, about."""
    if not questions.expands:
        return 1
    return len(questions.temperatures) * (1 + CENTRES * (1 + 2 * MOST_STRAINS))


def estimate_free_energies(resolved: ResolvedProblem) -> CostEstimate:
    """What is expected of samples, and of the fewest runs that say something; the budget allows more."""
    if resolved.phases:
        return _of_all([estimate_free_energies(phase) for phase in resolved.phases])
    questions = Questions(resolved)
    work = work_of(resolved.crystal, resolved, questions.supercell.n_cells)
    rest = estimate_relaxations(resolved, len(questions.points))
    cells = len(questions.points) * _cells(questions)
    rows = (hessian_rows(resolved.crystal) + 1) * cells
    steps = questions.settling + questions.options.budget.steps
    calls = rows
    for leg in questions.legs:
        runs = 2 * min(FIRST_RUNS, questions.options.budget.runs)
        if leg.sampled and questions.options.reference != "einstein":
            calls += 2 * PAIRS * FIRST_BATCHES
        else:
            calls += runs * (steps + (SETTLING_SOFT // 2 if leg.sampled else 0))
    return CostEstimate(
        evaluations=len(questions.points) + len(questions.all),
        potential_calls=rest.potential_calls + calls,
        seconds=rest.seconds + calls * work.seconds(),
        memory_bytes=int(
            max(rest.memory_bytes, memory_of(resolved, questions.supercell.n_cells, questions.most_replicas))
        ),
    )


def _of_all(phases: list[CostEstimate]) -> CostEstimate:
    """One after the other."""
    return CostEstimate(
        evaluations=sum(one.evaluations for one in phases),
        potential_calls=sum(one.potential_calls for one in phases),
        seconds=sum(one.seconds for one in phases),
        memory_bytes=max(one.memory_bytes for one in phases),
    )
