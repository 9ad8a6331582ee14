"""What properties are functions of: a relaxed composition as differentiable tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from engine.crystals.crystal import AlchemicalCrystal


@dataclass(frozen=True, eq=False)
class EndMember:
    """An end member of the composition space: one element, or the vacancy, on every sublattice.

    Attributes:
        columns: Index of its column of the composition vector on every sublattice.
        enthalpy: Relaxed enthalpy, eV per parent cell.
        vibrational: Free energy of its vibrations, eV per parent cell; None where it is not wanted or there is none.
    """

    columns: tuple[int, ...]
    enthalpy: float
    vibrational: float | None = None


@dataclass(frozen=True, eq=False)
class Vibrations:
    """What the vibrations of a relaxed crystal come to at a temperature.

    Attributes:
        values: Free energy (eV), entropy and heat capacity (k_B) per parent cell, [3]; None where a mode is unstable.
        by_x: Their derivatives by the composition along the relaxed crystals, right in the tangent space,
            [3, n_columns]; None where they were not computed or do not exist.
        unstable: What is unstable, in words, from the worst on, and whether a jump of the potential may be why.
        calls: Potential calls of the supercell that they took.
        primitive_equivalents: The same, each counted as often as its supercell holds the parent cell.
    """

    values: NDArray[np.float64] | None
    by_x: NDArray[np.float64] | None = None
    unstable: tuple[str, ...] = ()
    calls: int = 0
    primitive_equivalents: int = 0


@dataclass(frozen=True)
class SoftestMode:
    """The mode of a supercell with the lowest eigenvalue.

    Attributes:
        eigenvalue: Of the dynamical matrix, THz^2: the frequency squared, below zero where that is imaginary.
        wave: Its wave vector in fractions of the reciprocal vectors of the cell, as ``1/2``.
        sites: Sites of the supercell.
        unstable: What is unstable, in words, from the worst on, and whether a jump of the potential may be why.
        calls: Potential calls of the supercell that it took.
        cells: Cells of the supercell.
    """

    eigenvalue: float
    wave: tuple[str, str, str]
    sites: int
    unstable: tuple[str, ...]
    calls: int
    cells: int


NO_VIBRATIONS = Vibrations(None)
"""Where none were computed."""


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
        vibrations: Free energy (eV), entropy and heat capacity (k_B) of the vibrations per cell, [3]; None where they
            are not wanted.
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
    vibrations: Tensor | None = None

    @property
    def atoms(self) -> Tensor:
        """Number of atoms present in the cell."""
        return self.weights.sum()
