"""What free energies of a crystal leave out, in words: moments and charges, of which a potential knows nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.crystals.bond_lengths import anion_valence, electronegativity

if TYPE_CHECKING:
    from collections.abc import Collection

_MAGNETIC = "Cr Mn Fe Co Ni Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb U Np Pu Am Cm"
MAGNETIC = frozenset(_MAGNETIC.split())
"""Elements whose crystals have moments as a rule: late 3d metals, lanthanides and actinides with open f shells."""
SEMICONDUCTORS = frozenset({"C", "Si", "Ge"})
"""Elements whose own vacancies have charge states."""
_POLAR = 0.3
"""Difference of Allred and Rochow's electronegativities from which a compound of an anion is taken to have charged
vacancies: GaAs has 0.41, InP 0.47, NaCl 1.73."""


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
