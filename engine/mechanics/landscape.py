"""The enthalpy H(q, lam) of compositions of one crystal, batched, with first and second derivatives.

Every call to the potential that a relaxation makes goes through here, so this is where calls are counted: one for the
energy with its first derivatives, two for a row of second derivatives (a backward pass through the backward pass).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from engine.mechanics.constants import EV_PER_A3_IN_GPA
from engine.mechanics.empty_sites import HOLD, empty_sites, unheld
from engine.mechanics.neighbours import MovingNeighbours

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.crystals.crystal import AlchemicalCrystal
    from engine.mechanics.coordinates import SymmetryCoordinates
    from engine.potentials.interface import Potential

CALLS_PER_ROW = 2
"""Potential calls that a row of second derivatives counts."""


@dataclass(frozen=True, eq=False)
class FirstDerivatives:
    """Enthalpies with first derivatives; the ``graph_`` tensors keep the autograd graph for second derivatives.

    Attributes:
        q: Coordinates, [n, n_q].
        enthalpy: Enthalpy per cell, [n], eV.
        dh_dq: Derivative of the enthalpy by the coordinates, [n, n_q], eV per unit of q.
        dh_dlam: Derivative of the enthalpy by the weights, [n, n_copies], eV.
    """

    q: NDArray[np.float64]
    enthalpy: NDArray[np.float64]
    dh_dq: NDArray[np.float64]
    dh_dlam: NDArray[np.float64]
    graph_q: Tensor
    graph_lam: Tensor
    graph_gradient: Tensor
    graph_gradient_lam: Tensor


@dataclass(frozen=True, eq=False)
class SecondDerivatives:
    """Rows of second derivatives.

    Attributes:
        hessian: Second derivatives d2H/dq2, [n, n_q, n_q], eV per squared unit of q.
        mixed: Mixed derivatives d2H/dq dlam, [n, n_q, n_copies], eV per unit of q.
    """

    hessian: NDArray[np.float64]
    mixed: NDArray[np.float64]


class Landscape:
    """H = E + P V (docs/science.md, Eq. 20) over the symmetry-adapted coordinates of a crystal, for a batch of weights.

    Args:
        potential: The potential.
        crystal: The parent with its copies.
        coordinates: Symmetry-adapted coordinates of the crystal.
        pressure: Hydrostatic pressure, GPa.
        on_call: Called before every potential call; what it raises ends the relaxation.
    """

    def __init__(
        self,
        potential: Potential,
        crystal: AlchemicalCrystal,
        coordinates: SymmetryCoordinates,
        *,
        pressure: float = 0.0,
        on_call: Callable[[], None] | None = None,
    ) -> None:
        self.potential = potential
        self.crystal = crystal
        self.coordinates = coordinates
        self.pressure = pressure / EV_PER_A3_IN_GPA
        self._on_call = on_call
        device = potential.device
        self._lattice = torch.tensor(coordinates.lattice, dtype=torch.float64, device=device)
        self._positions = torch.tensor(coordinates.positions, dtype=torch.float64, device=device)
        self._strain_modes = torch.tensor(coordinates.strain_modes, dtype=torch.float64, device=device)
        self._displacement_modes = torch.tensor(
            coordinates.displacement_modes, dtype=torch.float64, device=device
        )
        self._neighbours = MovingNeighbours(
            potential, coordinates.lattice, crystal.site_copies, crystal.site_sublattice
        )
        self._unheld: dict[bytes, NDArray[np.float64]] = {}

    def first(self, q: NDArray[np.float64], lam: NDArray[np.float64]) -> FirstDerivatives:
        """Enthalpies and first derivatives at q [n, n_q] with weights lam [n, n_copies]; one potential call each."""
        self.interrupt()
        device = self.potential.device
        leaf_q = torch.tensor(q, dtype=torch.float64, device=device, requires_grad=True)
        leaf_lam = torch.tensor(lam, dtype=torch.float64, device=device, requires_grad=True)
        enthalpy = self.enthalpy(leaf_q, leaf_lam)
        gradient_q, gradient_lam = torch.autograd.grad(enthalpy.sum(), (leaf_q, leaf_lam), create_graph=True)
        return FirstDerivatives(
            q=np.array(q, dtype=float),
            enthalpy=enthalpy.detach().cpu().numpy().astype(float),
            dh_dq=gradient_q.detach().cpu().numpy(),
            dh_dlam=gradient_lam.detach().cpu().numpy(),
            graph_q=leaf_q,
            graph_lam=leaf_lam,
            graph_gradient=gradient_q,
            graph_gradient_lam=gradient_lam,
        )

    def second(self, at: FirstDerivatives) -> SecondDerivatives:
        """All rows of second derivatives at a point already evaluated; CALLS_PER_ROW potential calls per row.

        Displacements of empty sites are frozen: they are held by springs and do not answer to the weights.
        """
        n, n_q = at.q.shape
        hessian = np.zeros((n, n_q, n_q))
        mixed = np.zeros((n, n_q, at.dh_dlam.shape[1]))
        for row in range(n_q):
            self.interrupt()
            by_q, by_lam = torch.autograd.grad(
                at.graph_gradient[:, row].sum(), (at.graph_q, at.graph_lam), retain_graph=row + 1 < n_q
            )
            hessian[:, row] = by_q.cpu().numpy()
            mixed[:, row] = by_lam.cpu().numpy()
        for graph, motions in self._unheld_of(at):
            hessian[graph] += HOLD * motions @ motions.T
            mixed[graph] -= motions @ (motions.T @ mixed[graph])
        return SecondDerivatives(hessian=(hessian + hessian.transpose(0, 2, 1)) / 2, mixed=mixed)

    def hessian_product(self, at: FirstDerivatives, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        """d2H/dq2 times vectors [n, n_q], as [n, n_q]; CALLS_PER_ROW potential calls. Empty sites as in `second`."""
        product = self._product(at, at.graph_gradient, vectors)
        for graph, motions in self._unheld_of(at):
            product[graph] += HOLD * motions @ (motions.T @ vectors[graph])
        return product

    def mixed_product(self, at: FirstDerivatives, directions: NDArray[np.float64]) -> NDArray[np.float64]:
        """d2H/dq dlam times directions of the weights [n, n_copies], as [n, n_q]; CALLS_PER_ROW potential calls."""
        product = self._product(at, at.graph_gradient_lam, directions)
        for graph, motions in self._unheld_of(at):
            product[graph] -= motions @ (motions.T @ product[graph])
        return product

    def _product(
        self, at: FirstDerivatives, gradient: Tensor, vectors: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        self.interrupt()
        weights = torch.tensor(vectors, dtype=torch.float64, device=gradient.device)
        (by_q,) = torch.autograd.grad(gradient, at.graph_q, grad_outputs=weights, retain_graph=True)
        return np.array(by_q.cpu().numpy())

    def held(self, hessian: NDArray[np.float64], lam: NDArray[np.float64]) -> NDArray[np.float64]:
        """A guess of the Hessian [n_q, n_q] with displacements frozen of sites that lam [n_copies] leaves empty."""
        motions = self.unheld(lam)
        if not motions.shape[1]:
            return hessian
        others = np.eye(len(hessian)) - motions @ motions.T
        return np.asarray(others @ hessian @ others + HOLD * motions @ motions.T)

    def unheld(self, lam: NDArray[np.float64]) -> NDArray[np.float64]:
        """[n_q, n_unheld] orthonormal coordinates that move only sites that lam [n_copies] leaves empty."""
        if self.crystal.site_may_be_empty.any():
            empty = empty_sites(self.crystal, lam)
            key = empty.tobytes()
            if key not in self._unheld:
                self._unheld[key] = unheld(self.coordinates, empty)
            return self._unheld[key]
        return np.zeros((self.coordinates.n_q, 0))

    def _unheld_of(self, at: FirstDerivatives) -> list[tuple[int, NDArray[np.float64]]]:
        """The graphs with empty sites that a coordinate moves, and those coordinates."""
        if not self.crystal.site_may_be_empty.any():
            return []
        of_graphs = [self.unheld(lam) for lam in at.graph_lam.detach().cpu().numpy()]
        return [(graph, motions) for graph, motions in enumerate(of_graphs) if motions.shape[1]]

    def interrupt(self) -> None:
        """Let the caller end the computation before the next potential call."""
        if self._on_call is not None:
            self._on_call()

    def with_coordinates(self, coordinates: SymmetryCoordinates) -> Landscape:
        """The same enthalpy over other coordinates of the crystal."""
        return Landscape(
            self.potential,
            self.crystal,
            coordinates,
            pressure=self.pressure * EV_PER_A3_IN_GPA,
            on_call=self._on_call,
        )

    def enthalpy(
        self, q: Tensor, lam: Tensor, strain: Tensor | None = None, displacement: Tensor | None = None
    ) -> Tensor:
        """H = E + P V, differentiable in every argument.

        Args:
            q: Coordinates, [n, n_q].
            lam: Weights, [n, n_copies].
            strain: Further strain on top of that of the coordinates, [3, 3] or [n, 3, 3]: r becomes (1 + strain) r.
            displacement: Further displacement in the frame of the cell at q, before the further strain, [n_sites, 3] or
                [n, n_sites, 3], Å.

        Returns:
            [n] eV per cell.
        """
        dtype = self.potential.dtype
        n_strain = self.coordinates.n_strain
        eye = torch.eye(3, dtype=torch.float64, device=q.device)
        total = torch.einsum("gi,iab->gab", q[:, :n_strain], self._strain_modes)
        positions = self._positions + torch.einsum("gj,jna->gna", q[:, n_strain:], self._displacement_modes)
        if displacement is not None:
            positions = positions + displacement @ torch.linalg.inv(eye + total).transpose(1, 2)
        if strain is not None:
            total = (eye + strain) @ (eye + total) - eye
        graph = self._neighbours.at(positions.detach(), total.detach())
        energy = self.potential.energy(
            graph, positions.reshape(-1, 3).to(dtype), total.to(dtype), lam.reshape(-1).to(dtype)
        ).to(torch.float64)
        if self.pressure == 0.0:
            return energy
        return energy + self.pressure * self._volume(total)

    def volume(self, q: Tensor) -> Tensor:
        """Volume [n] Å^3 at the coordinates q [n, n_q], differentiable."""
        return self._volume(
            torch.einsum("gi,iab->gab", q[:, : self.coordinates.n_strain], self._strain_modes)
        )

    def _volume(self, strain: Tensor) -> Tensor:
        deformed = torch.eye(3, dtype=torch.float64, device=strain.device) + strain
        return torch.linalg.det(self._lattice @ deformed.transpose(1, 2)).abs()
