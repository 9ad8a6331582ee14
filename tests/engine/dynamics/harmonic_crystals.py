"""Crystals of a Morse potential between nearest neighbours, whose harmonic limit has closed forms, and real ones."""

from __future__ import annotations

import numpy as np
import torch

from engine.crystals.crystal import build_crystal
from engine.crystals.prototypes import PROTOTYPES
from engine.crystals.supercells import Supercell
from engine.crystals.symmetry import operations
from engine.dynamics.harmonic import harmonic_crystal
from engine.dynamics.samples import model
from engine.mechanics.coordinates import symmetry_coordinates
from engine.mechanics.landscape import Landscape
from engine.mechanics.relax import Start, Tolerance, relax
from engine.mechanics.response.force_constants import force_constants
from engine.mechanics.sites import SiteLandscape

BOLTZMANN = 8.617333262e-5  # eV/K
CUBE = [[-1, 1, 1], [1, -1, 1], [1, 1, -1]]


class Morse:
    """depth (1 - exp(-steepness (r - length)))^2 between sites nearer than the cutoff, times the product of weights.

    The springs of its harmonic limit are 2 depth steepness^2 of the weights' product.
    """

    name, smoothness, mixing, curvature_jumps = "morse", 0, "mean_field", ()
    dtype, device = torch.float64, torch.device("cpu")
    species = frozenset(range(1, 95))

    def __init__(self, length, spring=3.0, steepness=1.5, cutoff=None):
        self.length, self.steepness = length, steepness
        self.depth = spring / (2 * steepness**2)
        self.cutoff = cutoff or 1.25 * length

    def energy(self, graph, positions, strain, weights):
        vectors = graph.pair_vectors(positions, strain)
        edge = graph.pairs[:, 0]
        of_site = torch.zeros(graph.n_sites, dtype=positions.dtype).index_add(0, graph.copy_site, weights)
        r = vectors.norm(dim=1)
        pair = self.depth * (1 - (-self.steepness * (r - self.length)).exp()) ** 2
        strength = of_site[graph.receivers[edge]] * of_site[graph.senders[edge]]
        pair = torch.where(r < self.cutoff, strength * pair, 0.0)
        energies = torch.zeros(graph.n_graphs, dtype=positions.dtype)
        return energies.index_add(0, graph.site_graph[graph.receivers[edge]], pair)


class Studied:
    """A crystal at rest, its harmonic crystal and its model."""

    def __init__(self, potential, crystal, x, matrix):
        self.crystal, self.lam = crystal, crystal.weights(np.array(x, dtype=float))
        self.landscape = SiteLandscape(potential, crystal, crystal.lattice, Supercell(np.array(matrix)))
        self.operations = operations(crystal)
        at_rest = SiteLandscape(potential, crystal, crystal.lattice, Supercell(np.eye(3, dtype=int)))
        forces = at_rest.first(crystal.positions, np.zeros((3, 3)), self.lam).by_position
        constants = force_constants(
            self.landscape, crystal.positions, np.zeros((3, 3)), self.lam, self.operations, forces
        )
        self.rows = self.landscape.calls
        self.harmonic = harmonic_crystal(constants, crystal, self.lam, crystal.lattice, crystal.positions)
        self.model = model(self.landscape, self.harmonic, self.lam)

    @property
    def rest(self):
        """Positions of the supercell, [n, 3] Å."""
        return self.landscape.supercell.positions(self.crystal.lattice, self.crystal.positions)


def springs(matrix=CUBE, steepness=1.5, spring=3.0):
    """Copper-like atoms on an fcc lattice with nearest neighbours 2.5 Å apart."""
    crystal = build_crystal(PROTOTYPES["fcc"].build(["Cu"], a=2.5 * np.sqrt(2)))
    return Studied(Morse(2.5, spring, steepness), crystal, [], matrix)


def relaxed(potential, prototype, species, matrix, sublattices=(), x=(), **constants):
    """A crystal of a real potential, relaxed within its symmetry."""
    crystal = build_crystal(PROTOTYPES[prototype].build(species, **constants), list(sublattices))
    coordinates = symmetry_coordinates(crystal)
    lam = crystal.weights(np.array(x, dtype=float))
    found = relax(
        Landscape(potential, crystal, coordinates),
        lam[None],
        [Start(np.zeros(coordinates.n_q))],
        Tolerance(gradient=1e-7),
    )[0]
    deform = np.eye(3) + coordinates.strain(found.q)
    lattice = coordinates.lattice @ deform.T
    frac = coordinates.displaced(found.q) @ deform.T @ np.linalg.inv(lattice)
    return Studied(potential, crystal.with_geometry(lattice, frac), x, matrix)
