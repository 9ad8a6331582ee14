"""Second directional derivatives of the enthalpy and their gradients: third derivatives, by one more backward pass.

A modulus is built of curvatures z_i.H''.z_j along directions z that already contain the relaxation of everything
else, dV/dq.H''^-1 or (strain, -H_uu^-1 H_u,strain). Where the direction solves its linear equation, the derivative of
the modulus does not see the derivative of the direction (the curvature is stationary in it), so that the gradient of
the curvature at a fixed direction is all that is needed (docs/science.md, Eq. 44): a scalar, and one backward pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from engine.mechanics.krylov import RESPONSE_TOLERANCE, ConjugateResiduals
from engine.mechanics.landscape import CALLS_PER_ROW, Landscape
from engine.mechanics.learned_springs import safe_inverse
from engine.mechanics.quasi_newton import model_hessian

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

CALLS_PER_GRADIENT = 4
"""Potential calls that the gradient of a curvature counts: a backward pass through a row."""


@dataclass(frozen=True, eq=False)
class Modulus:
    """A modulus with its partial derivatives at a relaxed point.

    Attributes:
        value: The modulus, eV/Å^3.
        by_q: Partial derivative by the coordinates, [n_q], eV/Å^3 per unit of q.
        by_lam: Partial derivative by the weights, [n_copies], eV/Å^3.
        calls: Potential calls that it took.
    """

    value: float
    by_q: NDArray[np.float64]
    by_lam: NDArray[np.float64]
    calls: int


@dataclass(frozen=True, eq=False)
class Directions:
    """Directions away from a relaxed crystal, in the frame of its strained cell.

    Attributes:
        strains: Symmetric strains, [n, 3, 3].
        displacements: Displacements that go with them, [n, n_sites, 3], Å.
    """

    strains: NDArray[np.float64]
    displacements: NDArray[np.float64]


def bulk_modulus(
    landscape: Landscape,
    q: NDArray[np.float64],
    lam: NDArray[np.float64],
    hessian: NDArray[np.float64],
    *,
    exact: bool = True,
) -> Modulus:
    """-V dP/dV with shape and internal coordinates relaxed: V / (V_q.H_qq^-1.V_q) (docs/science.md, Eq. 40).

    A hydrostatic stress keeps the symmetry, so the symmetry-adapted coordinates are enough. With w = H_qq^-1 V_q the
    denominator is written 2 w.V_q - w.H_qq.w, whose error is of second order in that of w.

    Args:
        landscape: Enthalpy of the crystal.
        q: Relaxed coordinates, [n_q].
        lam: Weights, [n_copies].
        hessian: Second derivatives d2H/dq2 near q, [n_q, n_q], eV per squared unit of q.
        exact: Whether the Hessian is exact; if not it serves as a preconditioner only.
    """
    calls = 1 + CALLS_PER_ROW + CALLS_PER_GRADIENT
    with torch.enable_grad():
        leaf_q, leaf_lam = _leaves(landscape, q, lam)
        slope = _slope_of_volume(landscape, leaf_q.detach().clone().requires_grad_())
        if exact:
            w = np.linalg.lstsq(hessian, slope, rcond=None)[0]  # finite where the Hessian is singular
        else:
            w, products = _solve(landscape, q, lam, hessian, slope)
            calls += 1 + CALLS_PER_ROW * products
        along = torch.tensor(w, dtype=torch.float64, device=leaf_q.device)
        landscape.interrupt()
        step = torch.zeros((), dtype=torch.float64, device=leaf_q.device, requires_grad=True)
        enthalpy = landscape.enthalpy(leaf_q + step * along, leaf_lam).sum()
        landscape.interrupt()
        (first,) = torch.autograd.grad(enthalpy, step, create_graph=True)
        (second,) = torch.autograd.grad(first, step, create_graph=True)
        volume = landscape.volume(leaf_q).sum()
        (by_q,) = torch.autograd.grad(volume, leaf_q, create_graph=True)
        modulus = volume / (2.0 * (by_q[0] @ along) - second)
        landscape.interrupt()
        gradient_q, gradient_lam = torch.autograd.grad(modulus, (leaf_q, leaf_lam))
    return Modulus(
        value=float(modulus.detach()),
        by_q=gradient_q[0].cpu().numpy(),
        by_lam=gradient_lam[0].cpu().numpy(),
        calls=calls,
    )


def curvature_gradients(
    landscape: Landscape,
    q: NDArray[np.float64],
    lam: NDArray[np.float64],
    directions: Directions,
    contractions: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """Gradients of sums of curvatures sum_ij G_ij z_i.H''.z_j at fixed directions z.

    Args:
        landscape: Enthalpy of the crystal.
        q: Coordinates, [n_q].
        lam: Weights, [n_copies].
        directions: The n directions z.
        contractions: Symmetric matrices G, one per sum, [m, n, n].

    Returns:
        By q [m, n_q] and by the weights [m, n_copies], in the unit of G times eV, and the potential calls.
    """
    # z_i.H''.z_j is symmetric: with G in triangular form fewer rows and backward passes are needed.
    triangular = np.tril(contractions) + np.tril(contractions, -1)
    by_q = np.zeros((len(contractions), len(q)))
    by_lam = np.zeros((len(contractions), len(lam)))
    calls = 1
    with torch.enable_grad():
        leaf_q, leaf_lam = _leaves(landscape, q, lam)
        device = leaf_q.device
        strains = torch.tensor(directions.strains, dtype=torch.float64, device=device)
        displacements = torch.tensor(directions.displacements, dtype=torch.float64, device=device)
        weights = torch.tensor(triangular, dtype=torch.float64, device=device)
        step = torch.zeros(len(strains), dtype=torch.float64, device=device, requires_grad=True)
        landscape.interrupt()
        enthalpy = landscape.enthalpy(
            leaf_q,
            leaf_lam,
            torch.einsum("i,iab->ab", step, strains),
            torch.einsum("i,ina->na", step, displacements),
        ).sum()
        (first,) = torch.autograd.grad(enthalpy, step, create_graph=True)
        for column in range(len(strains)):
            wanted = np.flatnonzero(np.abs(triangular[:, :, column]).max(axis=1) > 0.0)
            if not len(wanted):
                continue
            landscape.interrupt()
            (row,) = torch.autograd.grad(first[column], step, create_graph=True)
            calls += CALLS_PER_ROW
            for m in wanted:
                landscape.interrupt()
                gradients = torch.autograd.grad(
                    weights[m, :, column] @ row, (leaf_q, leaf_lam), retain_graph=True
                )
                by_q[m] += gradients[0][0].cpu().numpy()
                by_lam[m] += gradients[1][0].cpu().numpy()
                calls += CALLS_PER_GRADIENT
    return by_q, by_lam, calls


def _leaves(landscape: Landscape, q: NDArray[np.float64], lam: NDArray[np.float64]) -> tuple[Tensor, Tensor]:
    device = landscape.potential.device
    leaf_q = torch.tensor(q[None], dtype=torch.float64, device=device, requires_grad=True)
    leaf_lam = torch.tensor(lam[None], dtype=torch.float64, device=device, requires_grad=True)
    return leaf_q, leaf_lam


def _slope_of_volume(landscape: Landscape, q: Tensor) -> NDArray[np.float64]:
    """dV/dq [n_q], Å^3 per unit of q."""
    (slope,) = torch.autograd.grad(landscape.volume(q).sum(), q)
    return np.asarray(slope[0].cpu().numpy())


def _solve(
    landscape: Landscape,
    q: NDArray[np.float64],
    lam: NDArray[np.float64],
    hessian: NDArray[np.float64],
    right: NDArray[np.float64],
) -> tuple[NDArray[np.float64], int]:
    """H_qq^-1 times a vector [n_q] by products with the exact Hessian, and how many it took."""
    at = landscape.first(q[None], lam[None])
    scale = np.sqrt(np.diag(model_hessian(landscape.coordinates)))
    solver = ConjugateResiduals(
        lambda vector: landscape.hessian_product(at, vector.reshape(1, -1))[0], safe_inverse(hessian, scale)
    )
    solution, _ = solver.solve(right, RESPONSE_TOLERANCE)
    return solution, solver.products
