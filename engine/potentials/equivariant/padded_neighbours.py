"""Edges laid out as padded neighbours, equally many per receiver, so that summing over them is a matrix product.

Sites are taken in blocks of consecutive receivers. Within a block each receiver has as many neighbours as the busiest
of them; those that pad the others have orientation 0, which makes their contribution to docs/science.md, Eq. 8, zero.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from engine.potentials.interface import AlchemicalGraph

_WASTE = 1.25  # a block is closed when padding would make it this much larger than its edges
_SMALL = 512  # padded neighbours: below this another block costs more than padding does


@dataclass(frozen=True, eq=False)
class NeighbourBlock:
    """The padded neighbours of some consecutive receivers, `width` for each, receiver after receiver.

    Attributes:
        n_sites: Number of receivers.
        width: Padded neighbours per receiver.
        sender: Site that sends, [n_padded] int64; the receiver itself in padding.
        pair: Undirected pair, [n_padded] int64; 0 in padding.
        orientation: +1 for a pair's first edge, -1 for its second, 0 in padding, [n_padded].
    """

    n_sites: int
    width: int
    sender: Tensor
    pair: Tensor
    orientation: Tensor
    _rows: dict[int, Tensor] = field(default_factory=dict)

    @property
    def n_padded(self) -> int:
        """Number of neighbours, padding included."""
        return self.n_sites * self.width

    def rows(self, n_paths: int) -> Tensor:
        """Rows of a [n_pairs * n_paths, ...] table in the order [n_paths, n_padded].

        Args:
            n_paths: Rows per pair.

        Returns:
            [n_paths * n_padded] int64.
        """
        if n_paths not in self._rows:
            path = torch.arange(n_paths, device=self.pair.device).unsqueeze(1)
            self._rows[n_paths] = (self.pair * n_paths + path).flatten()
        return self._rows[n_paths]


@dataclass(frozen=True, eq=False)
class DirectedEdges:
    """Edges by receiver and sender, receivers in order.

    Attributes:
        n_receivers: Number of receivers.
        receiver: Row of what receives, [n_edges] int64, nondecreasing.
        sender: Row in a table of what is sent, [n_edges] int64.
        pair: Undirected pair of sites, [n_edges] int64.
        orientation: +1 for a pair's first edge, -1 for its second, [n_edges].
    """

    n_receivers: int
    receiver: Tensor
    sender: Tensor
    pair: Tensor
    orientation: Tensor


def site_edges(graph: AlchemicalGraph, dtype: torch.dtype) -> DirectedEdges:
    """Every edge of a graph, from site to site.

    Args:
        graph: The batch, with receivers in order.
        dtype: Number format of the orientations.
    """
    device = graph.receivers.device
    pair = torch.empty(graph.n_edges, dtype=torch.int64, device=device)
    orientation = torch.ones(graph.n_edges, dtype=dtype, device=device)
    numbers = torch.arange(len(graph.pairs), device=device)
    pair[graph.pairs[:, 0]] = numbers
    pair[graph.pairs[:, 1]] = numbers
    orientation[graph.pairs[:, 1]] = -1
    return DirectedEdges(graph.n_sites, graph.receivers, graph.senders, pair, orientation)


def neighbour_blocks(
    graph: AlchemicalGraph, max_padded: int, dtype: torch.dtype
) -> tuple[NeighbourBlock, ...]:
    """Lays the edges of a graph out in blocks of at most about `max_padded` neighbours.

    Args:
        graph: The batch, with receivers in order.
        max_padded: Most neighbours of a block, padding included, unless it is a single receiver.
        dtype: Number format of the orientations.

    Returns:
        Blocks that cover every site in order.
    """
    return laid_out(site_edges(graph, dtype), max_padded)


def laid_out(edges: DirectedEdges, max_padded: int) -> tuple[NeighbourBlock, ...]:
    """Lays edges out in blocks of at most about `max_padded` neighbours, which cover every receiver in order."""
    device = edges.receiver.device
    degrees = torch.bincount(edges.receiver, minlength=edges.n_receivers)
    starts = torch.cumsum(degrees, 0) - degrees
    blocks = []
    for first, last, width in _ranges(degrees.tolist(), max_padded):
        receivers = torch.arange(first, last, device=device).unsqueeze(1)
        places = torch.arange(width, device=device)
        filled = places < degrees[first:last].unsqueeze(1)
        edge = torch.where(filled, starts[first:last].unsqueeze(1) + places, 0)
        blocks.append(
            NeighbourBlock(
                n_sites=last - first,
                width=width,
                sender=torch.where(filled, edges.sender[edge], receivers).flatten(),
                pair=torch.where(filled, edges.pair[edge], 0).flatten(),
                orientation=torch.where(filled, edges.orientation[edge], 0).flatten(),
            )
        )
    return tuple(blocks)


def _ranges(degrees: list[int], max_padded: int) -> list[tuple[int, int, int]]:
    """Consecutive sites of each block: first, one past the last, width."""
    ranges = []
    first, width, edges = 0, 0, 0
    for site, degree in enumerate(degrees):
        wider = max(width, degree)
        padded = wider * (site + 1 - first)
        wasteful = padded > _SMALL and padded > _WASTE * (edges + degree)
        if site > first and (padded > max_padded or wasteful):
            ranges.append((first, site, width))
            first, wider, edges = site, degree, 0
        width, edges = wider, edges + degree
    ranges.append((first, len(degrees), width))
    return ranges
