"""The product basis of MACE, contracted once per site: what depends on the element is applied to the result.

For features A [(l, m), channel] of a node, an output of degree L is (docs/science.md, Eq. 10; I. Batatia et al.,
NeurIPS 2022, doi:10.48550/arXiv.2206.07697, equation 10)

    sum_nu sum_k W_nu[element, k, channel] sum_{i1..i_nu} U_nu[M, i1..i_nu, k] A_i1 ... A_i_nu

The inner sums B[M, (nu, k), channel] hold no element. They run over the distinct monomials that any U uses, a tenth or
less of all, found once: the products commute, so U is summed over permutations of its indices.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor

from engine.potentials.equivariant.recompute import checkpointed
from engine.potentials.errors import UnsupportedModel
from engine.potentials.mace.linear import Features

_NEGLIGIBLE = 1e-13  # of the largest coupling: rounding of a sum that is zero
_NUMBERS_IN_ONE_PIECE = 4_000_000  # above this many monomials nodes run in chunks that are computed again


class _Contraction:
    """The basis of one degree of the output."""

    def __init__(self, contraction: Any, degree: int, where: str) -> None:
        """Reads the couplings and the weights of mace-torch's `Contraction`.

        Args:
            contraction: mace-torch's `Contraction`.
            degree: Degree of the output.
            where: Name of what it belongs to, for the message.
        """
        n_order = int(contraction.correlation)
        selections: list[Tensor] = []
        blocks: list[Tensor] = []
        for order in range(1, n_order + 1):
            coupling = contraction.U_tensors(order).detach()
            if coupling.dim() != order + 1 + (degree > 0):
                raise UnsupportedModel(f"{where} has couplings of shape {tuple(coupling.shape)}")
            coupling = coupling.unsqueeze(0) if degree == 0 else coupling
            monomials, matrix = _symmetrised(coupling, order)
            selections.append(monomials)
            blocks.append(matrix)
        weights = [
            *reversed([weight.detach() for weight in contraction.weights]),
            contraction.weights_max.detach(),
        ]
        if len(weights) != n_order:
            raise UnsupportedModel(f"{where} has {len(weights)} sets of weights for correlation {n_order}")
        self.degree = degree
        self.orders = [len(monomials) for monomials in selections]
        self._sections = [count for order, count in enumerate(self.orders, 1) for _ in range(order)]
        n_in = contraction.U_tensors(1).shape[-2]
        like = blocks[0]
        # Rows of one product that picks the factors of every monomial: order 1, then order 2 twice, and so on.
        self.factors = torch.cat(
            [
                torch.nn.functional.one_hot(monomials[:, place], n_in).to(like)
                for monomials in selections
                for place in range(monomials.shape[1])
            ]
        )
        # [(2L+1) * n_k, n_monomials], block after block of orders.
        n_m, n_rows = 2 * degree + 1, sum(self.orders)
        n_k = [block.shape[-1] for block in blocks]
        matrix = torch.zeros(n_m, sum(n_k), n_rows, dtype=like.dtype, device=like.device)
        row, k = 0, 0
        for block in blocks:  # [m, n_monomials, k]
            matrix[:, k : k + block.shape[2], row : row + block.shape[1]] = block.transpose(1, 2)
            row, k = row + block.shape[1], k + block.shape[2]
        self.n_basis = sum(n_k)
        self.matrix = matrix.flatten(0, 1)
        self.weights = torch.cat(weights, dim=1)  # [n_elements, n_k, channels], orders as in the basis

    @property
    def size(self) -> int:
        """Numbers per node and channel that are held at once."""
        return int(self.factors.shape[0] + self.matrix.shape[0])

    def basis(self, features: Tensor) -> Tensor:
        """[n, 2L+1, n_basis, channels] from [n, n_in, channels]."""
        picked = iter(torch.matmul(self.factors, features).split(self._sections, dim=1))
        monomials = []
        for order in range(1, len(self.orders) + 1):
            product = next(picked)
            for _ in range(1, order):
                product = product * next(picked)
            monomials.append(product)
        summed = torch.matmul(self.matrix, torch.cat(monomials, dim=1))
        return summed.view(len(features), 2 * self.degree + 1, self.n_basis, features.shape[2])


class ProductBasis:
    """All degrees of one product of the model, without its linear map."""

    def __init__(self, contractions: Any, where: str, *, agnostic: bool) -> None:
        """Reads mace-torch's `SymmetricContraction`.

        Args:
            contractions: mace-torch's `SymmetricContraction`.
            where: Name of what it belongs to, for messages.
            agnostic: Whether all elements share one set of weights.
        """
        self._parts = [
            _Contraction(part, degree, where) for degree, part in enumerate(contractions.contractions)
        ]
        self._agnostic = agnostic

    def __call__(self, messages: Tensor, node: Tensor | None, elements: Tensor) -> Features:
        """Products for every copy.

        Args:
            messages: Messages that the nodes received, [n_nodes, (max_ell + 1)^2, channels].
            node: Node whose message each copy takes, [n_copies] int64; None if each its own.
            elements: Row of each copy in the model's table of elements, [n_copies] int64.

        Returns:
            For each degree L: [n_copies, 2L+1, channels].
        """
        found = []
        for part, basis in zip(self._parts, self._bases(messages), strict=True):
            received = basis if node is None else basis.index_select(0, node)
            weights = part.weights if self._agnostic else part.weights.index_select(0, elements)
            found.append((received * weights.unsqueeze(1)).sum(2))
        return found

    def _bases(self, messages: Tensor) -> list[Tensor]:
        numbers = sum(part.size for part in self._parts) * messages.shape[2]
        chunk = max(1, _NUMBERS_IN_ONE_PIECE // numbers)
        if len(messages) <= chunk:
            return [part.basis(messages) for part in self._parts]
        function = partial(_all_bases, self._parts)
        pieces = [checkpointed(function, piece) for piece in messages.split(chunk)]
        return [torch.cat(of_degree) for of_degree in zip(*pieces, strict=True)]


def _all_bases(parts: list[_Contraction], messages: Tensor) -> tuple[Tensor, ...]:
    return tuple(part.basis(messages) for part in parts)


def _symmetrised(coupling: Tensor, order: int) -> tuple[Tensor, Tensor]:
    """The distinct monomials of a coupling tensor and what multiplies them.

    Args:
        coupling: Coupling tensor, [m, i1..i_order, k].
        order: Number of factors.

    Returns:
        Rising indices of each monomial [n, order] int64, and [m, n, k].
    """
    n_in = coupling.shape[1]
    places = torch.cartesian_prod(*[torch.arange(n_in)] * order).view(-1, order).sort(dim=1).values
    base = n_in ** torch.arange(order - 1, -1, -1)
    codes, where = torch.unique((places * base).sum(1), return_inverse=True)
    flat = coupling.flatten(1, order).cpu()
    summed = torch.zeros(flat.shape[0], len(codes), flat.shape[2], dtype=flat.dtype)
    summed.index_add_(1, where, flat)
    used = (summed.abs() > _NEGLIGIBLE * summed.abs().max()).any(0).any(1)
    monomials = (codes[used].unsqueeze(1) // base) % n_in
    return monomials.to(coupling.device), summed[:, used].to(coupling.device)
