"""The convolution of a MACE interaction with its filters summed over the periodic images of each sender first.

All images R of a site send the same features, and a path's radial function is a linear map of hidden functions g of the
length, w_p = sum_f W_pf g_f. So for receiver a and sender b of a cell (docs/science.md, Eq. 9)

    sum_R w_p(r_R) Y_m(r_R) = sum_f W_pf S_ab[m, f],        S_ab[m, f] = sum_R g_f(r_R) Y_m(r_R)

An edge enters S alone, a few per cent of a tensor product, whatever the number of copies and of edges; the tensor
products, of the summed filters with the senders' features, are as many as there are pairs of nodes in a cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isqrt

import torch
from torch import Tensor

from engine.potentials.equivariant.padded_neighbours import DirectedEdges, NeighbourBlock, laid_out
from engine.potentials.equivariant.recompute import checkpointed
from engine.potentials.equivariant.spherical_harmonics import parity_signs
from engine.potentials.mace.convolution import Convolution
from engine.potentials.mace.cost import LINKS_IN_ONE_PIECE
from engine.potentials.mace.linear import Features


@dataclass(frozen=True, eq=False)
class Images:
    """The edges of a batch, gathered by receiver and sender within each cell.

    Attributes:
        n_graphs: Number of cells.
        n_receivers: Nodes of the fullest cell; places beyond the nodes of a cell stay empty.
        n_senders: Senders of the fullest cell.
        sender: Row in the table of what is sent, [n_graphs * n_senders] int64; any row at an empty place.
        place: Place of each node among the receivers of all cells, [n_nodes] int64.
        harmonic_blocks: Padded images of each (cell, receiver, sender), with the pair of sites as their `pair`.
        radial_blocks: The same with the radial row as their `pair`.
    """

    n_graphs: int
    n_receivers: int
    n_senders: int
    sender: Tensor
    place: Tensor
    harmonic_blocks: tuple[NeighbourBlock, ...]
    radial_blocks: tuple[NeighbourBlock, ...]

    def harmonics(self, values: Tensor, max_degree: int) -> list[Tensor]:
        """Harmonics of every padded image of each block: [n_links, n_harmonics, width].

        Args:
            values: Harmonics of each pair's first edge, [n_pairs, n_harmonics].
            max_degree: Greatest degree of the harmonics.
        """
        odd = torch.as_tensor(parity_signs(max_degree) < 0, device=values.device)
        found = []
        for block in self.harmonic_blocks:
            orientation = block.orientation.unsqueeze(1)
            signs = torch.where(odd, orientation, orientation.abs())
            at_neighbours = values.index_select(0, block.pair) * signs
            found.append(at_neighbours.view(block.n_sites, block.width, values.shape[1]).transpose(1, 2))
        return found

    def summed(self, harmonics: Sequence[Tensor], hidden: Tensor) -> Tensor:
        """S of the module's docstring: [n_graphs, n_receivers, n_senders, n_harmonics, n_hidden].

        Args:
            harmonics: Harmonics of the images, from `harmonics`.
            hidden: Hidden radial functions, [n_rows, n_hidden].
        """
        parts = []
        for at_neighbours, block in zip(harmonics, self.radial_blocks, strict=True):
            functions = hidden.index_select(0, block.pair)
            parts.append(
                torch.bmm(at_neighbours, functions.view(block.n_sites, block.width, hidden.shape[1]))
            )
        together = parts[0] if len(parts) == 1 else torch.cat(parts)
        return together.view(self.n_graphs, self.n_receivers, self.n_senders, *together.shape[1:])

    def senders(self, sent: Features) -> Features:
        """Features by cell and sender: for each degree [n_graphs, n_senders, 2l+1, channels].

        Args:
            sent: Features that are sent, for each degree [n_sent, 2l+1, channels].
        """
        return [
            part.index_select(0, self.sender).view(self.n_graphs, self.n_senders, *part.shape[1:])
            for part in sent
        ]

    def summed_by_element(self, summed: Tensor, shares: Tensor) -> Tensor:
        """Filters for each element instead of each sender: [n_graphs, n_receivers, n_elements, n_harmonics, n_hidden].

        What is sent before the first interaction is a fixed vector for each element, times how much of the element
        there is: so the filters of all senders can be summed with these weights.

        Args:
            summed: Filters of all senders, from `summed`.
            shares: How much of each element is in what is sent, [n_sent, n_elements].
        """
        of_senders = shares.index_select(0, self.sender).view(self.n_graphs, 1, self.n_senders, -1)
        products = torch.matmul(of_senders.transpose(2, 3), summed.flatten(3))
        return products.view(*products.shape[:3], *summed.shape[3:])


def n_links(node_graph: Tensor, n_graphs: int, *, alone: bool) -> int:
    """Pairs of nodes, empty places included, that `gathered` would make."""
    fullest = int(torch.bincount(node_graph, minlength=n_graphs).max())
    return n_graphs * fullest * fullest * (2 if alone else 1)


def gathered(
    edges: DirectedEdges,
    site_pair: Tensor,
    radial_row: Tensor,
    node_graph: Tensor,
    n_graphs: int,
    *,
    alone: bool,
) -> Images:
    """Gathers edges by receiver and sender.

    Args:
        edges: Edges between nodes; the sender is a row of what is sent.
        site_pair: Pair of sites of each edge, [n_edges] int64.
        radial_row: Row of its radial functions, [n_edges] int64.
        node_graph: Cell of each node, [n_nodes] int64, nondecreasing.
        n_graphs: Number of cells.
        alone: Whether the table of what is sent has everything twice; see `Edges`.
    """
    device, n_nodes = node_graph.device, len(node_graph)
    counts = torch.bincount(node_graph, minlength=n_graphs)
    starts = torch.cumsum(counts, 0) - counts
    fullest = int(counts.max())
    local = torch.arange(n_nodes, device=device) - starts[node_graph]
    place = node_graph * fullest + local
    width = fullest * (2 if alone else 1)
    node = edges.sender % n_nodes
    local_sender = local[node] + fullest * torch.div(edges.sender, n_nodes, rounding_mode="floor")
    link = place[edges.receiver] * width + local_sender
    order = torch.argsort(link, stable=True)
    # The number of an edge stands in for its pair, to find the rows of harmonics and radial functions by.
    sorted_edges = DirectedEdges(
        n_graphs * fullest * width, link[order], torch.zeros_like(order), order, edges.orientation[order]
    )
    blocks = laid_out(sorted_edges, max_padded=2 * len(order) + 1)
    rows = torch.zeros(n_graphs * width, dtype=torch.int64, device=device)
    rows[node_graph * width + local] = torch.arange(n_nodes, device=device)
    if alone:
        rows[node_graph * width + local + fullest] = torch.arange(n_nodes, 2 * n_nodes, device=device)
    return Images(
        n_graphs=n_graphs,
        n_receivers=fullest,
        n_senders=width,
        sender=rows,
        place=place,
        harmonic_blocks=tuple(replace(block, pair=site_pair[block.pair], _rows={}) for block in blocks),
        radial_blocks=tuple(replace(block, pair=radial_row[block.pair], _rows={}) for block in blocks),
    )


class ImageConvolution:
    """The convolution and the linear map after it, on summed filters."""

    def __init__(self, convolution: Convolution, last: Tensor) -> None:
        """Takes what a convolution read.

        Args:
            convolution: Convolution of the interaction.
            last: Last layer of the radial network, [n_hidden, n_weights], weights in the order of the model.
        """
        self._convolution = convolution
        # For each (l2, l1) the l3 of the paths; [n_paths * u, n_hidden]; constants [(m1, m2), m3] of each path.
        self._groups: dict[int, list[tuple[int, list[int], Tensor, list[Tensor]]]] = {}
        for l1, l2 in sorted({path[:2] for path in convolution.offsets}):
            degrees = [l3 for of, edge, l3 in sorted(convolution.offsets) if (of, edge) == (l1, l2)]
            channels = convolution.channels[l1]
            starts = [convolution.offsets[l1, l2, l3] for l3 in degrees]
            matrix = torch.cat([last[:, start : start + channels] for start in starts], dim=1)
            constants = []
            for l3 in degrees:
                table = convolution.constants[l1, l3][convolution.paths[l1, l3].index(l2)]
                of_edge = table[l2 * l2 : (l2 + 1) ** 2].view(2 * l2 + 1, 2 * l3 + 1, 2 * l1 + 1)
                constants.append(of_edge.permute(2, 0, 1).reshape(-1, 2 * l3 + 1))
            self._groups.setdefault(l2, []).append((l1, degrees, matrix.T.contiguous(), constants))

    def __call__(self, senders: Features, summed: Tensor, place: Tensor) -> list[Tensor]:
        """Summed messages after the linear map, for each degree [n_nodes, 2l+1, channels].

        Args:
            senders: Features of the senders, for each degree [n_graphs, n_senders, 2l+1, channels].
            summed: Filters of receivers and senders, [n_graphs, n_receivers, n_senders, n_harmonics, n_hidden].
            place: Place of each node among the receivers of all cells, [n_nodes] int64.
        """
        pieces: list[tuple[Tensor, ...]] = []
        n_graphs, n_receivers, n_senders = summed.shape[:3]
        links = n_receivers * n_senders
        if n_graphs * links <= LINKS_IN_ONE_PIECE:
            pieces.append(self._messages(summed, *senders))
        else:
            graphs_together = max(1, LINKS_IN_ONE_PIECE // links)
            receivers_together = max(1, LINKS_IN_ONE_PIECE // n_senders)
            for first in range(0, n_graphs, graphs_together):
                some = slice(first, first + graphs_together)
                of_graphs = [part[some] for part in senders]
                pieces += [
                    checkpointed(self._messages, piece, *of_graphs)
                    for piece in summed[some].split(receivers_together, dim=1)
                ]
        found = pieces[0] if len(pieces) == 1 else [torch.cat(part) for part in zip(*pieces, strict=True)]
        return [
            part.index_select(0, place) @ matrix
            for part, matrix in zip(found, self._convolution.after, strict=True)
        ]

    def _messages(self, summed: Tensor, *senders: Tensor) -> tuple[Tensor, ...]:
        """For each l3 [n_graphs * n_receivers, 2 l3 + 1, n_paths * u], paths in the order (l1, l2)."""
        n_graphs, n_receivers, n_senders = summed.shape[:3]
        collected: dict[tuple[int, int, int], Tensor] = {}
        sent = [
            part.permute(3, 0, 2, 1).contiguous() for part in senders
        ]  # else the batched product is a loop
        sizes = [2 * degree + 1 for degree in range(isqrt(summed.shape[3]))]
        # Hidden functions first, for the product with the last layer; then cell, sender, receiver and m2.
        of_degrees = summed.permute(4, 0, 2, 1, 3).split(sizes, dim=4)
        for l2, groups in self._groups.items():
            columns = of_degrees[l2].reshape(summed.shape[4], -1)
            for l1, degrees, matrix, constants in groups:
                n_paths, n_channels = len(degrees), self._convolution.channels[l1]
                batch = (n_paths, n_channels, n_graphs)
                filters = (matrix @ columns).view(-1, n_senders, n_receivers * (2 * l2 + 1))
                features = sent[l1].expand(n_paths, -1, -1, -1, -1).reshape(-1, 2 * l1 + 1, n_senders)
                products = torch.bmm(features, filters)
                by_node = products.view(*batch, 2 * l1 + 1, n_receivers, 2 * l2 + 1).transpose(3, 4)
                of_paths = by_node.reshape(*batch, n_receivers, -1).unbind(0)
                for l3, product, constant in zip(degrees, of_paths, constants, strict=True):
                    collected[l3, l1, l2] = product @ constant  # [u, n_graphs, n_receivers, m3]
        found: dict[int, list[Tensor]] = {}
        for l3, l1, l2 in sorted(collected):
            found.setdefault(l3, []).append(collected[l3, l1, l2].permute(1, 2, 3, 0).flatten(0, 1))
        return tuple(torch.cat(parts, dim=2) for _, parts in sorted(found.items()))
