"""Readouts of a MACE model, cut to one head: the scalars of a copy to an energy."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from engine.potentials.errors import UnsupportedModel
from engine.potentials.mace.linear import entry_matrices

_LINEAR = "LinearReadoutBlock"
_NONLINEAR = frozenset({"NonLinearReadoutBlock", "NonLinearBiasReadoutBlock"})


class Readout:
    """One readout. mace-torch computes all heads and picks one; here only that one is computed."""

    def __init__(self, block: Any, head: int, n_heads: int, where: str) -> None:
        """Reads mace-torch's block.

        Args:
            block: Readout block of mace-torch.
            head: Number of the head.
            n_heads: Number of heads of the model.
            where: Name of the readout, for messages.

        Raises:
            UnsupportedModel: if the block is of a kind not known here.
        """
        kind = type(block).__name__
        if kind == _LINEAR:
            self._last, self._last_bias = _columns(block.linear, slice(head, head + 1), where)
            self._hidden: list[tuple[Tensor, Tensor | None]] = []
            return
        if kind not in _NONLINEAR:
            raise UnsupportedModel(f"{where} is a {kind}, which is not supported")
        irreps, acts = block.hidden_irreps, block.non_linearity.acts
        if len(irreps) != 1 or irreps[0].ir.l != 0 or len(acts) != 1:
            raise UnsupportedModel(f"{where} has hidden features {irreps}; one kind of scalars is wanted")
        self._act = acts[0]
        width = irreps[0].mul // n_heads
        masked = int(getattr(block, "num_heads", 1)) > 1
        mine = slice(head * width, (head + 1) * width) if masked else slice(None)
        self._hidden = [_columns(block.linear_1, mine, where)]
        if kind == "NonLinearBiasReadoutBlock":
            middle, bias = _columns(block.linear_mid, mine, where)
            self._hidden.append((middle[mine], bias))
        last, self._last_bias = _columns(block.linear_2, slice(head, head + 1), where)
        self._last = last[mine]

    def __call__(self, scalars: Tensor) -> Tensor:
        """[n_copies] from [n_copies, channels]."""
        values = scalars
        for matrix, bias in self._hidden:
            linear = values @ matrix
            values = self._act(linear if bias is None else linear + bias)
        energies = (values @ self._last).squeeze(1)
        return energies if self._last_bias is None else energies + self._last_bias


def _columns(linear: Any, columns: slice, where: str) -> tuple[Tensor, Tensor | None]:
    """The part of a linear map that makes some of its output's scalars, and its bias."""
    if len(linear.irreps_out) != 1 or linear.irreps_out[0].ir.l != 0 or linear.irreps_in[0].ir.l != 0:
        raise UnsupportedModel(f"{where} maps {linear.irreps_in} to {linear.irreps_out}; scalars are wanted")
    matrices = entry_matrices(linear)
    if set(matrices) != {(0, 0)}:
        raise UnsupportedModel(f"{where} maps {linear.irreps_in} to {linear.irreps_out} in several parts")
    bias = linear.bias.detach()[columns] if linear.bias.numel() else None
    return matrices[0, 0][:, columns].contiguous(), bias
