"""What a potential must offer: one pure function of a batch of alchemical crystals.

Everything else (forces, stress, dE/dlam, Hessians, relaxation, properties) is written once against `Potential.energy`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class AlchemicalGraph:
    """A batch of crystals with their neighbours; geometry and weights are arguments of the energy, not part of it.

    The vector of an edge is `r_ij = (1 + strain) (r_j + shift - r_i)`, from the receiver i to the sender j
    (docs/science.md, Eq. 3).

    Attributes:
        cells: Lattice vectors of the unstrained reference as rows, [n_graphs, 3, 3], Å.
        site_graph: Graph of each site, [n_sites] int64, nondecreasing.
        receivers: Site i of each edge, [n_edges] int64, nondecreasing.
        senders: Site j of each edge, [n_edges] int64.
        shifts: Cartesian periodic shift of j in the unstrained cell, [n_edges, 3], Å.
        pairs: The two edges i<-j and j<-i of each undirected pair, [n_edges / 2, 2] int64; every edge is in one.
        copy_site: Site of each copy, [n_copies] int64, nondecreasing.
        copy_species: Atomic number of each copy, [n_copies] int64.
        site_group: Sublattice of each site, [n_sites] int64, -1 for none; sites of one sublattice have their copies in
            the same order. None where nobody told: no site then shares a sublattice with another. Only paired mixing
            looks at it.
    """

    cells: Tensor
    site_graph: Tensor
    receivers: Tensor
    senders: Tensor
    shifts: Tensor
    pairs: Tensor
    copy_site: Tensor
    copy_species: Tensor
    site_group: Tensor | None = None

    @property
    def n_graphs(self) -> int:
        """Number of crystals in the batch."""
        return self.cells.shape[0]

    @property
    def n_sites(self) -> int:
        """Number of sites over all crystals."""
        return self.site_graph.shape[0]

    @property
    def n_copies(self) -> int:
        """Number of copies (site, element) over all sites."""
        return self.copy_site.shape[0]

    @property
    def n_edges(self) -> int:
        """Number of directed edges: twice the number of pairs."""
        return self.receivers.shape[0]

    def pair_vectors(self, positions: Tensor, strain: Tensor) -> Tensor:
        """Vectors of the undirected pairs, from the receiver to the sender of each pair's first edge.

        Args:
            positions: Positions in the frame of the unstrained cell, [n_sites, 3], Å.
            strain: Strain of each cell, [n_graphs, 3, 3].

        Returns:
            [n_pairs, 3] Å, after the strain.
        """
        edge = self.pairs[:, 0]
        receiver = self.receivers[edge]
        ends = positions.index_select(0, self.senders[edge]) - positions.index_select(0, receiver)
        vectors = ends + self.shifts[edge].to(positions)
        deform = torch.eye(3, dtype=strain.dtype, device=strain.device) + strain
        if self.n_graphs == 1:
            return vectors @ deform[0].T
        of_pairs = deform.index_select(0, self.site_graph[receiver])
        return torch.bmm(of_pairs, vectors.unsqueeze(-1)).squeeze(-1)


@runtime_checkable
class Potential(Protocol):
    """An energy model of alchemical crystals.

    Attributes:
        name: The name in the registry.
        cutoff: Distance in Å beyond which a pair contributes exactly zero.
        species: Atomic numbers that the model knows.
        dtype: The number format of the model's own arithmetic.
        device: Where the model lives.
        smoothness: How many continuous derivatives the energy has at the cutoff.
        mixing: The mixing rule: mean_field or paired.
        curvature_jumps: Å; distances at which second derivatives jump when a shell of neighbours crosses them.
    """

    name: str
    cutoff: float
    species: frozenset[int]
    dtype: torch.dtype
    device: torch.device
    smoothness: int
    mixing: str
    curvature_jumps: tuple[float, ...]

    def energy(self, graph: AlchemicalGraph, positions: Tensor, strain: Tensor, weights: Tensor) -> Tensor:
        """Energy of each crystal, differentiable at least three times in positions, strain and weights.

        It is docs/science.md, Eq. 4, with the messages of Eq. 5 or, under paired mixing, Eq. 6.

        Args:
            graph: The batch; edges beyond the cutoff may be present and contribute nothing.
            positions: Positions in the frame of the unstrained cell, [n_sites, 3], Å.
            strain: Strain of each cell, any matrix, [n_graphs, 3, 3]; a position r becomes (1 + strain) r.
            weights: Weight lam of each copy, [n_copies]. A copy of weight zero influences nothing but has its own
                derivative.

        Returns:
            [n_graphs] eV, in the dtype of `positions`.
        """
        ...
