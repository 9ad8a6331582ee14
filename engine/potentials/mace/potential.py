"""MACE on alchemical crystals: a model of mace-torch, its own weights and modules in a mean-field forward pass.

Sources: I. Batatia et al., NeurIPS 2022, doi:10.48550/arXiv.2206.07697 (MACE) and doi:10.48550/arXiv.2401.00096
(foundation models); mixing after J. Nam et al., Nat. Commun. 16, 4350 (2025), doi:10.1038/s41467-025-59543-2.

Where the radial part ignores elements, the senders of a site are mixed before they are sent (docs/science.md, Eq. 7)
and a physical edge costs one tensor product whatever the number of copies; every copy of a site then receives the same
message, whose products with itself are contracted once per site (docs/science.md, Eq. 10). With a distance transform,
or elements embedded on edges, nodes are copies instead. Every hyperparameter is read from the model; what is not known
here is refused by name when the model is opened.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from engine.potentials.cost import EDGES_IN_ONE_PIECE
from engine.potentials.equivariant.convolution import Couplings
from engine.potentials.equivariant.spherical_harmonics import MAX_DEGREE, spherical_harmonics
from engine.potentials.errors import UnknownSpecies, UnsupportedModel
from engine.potentials.interface import AlchemicalGraph
from engine.potentials.mace.cost import EDGES_FOR_A_LINK
from engine.potentials.mace.edges import (
    CopyPairs,
    Edges,
    RadialRows,
    by_edge,
    by_image,
    copy_edges,
    copy_pairs,
    element_rows,
    site_edges,
)
from engine.potentials.mace.images import n_links
from engine.potentials.mace.interaction import Angular, Copies, Interaction, OfElements, couple
from engine.potentials.mace.linear import Features, channels_by_degree, degree_matrices, mapped
from engine.potentials.mace.product import ProductBasis
from engine.potentials.mace.radial import RadialEmbedding, Repulsion
from engine.potentials.mace.readout import Readout
from engine.potentials.mace.support import check_architecture, head_number

_CPU_BLOCKS = {"whole": EDGES_IN_ONE_PIECE, "block": 1024}
_GPU_BLOCKS = {"whole": 40_000, "block": 20_000}


@dataclass(frozen=True, eq=False)
class _Plan:
    """What a graph needs besides geometry and weights."""

    copies: Copies
    of_present: Tensor  # [n_copies]: place of each copy's element among those present
    edges: Edges
    repulsion: tuple[CopyPairs, RadialRows] | None


class Mace:
    """A MACE model as a `Potential`; see `engine.potentials.interface`."""

    def __init__(
        self,
        name: str,
        model: Any,
        *,
        dtype: torch.dtype,
        device: torch.device,
        head: str | None = None,
        mixing: str = "mean_field",
        premix: bool | None = None,
        sum_images: bool | None = None,
        block_sizes: dict[str, int] | None = None,
    ) -> None:
        """Reads the model.

        Args:
            name: Name in the registry, or that of the file.
            model: Model of mace-torch; it is copied.
            dtype: torch.float64 or torch.float32.
            device: Where to compute.
            head: Name of one of the model's heads; may be left out where there is one.
            mixing: mean_field or paired.
            premix: Whether to mix senders before they are sent; by default wherever that is exact.
            sum_images: Whether to sum filters over the images of a sender first; by default wherever that is faster.
            block_sizes: `whole`, above how many neighbours the convolutions run block by block, and `block`, how
                many to a block; set for the device if left out.

        Raises:
            UnsupportedModel: naming what is not known here.
        """
        check_architecture(model)
        self.name, self.dtype, self.device = name, dtype, device
        self.mixing = mixing
        self.curvature_jumps: tuple[float, ...] = ()
        self.smoothness = 2  # the polynomial cutoff of MACE, whatever its power from 3 on
        model = copy.deepcopy(model).to(device=device, dtype=dtype).eval().requires_grad_(requires_grad=False)
        self.cutoff = float(model.r_max)
        self.heads: tuple[str, ...] = tuple(getattr(model, "heads", None) or ("Default",))
        number = head_number(self.heads, head)
        numbers = model.atomic_numbers.tolist()
        self.species = frozenset(numbers)
        self.block_sizes = block_sizes or (_CPU_BLOCKS if device.type == "cpu" else _GPU_BLOCKS)
        rows = torch.full((max(numbers) + 1,), -1, dtype=torch.int64)
        rows[torch.tensor(numbers)] = torch.arange(len(numbers))
        self._row_of = rows.to(device)
        self._plans: WeakKeyDictionary[AlchemicalGraph, _Plan] = WeakKeyDictionary()

        embedding = degree_matrices(model.node_embedding.linear, "the embedding of elements")[0]
        if embedding is None:
            raise UnsupportedModel("its embedding of elements makes no scalars")
        self._embedding = embedding.unsqueeze(1)  # [n_elements, 1, channels]
        self._radial = RadialEmbedding(model)
        repulsion = getattr(model, "pair_repulsion_fn", None)
        self._repulsion = None if repulsion is None else Repulsion(repulsion, model.atomic_numbers)
        self._interactions = [
            Interaction(block, f"interaction {t}") for t, block in enumerate(model.interactions)
        ]
        self._max_degree = max(entry.ir.l for entry in model.spherical_harmonics.irreps_out)
        self._harmonics = model.spherical_harmonics if self._max_degree > MAX_DEGREE else None
        self._couplings: list[Couplings] = couple(
            [interaction.convolution for interaction in self._interactions], self._max_degree
        )
        self._products = [
            ProductBasis(
                block.symmetric_contractions,
                f"product {t}",
                agnostic=bool(getattr(block, "use_agnostic_product", False)),
            )
            for t, block in enumerate(model.products)
        ]
        self._mixers = [
            degree_matrices(block.linear, f"product {t}") for t, block in enumerate(model.products)
        ]
        self._with_skip = [bool(block.use_sc) for block in model.products]
        for t, block in enumerate(model.products):
            channels_by_degree(block.linear.irreps_out, f"product {t}")
        self._readouts = [
            Readout(block, number, len(self.heads), f"readout {t}") for t, block in enumerate(model.readouts)
        ]
        self._read_layers = (
            [len(self._interactions) - 1] if len(self._readouts) == 1 else range(len(self._readouts))
        )
        self._alone = torch.atleast_2d(model.atomic_energies_fn.atomic_energies)[number].double()
        scaling = getattr(model, "scale_shift", None)
        self._scale = 1.0 if scaling is None else float(torch.atleast_1d(scaling.scale)[number])
        self._shift = 0.0 if scaling is None else float(torch.atleast_1d(scaling.shift)[number])
        self._knows_elements = self._radial.knows_elements or any(
            i.knows_elements for i in self._interactions
        )
        self._symmetric = not any(i.knows_elements for i in self._interactions)
        # Networks with biases send something where their features vanish, unless they are multiplied by the cutoff.
        self._jumps = self._radial.applies_cutoff and any(i.has_biases for i in self._interactions)
        if self._jumps:
            self.smoothness = 0
        if premix and self._knows_elements:
            raise UnsupportedModel(
                "its radial functions depend on the elements, so senders cannot be mixed first"
            )
        # Under paired mixing what is sent depends on the receiver.
        mixes_first = not self._knows_elements if premix is None else premix
        self._premix = mixes_first and mixing == "mean_field"
        self._sum_images = sum_images

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
        plan = self._plan(graph)
        lam = weights.to(self.dtype)
        vectors = graph.pair_vectors(positions, strain.to(positions.dtype)).to(self.dtype)
        lengths = vectors.square().sum(1).sqrt()
        atomic = self._interaction_energies(plan, vectors, lengths, lam)
        if self._repulsion is not None and plan.repulsion is not None:
            atomic = atomic + self._repelled(plan.repulsion, lengths, lam)
        scaled = atomic.to(positions.dtype) * self._scale + self._shift
        scaled = scaled + self._alone[plan.copies.elements].to(positions.dtype)
        energies = torch.zeros(graph.n_graphs, dtype=positions.dtype, device=positions.device)
        return energies.index_add(0, graph.site_graph[graph.copy_site], weights.to(positions.dtype) * scaled)

    def _plan(self, graph: AlchemicalGraph) -> _Plan:
        plan = self._plans.get(graph)
        if plan is None:
            plan = self._plans[graph] = self._planned(graph)
        return plan

    def _planned(self, graph: AlchemicalGraph) -> _Plan:
        known = graph.copy_species < len(self._row_of)
        elements = self._row_of[torch.where(known, graph.copy_species, 0)]
        if bool((elements < 0).any()):
            unknown = sorted(set(graph.copy_species.tolist()) - self.species)
            raise UnknownSpecies(self.name, tuple(_symbol(number) for number in unknown))
        copies = Copies.of(elements)
        pairs = None if self._premix and self._repulsion is None else copy_pairs(graph, self.mixing)
        rows = None if pairs is None else element_rows(pairs, elements, symmetric=self._symmetric)
        edges = (
            site_edges(graph)
            if pairs is None or rows is None or self._premix
            else copy_edges(graph, pairs, rows)
        )
        links = n_links(edges.node_graph, graph.n_graphs, alone=edges.alone)
        worth_it = edges.n_edges > EDGES_FOR_A_LINK * links
        if worth_it if self._sum_images is None else self._sum_images:
            edges = by_image(edges, graph.n_graphs, self.dtype)
        else:
            limit = self.block_sizes["block" if self._in_blocks(edges.n_edges) else "whole"]
            edges = by_edge(edges, limit, self.dtype)
        repulsion = None if self._repulsion is None or pairs is None or rows is None else (pairs, rows)
        return _Plan(copies, torch.searchsorted(copies.present, elements), edges, repulsion)

    def _in_blocks(self, n_edges: int) -> bool:
        return n_edges > self.block_sizes["whole"]

    def _interaction_energies(self, plan: _Plan, vectors: Tensor, lengths: Tensor, lam: Tensor) -> Tensor:
        """[n_copies] eV before scale and shift, without pair repulsion."""
        edges, copies = plan.edges, plan.copies
        unit = vectors / lengths.unsqueeze(1)
        harmonics = (
            spherical_harmonics(unit, self._max_degree) if self._harmonics is None else self._harmonics(unit)
        )
        rows = edges.rows
        of_rows = lengths.index_select(0, rows.pair)
        features_of_rows, cutoff = self._radial(of_rows, rows.receiver, rows.sender)
        if cutoff is None and self._jumps:
            cutoff = (of_rows < self.cutoff).to(of_rows).unsqueeze(1)
        radial = features_of_rows, cutoff
        checkpoint = self._in_blocks(sum(block.n_padded for block in edges.harmonic_blocks))
        of_images = [] if edges.images is None else edges.images.harmonics(harmonics, self._max_degree)
        coupled: dict[int, list[dict[tuple[int, int], Tensor]]] = {}
        for couplings in self._couplings:
            if id(couplings) not in coupled:
                coupled[id(couplings)] = [
                    couplings.of_block(harmonics, block) for block in edges.harmonic_blocks
                ]
        occupied = edges.sent(torch.ones_like(lam).view(-1, 1, 1), lam).view(-1)
        atomic = torch.zeros(len(lam), dtype=lam.dtype, device=lam.device)
        features: Features = []
        for t, interaction in enumerate(self._interactions):
            if t == 0:  # before the first interaction all copies of an element are alike
                table = [self._embedding[copies.present]]
                elements = Copies.of(copies.present)
                of_table = _all(mapped(table, interaction.up))
                of_elements = OfElements(of_table, self._shares(plan, lam))
                own = [part.index_select(0, plan.of_present) for part in of_table]
                skipped = interaction.skip(table, elements) if self._with_skip[t] else None
                skip = None if skipped is None else _rows_of(skipped, plan.of_present)
            else:
                of_elements = None
                own = _all(mapped(features, interaction.up))
                skip = interaction.skip(features, copies) if self._with_skip[t] else None
            sent = [edges.sent(part, lam) for part in own]
            angular = Angular(coupled[id(self._couplings[t])], of_images, checkpoint)
            messages, node = interaction.messages(
                sent, own, radial, edges, occupied, copies, angular, of_elements
            )
            products = self._products[t](messages, node, copies.elements)
            features = _all(mapped(products, self._mixers[t]))
            if skip is not None:
                features = [
                    part if extra is None else part + extra
                    for part, extra in zip(features, skip, strict=True)
                ]
            for readout, layer in zip(self._readouts, self._read_layers, strict=True):
                if layer == t:
                    atomic = atomic + readout(features[0].squeeze(1))
        return atomic

    def _shares(self, plan: _Plan, lam: Tensor) -> Tensor:
        """[n_sent, n_present], how much of each element is in what is sent."""
        one_hot = torch.nn.functional.one_hot(plan.of_present, len(plan.copies.present)).to(lam)
        return plan.edges.sent(one_hot.unsqueeze(1), lam).squeeze(1)

    def _repelled(self, repulsion: tuple[CopyPairs, RadialRows], lengths: Tensor, lam: Tensor) -> Tensor:
        """[n_copies] eV of pair repulsion."""
        pairs, rows = repulsion
        assert self._repulsion is not None  # noqa: S101
        values = self._repulsion(lengths.index_select(0, rows.pair), rows.receiver, rows.sender)
        weights = lam if pairs.alone is None else torch.cat([lam, torch.ones_like(lam)])
        first, second = pairs.sent_rows(len(lam))
        energies = torch.zeros(len(lam), dtype=lam.dtype, device=lam.device)
        for here, row, there in ((pairs.first, rows.forward, second), (pairs.second, rows.backward, first)):
            shares = values.index_select(0, row) * weights.index_select(0, there)
            energies = energies.index_add(0, here, shares)
        return energies


def _all(features: list[Tensor | None]) -> Features:
    return [part for part in features if part is not None]


def _rows_of(features: list[Tensor | None], rows: Tensor) -> list[Tensor | None]:
    return [None if part is None else part.index_select(0, rows) for part in features]


def _symbol(number: int) -> str:
    from ase.data import chemical_symbols

    return chemical_symbols[number] if 0 < number < len(chemical_symbols) else f"Z={number}"
