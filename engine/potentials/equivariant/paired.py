"""Which copies receive from which under paired mixing (docs/science.md, Eq. 6).

It is the rule of the published code of J. Nam et al., Nat. Commun. 16, 4350 (2025), doi:10.1038/s41467-025-59543-2:
between two sites of one sublattice the copy (i, k) receives from the copy (j, k) only, with weight 1; every other edge
is as in mean-field mixing, where (i, k) receives from sum_k' lam_jk' (j, k').
"""

from __future__ import annotations

import torch

from engine.potentials.equivariant.padded_neighbours import DirectedEdges
from engine.potentials.errors import UnpairedCopies
from engine.potentials.interface import AlchemicalGraph


def within_a_sublattice(graph: AlchemicalGraph) -> torch.Tensor:
    """[n_edges] bool: whether both ends of each edge are in one sublattice."""
    if graph.site_group is None:
        return torch.zeros_like(graph.receivers, dtype=torch.bool)
    group = graph.site_group[graph.receivers]
    return (group >= 0) & (group == graph.site_group[graph.senders])


def split_by_mixing(graph: AlchemicalGraph, edges: DirectedEdges) -> tuple[DirectedEdges, DirectedEdges]:
    """Edges from site to site that mix their senders, and edges from copy to copy that do not.

    Args:
        graph: The batch, with the sublattices of its sites.
        edges: All its edges, from site to site.

    Raises:
        UnpairedCopies: if two neighbouring sites of a sublattice do not hold the same elements in the same order.
    """
    paired = within_a_sublattice(graph)
    mixing = DirectedEdges(
        edges.n_receivers,
        edges.receiver[~paired],
        edges.sender[~paired],
        edges.pair[~paired],
        edges.orientation[~paired],
    )
    counts = torch.bincount(graph.copy_site, minlength=graph.n_sites)
    starts = torch.cumsum(counts, 0) - counts
    receiver, sender = edges.receiver[paired], edges.sender[paired]
    n = counts[receiver]
    edge = torch.repeat_interleave(torch.arange(len(receiver), device=receiver.device), n)
    rank = torch.arange(len(edge), device=edge.device) - (torch.cumsum(n, 0) - n)[edge]
    first, second = starts[receiver][edge] + rank, starts[sender][edge] + rank
    _check_alike(graph, counts[receiver], counts[sender], first, second)
    order = torch.argsort(first, stable=True)
    alone = DirectedEdges(
        graph.n_copies,
        first[order],
        second[order],
        edges.pair[paired][edge][order],
        edges.orientation[paired][edge][order],
    )
    return mixing, alone


def pairs_by_mixing(
    graph: AlchemicalGraph, pair: torch.Tensor, first: torch.Tensor, second: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Which of all pairs of copies send to each other, and which of them with weight 1.

    Args:
        graph: The batch, with the sublattices of its sites.
        pair: Pair of sites of each pair of copies, [n] int64.
        first: Copy at the receiver of the pair's first edge, [n] int64.
        second: Copy at its sender, [n] int64.

    Returns:
        Two [n] bool: whether they send to each other; whether they do so with weight 1, being in one sublattice.

    Raises:
        UnpairedCopies: if two neighbouring sites of a sublattice do not hold the same elements in the same order.
    """
    within = within_a_sublattice(graph)[graph.pairs[:, 0]][pair]
    counts = torch.bincount(graph.copy_site, minlength=graph.n_sites)
    site = graph.copy_site
    rank = torch.arange(graph.n_copies, device=pair.device) - (torch.cumsum(counts, 0) - counts)[site]
    alone = within & (rank[first] == rank[second])
    n_first, n_second = counts[site[first[within]]], counts[site[second[within]]]
    _check_alike(graph, n_first, n_second, first[alone], second[alone])
    return alone | ~within, alone


def _check_alike(
    graph: AlchemicalGraph,
    n_receiver: torch.Tensor,
    n_sender: torch.Tensor,
    first: torch.Tensor,
    second: torch.Tensor,
) -> None:
    """Whether neighbouring sites of a sublattice have equally many copies, and copies of one rank one element."""
    alike = bool((n_receiver == n_sender).all())
    if not alike or bool((graph.copy_species[first] != graph.copy_species[second]).any()):
        text = "paired mixing needs the same elements, in the same order, on every site of a sublattice"
        raise UnpairedCopies(text)
