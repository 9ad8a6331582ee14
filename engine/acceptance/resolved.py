"""A problem that passed every check, with what was built from it."""

from __future__ import annotations

from dataclasses import dataclass

from api_schemas.problem import Problem
from engine.composition.region import Region
from engine.composition.space import CompositionSpace
from engine.crystals.crystal import AlchemicalCrystal
from engine.potentials.registry import PotentialDescription

SHARE_OF_FRONT = 3
"""One in so many evaluations is kept for rounding a front."""


@dataclass(frozen=True, eq=False)
class ResolvedProblem:
    """What the engine needs of a problem.

    Attributes:
        problem: As given.
        crystal: The parent with its sublattices.
        region: The compositions that it may have.
        same_as: For each objective the crystal of its target, or None.
        points_per_edge: Of the grid, where the problem asks for one.
        potential: The description of the potential.
    """

    problem: Problem
    crystal: AlchemicalCrystal
    region: Region
    same_as: tuple[AlchemicalCrystal | None, ...]
    points_per_edge: int
    potential: PotentialDescription

    @property
    def space(self) -> CompositionSpace:
        """Sublattices, elements and bounds of the region."""
        return self.region.space

    @property
    def planned(self) -> int:
        """At most this many evaluations."""
        problem = self.problem
        if problem.kind == "evaluate":
            return max(len(problem.at), 1)
        if problem.kind == "scan":
            return self.region.grid_size(self.points_per_edge)
        if problem.strategy.name == "grid":
            points = len(problem.at) + self.region.grid_size(self.points_per_edge)
            return points + rounding_reserve(problem)
        return problem.strategy.max_evaluations


def rounding_reserve(problem: Problem) -> int:
    """Evaluations of the budget that are kept for the rounded answer: one, or a third for a front; none without steps.

    One at least is left for the search.
    """
    if problem.kind != "optimize" or problem.constraints.resolution is None:
        return 0
    wanted = problem.strategy.max_evaluations // SHARE_OF_FRONT if is_front(problem) else 1
    return max(1, wanted)


def is_front(problem: Problem) -> bool:
    """Whether several objectives without weights ask for a Pareto front."""
    return len(problem.objectives) > 1 and all(one.weight is None for one in problem.objectives)
