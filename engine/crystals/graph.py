"""Neighbours of a batch of crystals: found once with a skin, reused while the geometry moves little.

A pair is kept when it is nearer than `cutoff + skin` at the reference geometry. While no absent pair can have come
nearer than the cutoff (`still_valid`) the same graph serves, and `active` drops the pairs beyond the cutoff now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from engine.potentials.errors import CoincidentSites
from engine.potentials.interface import AlchemicalGraph

if TYPE_CHECKING:
    from vesin import NeighborList

COINCIDENT = 1e-3  # Å: nearer than this, two sites are one place and the direction between them is noise


@dataclass(frozen=True, eq=False)
class NeighbourGraph:
    """A graph and the geometry at which its neighbours were found.

    Attributes:
        graph: Every pair nearer than `cutoff + skin` at the reference.
        positions: Reference positions in the frame of the unstrained cell, [n_sites, 3], Å.
        strain: Reference strain, [n_graphs, 3, 3].
        cutoff: Cutoff of the potential, Å.
        skin: How much farther pairs are kept, Å.
    """

    graph: AlchemicalGraph
    positions: Tensor
    strain: Tensor
    cutoff: float
    skin: float

    def still_valid(self, positions: Tensor, strain: Tensor) -> bool:
        """Whether no pair that is absent can be nearer than the cutoff; see `still_valid`."""
        return still_valid(self, positions, strain)

    def active(self, positions: Tensor, strain: Tensor) -> AlchemicalGraph:
        """The graph of the pairs nearer than the cutoff now; see `active`."""
        return active(self.graph, positions, strain, self.cutoff)


def build_graph(
    cells: Sequence[ArrayLike],
    positions: Sequence[ArrayLike],
    copies: Sequence[Sequence[Sequence[int]]],
    cutoff: float,
    skin: float = 0.5,
    *,
    strains: Sequence[ArrayLike] | None = None,
    groups: Sequence[ArrayLike] | None = None,
    dtype: torch.dtype = torch.float64,
    device: torch.device | str = "cpu",
) -> NeighbourGraph:
    """Finds the neighbours of several crystals, periodic in all directions, and joins them into one graph.

    Args:
        cells: Lattice vectors of each crystal as rows, [3, 3], Å; any handedness.
        positions: Positions of the sites of each crystal, [n_sites, 3], Å; they may lie outside the cell.
        copies: Atomic numbers of the copies of each site, per crystal and site.
        cutoff: Cutoff of the potential, Å.
        skin: How much farther to look, Å.
        strains: Strain of each crystal, [3, 3]: neighbours are found at the deformation (1 + strain); zero if left out.
            Shifts and cells of the graph are the unstrained ones all the same.
        groups: Sublattice of each site of each crystal, [n_sites], -1 for none. Paired mixing needs it.
        dtype: Number format of the shifts, cells and reference positions.
        device: Device of every tensor.

    Returns:
        The graph with its reference geometry. Sites and copies keep the order given.

    Raises:
        ValueError: if the sequences do not belong together, a cell is singular, or a site has no copy.
        CoincidentSites: if two sites are nearer than 0.001 Å.
    """
    if not len(cells) == len(positions) == len(copies) or (
        strains is not None and len(strains) != len(cells)
    ):
        raise ValueError(
            f"one cell, position array and copy list per crystal: got {len(cells)}, {len(positions)}, {len(copies)}"
        )
    if not cells:
        raise ValueError("a graph needs at least one crystal")
    from vesin import NeighborList

    finder = NeighborList(cutoff=cutoff + skin, full_list=False)
    all_cells = np.stack([_matrix(cell, "cell") for cell in cells])
    all_strains = (
        np.zeros_like(all_cells) if strains is None else np.stack([_matrix(s, "strain") for s in strains])
    )
    all_positions, firsts, seconds, shifts, site_graph, copy_site, species = [], [], [], [], [], [], []
    offset = 0
    for graph, (cell, strain, sites, elements) in enumerate(
        zip(all_cells, all_strains, positions, copies, strict=True)
    ):
        points = np.ascontiguousarray(sites, dtype=float).reshape(-1, 3)
        if len(points) != len(elements) or not all(len(of_site) for of_site in elements):
            raise ValueError(
                f"crystal {graph}: {len(points)} sites need as many copy lists, none of them empty"
            )
        deform = np.eye(3) + strain
        first, second, shift = _pairs(finder, points @ deform.T, cell @ deform.T, graph)
        all_positions.append(points)
        firsts.append(first + offset)
        seconds.append(second + offset)
        shifts.append(shift @ cell)
        site_graph.append(np.full(len(points), graph))
        copy_site.append(np.repeat(np.arange(len(points)), [len(of_site) for of_site in elements]) + offset)
        species.append(np.concatenate([np.asarray(of_site, dtype=np.int64) for of_site in elements]))
        offset += len(points)
    i, j, shift = np.concatenate(firsts), np.concatenate(seconds), np.concatenate(shifts)
    receivers, order = _sorted_receivers(i, j)
    whole = np.empty_like(order)
    whole[order] = np.arange(len(order))  # where each edge went
    graph_of_all = AlchemicalGraph(
        cells=torch.as_tensor(all_cells, dtype=dtype, device=device),
        site_graph=torch.as_tensor(np.concatenate(site_graph), device=device),
        receivers=torch.as_tensor(receivers, device=device),
        senders=torch.as_tensor(np.concatenate([j, i])[order], device=device),
        shifts=torch.as_tensor(np.concatenate([shift, -shift])[order], dtype=dtype, device=device),
        pairs=torch.as_tensor(whole.reshape(2, -1).T.copy(), device=device),
        copy_site=torch.as_tensor(np.concatenate(copy_site), device=device),
        copy_species=torch.as_tensor(np.concatenate(species), device=device),
        site_group=None
        if groups is None
        else torch.as_tensor(np.concatenate([np.asarray(g, dtype=np.int64) for g in groups]), device=device),
    )
    return NeighbourGraph(
        graph=graph_of_all,
        positions=torch.as_tensor(np.concatenate(all_positions), dtype=dtype, device=device),
        strain=torch.as_tensor(all_strains, dtype=dtype, device=device),
        cutoff=cutoff,
        skin=skin,
    )


def still_valid(reference: NeighbourGraph, positions: Tensor, strain: Tensor) -> bool:
    """Whether no pair that is absent from the reference can be nearer than the cutoff: docs/science.md, Eq. 27.

    With F0 and F the reference and present deformations and u the displacement of a site, an absent pair had
    |F0 d| > cutoff + skin, and now has |F (d + u_j - u_i)| >= s (cutoff + skin - 2 max |F0 u|), where s is the smallest
    singular value of F F0^-1. Each crystal must pass.

    Args:
        reference: The graph and where it was found.
        positions: Positions now, [n_sites, 3], Å.
        strain: Strain now, [n_graphs, 3, 3].
    """
    with torch.no_grad():
        eye = torch.eye(3, dtype=reference.strain.dtype, device=reference.strain.device)
        before, now = eye + reference.strain, eye + strain.to(reference.strain)
        smallest = torch.linalg.svdvals(now @ torch.linalg.inv(before))[:, -1]
        graph_of = reference.graph.site_graph
        moved = torch.bmm(
            before[graph_of], (positions.to(reference.positions) - reference.positions).unsqueeze(-1)
        )
        farthest = torch.zeros_like(smallest).scatter_reduce(
            0, graph_of, moved.squeeze(-1).norm(dim=1), "amax"
        )
        return bool(
            (smallest * (reference.cutoff + reference.skin - 2.0 * farthest) >= reference.cutoff).all()
        )


def active(graph: AlchemicalGraph, positions: Tensor, strain: Tensor, cutoff: float) -> AlchemicalGraph:
    """Drops the pairs that are not nearer than the cutoff now; they contribute exactly zero to a potential.

    Args:
        graph: The batch, usually with a skin.
        positions: Positions now, [n_sites, 3], Å.
        strain: Strain now, [n_graphs, 3, 3].
        cutoff: Cutoff of the potential, Å.

    Returns:
        A graph with the same sites and copies, or `graph` itself if nothing is dropped.
    """
    with torch.no_grad():
        near = graph.pair_vectors(positions, strain).square().sum(1) < cutoff * cutoff
        pairs = graph.pairs[near]
        if len(pairs) == len(graph.pairs):
            return graph
        keep = torch.zeros(graph.n_edges, dtype=torch.bool, device=pairs.device)
        keep[pairs.flatten()] = True
        renumbered = torch.cumsum(keep, 0) - 1
        return AlchemicalGraph(
            cells=graph.cells,
            site_graph=graph.site_graph,
            receivers=graph.receivers[keep],
            senders=graph.senders[keep],
            shifts=graph.shifts[keep],
            pairs=renumbered[pairs],
            copy_site=graph.copy_site,
            copy_species=graph.copy_species,
            site_group=graph.site_group,
        )


def _matrix(values: ArrayLike, what: str) -> NDArray[np.float64]:
    matrix = np.asarray(values, dtype=float)
    if matrix.shape != (3, 3) or not np.isfinite(matrix).all():
        raise ValueError(f"a {what} is a finite 3x3 matrix, got shape {matrix.shape}")
    if what == "cell" and abs(np.linalg.det(matrix)) < 1e-6:
        raise ValueError("the lattice vectors of a cell must span a volume; these lie in a plane")
    return matrix


def _pairs(
    finder: NeighborList, points: NDArray[np.float64], cell: NDArray[np.float64], graph: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Each undirected pair once: sites i and j and the integer shift of j, as float [n_pairs, 3]."""
    first, second, shift, distance = finder.compute(points=points, box=cell, periodic=True, quantities="ijSd")
    if len(distance) and distance.min() < COINCIDENT:
        worst = int(distance.argmin())
        raise CoincidentSites(
            f"crystal {graph}: sites {int(first[worst])} and {int(second[worst])} are {distance[worst]:.2g} Å apart"
        )
    return first.astype(np.int64), second.astype(np.int64), shift.astype(float)


def _sorted_receivers(
    i: NDArray[np.int64], j: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Receivers of all directed edges in order, and the order itself over [forward edges, backward edges]."""
    receivers = np.concatenate([i, j])
    order = np.argsort(receivers, kind="stable")
    return receivers[order], order
