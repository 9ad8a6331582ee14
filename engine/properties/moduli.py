"""Moduli of a relaxed composition with their raw gradients: what needs second and third derivatives of the energy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from engine.mechanics.constants import EV_PER_A3_IN_GPA
from engine.mechanics.curvature import bulk_modulus, curvature_gradients
from engine.mechanics.elastic import elastic_response
from engine.mechanics.landscape import Landscape
from engine.properties.elastic import ELASTIC, elastic
from engine.properties.gradients import Value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.mechanics.elastic import ElasticResponse

MODULI = ("bulk_modulus", *ELASTIC)


@dataclass(frozen=True, eq=False)
class Moduli:
    """Moduli by name with raw gradients.

    Attributes:
        values: Moduli and their raw gradients by name.
        calls: Potential calls that they took.
        stable: Whether no displacement of any symmetry lowers the enthalpy; None where that was not looked at.
    """

    values: dict[str, Value]
    calls: int = 0
    stable: bool | None = None


@dataclass(frozen=True, eq=False)
class Curved:
    """A relaxed composition, as far as moduli need it.

    Attributes:
        q: Relaxed coordinates, [n_q].
        lam: Weights, [n_copies].
        hessian: Second derivatives d2H/dq2, [n_q, n_q], eV per squared unit of q.
        exact: Whether the Hessian is exact; else it serves as a preconditioner.
        dq_dx: Derivative of the coordinates by the composition, [n_q, n_columns], or None where it does not exist; then
            there are no gradients.
    """

    q: NDArray[np.float64]
    lam: NDArray[np.float64]
    hessian: NDArray[np.float64]
    exact: bool
    dq_dx: NDArray[np.float64] | None


def modulus_values(names: Sequence[str], landscape: Landscape, at: Curved) -> Moduli:
    """Moduli of a relaxed composition.

    Args:
        names: Names of the properties wanted; those that are not in MODULI are left out.
        landscape: Enthalpy of the crystal.
        at: The relaxed composition.
    """
    columns = np.asarray(landscape.crystal.weights_matrix)
    wanted = [name for name in names if name in ELASTIC]
    moduli = _elastic_moduli(wanted, landscape, at, columns) if wanted else Moduli({})
    if "bulk_modulus" not in names:
        return moduli
    found = bulk_modulus(landscape, at.q, at.lam, at.hessian, exact=at.exact)
    gradient = _total(at, found.by_q, found.by_lam, columns)
    value = Value(found.value * EV_PER_A3_IN_GPA, None if gradient is None else gradient * EV_PER_A3_IN_GPA)
    return Moduli({**moduli.values, "bulk_modulus": value}, moduli.calls + found.calls, moduli.stable)


def _elastic_moduli(
    names: Sequence[str], landscape: Landscape, at: Curved, columns: NDArray[np.float64]
) -> Moduli:
    response = elastic_response(landscape, at.q, at.lam)
    values, contractions, by_q = _partials(names, landscape, at, response)
    calls = response.calls
    gradients: list[NDArray[np.float64] | None] = [None] * len(names)
    if at.dq_dx is not None and columns.shape[1]:
        along_q, along_lam, more = curvature_gradients(
            landscape, at.q, at.lam, response.directions, contractions
        )
        calls += more
        gradients = [
            _total(at, direct + q, lam, columns)
            for direct, q, lam in zip(by_q, along_q, along_lam, strict=True)
        ]
    elif at.dq_dx is not None:
        gradients = [np.zeros(0)] * len(names)
    found = {
        name: Value(value, gradient) for name, value, gradient in zip(names, values, gradients, strict=True)
    }
    return Moduli(found, calls, response.stable)


def _partials(
    names: Sequence[str], landscape: Landscape, at: Curved, response: ElasticResponse
) -> tuple[list[float], NDArray[np.float64], NDArray[np.float64]]:
    """Values, and derivatives by the curvature [n, 6, 6] and by the coordinates at a fixed curvature [n, n_q]."""
    coordinates = landscape.coordinates
    values, contractions, by_q = [], [], []
    with torch.enable_grad():
        q = torch.tensor(at.q, dtype=torch.float64, requires_grad=True)
        curvature = torch.tensor(response.curvature, dtype=torch.float64, requires_grad=True)
        modes = torch.as_tensor(coordinates.strain_modes)
        strain = torch.einsum("i,iab->ab", q[: coordinates.n_strain], modes)
        lattice = torch.as_tensor(coordinates.lattice) @ (torch.eye(3, dtype=torch.float64) + strain).T
        conventional = torch.tensor(np.asarray(landscape.crystal.conventional, dtype=float))
        for name in names:
            value = elastic(name, curvature, lattice, conventional)
            slope, direct = torch.autograd.grad(
                value, (curvature, q), retain_graph=True, materialize_grads=True
            )
            values.append(float(value.detach()))
            contractions.append(((slope + slope.T) / 2).numpy())
            by_q.append(direct.numpy())
    return values, np.stack(contractions), np.stack(by_q)


def _total(
    at: Curved, by_q: NDArray[np.float64], by_lam: NDArray[np.float64], columns: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """The raw gradient [n_columns]: partial derivatives along the relaxed path."""
    if at.dq_dx is None:
        return None
    return np.asarray(by_q @ at.dq_dx + by_lam @ columns)
