"""What a tier is: how a mixed crystal is computed, and how far that is from explicit supercells. Torch-free."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from api_schemas.errors import FieldError
    from api_schemas.evaluations import EvaluationRecord, Suggestion
    from api_schemas.problem import Problem
    from engine.crystals.crystal import AlchemicalCrystal
    from engine.problem.resolved import ResolvedProblem
    from engine.units.unit import Workplace

_LENGTHS = ("lattice_a", "lattice_b", "lattice_c")
_VOLUMES = ("volume", "density")
_ENERGIES = ("energy", "enthalpy", "mixing_energy", "mixing_free_energy", "formation_energy")


@dataclass(frozen=True)
class Seen:
    """What an evaluation shows of its own error, at no cost.

    Attributes:
        mismatch: How much its elements differ in size (docs/science.md, Eq. 147).
        mixing: Its mixing energy, eV/atom; None where that is not known.
    """

    mismatch: float
    mixing: float | None


@dataclass(frozen=True)
class Calibration:
    """Standard deviations by what an evaluation shows (docs/science.md, Eq. 148), made by benchmarks/tier_errors.py.

    Attributes:
        length: Of a lattice constant, relative: a constant, and a part in proportion to the mismatch.
        energy: Of mixing, eV/atom: a constant, and parts in proportion to the mismatch and to the mixing energy.
    """

    length: tuple[float, float]
    energy: tuple[float, float, float]


@dataclass(frozen=True)
class TypicalError:
    """How far a way to compute mixed crystals is from relaxed supercells with the same potential, on average.

    Attributes:
        length: Of a lattice constant, relative.
        energy: eV/atom, of mixing.
        calibration: What is known better of an evaluation that shows enough; None where nothing is.
    """

    length: float
    energy: float
    calibration: Calibration | None = None

    def seen(self, seen: Seen | None) -> TypicalError:
        """The error of an evaluation that shows so much; the typical one where that is nothing."""
        if self.calibration is None or seen is None:
            return self
        known = self.calibration
        energy = self.energy
        if seen.mixing is not None:
            energy = math.hypot(
                *(a * b for a, b in zip(known.energy, (1.0, seen.mismatch, seen.mixing), strict=True))
            )
        return TypicalError(math.hypot(known.length[0], known.length[1] * seen.mismatch), energy)

    def of(self, name: str, value: float) -> float | None:
        """The typical error of a property in its unit; None where it was not measured."""
        if name in _LENGTHS:
            return self.length * abs(value)
        if name in _VOLUMES:
            return 3.0 * self.length * abs(value)
        return self.energy if name in _ENERGIES else None


@dataclass(frozen=True)
class SupercellWork:
    """What a tier computes in a supercell for each composition, about.

    Attributes:
        cells: Parent cells of the supercell.
        calls: Potential calls for it.
    """

    cells: int
    calls: int


class Tier(Protocol):
    """A way to compute mixed crystals. Its name is part of every key of stored values, and of the provenance."""

    @property
    def name(self) -> str:
        """As problems and tasks name it."""

    def error(self, mixing: str) -> TypicalError:
        """How far it typically is from the truth of the same potential, under a mixing rule."""

    def faults(self, problem: Problem) -> list[FieldError]:
        """What of a problem the tier cannot do, each with the mend."""

    def supercell_work(self, crystal: AlchemicalCrystal, coordinates: int) -> SupercellWork | None:
        """What is computed in a supercell besides the relaxation of a cell; None where nothing is.

        Args:
            crystal: The parent.
            coordinates: Number of its symmetry-adapted coordinates.
        """

    def vibration_work(self, crystal: AlchemicalCrystal) -> SupercellWork | None:
        """What vibrations take in a supercell beyond those of the mean-field crystal; None where nothing.

        Args:
            crystal: The parent.
        """

    def relaxed(
        self, resolved: ResolvedProblem, suggestions: Sequence[Suggestion], workplace: Workplace
    ) -> list[EvaluationRecord]:
        """Relax compositions and compute their properties with their gradients, in order.

        Raises:
            api_schemas.errors.ProblemInvalid: if the problem cannot be computed.
            engine.potentials.errors.PotentialError: if the potential cannot be used.
        """
