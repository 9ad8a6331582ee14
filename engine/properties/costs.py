"""What follows from a composition alone: price, mass fractions, supply risk. Nothing needs to be relaxed for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from api_schemas.symbols import ATOMIC_NUMBERS
from engine.properties.element_data import ELEMENT_PRICES, SUPPLY_RISKS
from engine.properties.table import MASS_FRACTION, PRICE, RISK

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from api_schemas.conditions import Conditions
    from engine.crystals.crystal import AlchemicalCrystal
    from engine.properties.inputs import PropertyInputs


def is_cost(name: str) -> bool:
    """Whether a property follows from the composition alone."""
    return name in (PRICE, RISK) or name.startswith(MASS_FRACTION)


def element_data(conditions: Conditions) -> dict[str, dict[int, float]]:
    """Prices (USD/kg) and supply risks by the name of their property and atomic number: as given, else of the table."""
    return {
        PRICE: _by_atomic_number({**ELEMENT_PRICES, **conditions.element_prices}),
        RISK: _by_atomic_number({**SUPPLY_RISKS, **conditions.supply_risks}),
    }


def _by_atomic_number(of_symbols: Mapping[str, float]) -> dict[int, float]:
    return {ATOMIC_NUMBERS[symbol]: value for symbol, value in of_symbols.items()}


def element_values(name: str, crystal: AlchemicalCrystal, conditions: Conditions) -> NDArray[np.float64]:
    """What each copy's element contributes to a cost by its mass, [n_copies]."""
    return np.array(_values(name, crystal, element_data(conditions)))


def cost(
    name: str, crystal: AlchemicalCrystal, weights: Tensor, of_elements: Mapping[str, Mapping[int, float]]
) -> Tensor:
    """The mean over the mass of what belongs to the elements, as a differentiable scalar.

    ``sum_c lam_c m_c v_c / sum_c lam_c m_c`` (docs/science.md, Eq. 45) with the element's price (USD/kg), its supply
    risk, or 1 for the element of a mass fraction and 0 for the others.

    Args:
        name: Name of the property: price_per_kg, supply_risk or mass_fraction:ELEMENT.
        crystal: Crystal with the elements and masses of the copies.
        weights: Weights lam, [n_copies].
        of_elements: Prices and supply risks by name and atomic number, from `element_data`.
    """
    masses = weights * torch.tensor(crystal.masses)
    values = torch.tensor(_values(name, crystal, of_elements), dtype=weights.dtype)
    return masses @ values / masses.sum()


def _values(
    name: str, crystal: AlchemicalCrystal, of_elements: Mapping[str, Mapping[int, float]]
) -> list[float]:
    species = [int(number) for number in crystal.copy_species]
    if not name.startswith(MASS_FRACTION):
        return [of_elements[name][number] for number in species]
    wanted = ATOMIC_NUMBERS[name.removeprefix(MASS_FRACTION)]
    return [1.0 if number == wanted else 0.0 for number in species]


def value(name: str, at: PropertyInputs) -> Tensor:
    """What follows from the composition alone."""
    return cost(name, at.crystal, at.weights, at.surroundings.element_data)
