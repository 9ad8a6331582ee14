"""What follows from a composition alone: price, mass fractions, supply risk. Nothing needs to be relaxed for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from api_schemas.elements import ATOMIC_NUMBERS
from engine.properties.table import MASS_FRACTION, PRICE, RISK

if TYPE_CHECKING:
    from engine.crystals.crystal import AlchemicalCrystal
    from engine.properties.surroundings import Surroundings


def is_cost(name: str) -> bool:
    """Whether a property follows from the composition alone."""
    return name in (PRICE, RISK) or name.startswith(MASS_FRACTION)


def cost(name: str, crystal: AlchemicalCrystal, weights: Tensor, around: Surroundings) -> Tensor:
    """The mean over the mass of what belongs to the elements, as a differentiable scalar.

    ``sum_c lam_c m_c v_c / sum_c lam_c m_c`` with the element's price (USD/kg), its supply risk, or 1 for the element
    of a mass fraction and 0 for the others.

    Args:
        name: price_per_kg, supply_risk or mass_fraction:ELEMENT.
        crystal: For the elements and masses of the copies.
        weights: [n_copies] lam.
        around: With the prices or risks of every element of the crystal.
    """
    species = [int(number) for number in crystal.copy_species]
    if name.startswith(MASS_FRACTION):
        wanted = ATOMIC_NUMBERS[name.removeprefix(MASS_FRACTION)]
        values = [1.0 if number == wanted else 0.0 for number in species]
    else:
        table = around.prices if name == PRICE else around.supply_risks
        values = [table[number] for number in species]
    masses = weights * torch.tensor(crystal.masses)
    return masses @ torch.tensor(values, dtype=weights.dtype) / masses.sum()
