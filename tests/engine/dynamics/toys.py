"""Energies in closed form for tests of dynamics: a pair potential of alchemical crystals, and one of the volume."""

from __future__ import annotations

import numpy as np
import torch

from engine.dynamics.hamiltonian import Energies
from engine.dynamics.replicas import Replicas

KB = 8.617333262e-5


class PairPotential:
    """Morse pairs that end smoothly at the cutoff; weights multiply, so one-hot weights are an ordinary crystal."""

    name, cutoff, smoothness, mixing, curvature_jumps = "pairs", 4.5, 3, "mean_field", ()
    device, dtype = torch.device("cpu"), torch.float64
    depth = {11: 0.8, 19: 0.6, 37: 0.8}
    length = {11: 2.9, 19: 3.1, 37: 2.9}
    species = frozenset(depth)

    def energy(self, graph, positions, strain, weights):
        vectors = graph.pair_vectors(positions, strain).to(self.dtype)
        distance = vectors.square().sum(1).sqrt()
        window = torch.where(
            distance < self.cutoff,
            (1.0 - (distance / self.cutoff).square()).pow(4),
            torch.zeros_like(distance),
        )
        first, second = graph.receivers[graph.pairs[:, 0]], graph.senders[graph.pairs[:, 0]]
        # Depths multiply and lengths add: a pair of elements is a product of terms of one element each.
        lam, site = weights.to(self.dtype), graph.copy_site
        depth, length = (
            torch.tensor([table[z] for z in graph.copy_species.tolist()], dtype=self.dtype)
            for table in (self.depth, self.length)
        )
        attract, repel = (
            torch.zeros(graph.n_sites, dtype=self.dtype).index_add(
                0, site, lam * depth.sqrt() * (rate * length / 2).exp()
            )
            for rate in (1.4, 2.8)
        )
        pair = (
            repel[first] * repel[second] * (-2.8 * distance).exp()
            - 2.0 * attract[first] * attract[second] * (-1.4 * distance).exp()
        )
        of_graph = graph.site_graph[first]
        found = torch.zeros(graph.n_graphs, dtype=positions.dtype)
        return found.index_add(0, of_graph, (window * pair).to(positions.dtype))


def fcc(cells=1, a=4.0):
    """Lattice [3, 3] and positions [4 cells^3, 3] of an fcc crystal, Å."""
    from ase.build import bulk

    atoms = bulk("Na", "fcc", a=a, cubic=True) * (cells, cells, cells)
    return atoms.cell.array, atoms.positions


def pairs(positions, lattice, elements=(11, 19), start=(1.0, 0.0), end=(0.0, 1.0), at_once=None):
    """Replicas of a crystal whose sites all hold the same elements."""
    n = len(positions)
    potential = PairPotential()
    return Replicas(potential, lattice, [elements] * n, np.tile(start, n), np.tile(end, n), at_once=at_once)


class OfVolume:
    """An energy of the cell alone, stiffness/2 (ln V/V0 - rest)^2 with the volume in units of the unstrained one."""

    def __init__(self, stiffness=0.0, rest=0.0):
        self.stiffness, self.rest = stiffness, rest

    def evaluate(self, positions, strain, lam, *, by_lam=False, by_strain=False):
        deform = np.eye(3) + strain
        log = np.log(np.linalg.det(deform)) - self.rest
        slope = self.stiffness * log[:, None, None] * np.linalg.inv(deform).transpose(0, 2, 1)
        return Energies(
            0.5 * self.stiffness * log**2,
            np.zeros_like(positions),
            np.zeros_like(lam) if by_lam else None,
            slope if by_strain else None,
        )
