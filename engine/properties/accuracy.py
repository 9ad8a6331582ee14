"""How far a property of a mixed crystal typically is from that of explicit supercells with the same potential.

Mean absolute errors over 20 relaxed quasi-random supercells with SevenNet-0 (alloys, halides, oxides, nitrides): see
docs/properties.md, section "Uncertainty". Torch-free.
"""

from __future__ import annotations

from dataclasses import dataclass

from api_schemas.evaluations import Evaluation
from api_schemas.problem import PotentialChoice

_LENGTHS = ("lattice_a", "lattice_b", "lattice_c")
_VOLUMES = ("volume", "density")
_ENERGIES = ("energy", "enthalpy", "mixing_energy", "mixing_free_energy", "formation_energy")
_WHOLE = 1.0 - 1e-9


@dataclass(frozen=True)
class TypicalError:
    """Mean absolute errors of one way to compute mixed crystals.

    Attributes:
        length: Relative error of a lattice constant.
        energy: Error of a mixing energy, eV/atom.
    """

    length: float
    energy: float

    def of(self, name: str, value: float) -> float | None:
        """The typical error of a property in its unit; None where it was not measured."""
        if name in _LENGTHS:
            return self.length * abs(value)
        if name in _VOLUMES:
            return 3.0 * self.length * abs(value)
        return self.energy if name in _ENERGIES else None


PAIRED = TypicalError(length=0.0058, energy=0.082)
BY_TIER = {
    "mean_field": TypicalError(length=0.0025, energy=0.025),
    "single_site": TypicalError(length=0.0007, energy=0.0048),
}


def with_uncertainty(evaluation: Evaluation, choice: PotentialChoice) -> Evaluation:
    """The evaluation with the typical error of each property for which there is one.

    A crystal in which nothing is mixed is computed as it is: nothing is added to it.
    """
    fractions = [max(parts.values(), default=1.0) for parts in evaluation.composition.values()]
    if all(fraction >= _WHOLE for fraction in fractions):
        return evaluation
    error = PAIRED if choice.mixing == "paired" else BY_TIER[choice.tier]
    return evaluation.model_copy(
        update={
            "properties": {
                name: value
                if value.uncertainty is not None
                else value.model_copy(update={"uncertainty": error.of(name, value.value)})
                for name, value in evaluation.properties.items()
            }
        }
    )
