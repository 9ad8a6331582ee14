"""The tier ``fluctuation``: the mixed crystal with the second-order energy of its disorder, cell relaxed on both.

The error is that over relaxed quasi-random supercells with the same potential (alloys, halides, oxides, nitrides): see
docs/properties.md, section "Uncertainty".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from api_schemas.errors import FieldError
from engine.crystals.one_apart import one_apart, orbits
from engine.crystals.supercells import cells_for_disorder, supercell_for_disorder
from engine.crystals.symmetry import hessian_rows
from engine.tiers.mean_field import evaluator_at
from engine.tiers.tier import Calibration, SupercellWork, TypicalError

if TYPE_CHECKING:
    from api_schemas.evaluations import EvaluationRecord, Suggestion
    from api_schemas.problem import Problem
    from engine.crystals.crystal import AlchemicalCrystal
    from engine.problem.resolved import ResolvedProblem
    from engine.units.unit import Workplace

NAME = "fluctuation"
ERROR = TypicalError(
    length=0.0009,
    energy=0.0032,
    calibration=Calibration(length=(0.00031, 0.01152), energy=(0.00273, 0.07295, 0.18311)),
)
"""Lengths over six systems against supercells relaxed here (docs/benchmarks.md; 0.05 % against the ten of another code,
whose cells were relaxed less far), energies of mixing over 14 points of both SevenNets."""

_POINTS, _ROUNDS = 4, 2
"""Points on the way to the minimum, the first look among them, and beside it for each derivative, as seen."""
_MOST_ROWS = 6
"""Rows of force constants that symmetry leaves, of crystals of few coordinates."""


class Fluctuation:
    """Mixed crystals with the energy that their real decorations have beyond that of the mean."""

    name = NAME

    def error(self, mixing: str) -> TypicalError:
        """The typical error."""
        del mixing
        return ERROR

    def faults(self, problem: Problem) -> list[FieldError]:
        """Mixing and precision with which it cannot be computed."""
        choice, found = problem.potential, []
        if choice.mixing != "mean_field":
            text = (
                f"tier: {NAME} expands about the mean-field crystal and cannot be had with mixing: {choice.mixing}; "
                "remove mixing, or use tier: mean_field"
            )
            found.append(FieldError(pointer="/potential/mixing", type="not-with-tier", message=text))
        if choice.dtype != "float64":
            text = (
                f"tier: {NAME} takes second differences of energies, which {choice.dtype} does not resolve; "
                "remove dtype, or use tier: mean_field"
            )
            found.append(FieldError(pointer="/potential/dtype", type="not-with-tier", message=text))
        return found

    def supercell_work(self, crystal: AlchemicalCrystal, coordinates: int) -> SupercellWork | None:
        """The supercell, and the rows of force constants and points in it."""
        mixed = [
            len(sublattice.elements) for sublattice in crystal.sublattices if len(sublattice.elements) > 1
        ]
        if not mixed:
            return None
        rows = min(3 * crystal.n_sites, _MOST_ROWS if coordinates < 10 else coordinates)
        derivatives = min(sum(mixed) - len(mixed), coordinates)
        departures = sum(1 if elements == 2 else elements for elements in mixed)
        calls = rows + departures * (_POINTS + _ROUNDS * derivatives)
        return SupercellWork(cells_for_disorder(crystal), calls)

    def vibration_work(self, crystal: AlchemicalCrystal) -> SupercellWork | None:
        """Force constants about a real atom of every element on a site of each orbit, and of the mean beside it."""
        supercell = supercell_for_disorder(crystal)
        alike, calls = 1 + hessian_rows(crystal), 0
        for number, sublattice in enumerate(crystal.sublattices):
            if len(sublattice.elements) < 2:
                continue
            single = [
                2 + hessian_rows(one_apart(crystal, supercell, crystal.lattice, crystal.positions, site))
                for site, _ in orbits(crystal, number)
            ]
            calls += len(sublattice.elements) * (alike + sum(single))
        return SupercellWork(supercell.n_cells, alike + calls) if calls else None

    def relaxed(
        self, resolved: ResolvedProblem, suggestions: Sequence[Suggestion], workplace: Workplace
    ) -> list[EvaluationRecord]:
        """Relax compositions and compute their properties with their gradients, in order."""
        from engine.evaluation.disordered import Disordered

        return evaluator_at(resolved, workplace, Disordered()).evaluate(suggestions)
