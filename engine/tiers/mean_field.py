"""The tier ``mean_field``: the alchemical crystal itself, with fractions of elements on every site.

Its typical errors are mean absolute errors over relaxed quasi-random supercells with SevenNet-0 (alloys, halides,
oxides, nitrides): see docs/properties.md,
section "Uncertainty".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from engine.tiers.tier import Calibration, SupercellWork, TypicalError

if TYPE_CHECKING:
    from api_schemas.errors import FieldError
    from api_schemas.evaluations import EvaluationRecord, Suggestion
    from api_schemas.problem import Problem
    from engine.crystals.crystal import AlchemicalCrystal
    from engine.evaluation.evaluator import Evaluator
    from engine.evaluation.refined import Refinement
    from engine.problem.resolved import ResolvedProblem
    from engine.units.unit import Workplace

BY_MIXING: Mapping[str, TypicalError] = {
    "mean_field": TypicalError(
        length=0.0025,
        energy=0.025,
        calibration=Calibration(length=(0.00030, 0.02706), energy=(0.00343, 0.19924, 0.09579)),
    ),
    "paired": TypicalError(length=0.0058, energy=0.082),
}


class MeanField:
    """Mixed crystals as they are: one relaxation in the few coordinates that symmetry allows."""

    name = "mean_field"

    def error(self, mixing: str) -> TypicalError:
        """The typical error under a mixing rule."""
        return BY_MIXING[mixing]

    def faults(self, problem: Problem) -> list[FieldError]:
        """None: whatever a potential can compute, this tier can."""
        del problem
        return []

    def supercell_work(self, crystal: AlchemicalCrystal, coordinates: int) -> SupercellWork | None:
        """None: one cell is enough."""
        del crystal, coordinates
        return None

    def vibration_work(self, crystal: AlchemicalCrystal) -> SupercellWork | None:
        """None: its vibrations are those of the mean-field crystal."""
        del crystal
        return None

    def relaxed(
        self, resolved: ResolvedProblem, suggestions: Sequence[Suggestion], workplace: Workplace
    ) -> list[EvaluationRecord]:
        """Relax compositions and compute their properties with their gradients, in order."""
        return evaluator_at(resolved, workplace).evaluate(suggestions)


def evaluator_at(
    resolved: ResolvedProblem, workplace: Workplace, refinement: Refinement | None = None
) -> Evaluator:
    """What relaxes the crystals of a problem at a workplace.

    Args:
        resolved: The problem.
        workplace: Where.
        refinement: What is made of each relaxed mixed crystal; None for the crystal as it is.
    """
    from engine.evaluation.evaluator import Evaluator

    return Evaluator(
        resolved,
        device=workplace.device,
        references=workplace.references,
        on_call=workplace.on_call,
        tolerance=workplace.tolerance,
        refinement=refinement,
    )
