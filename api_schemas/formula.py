"""A mixed crystal as a formula with error bars: ``Al0.82 Sc0.18 N, Sc ± 0.02``."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from api_schemas.composition_uncertainty import Bars
from api_schemas.evaluations import Evaluation

DECIMALS = 3
"""Of fractions without an error bar."""
MOST_DECIMALS = 4


def formula(evaluation: Evaluation, bars: Bars | None = None) -> str:
    """The crystal, site by site in the order of the parent, with as many decimals as the bars say.

    Sites that hold the same are counted together and divided by what they have in common; elements that are absent to
    the decimals are left out. Without a structure the sublattices alone.

    Args:
        evaluation: Of the composition.
        bars: Standard deviations of the fractions.
    """
    decimals = decimals_of(bars)
    groups: dict[tuple[tuple[str, float], ...], int] = {}
    if evaluation.structure is None:
        groups = {tuple(fractions.items()): 1 for fractions in evaluation.composition.values()}
    else:
        for site in evaluation.structure.sites:
            key = tuple(site.species.items())
            groups[key] = groups.get(key, 0) + 1
    common = math.gcd(*groups.values()) if groups else 1
    return " ".join(
        text for group, count in groups.items() if (text := _group(dict(group), count // common, decimals))
    )


def bar_words(bars: Bars, decimals: int) -> list[str]:
    """``Sc ± 0.02`` of each fraction that has a bar; of two elements that share a sublattice the second alone."""
    words = []
    for fractions in bars.values():
        known = [(element, bar) for element, bar in fractions.items() if bar]
        for element, bar in known[1:] if len(fractions) == 2 else known:
            words.append(f"{element} ± {bar:.{decimals}f}")
    return words


def decimals_of(bars: Bars | None) -> int:
    """The decimals that the smallest bar deserves: one significant digit of it."""
    known = [bar for bar in _values(bars or {}) if bar > 0.0]
    if not known:
        return DECIMALS
    return min(MOST_DECIMALS, max(1, -math.floor(math.log10(min(known)))))


def _values(bars: Mapping[str, Mapping[str, float | None]]) -> Iterator[float]:
    for fractions in bars.values():
        yield from (bar for bar in fractions.values() if bar is not None)


def _group(species: Mapping[str, float], count: int, decimals: int) -> str:
    shown = {element: share for element, share in species.items() if round(share, decimals) > 0.0}
    if len(shown) == 1 and round(sum(shown.values()), decimals) == 1.0:
        return f"{next(iter(shown))}{count if count > 1 else ''}"
    parts = " ".join(f"{element}{share:.{decimals}f}" for element, share in shown.items())
    return parts if count == 1 or not parts else f"({parts}){count}"
