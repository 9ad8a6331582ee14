"""Energies per atom: energy, enthalpy, mixing and formation energies (docs/science.md, Eq. 35 to 38)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from engine.mechanics.constants import BOLTZMANN
from engine.properties.table import MIXING_FREE_ENERGY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.properties.inputs import EndMember, PropertyInputs

NAMES = ("energy", "enthalpy", "mixing_energy", "mixing_free_energy", "formation_energy")


def energetic(
    name: str,
    enthalpy: Tensor,
    volume_work: Tensor,
    x: Tensor,
    weights: Tensor,
    end_members: Sequence[EndMember],
    temperature: float,
    chemical_potentials: Tensor | None = None,
    vacancies: Tensor | None = None,
) -> Tensor:
    """An energy per atom present, as a differentiable scalar.

    Args:
        name: Name of the property, one of NAMES.
        enthalpy: Relaxed enthalpy H*, eV per cell.
        volume_work: Work P V, eV per cell.
        x: Composition, [n_columns].
        weights: Weights lam that follow from x, [n_copies].
        end_members: All end members, for the mixing energies.
        temperature: Temperature, K.
        chemical_potentials: Chemical potential of each copy's element, for the formation energy, [n_copies], eV/atom.
        vacancies: Share of the vacancy on each site that may be empty, for the entropy, [n_sites that may be empty].

    Returns:
        eV/atom.

    Raises:
        KeyError: for another name, or a formation energy without chemical potentials.
    """
    atoms = weights.sum()
    if name == "energy":
        return (enthalpy - volume_work) / atoms
    if name == "enthalpy":
        return enthalpy / atoms
    if name == "formation_energy" and chemical_potentials is not None:
        return (enthalpy - weights @ chemical_potentials) / atoms
    if name not in ("mixing_energy", "mixing_free_energy"):
        raise KeyError(name)
    mixing = (enthalpy - _unmixed(x, end_members, [one.enthalpy for one in end_members])) / atoms
    return mixing if name == "mixing_energy" else mixing - temperature * ideal_entropy(weights, vacancies)


def _unmixed(x: Tensor, end_members: Sequence[EndMember], values: Sequence[float]) -> Tensor:
    """The mean of values of the end members by their shares."""
    total = torch.zeros((), dtype=x.dtype)
    for member, value in zip(end_members, values, strict=True):
        share = torch.ones((), dtype=x.dtype)
        for column in member.columns:
            share = share * x[column]
        total = total + share * value
    return total


def ideal_entropy(weights: Tensor, vacancies: Tensor | None = None) -> Tensor:
    """Ideal configurational entropy -k_B (sum lam ln lam + sum v ln v) / N, eV/K per atom present, N = sum lam.

    Args:
        weights: Weights lam, [n_copies].
        vacancies: Share v of the vacancy on each site that may be empty, [n_sites that may be empty].
    """
    shares = weights if vacancies is None else torch.cat([weights, vacancies])
    positive = torch.where(shares > 0, shares, torch.ones_like(shares))
    return -BOLTZMANN * (positive * positive.log()).sum() / weights.sum()


def value(name: str, at: PropertyInputs) -> Tensor:
    """An energy per atom of a relaxed composition; the mixing free energy with vibrations, where there are any."""
    temperature = at.surroundings.temperature
    found = energetic(
        name,
        at.enthalpy,
        at.volume_work,
        at.x,
        at.weights,
        at.end_members,
        temperature,
        at.chemical_potentials,
        at.vacancies,
    )
    if name != MIXING_FREE_ENERGY or at.vibrations is None:
        return found
    of_members = [0.0 if one.vibrational is None else one.vibrational for one in at.end_members]
    return found + (at.vibrations[0] - _unmixed(at.x, at.end_members, of_members)) / at.atoms
