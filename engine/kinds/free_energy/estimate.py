"""What a problem of kind free_energy will cost, before anything is computed. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_schemas.jobs import CostEstimate
from engine.crystals.symmetry import hessian_rows
from engine.kinds.free_energy.questions import (
    FIRST_BATCHES,
    FIRST_RUNS,
    PAIRS,
    SETTLING,
    Questions,
)
from engine.units.estimate import PROCESS_MEMORY, estimate_relaxations, work_of

if TYPE_CHECKING:
    from engine.problem.resolved import ResolvedProblem


MATRICES = 3
"""Of the size of the Hessian, at a time."""


def memory_of(resolved: ResolvedProblem, cells: int, together: int = 1) -> float:
    """Bytes of a step of supercells that are computed together, with the Hessian and what makes samples, [3 n, 3 n]."""
    matrix = 8 * (3 * cells * resolved.crystal.n_sites) ** 2
    return PROCESS_MEMORY + MATRICES * matrix + work_of(resolved.crystal, resolved, cells).memory(together)


def estimate_free_energies(resolved: ResolvedProblem) -> CostEstimate:
    """What is expected of samples, and of the fewest runs that say something; the budget allows more."""
    questions = Questions(resolved)
    work = work_of(resolved.crystal, resolved, questions.supercell.n_cells)
    rest = estimate_relaxations(resolved, len(questions.points))
    rows = (hessian_rows(resolved.crystal) + 1) * len(questions.points)
    steps = SETTLING + questions.options.budget.steps
    calls = rows
    for question in questions.all:
        runs = 2 * min(FIRST_RUNS, questions.options.budget.runs)
        calls += runs * steps if question.changes else 2 * PAIRS * FIRST_BATCHES
    return CostEstimate(
        evaluations=len(questions.points) + len(questions.all),
        potential_calls=rest.potential_calls + calls,
        seconds=rest.seconds + calls * work.seconds(),
        memory_bytes=int(
            max(rest.memory_bytes, memory_of(resolved, questions.supercell.n_cells, questions.together))
        ),
    )
