"""Who hears whom in a MACE model: sites where the radial part ignores elements, copies where it does not.

Senders of one site can be mixed before they are sent if the radial part is blind to elements; then the nodes of the
message passing are the sites. Otherwise they are the copies, with an edge for every pair of copies of two neighbouring
sites. Lengths that need the same radial functions (the same pair of sites and of elements) share one row.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from engine.potentials.interface import AlchemicalGraph
from engine.potentials.paired import hears_alone
from engine.potentials.slots import SlotBlock, slot_blocks


@dataclass(frozen=True, eq=False)
class CopyPairs:
    """Every undirected pair of copies of neighbouring sites.

    Attributes:
        pair: [n] int64, the pair of sites.
        first: [n] int64, the copy at the receiver of the pair's first edge.
        second: [n] int64, the copy at its sender.
        alone: [n] bool, whether they hear each other with weight 1, by paired mixing; None for mean-field mixing.
    """

    pair: Tensor
    first: Tensor
    second: Tensor
    alone: Tensor | None = None

    def sent_rows(self, n_copies: int) -> tuple[Tensor, Tensor]:
        """Rows of `first` and `second` in a table of what copies send: times lam, and behind that with weight 1."""
        if self.alone is None:
            return self.first, self.second
        return self.first + n_copies * self.alone, self.second + n_copies * self.alone


@dataclass(frozen=True, eq=False)
class RadialRows:
    """The lengths at which radial functions are computed.

    Attributes:
        pair: [n_rows] int64, the pair of sites whose length it is.
        receiver: [n_rows] int64, element of the receiver, as its row in the model's table; 0 where it does not matter.
        sender: [n_rows] int64, element of the sender likewise.
        forward: [n_node_pairs] int64, row of the edge first <- second of each pair of nodes.
        backward: [n_node_pairs] int64, row of the edge second <- first.
    """

    pair: Tensor
    receiver: Tensor
    sender: Tensor
    forward: Tensor
    backward: Tensor


@dataclass(frozen=True, eq=False)
class Edges:
    """Nodes, their edges in slots, and the rows of radial functions.

    Attributes:
        n_nodes: Sites or copies.
        node_of_copy: [n_copies] int64; None if the nodes are the copies.
        first: [n_node_pairs] int64, one node of each pair.
        second: [n_node_pairs] int64, the other.
        first_sent: [n_node_pairs] int64, row of the first in the table of what is sent.
        second_sent: [n_node_pairs] int64, row of the second.
        alone: Whether that table has everything twice: times lam, and behind that with weight 1.
        rows: Of the radial functions.
        harmonic_blocks: Slots whose `pair` is the pair of sites.
        radial_blocks: The same slots with the radial row as their `pair`.
    """

    n_nodes: int
    node_of_copy: Tensor | None
    first: Tensor
    second: Tensor
    first_sent: Tensor
    second_sent: Tensor
    alone: bool
    rows: RadialRows
    harmonic_blocks: tuple[SlotBlock, ...]
    radial_blocks: tuple[SlotBlock, ...]

    def summed_over_neighbours(self, values: Tensor, weights: Tensor) -> Tensor:
        """sum_j lam_j f(row of i <- j) for every node i: [n_nodes].

        Args:
            values: [n_rows].
            weights: [n_sent], lam of what is sent.
        """
        summed = torch.zeros(self.n_nodes, dtype=values.dtype, device=values.device)
        summed = summed.index_add(0, self.first, values[self.rows.forward] * weights[self.second_sent])
        return summed.index_add(0, self.second, values[self.rows.backward] * weights[self.first_sent])


def copy_pairs(graph: AlchemicalGraph, mixing: str) -> CopyPairs:
    """All pairs of copies that hear each other of the pairs of neighbouring sites of a graph.

    Args:
        graph: The batch; for paired mixing with the sublattices of its sites.
        mixing: mean_field or paired.

    Raises:
        UnpairedCopies: see `paired.hears_alone`.
    """
    counts = torch.bincount(graph.copy_site, minlength=graph.n_sites)
    starts = torch.cumsum(counts, 0) - counts
    edge = graph.pairs[:, 0]
    i, j = graph.receivers[edge], graph.senders[edge]
    n_combinations = counts[i] * counts[j]
    pair = torch.repeat_interleave(torch.arange(len(edge), device=edge.device), n_combinations)
    begins = torch.cumsum(n_combinations, 0) - n_combinations
    place = torch.arange(len(pair), device=edge.device) - begins[pair]
    width = counts[j][pair]
    first = starts[i][pair] + torch.div(place, width, rounding_mode="floor")
    second = starts[j][pair] + place % width
    if mixing == "mean_field":
        return CopyPairs(pair=pair, first=first, second=second)
    heard, alone = hears_alone(graph, pair, first, second)
    return CopyPairs(pair=pair[heard], first=first[heard], second=second[heard], alone=alone[heard])


def element_rows(pairs: CopyPairs, elements: Tensor, *, symmetric: bool) -> RadialRows:
    """One row for each pair of sites and of elements.

    Args:
        pairs: Of copies.
        elements: [n_copies] int64, rows in the model's table of elements.
        symmetric: Whether receiver and sender may change places.
    """
    one, other = elements[pairs.first], elements[pairs.second]
    if symmetric:
        forward = backward = torch.stack([pairs.pair, torch.minimum(one, other), torch.maximum(one, other)])
    else:
        forward, backward = torch.stack([pairs.pair, one, other]), torch.stack([pairs.pair, other, one])
    base = int(elements.max()) + 1
    keys = torch.cat([forward, backward], dim=1)
    codes, where = torch.unique((keys[0] * base + keys[1]) * base + keys[2], return_inverse=True)
    return RadialRows(
        pair=torch.div(codes, base * base, rounding_mode="floor"),
        receiver=torch.div(codes, base, rounding_mode="floor") % base,
        sender=codes % base,
        forward=where[: len(one)],
        backward=where[len(one) :],
    )


def site_edges(graph: AlchemicalGraph, max_slots: int, dtype: torch.dtype) -> Edges:
    """Edges between sites, for radial functions that are blind to elements."""
    blocks = slot_blocks(graph, max_slots, dtype)
    numbers = torch.arange(len(graph.pairs), device=graph.pairs.device)
    nowhere = torch.zeros_like(numbers)
    return Edges(
        n_nodes=graph.n_sites,
        node_of_copy=None if graph.n_copies == graph.n_sites else graph.copy_site,
        first=graph.receivers[graph.pairs[:, 0]],
        second=graph.senders[graph.pairs[:, 0]],
        first_sent=graph.receivers[graph.pairs[:, 0]],
        second_sent=graph.senders[graph.pairs[:, 0]],
        alone=False,
        rows=RadialRows(numbers, nowhere, nowhere, numbers, numbers),
        harmonic_blocks=blocks,
        radial_blocks=blocks,
    )


def copy_edges(
    graph: AlchemicalGraph,
    pairs: CopyPairs,
    rows: RadialRows,
    max_slots: int,
    dtype: torch.dtype,
) -> Edges:
    """Edges between copies, for radial functions of the elements at both ends."""
    receivers = torch.cat([pairs.first, pairs.second])
    first_sent, second_sent = pairs.sent_rows(graph.n_copies)
    order = torch.argsort(receivers, stable=True)
    whole = torch.empty_like(order)
    whole[order] = torch.arange(len(order), device=order.device)
    expanded = AlchemicalGraph(
        cells=graph.cells,
        site_graph=graph.site_graph[graph.copy_site],
        receivers=receivers[order],
        senders=torch.cat([second_sent, first_sent])[order],
        shifts=graph.shifts[:0],
        pairs=whole.view(2, -1).T.contiguous(),
        copy_site=torch.arange(graph.n_copies, device=order.device),
        copy_species=graph.copy_species,
    )
    blocks = slot_blocks(expanded, max_slots, dtype)
    forward = [
        torch.where(block.orientation < 0, rows.backward[block.pair], rows.forward[block.pair])
        for block in blocks
    ]
    return Edges(
        n_nodes=graph.n_copies,
        node_of_copy=None,
        first=pairs.first,
        second=pairs.second,
        first_sent=first_sent,
        second_sent=second_sent,
        alone=pairs.alone is not None,
        rows=rows,
        harmonic_blocks=tuple(replace(block, pair=pairs.pair[block.pair], _rows={}) for block in blocks),
        radial_blocks=tuple(
            replace(block, pair=row, _rows={}) for block, row in zip(blocks, forward, strict=True)
        ),
    )
