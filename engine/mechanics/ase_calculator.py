"""ASE calculators of alchemical crystals: sites with weighted copies, as atoms."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.stress import full_3x3_to_voigt_6_stress

from engine.crystals.graph import build_graph
from engine.mechanics.threads import fitting_threads

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.crystals.crystal import AlchemicalCrystal
    from engine.potentials.interface import Potential


@dataclass(frozen=True, eq=False)
class Occupied:
    """What atoms hold.

    Attributes:
        copies: Atomic numbers of the copies of each atom.
        groups: Sublattice of each atom, -1 for none, [n_atoms].
        weights: Weight of every copy, atom by atom, [n_copies].
    """

    copies: Sequence[Sequence[int]]
    groups: NDArray[np.int64]
    weights: NDArray[np.float64]


class SitesCalculator(Calculator):  # type: ignore[misc]  # ase is untyped
    """Energy (eV), forces (eV/Å) and stress (eV/Å^3, Voigt, ASE sign) of atoms that each hold weighted copies.

    Attributes:
        potential_calls: Calls of the potential so far.
    """

    implemented_properties: ClassVar[list[str]] = ["energy", "free_energy", "forces", "stress"]

    def __init__(self, potential: Potential) -> None:
        """Compute with a potential."""
        super().__init__()
        self._potential = potential
        self._by_weight: NDArray[np.float64] = np.zeros(0)
        self.potential_calls = 0

    @abstractmethod
    def occupied(self, atoms: Atoms) -> Occupied:
        """What the atoms hold; their own species do not count."""

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: Sequence[str] = ("energy",),
        system_changes: Sequence[str] = all_changes,
    ) -> None:
        """Compute all properties at once; one potential call."""
        super().calculate(atoms, list(properties), list(system_changes))
        cell, positions = np.asarray(self.atoms.cell), self.atoms.get_positions()
        model, held = self._potential, self.occupied(self.atoms)
        found = build_graph(
            [cell],
            [positions],
            [held.copies],
            model.cutoff,
            0.0,
            groups=[held.groups],
            dtype=model.dtype,
            device=model.device,
        )
        real: dict[str, Any] = {"dtype": model.dtype, "device": model.device}
        leaf = torch.tensor(positions, requires_grad=True, **real)
        strain = torch.zeros((1, 3, 3), requires_grad=True, **real)
        weights = torch.tensor(held.weights, requires_grad=True, **real)
        with fitting_threads(len(held.weights)):
            energy = model.energy(found.graph, leaf, strain, weights).sum()
            slopes = torch.autograd.grad(energy, (leaf, strain, weights), allow_unused=True)
        by_position, by_strain, by_weight = (
            np.zeros(0) if slope is None else slope.cpu().double().numpy() for slope in slopes
        )
        self.potential_calls += 1
        self._by_weight = by_weight
        virial = by_strain[0]
        self.results = {
            "energy": float(energy.detach()),
            "free_energy": float(energy.detach()),
            "forces": -by_position,
            "stress": full_3x3_to_voigt_6_stress((virial + virial.T) / 2 / abs(np.linalg.det(cell))),
        }


class AlchemicalCalculator(SitesCalculator):
    """Of one crystal at one composition; the atoms that it is attached to are its sites, in their order.

    Args:
        potential: The potential.
        crystal: Copies of every site.
        x: Composition, [n_columns].
    """

    def __init__(self, potential: Potential, crystal: AlchemicalCrystal, x: NDArray[np.float64]) -> None:
        super().__init__(potential)
        self._held = Occupied(crystal.site_copies, crystal.site_sublattice, crystal.weights(x))

    def occupied(self, atoms: Atoms) -> Occupied:
        """What the sites hold."""
        del atoms
        return self._held


def parent_atoms(crystal: AlchemicalCrystal) -> Atoms:
    """The parent crystal as ASE atoms, to attach a calculator to."""
    return Atoms(
        symbols=list(crystal.parent_symbols), cell=crystal.lattice, scaled_positions=crystal.frac, pbc=True
    )
