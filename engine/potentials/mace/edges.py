"""Which nodes send to which in a MACE model: sites where the radial part ignores elements, copies where it does not.

Senders of one site can be mixed before they are sent if the radial part is blind to elements; then the nodes of the
message passing are the sites. Otherwise they are the copies, with an edge for every pair of copies of two neighbouring
sites. Lengths that need the same radial functions (the same pair of sites and of elements) share one row.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from engine.potentials.equivariant.padded_neighbours import DirectedEdges, NeighbourBlock, laid_out
from engine.potentials.equivariant.paired import pairs_by_mixing
from engine.potentials.interface import AlchemicalGraph
from engine.potentials.mace.images import Images, gathered


@dataclass(frozen=True, eq=False)
class CopyPairs:
    """Every undirected pair of copies of neighbouring sites.

    Attributes:
        pair: Pair of sites of each, [n] int64.
        first: Copy at the receiver of the pair's first edge, [n] int64.
        second: Copy at its sender, [n] int64.
        alone: Whether they send to each other with weight 1, by paired mixing, [n] bool; None for mean-field mixing.
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
        pair: Pair of sites whose length it is, [n_rows] int64.
        receiver: Element of the receiver as its row in the model's table, [n_rows] int64; 0 where it does not matter.
        sender: Element of the sender as its row in the model's table, [n_rows] int64; 0 where it does not matter.
        forward: Row of the edge first <- second of each pair of nodes, [n_node_pairs] int64.
        backward: Row of the edge second <- first of each pair of nodes, [n_node_pairs] int64.
    """

    pair: Tensor
    receiver: Tensor
    sender: Tensor
    forward: Tensor
    backward: Tensor


@dataclass(frozen=True, eq=False)
class Edges:
    """Nodes, the pairs that send to each other, the rows of radial functions, and one of two layouts of the edges.

    Attributes:
        n_nodes: Number of nodes, which are sites or copies.
        node_of_copy: Node of each copy, [n_copies] int64; None if the nodes are the copies.
        node_graph: Crystal of each node, [n_nodes] int64.
        pair: Pair of sites of each pair of nodes, [n_node_pairs] int64.
        first: Node of each pair at the receiver of the first edge of the pair of sites, [n_node_pairs] int64.
        second: The other node of each pair, [n_node_pairs] int64.
        first_sent: Row of the first node in the table of what is sent, [n_node_pairs] int64.
        second_sent: Row of the second node in it, [n_node_pairs] int64.
        alone: Whether that table has everything twice: times lam, and behind that with weight 1.
        rows: Lengths and elements of the radial functions.
        harmonic_blocks: Padded neighbours with the pair of sites as their `pair`; one tensor product per edge.
        radial_blocks: The same with the radial row as their `pair`.
        images: Edges of each receiver and sender, with one tensor product for all; None in the other layout.
    """

    n_nodes: int
    node_of_copy: Tensor | None
    node_graph: Tensor
    pair: Tensor
    first: Tensor
    second: Tensor
    first_sent: Tensor
    second_sent: Tensor
    alone: bool
    rows: RadialRows
    harmonic_blocks: tuple[NeighbourBlock, ...] = ()
    radial_blocks: tuple[NeighbourBlock, ...] = ()
    images: Images | None = None

    @property
    def n_edges(self) -> int:
        """Number of directed edges between nodes."""
        return 2 * len(self.pair)

    def summed_over_neighbours(self, values: Tensor, weights: Tensor) -> Tensor:
        """sum_j lam_j f(row of i <- j) for every node i: [n_nodes].

        Args:
            values: Value f of each row, [n_rows].
            weights: Weight lam of what is sent, [n_sent].
        """
        summed = torch.zeros(self.n_nodes, dtype=values.dtype, device=values.device)
        for here, row, there in (
            (self.first, self.rows.forward, self.second_sent),
            (self.second, self.rows.backward, self.first_sent),
        ):
            summed = summed.index_add(0, here, values.index_select(0, row) * weights.index_select(0, there))
        return summed

    def sent(self, features: Tensor, lam: Tensor) -> Tensor:
        """What is sent, [n_sent, m, u]: features of copies times lam, summed over the copies of each node.

        Args:
            features: Features of every copy, [n_copies, m, u].
            lam: Weight of every copy, [n_copies].
        """
        of_copies = lam.view(-1, 1, 1) * features
        if self.alone:
            return torch.cat([of_copies, features])
        if self.node_of_copy is None:
            return of_copies
        shape = (self.n_nodes, *of_copies.shape[1:])
        mixed = torch.zeros(shape, dtype=of_copies.dtype, device=of_copies.device)
        return mixed.index_add(0, self.node_of_copy, of_copies)

    def directed(self, dtype: torch.dtype) -> DirectedEdges:
        """The edges by receiver; their `pair` is the pair of nodes."""
        receiver = torch.cat([self.first, self.second])
        order = torch.argsort(receiver, stable=True)
        numbers = torch.arange(len(self.pair), device=order.device)
        ones = torch.ones(len(self.pair), dtype=dtype, device=order.device)
        return DirectedEdges(
            self.n_nodes,
            receiver[order],
            torch.cat([self.second_sent, self.first_sent])[order],
            torch.cat([numbers, numbers])[order],
            torch.cat([ones, -ones])[order],
        )

    def radial_row(self, pair: Tensor, orientation: Tensor) -> Tensor:
        """The radial row of edges [n] given by pair of nodes and orientation."""
        return torch.where(orientation < 0, self.rows.backward[pair], self.rows.forward[pair])


def copy_pairs(graph: AlchemicalGraph, mixing: str) -> CopyPairs:
    """All pairs of copies that send to each other, of the pairs of neighbouring sites of a graph.

    Args:
        graph: The batch; for paired mixing with the sublattices of its sites.
        mixing: Mixing rule, mean_field or paired.

    Raises:
        UnpairedCopies: see `paired.pairs_by_mixing`.
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
    sending, alone = pairs_by_mixing(graph, pair, first, second)
    return CopyPairs(pair=pair[sending], first=first[sending], second=second[sending], alone=alone[sending])


def element_rows(pairs: CopyPairs, elements: Tensor, *, symmetric: bool) -> RadialRows:
    """One row for each pair of sites and of elements.

    Args:
        pairs: Pairs of copies.
        elements: Row of each copy in the model's table of elements, [n_copies] int64.
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


def site_edges(graph: AlchemicalGraph) -> Edges:
    """Edges between sites, for radial functions that are blind to elements."""
    numbers = torch.arange(len(graph.pairs), device=graph.pairs.device)
    nowhere = torch.zeros_like(numbers)
    first, second = graph.receivers[graph.pairs[:, 0]], graph.senders[graph.pairs[:, 0]]
    return Edges(
        n_nodes=graph.n_sites,
        node_of_copy=None if graph.n_copies == graph.n_sites else graph.copy_site,
        node_graph=graph.site_graph,
        pair=numbers,
        first=first,
        second=second,
        first_sent=first,
        second_sent=second,
        alone=False,
        rows=RadialRows(numbers, nowhere, nowhere, numbers, numbers),
    )


def copy_edges(graph: AlchemicalGraph, pairs: CopyPairs, rows: RadialRows) -> Edges:
    """Edges between copies, for radial functions of the elements at both ends."""
    first_sent, second_sent = pairs.sent_rows(graph.n_copies)
    return Edges(
        n_nodes=graph.n_copies,
        node_of_copy=None,
        node_graph=graph.site_graph[graph.copy_site],
        pair=pairs.pair,
        first=pairs.first,
        second=pairs.second,
        first_sent=first_sent,
        second_sent=second_sent,
        alone=pairs.alone is not None,
        rows=rows,
    )


def by_edge(edges: Edges, max_padded: int, dtype: torch.dtype) -> Edges:
    """The edges laid out as padded neighbours, for one tensor product per edge."""
    blocks = laid_out(edges.directed(dtype), max_padded)
    return replace(
        edges,
        harmonic_blocks=tuple(replace(block, pair=edges.pair[block.pair], _rows={}) for block in blocks),
        radial_blocks=tuple(
            replace(block, pair=edges.radial_row(block.pair, block.orientation), _rows={}) for block in blocks
        ),
    )


def by_image(edges: Edges, n_graphs: int, dtype: torch.dtype) -> Edges:
    """The edges laid out by receiver and sender, for one tensor product per pair of them."""
    directed = edges.directed(dtype)
    images = gathered(
        directed,
        edges.pair[directed.pair],
        edges.radial_row(directed.pair, directed.orientation),
        edges.node_graph,
        n_graphs,
        alone=edges.alone,
    )
    return replace(edges, images=images)
