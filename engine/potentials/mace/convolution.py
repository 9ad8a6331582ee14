"""The convolution of a MACE interaction: its paths, constants and matrices, in the form of `convolution.py`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from engine.potentials.equivariant.convolution import summed_messages
from engine.potentials.equivariant.padded_neighbours import NeighbourBlock
from engine.potentials.equivariant.recompute import checkpointed
from engine.potentials.equivariant.wigner import wigner_3j
from engine.potentials.errors import UnsupportedModel
from engine.potentials.mace.linear import Features, channels_by_degree, entry_matrices


class Convolution:
    """A tensor product of senders and harmonics, summed over neighbours, and the linear map after it.

    Attributes:
        channels: Channels of the senders' features, for each l1.
        paths: Paths as {(l1, l3): [l2, ...]}.
        offsets: First of each path's columns among the path weights, by (l1, l2, l3).
        constants: Clebsch-Gordan constants with the factors of the paths, as `Couplings` keeps them.
        after: The linear map: for each l3 [n_paths * u, v], paths in the order (l1, l2).
    """

    def __init__(self, product: Any, linear: Any, where: str) -> None:
        """Reads mace-torch's modules.

        Args:
            product: `conv_tp`, e3nn's tensor product.
            linear: The linear map of the summed messages.
            where: Name of the interaction, for messages.

        Raises:
            UnsupportedModel: if a path is of a kind not known here.
        """
        if not hasattr(product, "instructions"):
            raise UnsupportedModel(
                f"{where} has a {type(product).__name__} for its tensor product; convert it to e3nn's"
            )
        sender_channels = channels_by_degree(product.irreps_in1, where)
        paths: dict[tuple[int, int, int], tuple[int, int, float]] = {}
        offset = 0
        for instruction in product.instructions:
            if instruction.connection_mode != "uvu" or not instruction.has_weight:
                raise UnsupportedModel(f"{where} has a path of the kind {instruction.connection_mode}")
            l1 = product.irreps_in1[instruction.i_in1].ir.l
            l2 = product.irreps_in2[instruction.i_in2].ir.l
            l3 = product.irreps_out[instruction.i_out].ir.l
            if (l1, l2, l3) in paths or product.irreps_in2[instruction.i_in2].mul != 1:
                raise UnsupportedModel(f"{where} has the path {l1} x {l2} -> {l3} twice")
            paths[l1, l2, l3] = (instruction.i_out, offset, float(instruction.path_weight))
            offset += sender_channels[l1]
        self.channels = sender_channels
        self.offsets = {path: first for path, (_, first, _) in paths.items()}
        ordered = sorted(paths, key=lambda path: (path[0], path[2], path[1]))  # by l1, l3, l2
        self.paths: dict[tuple[int, int], list[int]] = {}
        for l1, l2, l3 in ordered:
            self.paths.setdefault((l1, l3), []).append(l2)
        device = linear.weight.device
        self._columns = [
            columns if columns is None else columns.to(device)
            for columns in _columns([paths[path][1] for path in ordered], ordered, sender_channels)
        ]
        self.constants = self._constants(product, linear, paths)
        self.after = _after(linear, paths, where)

    def _constants(
        self, product: Any, linear: Any, paths: dict[tuple[int, int, int], tuple[int, int, float]]
    ) -> dict[tuple[int, int], Tensor]:
        buffers = {name.rpartition(".")[2]: buffer for name, buffer in product.named_buffers()}
        n_harmonics = (max(entry.ir.l for entry in product.irreps_in2) + 1) ** 2
        found = {}
        for (l1, l3), degrees in self.paths.items():
            table = torch.zeros(len(degrees), n_harmonics, 2 * l3 + 1, 2 * l1 + 1, dtype=torch.float64)
            for place, l2 in enumerate(degrees):
                # A model trained in float32 keeps its constants rounded, and was trained with them.
                own = buffers.get(f"_w3j_{l1}_{l2}_{l3}")
                symbol = torch.tensor(wigner_3j(l1, l2, l3)) if own is None else own.detach().cpu().double()
                factor = paths[l1, l2, l3][2]
                table[place, l2 * l2 : (l2 + 1) ** 2] = factor * symbol.permute(1, 2, 0).to(table)
            found[l1, l3] = table.flatten(2).to(linear.weight)
        return found

    def __call__(
        self,
        senders: Features,
        path_weights: Tensor,
        blocks: Sequence[NeighbourBlock],
        couplings: Sequence[dict[tuple[int, int], Tensor]],
        *,
        checkpoint: bool,
    ) -> list[Tensor]:
        """Summed messages after the linear map, for each degree [n_nodes, 2l+1, channels].

        Args:
            senders: Features of the senders, for each degree [n_nodes, 2l+1, channels].
            path_weights: Radial weights in the order of the model, [n_rows, n_weights].
            blocks: The padded neighbours; their `pair` is the row of the weights.
            couplings: Coupled harmonics of each block.
            checkpoint: Whether to compute again in the backward pass rather than to keep.
        """
        radial = [
            path_weights if columns is None else path_weights.index_select(1, columns)
            for columns in self._columns
        ]
        parts: list[tuple[Tensor, ...]] = []
        for coupled, block in zip(couplings, blocks, strict=True):
            function = partial(_flat_messages, len(senders), self.paths, block)
            tensors = (*senders, *radial, *(coupled[group] for group in self.paths))
            parts.append(checkpointed(function, *tensors) if checkpoint else function(*tensors))
        messages = (
            parts[0] if len(parts) == 1 else [torch.cat(of_degree) for of_degree in zip(*parts, strict=True)]
        )
        return [message @ matrix for message, matrix in zip(messages, self.after, strict=True)]


def _flat_messages(
    n_degrees: int, paths: dict[tuple[int, int], list[int]], block: NeighbourBlock, *tensors: Tensor
) -> tuple[Tensor, ...]:
    """`summed_messages` of its tensors alone: senders and radial for each l1, coupled harmonics for each (l1, l3)."""
    senders, radial = tensors[:n_degrees], tensors[n_degrees : 2 * n_degrees]
    coupled = dict(zip(paths, tensors[2 * n_degrees :], strict=True))
    return tuple(summed_messages(senders, radial, coupled, paths, block))


def _columns(
    offsets: list[int], ordered: list[tuple[int, int, int]], channels: list[int]
) -> list[Tensor | None]:
    """For each l1 the columns of the path weights in the order (l3, l2); None where that is all of them as they are."""
    found: list[Tensor | None] = []
    total = sum(channels[path[0]] for path in ordered)
    for l1, count in enumerate(channels):
        columns = torch.tensor(
            [
                offset + channel
                for offset, path in zip(offsets, ordered, strict=True)
                if path[0] == l1
                for channel in range(count)
            ]
        )
        as_they_are = len(columns) == total and torch.equal(columns, torch.arange(total))
        found.append(None if as_they_are else columns)
    return found


def _after(
    linear: Any, paths: dict[tuple[int, int, int], tuple[int, int, float]], where: str
) -> list[Tensor]:
    """For each l3 the matrix [n_paths * u, v], paths in the order (l1, l2)."""
    channels_by_degree(linear.irreps_out, where)
    matrices = entry_matrices(linear)
    found = []
    for l3 in range(len(linear.irreps_out)):
        entries = [paths[path][0] for path in sorted(paths) if path[2] == l3]
        missing = [entry for entry in entries if (entry, l3) not in matrices]
        if missing or not entries:
            raise UnsupportedModel(f"{where}: no path leads to degree {l3}")
        found.append(torch.cat([matrices[entry, l3] for entry in entries]))
    return found
