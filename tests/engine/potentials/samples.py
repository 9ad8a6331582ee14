"""Small crystals for the tests of potentials, and their energies with all first derivatives."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from engine.crystals.graph import build_graph


@dataclass(frozen=True)
class Sample:
    """One crystal: cell and positions in Å, for each site the atomic numbers and the weights of its copies.

    `groups` gives the sublattice of each site, -1 for none; left out, no two sites share one.
    """

    cell: np.ndarray
    positions: np.ndarray
    copies: tuple[tuple[int, ...], ...]
    weights: tuple[tuple[float, ...], ...]
    groups: tuple[int, ...] | None = None

    @property
    def volume(self):
        return abs(np.linalg.det(self.cell))

    def with_(self, **changes):
        return replace(self, **changes)


@dataclass(frozen=True)
class Derivatives:
    """Energies [n_graphs] and the gradients by positions, strain and weights, as arrays."""

    energy: np.ndarray
    positions: np.ndarray
    strain: np.ndarray
    weights: np.ndarray


def plain(cell, positions, numbers):
    """A crystal with one element a site."""
    return Sample(
        np.array(cell, dtype=float),
        np.array(positions, dtype=float),
        tuple((int(z),) for z in numbers),
        tuple((1.0,) for _ in numbers),
    )


def skewed_alloy():
    """A triclinic cell without symmetry: (Cu, Au, Ag) on one site, (Al, Ni) on one, O on one."""
    return Sample(
        np.array([[3.9, 0.2, -0.3], [1.1, 3.7, 0.4], [-0.6, 0.9, 4.2]]),
        np.array([[0.1, 0.0, 0.2], [2.3, 1.6, 0.4], [1.2, 2.4, 2.7]]),
        ((29, 79, 47), (13, 28), (8,)),
        ((0.2, 0.5, 0.3), (0.35, 0.65), (1.0,)),
    )


def arguments(samples, dtype=torch.float64, skin=0.3):
    """The graph of several samples, and positions, strain and weights that ask for gradients."""
    found = build_graph(
        [s.cell for s in samples],
        [s.positions for s in samples],
        [s.copies for s in samples],
        5.0,
        skin,
        groups=None if any(s.groups is None for s in samples) else [s.groups for s in samples],
        dtype=dtype,
    )
    positions = found.positions.clone().requires_grad_()
    strain = torch.zeros(len(samples), 3, 3, dtype=dtype, requires_grad=True)
    flat = [weight for s in samples for of_site in s.weights for weight in of_site]
    return found.graph, positions, strain, torch.tensor(flat, dtype=dtype, requires_grad=True)


def derivatives(potential, *samples, dtype=torch.float64):
    """Energy and first derivatives of several samples in one batch."""
    graph, positions, strain, weights = arguments(samples, dtype)
    energy = potential.energy(graph, positions, strain, weights)
    gradients = torch.autograd.grad(energy.sum(), (positions, strain, weights))
    return Derivatives(energy.detach().numpy(), *(g.numpy() for g in gradients))


def voigt_stress(sample, strain_gradient):
    """Stress in eV/Å^3 as xx yy zz yz xz xy from the gradient by the strain [3, 3]."""
    stress = (strain_gradient + strain_gradient.T) / (2 * sample.volume)
    return stress[[0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]]
