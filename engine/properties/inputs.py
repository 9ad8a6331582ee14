"""What properties are functions of: a relaxed composition as differentiable tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from engine.crystals.crystal import AlchemicalCrystal
    from engine.properties.energetic import EndMember
    from engine.properties.surroundings import Surroundings


@dataclass(frozen=True, eq=False)
class PropertyInputs:
    """A relaxed composition. Whatever is made of its tensors has exact gradients by the composition.

    Attributes:
        crystal: Parent with its copies.
        lattice: Lattice vectors of the relaxed cell as rows, [3, 3], Å.
        conventional: Transformation to the conventional lattice, ``conventional @ lattice``, [3, 3].
        x: Composition, [n_columns].
        weights: Weights lam of the copies, [n_copies].
        vacancies: Share of the vacancy on each site that may be empty.
        mass: Mass in the cell, u.
        enthalpy: Relaxed enthalpy H*, eV per cell.
        volume_work: P V, eV per cell.
        chemical_potentials: Of each copy's element, [n_copies], eV/atom; None where none were asked for.
        end_members: End members of the composition space.
        surroundings: What properties refer to.
    """

    crystal: AlchemicalCrystal
    lattice: Tensor
    conventional: Tensor
    x: Tensor
    weights: Tensor
    vacancies: Tensor
    mass: Tensor
    enthalpy: Tensor
    volume_work: Tensor
    chemical_potentials: Tensor | None
    end_members: Sequence[EndMember]
    surroundings: Surroundings

    @property
    def atoms(self) -> Tensor:
        """Number of atoms present in the cell."""
        return self.weights.sum()
