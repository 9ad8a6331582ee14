"""Whether a relaxed crystal is still of its parent's phase: the same neighbours, the same symmetry.

A relaxation in symmetry-adapted coordinates keeps the parent's symmetry and may find more of it, or other neighbours:
wurtzite, compressed along c, becomes layered hexagonal with five neighbours instead of four. Compositions on both sides
of such a jump belong to two functions, not to one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.crystals.by_content import by_content
from engine.crystals.coordination import Shells, neighbour_counts, shells
from engine.crystals.parent import FloatArray, IntArray
from engine.crystals.symmetry import SYMMETRY_TOLERANCE, space_group

if TYPE_CHECKING:
    from engine.crystals.crystal import AlchemicalCrystal

LOOSELY = 0.1
"""Å; symmetries count that a relaxed crystal has within this, so that what a flat valley leaves undecided is no phase,
and none that the parent has within it."""
SHAPE = 0.05
"""Relative change of c/a from which it is told beside what else has changed."""


@dataclass(frozen=True)
class Departure:
    """A phase that is not the parent's.

    Attributes:
        phase: Its name, the same for all compositions in it: ``P6_3/mmc (194), neighbours: cation 5, N 5``.
        words: What has changed, for people.
    """

    phase: str
    words: str


@dataclass(frozen=True)
class _Seen:
    """What tells phases apart: space group, that by a loose tolerance, and distances."""

    space_group: tuple[str, int] | None
    loosely: tuple[str, int] | None
    shells: Shells


def departure(crystal: AlchemicalCrystal, lattice: FloatArray, frac: FloatArray) -> Departure | None:
    """How a relaxed crystal differs from its parent; None where it is of the same phase.

    Args:
        crystal: The parent with its labels.
        lattice: Vectors of the relaxed cell as rows, [3, 3] Å.
        frac: Fractional coordinates of its sites in the parent's order and images, [n_sites, 3].
    """
    parent = _seen(crystal.lattice, crystal.frac, crystal.labels)
    now = _seen(lattice, frac, crystal.labels)
    before = neighbour_counts(parent.shells)
    counts = neighbour_counts(now.shells, parent.shells)
    said = _neighbour_words(crystal, before, counts)
    found = now.loosely
    if (
        found is not None
        and parent.space_group is not None
        and found not in (parent.space_group, parent.loosely)
    ):
        said.append(f"its symmetry became {_symbol(found)} from {_symbol(parent.space_group)}")
    if not said:
        return None
    ratios = [_c_over_a(crystal, one) for one in (crystal.lattice, np.asarray(lattice))]
    if abs(ratios[1] / ratios[0] - 1.0) > SHAPE:
        said.append(f"c/a is {ratios[1]:.3f}, {ratios[0]:.3f} in the parent as given")
    group = "" if found is None else f"{_symbol(found)}, "
    return Departure(f"{group}neighbours: {_listed(crystal, counts)}", ", ".join(said))


@by_content
def _seen(lattice: FloatArray, frac: FloatArray, labels: IntArray) -> _Seen:
    found = space_group(lattice, frac, labels + 1, SYMMETRY_TOLERANCE)
    loosely = space_group(lattice, frac, labels + 1, LOOSELY)
    return _Seen(found, loosely, shells(lattice, frac @ lattice))


def _neighbour_words(crystal: AlchemicalCrystal, before: Sequence[int], now: Sequence[int]) -> list[str]:
    """Which sites have other numbers of neighbours than in the parent: those with the same change together."""
    changed: dict[tuple[int, int], dict[str, None]] = {}
    for site, (old, new) in enumerate(zip(before, now, strict=True)):
        if old != new:
            changed.setdefault((new, old), {})[_name(crystal, site)] = None
    return [
        f"{' and '.join(names)} {'has' if len(names) == 1 else 'have'} {new} neighbours instead of {old}"
        for (new, old), names in changed.items()
    ]


def _listed(crystal: AlchemicalCrystal, counts: Sequence[int]) -> str:
    """The numbers of neighbours by name: ``cation 5, N 4/5``; of sites without a clear number nothing."""
    of_name: dict[str, set[int]] = {}
    for site, count in enumerate(counts):
        if count:
            of_name.setdefault(_name(crystal, site), set()).add(count)
    return ", ".join(f"{name} {'/'.join(map(str, sorted(found)))}" for name, found in of_name.items())


def _symbol(group: tuple[str, int]) -> str:
    return f"{group[0]} ({group[1]})"


def _name(crystal: AlchemicalCrystal, site: int) -> str:
    """The sublattice of a site, or its element."""
    number = int(crystal.site_sublattice[site])
    return crystal.sublattices[number].name if number >= 0 else crystal.parent_symbols[site]


def _c_over_a(crystal: AlchemicalCrystal, lattice: FloatArray) -> float:
    a, _, c = np.linalg.norm(crystal.conventional @ lattice, axis=1)
    return float(c / a)
