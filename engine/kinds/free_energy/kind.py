"""Kind free_energy: of crystals and of composition changes, with error bars. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.kinds.free_energy.faults import option_faults, size_faults
from engine.kinds.free_energy.unbuilt import unbuilt_crystals, unbuilt_options
from engine.kinds.kind import Examined

if TYPE_CHECKING:
    from api_schemas.errors import FieldError
    from api_schemas.jobs import CostEstimate
    from api_schemas.problem import Problem
    from engine.composition.region import Region
    from engine.kinds.kind import Plan
    from engine.problem.limits import Limits
    from engine.problem.resolved import ResolvedProblem


class FreeEnergyKind:
    """Computes free energies."""

    name = "free_energy"

    def examine(self, problem: Problem, region: Region, limits: Limits, *, bounded: bool) -> Examined:
        """Check the options and the compositions."""
        del bounded
        options = problem.free_energy
        found = option_faults(problem, region, limits)
        return Examined(found if options is None else [*unbuilt_options(options), *found])

    def misfits(self, resolved: ResolvedProblem, limits: Limits) -> list[FieldError]:
        """Check that the crystal holds still, and fits."""
        return [*unbuilt_crystals(resolved), *size_faults(resolved, limits)]

    def estimate(self, resolved: ResolvedProblem) -> CostEstimate:
        """What samples and runs cost."""
        from engine.kinds.free_energy.estimate import estimate_free_energies

        return estimate_free_energies(resolved)

    def plan(self, resolved: ResolvedProblem, seed: int, *, shared: bool) -> Plan:
        """Samples and runs; what is shared is always asked for."""
        del shared
        from engine.kinds.free_energy.phases import PhasesPlan
        from engine.kinds.free_energy.plan import FreeEnergyPlan
        from engine.kinds.free_energy.questions import Questions

        if resolved.phases:
            return PhasesPlan(resolved, seed)
        return FreeEnergyPlan(resolved, Questions(resolved), seed)
