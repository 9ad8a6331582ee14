"""The energy of a repeated crystal whose sites move freely, each with weights of its own, with its derivatives.

Sites and copies are numbered cell by cell (engine/crystals/supercells.py). Positions are in the frame of the unstrained
cell, as everywhere: a position r becomes (1 + strain) r.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from engine.mechanics.neighbours import MovingNeighbours

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.crystals.crystal import AlchemicalCrystal
    from engine.crystals.supercells import Supercell
    from engine.potentials.interface import Potential


@dataclass(frozen=True, eq=False)
class SiteDerivatives:
    """An energy with its first derivatives.

    Attributes:
        energy: eV per supercell.
        by_position: [n, 3] eV/Å, by positions in the frame of the unstrained cell.
        by_strain: [3, 3] eV.
        by_weight: [n_copies of the supercell] eV.
    """

    energy: float
    by_position: NDArray[np.float64]
    by_strain: NDArray[np.float64]
    by_weight: NDArray[np.float64]


class SiteLandscape:
    """The energy of a supercell of a crystal.

    Args:
        potential: The potential.
        crystal: The parent with its copies.
        lattice: Unstrained lattice vectors of the parent as rows, [3, 3], Å.
        supercell: How the parent is repeated.
        on_call: Called before every potential call; what it raises ends the computation.
    """

    def __init__(
        self,
        potential: Potential,
        crystal: AlchemicalCrystal,
        lattice: NDArray[np.float64],
        supercell: Supercell,
        on_call: Callable[[], None] | None = None,
    ) -> None:
        self.potential = potential
        self.crystal = crystal
        self.lattice = lattice
        self.supercell = supercell
        self.calls = 0
        self._on_call = on_call
        self._neighbours = MovingNeighbours(
            potential,
            supercell.matrix @ lattice,
            crystal.site_copies * supercell.n_cells,
            np.tile(crystal.site_sublattice, supercell.n_cells),
        )

    @property
    def n_sites(self) -> int:
        """Number of sites of the supercell."""
        return self.crystal.n_sites * self.supercell.n_cells

    def everywhere(self, of_cell: NDArray[np.float64]) -> NDArray[np.float64]:
        """Weights of all copies, from those of one cell, [n_copies]."""
        return np.tile(of_cell, self.supercell.n_cells)

    def first(
        self, positions: NDArray[np.float64], strain: NDArray[np.float64], lam: NDArray[np.float64]
    ) -> SiteDerivatives:
        """Energy and first derivatives; one potential call.

        Args:
            positions: [n, 3] Å.
            strain: [3, 3].
            lam: Weights of all copies, [n_copies of the supercell].
        """
        leaves = self._leaves(positions, strain, lam)
        energy = self._energy(*leaves)
        by_position, by_strain, by_weight = torch.autograd.grad(energy, leaves)
        return SiteDerivatives(
            energy=float(energy.detach()),
            by_position=by_position.cpu().numpy(),
            by_strain=by_strain.cpu().numpy(),
            by_weight=by_weight.cpu().numpy(),
        )

    def rows(
        self,
        positions: NDArray[np.float64],
        strain: NDArray[np.float64],
        lam: NDArray[np.float64],
        directions: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Second derivatives by all positions along directions of them; a call, and two for each direction.

        Args:
            positions: [n, 3] Å.
            strain: [3, 3].
            lam: Weights of all copies.
            directions: [n_directions, n, 3].

        Returns:
            [n_directions, n, 3] eV/Å^2.
        """
        leaves = self._leaves(positions, strain, lam)
        energy = self._energy(*leaves)
        (gradient,) = torch.autograd.grad(energy, leaves[0], create_graph=True)
        found = []
        for number, direction in enumerate(directions):
            if self._on_call is not None:
                self._on_call()
            self.calls += 2
            (row,) = torch.autograd.grad(
                gradient,
                leaves[0],
                grad_outputs=torch.tensor(direction, dtype=gradient.dtype, device=gradient.device),
                retain_graph=number + 1 < len(directions),
            )
            found.append(row.cpu().numpy())
        return np.stack(found)

    def _leaves(
        self, positions: NDArray[np.float64], strain: NDArray[np.float64], lam: NDArray[np.float64]
    ) -> tuple[Tensor, Tensor, Tensor]:
        if self._on_call is not None:
            self._on_call()
        self.calls += 1
        device = self.potential.device
        moved, strained, weights = (
            torch.tensor(values, dtype=torch.float64, device=device, requires_grad=True)
            for values in (positions, strain, lam)
        )
        return moved, strained, weights

    def _energy(self, positions: Tensor, strain: Tensor, lam: Tensor) -> Tensor:
        dtype = self.potential.dtype
        graph = self._neighbours.at(positions.detach()[None], strain.detach()[None])
        return self.potential.energy(graph, positions.to(dtype), strain[None].to(dtype), lam.to(dtype)).to(
            torch.float64
        )[0]
