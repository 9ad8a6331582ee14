"""Words of free energies: how a crystal is called, and what is left out: moments and charges."""

from __future__ import annotations

from collections import Counter
from math import gcd
from typing import TYPE_CHECKING

from api_schemas.symbols import SYMBOLS
from engine.crystals.bond_lengths import anion_valence, electronegativity

if TYPE_CHECKING:
    from collections.abc import Collection

    import numpy as np
    from numpy.typing import NDArray

    from engine.crystals.crystal import AlchemicalCrystal

_MAGNETIC = "Cr Mn Fe Co Ni Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb U Np Pu Am Cm"
MAGNETIC = frozenset(_MAGNETIC.split())
"""Elements whose crystals have moments as a rule: late 3d metals, lanthanides and actinides with open f shells."""
SEMICONDUCTORS = frozenset({"C", "Si", "Ge"})
"""Elements whose own vacancies have charge states."""
_POLAR = 0.3
"""Difference of Allred and Rochow's electronegativities from which a compound of an anion is taken to have charged
vacancies: GaAs has 0.41, InP 0.47, NaCl 1.73."""


def formula(crystal: AlchemicalCrystal, x: NDArray[np.float64]) -> str:
    """Of a crystal at a composition [n_columns], in the order of its sites: ``NaCl``, ``Na0.5K0.5Cl``."""
    amounts: dict[int, float] = {}
    for species, weight in zip(crystal.copy_species.tolist(), crystal.weights(x).tolist(), strict=True):
        amounts[species] = amounts.get(species, 0.0) + weight
    units = gcd(*Counter(crystal.labels.tolist()).values())
    parts = [(SYMBOLS[species], amount / units) for species, amount in amounts.items() if amount > 0.0]
    return "".join(f"{symbol}{'' if amount == 1.0 else f'{amount:.4g}'}" for symbol, amount in parts)


def spoken_warnings(elements: Collection[str], vacancy: str | None = None) -> list[str]:
    """What to say of a crystal beside its free energies.

    Args:
        elements: Symbols of all that it may hold.
        vacancy: The element that is taken out; None where nothing is.
    """
    found = []
    magnetic = sorted(MAGNETIC.intersection(elements))
    if magnetic:
        be = "is magnetic as a rule" if len(magnetic) == 1 else "are magnetic as a rule"
        found.append(
            f"{', '.join(magnetic)} {be}: the potential has no spins, so that the disorder of moments and its "
            "entropy are not in the free energy"
        )
    if vacancy is not None and _may_be_charged(elements, vacancy):
        found.append(
            f"the vacancy of {vacancy} is the neutral one: what a charged one has, which goes with the Fermi level, is "
            "not in the free energy"
        )
    return found


def _may_be_charged(elements: Collection[str], vacancy: str) -> bool:
    """Whether the crystal is one, by its elements, in which vacancies have charge states."""
    own = electronegativity(vacancy)
    return SEMICONDUCTORS.issuperset(elements) or any(
        abs(electronegativity(other) - own) >= _POLAR and (anion_valence(other) or anion_valence(vacancy))
        for other in elements
        if other != vacancy
    )
