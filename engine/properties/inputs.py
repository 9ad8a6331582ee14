"""What properties are functions of: a relaxed composition as differentiable tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from engine.crystals.crystal import AlchemicalCrystal


@dataclass(frozen=True, eq=False)
class EndMember:
    """An end member of the composition space: one element, or the vacancy, on every sublattice.

    Attributes:
        columns: Index of its column of the composition vector on every sublattice.
        enthalpy: Relaxed enthalpy, eV per parent cell.
    """

    columns: tuple[int, ...]
    enthalpy: float


@dataclass(frozen=True)
class SubstrateLength:
    """A length in the plane of a substrate.

    Attributes:
        direction: Lattice direction [u, v, w] of the film's conventional cell whose length is compared.
        length: Length of the substrate in that direction, Å.
    """

    direction: tuple[int, int, int]
    length: float


@dataclass(frozen=True)
class Surroundings:
    """What the properties of a crystal refer to.

    Attributes:
        pressure: Hydrostatic pressure, eV/Å^3.
        temperature: Temperature, K.
        chemical_potentials: Chemical potential of every element of the crystal by atomic number, eV/atom, or empty.
        substrate: Length that the film is to fit on.
        element_data: Prices and supply risks by the name of their property and atomic number.
    """

    pressure: float
    temperature: float
    chemical_potentials: Mapping[int, float] = field(default_factory=dict)
    substrate: SubstrateLength | None = None
    element_data: Mapping[str, Mapping[int, float]] = field(default_factory=dict)


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
