"""What explicit supercells can hold: how many parent cells they are, and the composition nearest to one. Torch-free."""

from __future__ import annotations

from math import floor
from typing import TYPE_CHECKING

from engine.crystals.supercells import cells_range

if TYPE_CHECKING:
    from collections.abc import Mapping

    from api_schemas.base import Composition
    from engine.crystals.crystal import AlchemicalCrystal

PRESENT = 1e-9
"""A smaller fraction of an element is none."""


def mixed_sites(crystal: AlchemicalCrystal) -> int:
    """Sites of a parent cell that may hold one of several elements."""
    return sum(len(one.sites) for one in crystal.sublattices if len(one.elements) > 1)


def cells_of(crystal: AlchemicalCrystal, sites: int) -> tuple[int, int]:
    """The fewest and the most parent cells of a supercell with about so many mixed sites.

    Args:
        crystal: The parent, with a mixed site at least.
        sites: Mixed sites wanted.
    """
    return cells_range(max(1, round(sites / mixed_sites(crystal))))


def is_mixed(composition: Composition) -> bool:
    """Whether some sublattice holds several elements."""
    return any(sum(share > PRESENT for share in shares.values()) > 1 for shares in composition.values())


def held(composition: Composition, sites: Mapping[str, int]) -> Composition:
    """The composition nearest to one that whole atoms on so many sites make up: the largest remainders are rounded up.

    Args:
        composition: What is wanted.
        sites: How many sites each sublattice has.
    """
    found: Composition = {}
    for name, shares in composition.items():
        wanted = {element: share * sites[name] for element, share in shares.items()}
        counts = {element: floor(amount + PRESENT) for element, amount in wanted.items()}
        left = sites[name] - sum(counts.values())
        for element in sorted(wanted, key=lambda one: counts[one] - wanted[one])[:left]:
            counts[element] += 1
        found[name] = {element: count / sites[name] for element, count in counts.items()}
    return found


def lost(composition: Composition, crystal: AlchemicalCrystal, sites: int) -> list[str]:
    """Elements of a composition of which supercells of about so many mixed sites may hold no atom."""
    least = held(composition, fewest_sites(crystal, sites))
    return [
        element
        for name, shares in least.items()
        for element, share in shares.items()
        if share == 0.0 and composition[name][element] > PRESENT
    ]


def fewest_sites(crystal: AlchemicalCrystal, sites: int) -> dict[str, int]:
    """How many sites each sublattice has at the least in a supercell with about so many mixed sites."""
    fewest, _ = cells_of(crystal, sites)
    return {one.name: len(one.sites) * fewest for one in crystal.sublattices}


def sites_enough(composition: Composition, crystal: AlchemicalCrystal) -> int:
    """Mixed sites, about, of supercells that hold an atom of every element of a composition."""
    needed = max(
        1.0 / (share * len(one.sites))
        for one in crystal.sublattices
        for share in composition[one.name].values()
        if share > PRESENT
    )
    sites = max(2, floor(needed) * mixed_sites(crystal))
    while lost(composition, crystal, sites):
        sites += mixed_sites(crystal)
    return sites


def words(composition: Composition) -> str:
    """A composition in words: ``Al 0.8125, Sc 0.1875``."""
    shares = [(element, share) for parts in composition.values() for element, share in parts.items()]
    return ", ".join(f"{element} {share:.4g}" for element, share in shares if share > PRESENT)
