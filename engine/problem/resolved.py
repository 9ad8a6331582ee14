"""A problem that passed every check, with what was built from it. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass

from api_schemas.problem import Problem
from api_schemas.tasks import Task
from engine.composition.region import Region
from engine.composition.space import CompositionSpace
from engine.crystals.crystal import AlchemicalCrystal
from engine.potentials.description import PotentialDescription


@dataclass(frozen=True, eq=False)
class ResolvedProblem:
    """What the engine needs of a problem.

    Attributes:
        problem: As given; where a kind fixes the number of compositions, `strategy.max_evaluations` is that number.
        crystal: The parent with its sublattices.
        region: The compositions that it may have.
        same_as: For each objective the crystal of its target, or None.
        points_per_edge: Of the grid, where the problem asks for one.
        potential: The description of the potential.
        planned: At most so many evaluations, by the problem's kind.
        verified: At most so many of them are verified by explicit supercells, where the problem asks for that.
        phases: The crystals that the problem compares, each as a problem by itself.
        others: The problem as each of its other potentials has it.
    """

    problem: Problem
    crystal: AlchemicalCrystal
    region: Region
    same_as: tuple[AlchemicalCrystal | None, ...]
    points_per_edge: int
    potential: PotentialDescription
    planned: int
    verified: int = 1
    phases: tuple[ResolvedProblem, ...] = ()
    others: tuple[ResolvedProblem, ...] = ()

    def of_phase(self, phase: int | None) -> ResolvedProblem:
        """The problem of one of the crystals that it compares, by its number; itself for none."""
        return self if phase is None else self.phases[phase]

    def by_potential(self, other: int | None) -> ResolvedProblem:
        """The problem as one of its other potentials has it, by number; itself for none."""
        return self if other is None else self.others[other]

    def of_task(self, task: Task) -> ResolvedProblem:
        """The problem that a task is of: of its phase, by its potential."""
        return self.of_phase(task.phase).by_potential(task.other)

    @property
    def space(self) -> CompositionSpace:
        """Sublattices, elements and bounds of the region."""
        return self.region.space
