"""One interaction of a MACE model on alchemical nodes: what each node receives, before the product basis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from engine.potentials.equivariant.convolution import Couplings
from engine.potentials.errors import UnsupportedModel
from engine.potentials.mace.convolution import Convolution
from engine.potentials.mace.edges import Edges
from engine.potentials.mace.images import ImageConvolution
from engine.potentials.mace.linear import (
    Features,
    by_degree,
    channels_by_degree,
    degree_matrices,
    element_matrices,
    flat,
    mapped,
)
from engine.potentials.mace.radial import RadialNet

RESIDUAL = "RealAgnosticResidualInteractionBlock"
PLAIN = "RealAgnosticInteractionBlock"
DENSITY = "RealAgnosticDensityInteractionBlock"
DENSITY_RESIDUAL = "RealAgnosticDensityResidualInteractionBlock"
NONLINEAR = "RealAgnosticResidualNonLinearInteractionBlock"
SUPPORTED = frozenset({RESIDUAL, PLAIN, DENSITY, DENSITY_RESIDUAL, NONLINEAR})

_PARTS = frozenset(
    {
        "linear_up", "conv_tp", "conv_tp_weights", "linear", "skip_tp", "reshape", "density_fn", "source_embedding",
        "target_embedding", "equivariant_nonlin", "linear_res", "linear_1", "linear_2",
    }
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Copies:
    """The copies of a graph, or a table of elements, by element.

    Attributes:
        elements: Row of each copy in the model's table of elements, [n] int64.
        present: The distinct rows, rising, [n_present] int64.
        order: Copies sorted by element, [n] int64.
        back: Inverse of `order`, [n] int64.
        counts: How many copies each of the present elements has.
    """

    elements: Tensor
    present: Tensor
    order: Tensor
    back: Tensor
    counts: tuple[int, ...]

    @classmethod
    def of(cls, elements: Tensor) -> Copies:
        """The copies with these elements [n]."""
        present, counts = torch.unique(elements, return_counts=True)
        order = torch.argsort(elements, stable=True)
        return cls(elements, present, order, torch.argsort(order), tuple(counts.tolist()))

    def mapped(self, features: Features, matrices: Sequence[Tensor | None]) -> list[Tensor | None]:
        """Each copy's features times its element's matrix.

        Args:
            features: Features of the copies, for each degree [n, 2l+1, in].
            matrices: Matrices of the elements, for each degree of the result [n_elements, in, out], or None.
        """
        found: list[Tensor | None] = []
        for degree, matrix in enumerate(matrices):
            if matrix is None:
                found.append(None)
                continue
            rows = self.present.tolist()
            if len(rows) == 1:
                found.append(features[degree] @ matrix[rows[0]])
                continue
            parts = features[degree].index_select(0, self.order).split(self.counts)
            products = [part @ matrix[row] for part, row in zip(parts, rows, strict=True)]
            found.append(torch.cat(products).index_select(0, self.back))
        return found


@dataclass(frozen=True, eq=False)
class OfElements:
    """What is sent before the first interaction.

    Attributes:
        features: Features after `up`, for each degree [n_elements, 2l+1, channels].
        shares: How much of each element is in what is sent, [n_sent, n_elements].
    """

    features: Features
    shares: Tensor


@dataclass(frozen=True, eq=False)
class Angular:
    """Harmonics of the edges.

    Attributes:
        coupled: Coupled harmonics of each block of padded neighbours, where an edge has its own tensor product.
        of_images: Harmonics of each block of images, where filters are summed over images.
        checkpoint: Whether to compute again in the backward pass rather than to keep.
    """

    coupled: Sequence[dict[tuple[int, int], Tensor]]
    of_images: Sequence[Tensor]
    checkpoint: bool


class Interaction:
    """One interaction block.

    Attributes:
        knows_elements: Whether its radial part takes the elements at both ends, by embeddings of its own.
        has_biases: Whether its radial part sends something where the radial features vanish.
    """

    def __init__(self, block: Any, where: str) -> None:
        """Reads mace-torch's block.

        Args:
            block: Interaction block of mace-torch.
            where: Name of the interaction, for messages.

        Raises:
            UnsupportedModel: naming what is not known here.
        """
        kind = type(block).__name__
        if kind not in SUPPORTED:
            raise UnsupportedModel(f"{where} is a {kind}, which is not supported")
        strange = {name for name, _ in block.named_children()} - _PARTS
        if strange:
            raise UnsupportedModel(f"{where} has the part {min(strange)}, which is not supported")
        self.kind = kind
        self.knows_elements = kind == NONLINEAR
        self.up = degree_matrices(block.linear_up, f"{where}, linear_up")
        after = block.linear_1 if kind == NONLINEAR else block.linear
        self.convolution = Convolution(block.conv_tp, after, where)
        self._radial_net = RadialNet(block.conv_tp_weights, f"{where}, conv_tp_weights")
        self.has_biases = self._radial_net.has_biases
        self._by_image = ImageConvolution(self.convolution, self._radial_net.last)
        self._neighbours = float(block.avg_num_neighbors)
        self._density_net = getattr(block, "density_fn", None)
        self._skip: list[Tensor | None] = []
        self._message_skip: list[Tensor | None] = []
        if kind in (PLAIN, DENSITY):
            self._message_skip = element_matrices(block.skip_tp, f"{where}, skip_tp")
        elif kind == NONLINEAR:
            self._read_nonlinear(block, where)
        else:
            self._skip = element_matrices(block.skip_tp, f"{where}, skip_tp")

    def _read_nonlinear(self, block: Any, where: str) -> None:
        self._skip = degree_matrices(block.skip_tp, f"{where}, skip_tp")
        self._source = _table(block.source_embedding)
        self._target = _table(block.target_embedding)
        self._residual = degree_matrices(block.linear_res, f"{where}, linear_res")
        self._alpha, self._beta = block.alpha.detach(), block.beta.detach()
        self._gate = block.equivariant_nonlin
        self._gated_channels = channels_by_degree(block.irreps_out, where)
        self._last = degree_matrices(block.linear_2, f"{where}, linear_2")

    def skip(self, features: Features, copies: Copies) -> list[Tensor | None] | None:
        """What goes past the message passing to the product's result, for each degree; None if nothing does."""
        if not self._skip:
            return None
        if self.kind == NONLINEAR:
            return mapped(features, self._skip)
        return copies.mapped(features, self._skip)

    def messages(
        self,
        sent: Features,
        own: Features,
        radial: tuple[Tensor, Tensor | None],
        edges: Edges,
        weights: Tensor,
        copies: Copies,
        angular: Angular,
        of_elements: OfElements | None,
    ) -> tuple[Tensor, Tensor | None]:
        """What enters the product basis.

        Density-normalised blocks divide by the density at the receiver (docs/science.md, Eq. 11).

        Args:
            sent: Features after `up`, times lam and summed over the copies of each node, for each degree
                [n_sent, 2l+1, channels]; under paired mixing followed by those of weight 1.
            own: Features of the copies after `up`, for each degree [n_copies, 2l+1, channels].
            radial: Radial features of every row, and the cutoff function where it is multiplied later, as
                `RadialEmbedding` gives them.
            edges: Edges between the nodes.
            weights: Weight lam of what is sent, [n_sent].
            copies: The copies by element.
            angular: Harmonics of the edges.
            of_elements: Features that are sent, by element, where that is all there is: before the first interaction.

        Returns:
            [n, (l_max + 1)^2, channels], and the row that each copy takes, or None if each its own.
        """
        features, cutoff = radial
        if self.knows_elements:
            rows = edges.rows
            features = torch.cat([features, self._source[rows.sender], self._target[rows.receiver]], dim=1)
        hidden = self._radial_net.hidden(features, cutoff)
        if edges.images is not None:
            filters = edges.images.summed(angular.of_images, hidden)
            senders = edges.images.senders(sent)
            if of_elements is not None and len(of_elements.features[0]) < edges.images.n_senders:
                filters = edges.images.summed_by_element(filters, of_elements.shares)
                n_graphs = edges.images.n_graphs
                senders = [part.expand(n_graphs, -1, -1, -1) for part in of_elements.features]
            summed = self._by_image(senders, filters, edges.images.place)
        else:
            path_weights = hidden @ self._radial_net.last
            summed = self.convolution(
                sent, path_weights, edges.radial_blocks, angular.coupled, checkpoint=angular.checkpoint
            )
        if self._density_net is None:
            summed = [part / self._neighbours for part in summed]
        else:
            density = torch.tanh(self._density_net(features) ** 2)
            density = (density if cutoff is None else density * cutoff).squeeze(1)
            total = edges.summed_over_neighbours(density, weights)
            divisor = total * self._beta + self._alpha if self.kind == NONLINEAR else total + 1
            summed = [part / divisor.view(-1, 1, 1) for part in summed]
        node = edges.node_of_copy
        if self.kind == NONLINEAR:
            received = summed if node is None else [part.index_select(0, node) for part in summed]
            return torch.cat(self._activated(received, own), dim=1), None
        if self._message_skip:
            received = summed if node is None else [part.index_select(0, node) for part in summed]
            mixed = [part for part in copies.mapped(received, self._message_skip) if part is not None]
            return torch.cat(mixed, dim=1), None
        return torch.cat(summed, dim=1), node

    def _activated(self, received: Features, own: Features) -> Features:
        residual = mapped(own, self._residual)
        with_own = [
            part if extra is None else part + extra for part, extra in zip(received, residual, strict=True)
        ]
        gated = by_degree(self._gate(flat(with_own)), self._gated_channels)
        return [part for part in mapped(gated, self._last) if part is not None]


def _table(linear: Any) -> Tensor:
    """[n_elements, channels] of a linear map of one-hot vectors."""
    matrix = degree_matrices(linear, "an embedding of elements")[0]
    if matrix is None:
        raise UnsupportedModel("an embedding of elements has no weights")
    return matrix


def couple(convolutions: Sequence[Convolution], max_degree: int) -> list[Couplings]:
    """The Clebsch-Gordan constants of each convolution, the same object where they are alike."""
    found: list[Couplings] = []
    for convolution in convolutions:
        for known in found:
            shared = known.constants.keys() & convolution.constants.keys()
            if all(
                known.constants[key].shape == convolution.constants[key].shape
                and torch.equal(known.constants[key], convolution.constants[key])
                for key in shared
            ):
                known.constants.update(convolution.constants)
                found.append(known)
                break
        else:
            found.append(Couplings.of_constants(dict(convolution.constants), max_degree))
    return found
