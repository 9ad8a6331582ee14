"""The neighbours of crystals that move: the list is kept while no pair outside it can have come in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.crystals.graph import NeighbourGraph, build_graph

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike
    from torch import Tensor

    from engine.potentials.interface import AlchemicalGraph, Potential

SKIN = 0.5
"""Å; how much farther than the cutoff neighbours are listed, so that a list serves many steps."""


class MovingNeighbours:
    """Edges within the cutoff of a batch of geometries of one crystal.

    Args:
        potential: The potential.
        lattice: Lattice vectors of the unstrained cell as rows, [3, 3], Å.
        copies: Atomic numbers of the copies of each site.
        groups: Sublattice of each site, -1 for none, [n_sites].
    """

    def __init__(
        self, potential: Potential, lattice: ArrayLike, copies: Sequence[Sequence[int]], groups: ArrayLike
    ) -> None:
        self._potential = potential
        self._lattice = lattice
        self._copies = copies
        self._groups = groups
        self._found: NeighbourGraph | None = None

    def at(self, positions: Tensor, strain: Tensor) -> AlchemicalGraph:
        """The edges at positions [n, n_sites, 3] Å in the frame of the unstrained cell, and strains [n, 3, 3]."""
        n = len(positions)
        flat = positions.reshape(-1, 3)
        found = self._found
        if found is None or found.graph.n_graphs != n or not found.still_valid(flat, strain):
            found = self._found = build_graph(
                [self._lattice] * n,
                list(positions.cpu().numpy()),
                [self._copies] * n,
                self._potential.cutoff,
                SKIN,
                strains=list(strain.cpu().numpy()),
                groups=[self._groups] * n,
                dtype=self._potential.dtype,
                device=self._potential.device,
            )
        return found.active(flat, strain)
