"""The equivariant linear maps of a MACE model as one matrix per degree, every fixed factor multiplied in.

Features are carried as a list over degrees l of tensors [n, 2l+1, channels]; e3nn's flat layout is channel-major,
`channel * (2l+1) + m` within a degree.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from engine.potentials.errors import UnsupportedModel

Features = list[Tensor]
"""For each degree l: [n, 2l+1, channels of l]."""


def channels_by_degree(irreps: Any, where: str) -> list[int]:
    """Channels of each degree, 0 upwards.

    Args:
        irreps: e3nn's description of the features.
        where: Name of what they belong to, for the message.

    Raises:
        UnsupportedModel: if a degree is missing or occurs twice (with both parities, say).
    """
    degrees = [entry.ir.l for entry in irreps]
    if degrees != list(range(len(degrees))):
        raise UnsupportedModel(f"{where} has the features {irreps}: each degree from 0 up is wanted once")
    return [int(entry.mul) for entry in irreps]


def entry_matrices(linear: Any) -> dict[tuple[int, int], Tensor]:
    """Matrices [in, out] of an e3nn linear map by (entry of its input, entry of its output)."""
    found = {}
    offset = 0
    for instruction in linear.instructions:
        if instruction.i_in < 0:  # a bias
            continue
        n_in, n_out = instruction.path_shape
        weight = linear.weight.detach()[offset : offset + n_in * n_out].view(n_in, n_out)
        found[instruction.i_in, instruction.i_out] = weight * instruction.path_weight
        offset += n_in * n_out
    return found


def degree_matrices(linear: Any, where: str) -> list[Tensor | None]:
    """For each degree of the output: [in, out], or None where nothing of that degree comes in.

    Args:
        linear: e3nn's, with each degree at most once on either side.
        where: Name of what it belongs to, for the message.

    Raises:
        UnsupportedModel: if it has another form.
    """
    channels_by_degree(linear.irreps_in, where)
    channels_by_degree(linear.irreps_out, where)
    matrices = entry_matrices(linear)
    return [matrices.get((degree, degree)) for degree in range(len(linear.irreps_out))]


def element_matrices(product: Any, where: str) -> list[Tensor | None]:
    """A map that has its own matrix for each element: for each degree of the output [n_elements, in, out] or None.

    Args:
        product: e3nn's fully connected tensor product of features with a one-hot vector of elements.
        where: Name of what it belongs to, for the message.

    Raises:
        UnsupportedModel: if it has another form.
    """
    channels_by_degree(product.irreps_in1, where)
    channels_by_degree(product.irreps_out, where)
    found: list[Tensor | None] = [None] * len(product.irreps_out)
    offset = 0
    for instruction in product.instructions:
        if instruction.connection_mode != "uvw" or not instruction.has_weight:
            raise UnsupportedModel(f"{where} is a tensor product of the kind {instruction.connection_mode}")
        n_in, n_elements, n_out = instruction.path_shape
        size = n_in * n_elements * n_out
        weight = product.weight.detach()[offset : offset + size].view(n_in, n_elements, n_out)
        degree = product.irreps_out[instruction.i_out].ir.l
        # e3nn divides by sqrt(2l+1) through its Clebsch-Gordan constant C(l, 0, l).
        factor = instruction.path_weight / (2 * degree + 1) ** 0.5
        found[degree] = weight.transpose(0, 1).contiguous() * factor
        offset += size
    return found


def flat(features: Sequence[Tensor]) -> Tensor:
    """[n, dim] in e3nn's layout."""
    return torch.cat([of_degree.transpose(1, 2).flatten(1) for of_degree in features], dim=1)


def by_degree(features: Tensor, channels: Sequence[int]) -> Features:
    """The features of a tensor [n, dim] in e3nn's layout."""
    sizes = [count * (2 * degree + 1) for degree, count in enumerate(channels)]
    parts = features.split(sizes, dim=1)
    return [
        part.view(len(features), count, 2 * degree + 1).transpose(1, 2)
        for degree, (part, count) in enumerate(zip(parts, channels, strict=True))
    ]


def mapped(features: Features, matrices: Sequence[Tensor | None]) -> list[Tensor | None]:
    """Each degree times its matrix; None where a degree of the output has no input."""
    return [None if matrix is None else features[degree] @ matrix for degree, matrix in enumerate(matrices)]
