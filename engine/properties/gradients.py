"""Values and tangent-space gradients of all properties of a relaxed composition, by one chain rule.

Every property is a function P(q, x, H) of the relaxed coordinates, the composition and the relaxed enthalpy, so
dP/dx = dP/dx|_q,H + dP/dq dq*/dx + dP/dH dH*/dx (docs/science.md, Eq. 30), projected so that it sums to zero over each
sublattice.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

import numpy as np
import torch

from engine.properties.inputs import PropertyInputs
from engine.properties.table import PROPERTIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.crystals.crystal import AlchemicalCrystal
    from engine.mechanics.coordinates import SymmetryCoordinates
    from engine.properties.inputs import EndMember, Surroundings, Vibrations


@dataclass(frozen=True, eq=False)
class RelaxedPoint:
    """A relaxed composition, as far as properties need it.

    Attributes:
        q: Relaxed coordinates, [n_q].
        x: Composition, [n_columns].
        enthalpy: Relaxed enthalpy H*, eV per cell.
        dq_dx: Derivative of the coordinates by the composition, [n_q, n_columns], or None where it does not exist.
        dh_dx: Raw derivative of the relaxed enthalpy by the composition, [n_columns], eV.
        surroundings: Pressure, temperature and references of the properties.
        vibrations: Of the crystal; None where no property is made of them.
    """

    q: NDArray[np.float64]
    x: NDArray[np.float64]
    enthalpy: float
    dq_dx: NDArray[np.float64] | None
    dh_dx: NDArray[np.float64]
    surroundings: Surroundings
    vibrations: Vibrations | None = None


@dataclass(frozen=True, eq=False)
class Value:
    """A property and its raw gradient [n_columns], None where it does not exist."""

    value: float
    gradient: NDArray[np.float64] | None


def property_values(
    names: Sequence[str],
    crystal: AlchemicalCrystal,
    coordinates: SymmetryCoordinates,
    point: RelaxedPoint,
    end_members: Sequence[EndMember],
) -> dict[str, Value]:
    """Properties by name with raw gradients per unit fraction.

    Args:
        names: Names of properties that need no curvature.
        crystal: The parent with its copies.
        coordinates: Symmetry-adapted coordinates of the crystal.
        point: The relaxed composition.
        end_members: Relaxed end members of the composition space.
    """
    with torch.enable_grad():
        q = torch.tensor(point.q, dtype=torch.float64, requires_grad=True)
        x = torch.tensor(point.x, dtype=torch.float64, requires_grad=True)
        enthalpy = torch.tensor(point.enthalpy, dtype=torch.float64, requires_grad=True)
        vibrations = _vibrations(point)
        weights = torch.tensor(crystal.weights_matrix) @ x + torch.tensor(crystal.weights_offset)
        modes = torch.as_tensor(coordinates.strain_modes)
        strain = torch.einsum("i,iab->ab", q[: coordinates.n_strain], modes)
        lattice = torch.as_tensor(coordinates.lattice) @ (torch.eye(3, dtype=torch.float64) + strain).T
        vacancies = x[torch.tensor(crystal.vacancy_columns)]
        mass = weights @ torch.tensor(crystal.masses)
        around = point.surroundings
        work = around.pressure * torch.linalg.det(lattice).abs()
        potentials = _chemical_potentials(crystal, around)
        conventional = torch.tensor(np.asarray(crystal.conventional, dtype=float))
        at = PropertyInputs(
            crystal=crystal,
            lattice=lattice,
            conventional=conventional,
            x=x,
            weights=weights,
            vacancies=vacancies,
            mass=mass,
            enthalpy=enthalpy,
            volume_work=work,
            chemical_potentials=potentials,
            end_members=end_members,
            surroundings=around,
            vibrations=vibrations,
        )
        leaves = (q, x, enthalpy) if vibrations is None else (q, x, enthalpy, vibrations)
        found = {}
        for name in names:
            value = import_module(PROPERTIES[name].family).value(name, at)
            slopes = torch.autograd.grad(value, leaves, allow_unused=True, retain_graph=True)
            found[name] = Value(float(value.detach()), _total(point, *slopes))
        absent = np.asarray(torch.cat([weights, vacancies]).detach()) <= 0
        if "mixing_free_energy" in found and absent.any():
            found["mixing_free_energy"] = Value(found["mixing_free_energy"].value, None)
    return found


def _chemical_potentials(crystal: AlchemicalCrystal, around: Surroundings) -> torch.Tensor | None:
    """[n_copies] eV/atom of each copy's element; None where none were asked for."""
    if not around.chemical_potentials:
        return None
    of_copies = [around.chemical_potentials[int(number)] for number in crystal.copy_species]
    return torch.tensor(of_copies, dtype=torch.float64)


def _vibrations(point: RelaxedPoint) -> torch.Tensor | None:
    """[3]; None where there are none."""
    if point.vibrations is None or point.vibrations.values is None:
        return None
    return torch.tensor(point.vibrations.values, dtype=torch.float64, requires_grad=True)


def _total(
    point: RelaxedPoint,
    by_q: torch.Tensor | None,
    by_x: torch.Tensor | None,
    by_h: torch.Tensor | None,
    by_vibrations: torch.Tensor | None = None,
) -> NDArray[np.float64] | None:
    total = np.zeros(len(point.x))
    if by_x is not None:
        total += by_x.numpy()
    if by_h is not None:
        total += float(by_h) * point.dh_dx
    if by_q is not None and bool((by_q != 0).any()):
        if point.dq_dx is None:
            return None
        total += by_q.numpy() @ point.dq_dx
    if by_vibrations is not None and point.vibrations is not None:
        if point.vibrations.by_x is None:
            return None
        total += by_vibrations.numpy() @ point.vibrations.by_x
    return total
