"""Edges laid out as a table, equally many slots a receiver, so that summing over neighbours is a matrix product.

Sites are taken in blocks of consecutive receivers. Within a block each receiver has as many slots as the busiest of
them has neighbours; a slot without a neighbour has orientation 0, which makes its contribution exactly zero.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from engine.potentials.interface import AlchemicalGraph

_WASTE = 1.25  # a block is closed when empty slots would make it this much larger than its edges
_SMALL = 512  # slots: below this another block costs more than empty slots do


@dataclass(frozen=True, eq=False)
class SlotBlock:
    """The slots of some consecutive receivers, `width` for each, receiver after receiver.

    Attributes:
        n_sites: Number of receivers.
        width: Slots a receiver.
        sender: [n_slots] int64, the site that sends; the receiver itself where the slot is empty.
        pair: [n_slots] int64, the undirected pair; 0 where the slot is empty.
        orientation: [n_slots], +1 for a pair's first edge, -1 for its second, 0 for an empty slot.
    """

    n_sites: int
    width: int
    sender: Tensor
    pair: Tensor
    orientation: Tensor
    _rows: dict[int, Tensor] = field(default_factory=dict)

    @property
    def n_slots(self) -> int:
        """Number of slots, empty ones included."""
        return self.n_sites * self.width

    def rows(self, n_paths: int) -> Tensor:
        """Rows of a [n_pairs * n_paths, ...] table in the order [n_paths, n_slots].

        Args:
            n_paths: Rows a pair.

        Returns:
            [n_paths * n_slots] int64.
        """
        if n_paths not in self._rows:
            path = torch.arange(n_paths, device=self.pair.device).unsqueeze(1)
            self._rows[n_paths] = (self.pair * n_paths + path).flatten()
        return self._rows[n_paths]


@dataclass(frozen=True, eq=False)
class DirectedEdges:
    """Edges by what hears and what speaks, receivers in order.

    Attributes:
        n_receivers: Number of receivers.
        receiver: [n_edges] int64, nondecreasing.
        sender: [n_edges] int64, row in a table of what is sent.
        pair: [n_edges] int64, the undirected pair of sites.
        orientation: [n_edges], +1 for a pair's first edge, -1 for its second.
    """

    n_receivers: int
    receiver: Tensor
    sender: Tensor
    pair: Tensor
    orientation: Tensor


def site_edges(graph: AlchemicalGraph, dtype: torch.dtype) -> DirectedEdges:
    """Every edge of a graph, from site to site.

    Args:
        graph: With receivers in order.
        dtype: Of the orientations.
    """
    device = graph.receivers.device
    pair = torch.empty(graph.n_edges, dtype=torch.int64, device=device)
    orientation = torch.ones(graph.n_edges, dtype=dtype, device=device)
    numbers = torch.arange(len(graph.pairs), device=device)
    pair[graph.pairs[:, 0]] = numbers
    pair[graph.pairs[:, 1]] = numbers
    orientation[graph.pairs[:, 1]] = -1
    return DirectedEdges(graph.n_sites, graph.receivers, graph.senders, pair, orientation)


def slot_blocks(graph: AlchemicalGraph, max_slots: int, dtype: torch.dtype) -> tuple[SlotBlock, ...]:
    """Lays the edges of a graph out in blocks of at most about `max_slots` slots.

    Args:
        graph: With receivers in order.
        max_slots: A block holds no more slots unless it is a single receiver.
        dtype: Of the orientations.

    Returns:
        Blocks that cover every site in order.
    """
    return laid_out(site_edges(graph, dtype), max_slots)


def laid_out(edges: DirectedEdges, max_slots: int) -> tuple[SlotBlock, ...]:
    """Lays edges out in blocks of at most about `max_slots` slots, which cover every receiver in order."""
    device = edges.receiver.device
    degrees = torch.bincount(edges.receiver, minlength=edges.n_receivers)
    starts = torch.cumsum(degrees, 0) - degrees
    blocks = []
    for first, last, width in _ranges(degrees.tolist(), max_slots):
        receivers = torch.arange(first, last, device=device).unsqueeze(1)
        places = torch.arange(width, device=device)
        filled = places < degrees[first:last].unsqueeze(1)
        edge = torch.where(filled, starts[first:last].unsqueeze(1) + places, 0)
        blocks.append(
            SlotBlock(
                n_sites=last - first,
                width=width,
                sender=torch.where(filled, edges.sender[edge], receivers).flatten(),
                pair=torch.where(filled, edges.pair[edge], 0).flatten(),
                orientation=torch.where(filled, edges.orientation[edge], 0).flatten(),
            )
        )
    return tuple(blocks)


def _ranges(degrees: list[int], max_slots: int) -> list[tuple[int, int, int]]:
    """Consecutive sites of each block: first, one past the last, width."""
    ranges = []
    first, width, edges = 0, 0, 0
    for site, degree in enumerate(degrees):
        wider = max(width, degree)
        slots = wider * (site + 1 - first)
        wasteful = slots > _SMALL and slots > _WASTE * (edges + degree)
        if site > first and (slots > max_slots or wasteful):
            ranges.append((first, site, width))
            first, wider, edges = site, degree, 0
        width, edges = wider, edges + degree
    ranges.append((first, len(degrees), width))
    return ranges
