"""Placing boxes in given layers so that the lines between them cross little and run straight.

After K. Sugiyama, S. Tagawa and M. Toda, IEEE Trans. Syst. Man Cybern. 11, 109 (1981), doi:10.1109/TSMC.1981.4308636:
long lines get a bend in every layer that they pass, layers are ordered by barycentres, and places within a layer are
the least-squares ones that keep the order. Nothing is random: the same layers and lines give the same places.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

Edge = tuple[str, str]
"""From a box to one in a lower layer."""

_SWEEPS = 24
_BEND_WIDTH = 10.0
_STRAIGHTNESS = 4.0
"""How much more a bend pulls than a box."""


@dataclass(frozen=True)
class Placed:
    """Where everything is.

    Attributes:
        middles: Of each box, by name, the horizontal middle; the leftmost edge is at 0.
        bends: Of each line the horizontal places in the layers that it passes, from the top.
        width: Of everything.
    """

    middles: Mapping[str, float]
    bends: Mapping[Edge, tuple[float, ...]]
    width: float


def place(
    layers: Sequence[Sequence[str]], edges: Sequence[Edge], widths: Mapping[str, float], gap: float
) -> Placed:
    """Place boxes and lines.

    Args:
        layers: Names of the boxes from the top layer to the lowest.
        edges: Lines, each from a box to one in a lower layer.
        widths: Of the boxes.
        gap: Between two boxes of a layer, at the least.
    """
    rows, chains = _with_bends(layers, edges)
    links = [link for chain in chains.values() for link in pairwise(chain)]
    rows = _ordered(rows, links)
    all_widths = {name: widths.get(name, _BEND_WIDTH) for row in rows for name in row}
    middles = _straightened(rows, links, all_widths, gap)
    left = min(middles[name] - all_widths[name] / 2 for name in all_widths)
    right = max(middles[name] + all_widths[name] / 2 for name in all_widths)
    moved = {name: middle - left for name, middle in middles.items()}
    return Placed(
        middles={name: moved[name] for name in widths},
        bends={edge: tuple(moved[name] for name in chain[1:-1]) for edge, chain in chains.items()},
        width=right - left,
    )


def _with_bends(
    layers: Sequence[Sequence[str]], edges: Sequence[Edge]
) -> tuple[list[list[str]], dict[Edge, list[str]]]:
    """The layers with a bend for each layer that a line passes, and each line as its chain of names."""
    rows = [list(layer) for layer in layers]
    level = {name: number for number, row in enumerate(rows) for name in row}
    chains: dict[Edge, list[str]] = {}
    for upper, lower in edges:
        chain = [upper]
        for number in range(level[upper] + 1, level[lower]):
            chain.append(f"{upper}>{lower}@{number}")
            rows[number].append(chain[-1])
        chains[upper, lower] = [*chain, lower]
    return rows, chains


def _ordered(rows: list[list[str]], links: list[Edge]) -> list[list[str]]:
    """The order within each layer with the fewest crossings of what sweeps down and up by barycentres find."""
    best, fewest = rows, _crossings(rows, links)
    for sweep in range(_SWEEPS):
        rows = [list(row) for row in rows]
        down = sweep % 2 == 0
        numbers = range(1, len(rows)) if down else range(len(rows) - 2, -1, -1)
        for number in numbers:
            fixed = {name: i for i, name in enumerate(rows[number - 1 if down else number + 1])}
            rows[number] = _by_barycentre(rows[number], fixed, links)
        crossings = _crossings(rows, links)
        if crossings < fewest:
            best, fewest = rows, crossings
    return best


def _by_barycentre(row: list[str], fixed: Mapping[str, int], links: list[Edge]) -> list[str]:
    """A layer sorted by the mean place of each one's neighbours; those without keep theirs."""
    where: dict[str, float] = {}
    for number, name in enumerate(row):
        near = [fixed[b if a == name else a] for a, b in links if name in (a, b) and {a, b} & fixed.keys()]
        where[name] = sum(near) / len(near) if near else float(number)
    return sorted(row, key=lambda name: (where[name], row.index(name)))


def _crossings(rows: list[list[str]], links: list[Edge]) -> int:
    """How often lines between neighbouring layers cross."""
    place_of = {name: number for row in rows for number, name in enumerate(row)}
    total = 0
    for upper in rows:
        ends = sorted((place_of[a], place_of[b]) for a, b in links if a in upper)
        total += sum(
            first[0] < second[0] and first[1] > second[1]
            for number, first in enumerate(ends)
            for second in ends[number + 1 :]
        )
    return total


def _straightened(
    rows: list[list[str]], links: list[Edge], widths: Mapping[str, float], gap: float
) -> dict[str, float]:
    """Middles that bring each box and bend near the mean of its neighbours, in order and without overlap."""
    near: dict[str, list[str]] = {name: [] for row in rows for name in row}
    for a, b in links:
        near[a].append(b)
        near[b].append(a)
    middles: dict[str, float] = {}
    for row in rows:
        offsets = _offsets(row, widths, gap)
        middles.update({name: offset - offsets[-1] / 2 for name, offset in zip(row, offsets, strict=True)})
    for sweep in range(_SWEEPS):
        for row in rows if sweep % 2 else rows[::-1]:
            wanted = [
                sum(middles[other] for other in near[name]) / len(near[name]) if near[name] else middles[name]
                for name in row
            ]
            weights = [1.0 if "@" not in name else _STRAIGHTNESS for name in row]
            offsets = _offsets(row, widths, gap)
            free = [want - offset for want, offset in zip(wanted, offsets, strict=True)]
            fitted = _nondecreasing(free, weights)
            middles.update(
                {name: base + offset for name, base, offset in zip(row, fitted, offsets, strict=True)}
            )
    return middles


def _offsets(row: list[str], widths: Mapping[str, float], gap: float) -> list[float]:
    """The middles of a layer that is packed from 0."""
    offsets = [0.0]
    for left, right in pairwise(row):
        offsets.append(offsets[-1] + (widths[left] + widths[right]) / 2 + gap)
    return offsets


def _nondecreasing(values: list[float], weights: list[float]) -> list[float]:
    """The nondecreasing sequence nearest to values by weighted squares: pools of adjacent violators.

    M. Ayer et al., Ann. Math. Stat. 26, 641 (1955), doi:10.1214/aoms/1177728423.
    """
    pools: list[tuple[float, float, int]] = []
    for value, weight in zip(values, weights, strict=True):
        pools.append((value, weight, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (a, n, i), (b, m, j) = pools[-2:]
            pools[-2:] = [((a * n + b * m) / (n + m), n + m, i + j)]
    return [value for value, _, count in pools for _ in range(count)]
