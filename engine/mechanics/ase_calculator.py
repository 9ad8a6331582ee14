"""An ASE calculator of an alchemical crystal at a fixed composition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.stress import full_3x3_to_voigt_6_stress

from engine.crystals.graph import build_graph

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.crystals.crystal import AlchemicalCrystal
    from engine.potentials.interface import Potential


class AlchemicalCalculator(Calculator):  # type: ignore[misc]  # ase is untyped
    """Energy (eV), forces (eV/Å) and stress (eV/Å^3, Voigt, ASE sign) of one composition.

    The atoms that it is attached to are the sites; their species are ignored in favour of the crystal's copies.

    Args:
        potential: The potential.
        crystal: Copies of every site.
        x: Composition, [n_columns].
    """

    implemented_properties: ClassVar[list[str]] = ["energy", "free_energy", "forces", "stress"]

    def __init__(self, potential: Potential, crystal: AlchemicalCrystal, x: NDArray[np.float64]) -> None:
        super().__init__()
        self._potential = potential
        self._copies = crystal.site_copies
        self._group = crystal.site_sublattice
        self._weights = crystal.weights(x)
        self.potential_calls = 0

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: Sequence[str] = ("energy",),
        system_changes: Sequence[str] = all_changes,
    ) -> None:
        """Compute all properties at once; one potential call."""
        super().calculate(atoms, list(properties), list(system_changes))
        cell, positions = np.asarray(self.atoms.cell), self.atoms.get_positions()
        model = self._potential
        found = build_graph(
            [cell],
            [positions],
            [self._copies],
            model.cutoff,
            0.0,
            groups=[self._group],
            dtype=model.dtype,
            device=model.device,
        )
        real: dict[str, Any] = {"dtype": model.dtype, "device": model.device}
        leaf = torch.tensor(positions, requires_grad=True, **real)
        strain = torch.zeros((1, 3, 3), requires_grad=True, **real)
        energy = model.energy(found.graph, leaf, strain, torch.tensor(self._weights, **real)).sum()
        by_position, by_strain = torch.autograd.grad(energy, (leaf, strain))
        virial = by_strain[0].cpu().double().numpy()
        self.potential_calls += 1
        self.results = {
            "energy": float(energy.detach()),
            "free_energy": float(energy.detach()),
            "forces": -by_position.cpu().double().numpy(),
            "stress": full_3x3_to_voigt_6_stress((virial + virial.T) / 2 / abs(np.linalg.det(cell))),
        }


def parent_atoms(crystal: AlchemicalCrystal) -> Atoms:
    """The parent crystal as ASE atoms, to attach a calculator to."""
    return Atoms(
        symbols=list(crystal.parent_symbols), cell=crystal.lattice, scaled_positions=crystal.frac, pbc=True
    )
