"""The equivariant convolution of a NequIP-type network over mixed senders, one tensor product per physical edge.

For receiver i and a path p = (l1, l2, l3) (docs/science.md, Eq. 8)

    m_i^p[m3, u] = sum_j w_p,u(r_ij) sum_{m1 m2} sqrt(2 l3 + 1) C(l1, l2, l3)[m1, m2, m3] x_j[m1, u] Y_l2[m2](r_ij)

All l2 of one (l1, l3) are a batch of matrix products: [m3, (j, m1)] of coupled harmonics times [(j, m1), u] of weighted
senders, in which the sum over neighbours j is part of the product.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np
import torch
from torch import Tensor

from engine.potentials.equivariant.padded_neighbours import NeighbourBlock
from engine.potentials.equivariant.spherical_harmonics import parity_signs
from engine.potentials.equivariant.wigner import wigner_3j


def paths_of(
    sender_degrees: int, edge_degrees: int, receiver_degrees: int
) -> dict[tuple[int, int], list[int]]:
    """The paths of a convolution as {(l1, l3): [l2, ...]}, l1 the sender's, l2 the edge's, l3 the receiver's degree.

    Args:
        sender_degrees: Greatest l1.
        edge_degrees: Greatest l2.
        receiver_degrees: Greatest l3.
    """
    return {
        (l1, l3): [l2 for l2 in range(edge_degrees + 1) if abs(l1 - l2) <= l3 <= l1 + l2]
        for l1 in range(sender_degrees + 1)
        for l3 in range(receiver_degrees + 1)
    }


class Couplings:
    """Clebsch-Gordan constants of all paths up to a degree, and the coupled harmonics of a block made with them."""

    def __init__(self, max_degree: int, dtype: torch.dtype, device: torch.device) -> None:
        """Computes the constants.

        Args:
            max_degree: Greatest degree of senders, edges and receivers.
            dtype: Number format of the constants.
            device: Device of the constants.
        """
        n_harmonics = (max_degree + 1) ** 2
        constants: dict[tuple[int, int], Tensor] = {}
        for (l1, l3), degrees in paths_of(max_degree, max_degree, max_degree).items():
            table = np.zeros((len(degrees), n_harmonics, 2 * l3 + 1, 2 * l1 + 1))
            for place, l2 in enumerate(degrees):
                symbol = sqrt(2 * l3 + 1) * wigner_3j(l1, l2, l3)
                table[place, l2 * l2 : (l2 + 1) ** 2] = symbol.transpose(1, 2, 0)
            flat = table.reshape(len(degrees), n_harmonics, -1)
            constants[l1, l3] = torch.as_tensor(flat, dtype=dtype, device=device)
        self._take(constants, max_degree)

    @classmethod
    def of_constants(cls, constants: dict[tuple[int, int], Tensor], max_degree: int) -> Couplings:
        """Couplings with constants of another model.

        Args:
            constants: Constants by (l1, l3), at least one, [n_paths, (max_degree + 1)^2, (2 l3 + 1) (2 l1 + 1)] each.
            max_degree: Greatest degree of the spherical harmonics.
        """
        couplings = cls.__new__(cls)
        couplings._take(constants, max_degree)  # noqa: SLF001 - of this very class
        return couplings

    def _take(self, constants: dict[tuple[int, int], Tensor], max_degree: int) -> None:
        device = next(iter(constants.values())).device
        self.constants = constants
        self._odd = torch.as_tensor(parity_signs(max_degree) < 0, device=device)

    def of_block(self, harmonics: Tensor, block: NeighbourBlock) -> dict[tuple[int, int], Tensor]:
        """Coupled harmonics of every padded neighbour, for each (l1, l3).

        Args:
            harmonics: Harmonics of every pair, [n_pairs, n_harmonics].
            block: The padded neighbours.

        Returns:
            {(l1, l3): [n_paths * n_sites, 2 l3 + 1, width * (2 l1 + 1)]}, zero in padding.
        """
        orientation = block.orientation.unsqueeze(1)
        signs = torch.where(self._odd, orientation, orientation.abs())
        at_neighbours = (harmonics.index_select(0, block.pair) * signs).unsqueeze(0)
        coupled = {}
        for (l1, l3), constant in self.constants.items():
            n_paths = constant.shape[0]
            product = torch.bmm(at_neighbours.expand(n_paths, -1, -1), constant)
            table = product.view(n_paths, block.n_sites, block.width, 2 * l3 + 1, 2 * l1 + 1)
            coupled[l1, l3] = table.transpose(2, 3).reshape(
                n_paths * block.n_sites, 2 * l3 + 1, block.width * (2 * l1 + 1)
            )
        return coupled


def summed_messages(
    senders: Sequence[Tensor],
    radial: Sequence[Tensor],
    coupled: dict[tuple[int, int], Tensor],
    paths: dict[tuple[int, int], list[int]],
    block: NeighbourBlock,
) -> list[Tensor]:
    """Messages to the receivers of one block, summed over neighbours.

    Args:
        senders: Mixed features of all sites, for each l1: [n_sites, 2 l1 + 1, u].
        radial: Radial weights, for each l1: [n_pairs, n_paths of l1 * u], paths in the order (l3, l2).
        coupled: Coupled harmonics, from `Couplings.of_block`.
        paths: Paths by (l1, l3), from `paths_of`.
        block: The padded neighbours.

    Returns:
        For each l3: [n_receivers, 2 l3 + 1, n_paths * u], paths in the order (l1, l2).
    """
    collected: dict[int, list[Tensor]] = {}
    for l1, features in enumerate(senders):
        groups = [(l3, len(degrees)) for (of, l3), degrees in paths.items() if of == l1]
        n_paths, n_channels = sum(count for _, count in groups), features.shape[2]
        at_neighbours = features.index_select(0, block.sender)
        weights = (
            radial[l1].reshape(len(radial[l1]) * n_paths, n_channels).index_select(0, block.rows(n_paths))
        )
        weights = weights.view(n_paths, block.n_padded, 1, n_channels)
        for (l3, count), weight in zip(groups, weights.split([count for _, count in groups]), strict=True):
            weighted = (weight * at_neighbours).view(
                count * block.n_sites, block.width * (2 * l1 + 1), n_channels
            )
            summed = torch.bmm(coupled[l1, l3], weighted)
            by_site = summed.view(count, block.n_sites, 2 * l3 + 1, n_channels).permute(1, 2, 0, 3)
            collected.setdefault(l3, []).append(by_site.flatten(2))
    return [torch.cat(parts, dim=2) for _, parts in sorted(collected.items())]
