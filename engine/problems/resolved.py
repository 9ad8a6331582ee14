"""A problem that passed every check, with what was built from it."""

from __future__ import annotations

from dataclasses import dataclass

from api_schemas.problem import Problem
from engine.composition.region import Region
from engine.composition.space import CompositionSpace
from engine.crystals.crystal import AlchemicalCrystal
from engine.potentials.registry import PotentialDescription


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
            rounding = int(self.region.resolution is not None)
            return len(problem.at) + self.region.grid_size(self.points_per_edge) + rounding
        return problem.strategy.max_evaluations
