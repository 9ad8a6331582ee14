"""The weights of one SevenNet interaction, taken apart and multiplied by every fixed factor once.

The factors are those of e3nn 0.4.4: 1/sqrt(fan-in) in linear maps, concatenated paths included, and the second moment
of silu. Features are carried without the latter, so whatever reads them has it in its weights.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

import torch
from torch import Tensor

from engine.potentials.equivariant.convolution import paths_of

# The square root of 1/<silu(z)^2> as e3nn estimates it from a million seeded samples: the weights were trained with it.
SILU_MOMENT = 1.6791767923989418


@dataclass(frozen=True, eq=False)
class InteractionWeights:
    """One interaction, every fixed factor already in the weights. Lists run over degrees l.

    Attributes:
        paths: Paths as {(l1, l3): [l2, ...]}; see `convolution.paths_of`.
        radial: Last layer of the weight net, for each l1: [n_hidden, n_paths * u], paths in the order (l3, l2).
        before: Matrix applied to what is sent, for each l1: [u, u].
        after: Matrix applied to the summed messages, for each l3: [n_paths * u, v]; it divides by the number of
            neighbours.
        self_connection: Matrix of the self-connection, for each l that both sides have: [u, v].
        multiplicities: Channels of the output, for each l.
    """

    paths: dict[tuple[int, int], list[int]]
    radial: list[Tensor]
    before: list[Tensor]
    after: list[Tensor]
    self_connection: list[Tensor]
    multiplicities: list[int]


def interaction_weights(
    exact: dict[str, Tensor],
    t: int,
    incoming: list[int],
    outgoing: list[int],
    max_degree: int,
    ready: Callable[[Tensor], Tensor],
) -> InteractionWeights:
    """The weights of interaction t.

    Args:
        exact: The learned tensors by their names in the checkpoint, float64.
        t: Number of the interaction.
        incoming: Channels of its input for each degree.
        outgoing: Channels of its output for each degree.
        max_degree: Greatest degree of the spherical harmonics.
        ready: Brings a tensor to the dtype and device of the model.
    """
    paths = paths_of(len(incoming) - 1, max_degree, len(outgoing) - 1)
    # Features are kept without the factor of silu's second moment, so whatever reads them carries it.
    moment = SILU_MOMENT if t else 1.0
    widths = [sum(outgoing), *outgoing[1:]]
    fans = [
        sum(incoming[l1] * len(paths[l1, l3]) for l1 in range(len(incoming))) for l3 in range(len(outgoing))
    ]
    neighbours = float(exact[f"{t}_convolution.denominator"])
    last = exact[f"{t}_convolution.weight_nn.layer2.weight"]
    shared = range(min(len(incoming), len(outgoing)))
    return InteractionWeights(
        paths=paths,
        radial=[
            ready(matrix * (SILU_MOMENT / sqrt(last.shape[0])))
            for matrix in _by_sender(last, paths, incoming)
        ],
        before=[
            ready(matrix * (moment / sqrt(matrix.shape[0])))
            for matrix in _blocks_of(exact[f"{t}_self_interaction_1.linear.weight"], incoming, incoming)
        ],
        after=[
            ready(matrix / (sqrt(matrix.shape[0]) * neighbours))
            for matrix in _blocks_of(exact[f"{t}_self_interaction_2.linear.weight"], fans, widths)
        ],
        self_connection=[
            ready(matrix * (moment / sqrt(matrix.shape[0])))
            for matrix in _blocks_of(
                exact[f"{t}_self_connection_intro.linear.weight"],
                [incoming[degree] for degree in shared],
                [widths[degree] for degree in shared],
            )
        ],
        multiplicities=outgoing,
    )


def _blocks_of(flat: Tensor, rows: list[int], columns: list[int]) -> list[Tensor]:
    """The matrices of an equivariant linear map, one per degree, out of their flat concatenation."""
    sizes = [n * m for n, m in zip(rows, columns, strict=True)]
    return [part.view(n, m) for part, n, m in zip(flat.split(sizes), rows, columns, strict=True)]


def _by_sender(last: Tensor, paths: dict[tuple[int, int], list[int]], incoming: list[int]) -> list[Tensor]:
    """Columns of a weight net's last layer for each l1, from the checkpoint's order (l1, l2, l3) to (l1, l3, l2)."""
    columns: dict[tuple[int, int, int], Tensor] = {}
    place = 0
    for l1, l2, l3 in sorted((l1, l2, l3) for (l1, l3), degrees in paths.items() for l2 in degrees):
        columns[l1, l2, l3] = last[:, place : place + incoming[l1]]
        place += incoming[l1]
    return [
        torch.cat(
            [columns[l1, l2, l3] for (of, l3), degrees in paths.items() if of == l1 for l2 in degrees], dim=1
        )
        for l1 in range(len(incoming))
    ]


def multiplicities(irreps: str) -> list[int]:
    """Channels of each degree: '128x0e+64x1e' is [128, 64]."""
    return [int(part.split("x")[0]) for part in irreps.split("+")]
