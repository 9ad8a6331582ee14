"""SevenNet on alchemical crystals, in plain torch: mean-field mixing with premixed senders, or paired mixing.

Sources: Y. Park et al., J. Chem. Theory Comput. 20, 4857 (2024), doi:10.1021/acs.jctc.4c00190; NequIP: S. Batzner et
al., Nat. Commun. 13, 2453 (2022), doi:10.1038/s41467-022-29939-5.

Species enter only through the embedding and the last shift and scale, so the features of a site are mixed before they
are sent (docs/science.md, Eq. 7), and a physical edge costs one tensor product however many copies its sites have. Only
the embedding, the self-connection and the gate run once per copy. Under paired mixing (docs/science.md, Eq. 6) the
edges within a sublattice run once per copy as well, without mixing. All fixed factors (fan-in, second moment of silu,
number of neighbours) are multiplied into the weights once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import sqrt
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor
from torch.nn.functional import silu

from engine.potentials.cost import EDGES_IN_ONE_PIECE
from engine.potentials.equivariant.convolution import Couplings, summed_messages
from engine.potentials.equivariant.padded_neighbours import (
    DirectedEdges,
    NeighbourBlock,
    laid_out,
    site_edges,
)
from engine.potentials.equivariant.paired import split_by_mixing
from engine.potentials.equivariant.recompute import checkpointed
from engine.potentials.equivariant.spherical_harmonics import spherical_harmonics
from engine.potentials.errors import UnknownSpecies
from engine.potentials.interface import AlchemicalGraph
from engine.potentials.sevennet.interaction import (
    SILU_MOMENT,
    InteractionWeights,
    interaction_weights,
    multiplicities,
)
from engine.potentials.sevennet.radial import radial_basis

# Up to `whole` neighbours of all sites everything is kept for the backward pass; above, convolutions run in blocks of
# `block` padded neighbours that are checkpointed. Measured on a CPU: small blocks cost time, large ones memory.
_CPU_BLOCKS = {"whole": EDGES_IN_ONE_PIECE, "block": 1024}
_GPU_BLOCKS = {"whole": 40_000, "block": 20_000}


@dataclass(frozen=True, eq=False)
class _Layout:
    """Padded neighbours of a graph: edges that mix their senders, and those between copies, of paired mixing only."""

    mixing: tuple[NeighbourBlock, ...]
    alone: tuple[NeighbourBlock, ...]
    checkpoint: bool


class SevenNet:
    """A SevenNet model as a `Potential`; see `engine.potentials.interface`."""

    def __init__(
        self,
        name: str,
        tensors: dict[str, Tensor],
        architecture: dict[str, Any],
        *,
        smoothness: int,
        dtype: torch.dtype,
        device: torch.device,
        mixing: str = "mean_field",
        block_sizes: dict[str, int] | None = None,
    ) -> None:
        """Prepares the weights.

        Args:
            name: Name in the registry.
            tensors: The learned tensors by their names in the checkpoint.
            architecture: Hyperparameters, as `checkpoint.read_checkpoint` gives them.
            smoothness: How many continuous derivatives the energy has at the cutoff.
            dtype: torch.float64 or torch.float32.
            device: Where to compute.
            mixing: mean_field or paired.
            block_sizes: `whole`, above how many neighbours the convolutions run block by block, and `block`, how
                many to a block; set for the device if left out.
        """
        self.name, self.dtype, self.device, self.smoothness = name, dtype, device, smoothness
        self.mixing = mixing
        self.cutoff: float = architecture["cutoff"]
        self.species = frozenset(architecture["species"])
        self.max_degree: int = architecture["max_degree"]
        self.block_sizes = block_sizes or (_CPU_BLOCKS if device.type == "cpu" else _GPU_BLOCKS)
        self._envelope = architecture["envelope"]
        onset = self._envelope.get("onset")
        self.curvature_jumps: tuple[float, ...] = () if onset is None else (onset, self.cutoff)
        self._blocks: WeakKeyDictionary[AlchemicalGraph, _Layout] = WeakKeyDictionary()
        exact = {key: value.to(torch.float64) for key, value in tensors.items()}

        def ready(tensor: Tensor) -> Tensor:
            return tensor.to(device=device, dtype=dtype).contiguous()

        rows = torch.full((max(self.species) + 1,), -1, dtype=torch.int64)
        rows[torch.tensor(architecture["species"])] = torch.arange(len(self.species))
        self._row_of = rows.to(device)
        n_species = len(self.species)
        self._embedding = ready(
            exact["onehot_to_feature_x.linear.weight"].view(n_species, -1) / sqrt(n_species)
        )
        self._frequencies = ready(exact["edge_embedding.basis_function.coeffs"])
        irreps = [multiplicities(text) for text in architecture["irreps"]]
        n_layers = len(irreps) - 1
        nets = [
            [exact[f"{t}_convolution.weight_nn.layer{depth}.weight"] for depth in range(3)]
            for t in range(n_layers)
        ]
        self._radial_first = ready(torch.cat([net[0] for net in nets], dim=1) / sqrt(nets[0][0].shape[0]))
        hidden = nets[0][1].shape[0]
        self._radial_second = ready(torch.stack([net[1] for net in nets]) * (SILU_MOMENT / sqrt(hidden)))
        self._layers = [
            interaction_weights(exact, t, irreps[t], irreps[t + 1], self.max_degree, ready)
            for t in range(n_layers)
        ]
        self._couplings = Couplings(self.max_degree, dtype, device)
        first = exact["reduce_input_to_hidden.linear.weight"].view(irreps[-1][0], -1)
        second = exact["reduce_hidden_to_energy.linear.weight"].view(-1, 1)
        readout = SILU_MOMENT * first @ second / sqrt(first.shape[0] * first.shape[1])
        self._readout = ready(readout[:, 0])
        self._shift = exact["rescale_atomic_energy.shift"].to(device)
        self._scale = exact["rescale_atomic_energy.scale"].to(device)

    def energy(self, graph: AlchemicalGraph, positions: Tensor, strain: Tensor, weights: Tensor) -> Tensor:
        """Energy of each crystal; see `engine.potentials.interface.Potential.energy`.

        Args:
            graph: The batch.
            positions: Positions in the frame of the unstrained cell, [n_sites, 3], Å.
            strain: Strain of each cell, [n_graphs, 3, 3].
            weights: Weight lam of each copy, [n_copies].

        Returns:
            [n_graphs] eV, in the dtype of `positions`.

        Raises:
            UnknownSpecies: if the model was not trained on an element of the graph.
        """
        rows = self._rows(graph)
        lam = weights.to(self.dtype)
        harmonics, radial = self._edges(graph, positions, strain.to(positions.dtype))
        layout = self._layout(graph)
        coupled, coupled_alone = (
            [self._couplings.of_block(harmonics, block) for block in blocks]
            for blocks in (layout.mixing, layout.alone)
        )
        features = [self._embedding[rows].unsqueeze(1)]
        for layer, hidden in zip(self._layers, radial, strict=True):
            of_edges = [hidden @ matrix for matrix in layer.radial]
            sent = [
                _mixed(of_degree, lam, graph) @ matrix
                for of_degree, matrix in zip(features, layer.before, strict=True)
            ]
            aggregated = _aggregated(
                layer, sent, of_edges, coupled, layout.mixing, checkpoint=layout.checkpoint
            )
            aggregated = [_to_copies(of_degree, graph) for of_degree in aggregated]
            if layout.alone:
                sent = [of_degree @ matrix for of_degree, matrix in zip(features, layer.before, strict=True)]
                alone = _aggregated(
                    layer, sent, of_edges, coupled_alone, layout.alone, checkpoint=layout.checkpoint
                )
                aggregated = [mixed + of_degree for mixed, of_degree in zip(aggregated, alone, strict=True)]
            features = _updated(layer, features, aggregated)
        atomic = (features[0].squeeze(1) @ self._readout).to(positions.dtype)
        scaled = atomic * self._scale[rows].to(positions) + self._shift[rows].to(positions)
        energies = torch.zeros(graph.n_graphs, dtype=positions.dtype, device=positions.device)
        return energies.index_add(0, graph.site_graph[graph.copy_site], weights.to(positions.dtype) * scaled)

    def _rows(self, graph: AlchemicalGraph) -> Tensor:
        """[n_copies]: row of each copy's element in the tables of the model."""
        known = graph.copy_species < len(self._row_of)
        rows = self._row_of[torch.where(known, graph.copy_species, 0)]
        if bool((rows < 0).any()):
            unknown = sorted(set(graph.copy_species.tolist()) - self.species)
            raise UnknownSpecies(self.name, tuple(_symbol(number) for number in unknown))
        return rows

    def _layout(self, graph: AlchemicalGraph) -> _Layout:
        layout = self._blocks.get(graph)
        if layout is None:
            edges = site_edges(graph, self.dtype)
            alone: DirectedEdges | None = None
            if self.mixing == "paired":
                edges, alone = split_by_mixing(graph, edges)
            n_edges = len(edges.receiver) + (0 if alone is None else len(alone.receiver))
            checkpoint = n_edges > self.block_sizes["whole"]
            limit = self.block_sizes["block" if checkpoint else "whole"]
            layout = self._blocks[graph] = _Layout(
                mixing=laid_out(edges, limit),
                alone=() if alone is None or not len(alone.receiver) else laid_out(alone, limit),
                checkpoint=checkpoint,
            )
        return layout

    def _edges(
        self, graph: AlchemicalGraph, positions: Tensor, strain: Tensor
    ) -> tuple[Tensor, list[Tensor]]:
        """Harmonics [n_pairs, n_harmonics] and the last hidden layer of each weight net [n_pairs, 64]."""
        vectors = graph.pair_vectors(positions, strain).to(self.dtype)
        distances = vectors.square().sum(1).sqrt()
        harmonics = spherical_harmonics(vectors / distances.unsqueeze(1), self.max_degree)
        basis = radial_basis(distances, self._frequencies, self.cutoff, self._envelope)
        first = silu(basis @ self._radial_first)
        by_layer = first.view(len(distances), *self._radial_second.shape[:2]).transpose(0, 1)
        return harmonics, list(silu(torch.bmm(by_layer, self._radial_second)).unbind(0))


def _aggregated(
    layer: InteractionWeights,
    senders: list[Tensor],
    radial: list[Tensor],
    coupled: list[dict[tuple[int, int], Tensor]],
    blocks: tuple[NeighbourBlock, ...],
    *,
    checkpoint: bool,
) -> list[Tensor]:
    """What every receiver aggregates in one interaction, for each l: [n_receivers, 2l+1, v]."""
    messages = _over_blocks(senders, radial, coupled, layer.paths, blocks, checkpoint=checkpoint)
    return [message @ matrix for message, matrix in zip(messages, layer.after, strict=True)]


def _updated(layer: InteractionWeights, features: list[Tensor], aggregated: list[Tensor]) -> list[Tensor]:
    """Features of every copy after one interaction, for each l: [n_copies, 2l+1, v]."""
    received = []
    for degree, at_copies in enumerate(aggregated):
        if degree < len(layer.self_connection):
            received.append(at_copies + features[degree] @ layer.self_connection[degree])
        else:
            received.append(at_copies)
    return _gate(received, layer.multiplicities)


def _mixed(features: Tensor, lam: Tensor, graph: AlchemicalGraph) -> Tensor:
    """sum_k lam_k x_k of every site: [n_copies, m, u] to [n_sites, m, u]."""
    weighted = lam.view(-1, 1, 1) * features
    if graph.n_copies == graph.n_sites:
        return weighted
    mixed = torch.zeros(graph.n_sites, *features.shape[1:], dtype=features.dtype, device=features.device)
    return mixed.index_add(0, graph.copy_site, weighted)


def _to_copies(features: Tensor, graph: AlchemicalGraph) -> Tensor:
    """[n_sites, m, u] to [n_copies, m, u]: every copy of a site receives the same."""
    return features if graph.n_copies == graph.n_sites else features.index_select(0, graph.copy_site)


def _over_blocks(
    senders: list[Tensor],
    radial: list[Tensor],
    coupled: list[dict[tuple[int, int], Tensor]],
    paths: dict[tuple[int, int], list[int]],
    blocks: tuple[NeighbourBlock, ...],
    *,
    checkpoint: bool,
) -> list[Tensor]:
    """Messages of all blocks, for each l3: [n_sites, 2 l3 + 1, n_paths * u].

    What a block needs in between is many times what it takes and gives: with `checkpoint` it is not kept, and computed
    again when a derivative is wanted.
    """
    parts: list[tuple[Tensor, ...]] = []
    for of_block, block in zip(coupled, blocks, strict=True):
        function = partial(_flat_messages, len(senders), paths, block)
        tensors = (*senders, *radial, *(of_block[group] for group in paths))
        parts.append(checkpointed(function, *tensors) if checkpoint else function(*tensors))
    if len(parts) == 1:
        return list(parts[0])
    return [torch.cat(of_degree) for of_degree in zip(*parts, strict=True)]


def _flat_messages(
    n_degrees: int, paths: dict[tuple[int, int], list[int]], block: NeighbourBlock, *tensors: Tensor
) -> tuple[Tensor, ...]:
    """`summed_messages` of its tensors alone: senders and radial for each l1, coupled harmonics for each (l1, l3)."""
    senders, radial, coupled = (
        tensors[:n_degrees],
        tensors[n_degrees : 2 * n_degrees],
        tensors[2 * n_degrees :],
    )
    return tuple(summed_messages(senders, radial, dict(zip(paths, coupled, strict=True)), paths, block))


def _gate(received: list[Tensor], multiplicities: list[int]) -> list[Tensor]:
    """Activates: silu of the scalars; each higher degree times silu of its gates, which follow the scalars."""
    activated = silu(received[0])
    scalars, *gates = activated.split(multiplicities, dim=2)
    return [scalars, *(gate * of_degree for gate, of_degree in zip(gates, received[1:], strict=True))]


def _symbol(number: int) -> str:
    from ase.data import chemical_symbols

    return chemical_symbols[number] if 0 < number < len(chemical_symbols) else f"Z={number}"
