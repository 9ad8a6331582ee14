"""The surrogate in figures, as the dashboard draws it: a band over a line, a field with contours over a triangle."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from api_schemas.maps import SurrogateMap
from orichalcum.plot_style import ACCENT, AXIS, FIELD, INK, SURFACE, plain

if TYPE_CHECKING:
    import plotly.graph_objects as go

DEVIATIONS = 2.0
"""Half the height of the band, in standard deviations."""
HALF_COVERED = 0.25
"""Standard deviation, as a part of the range of the colours, at which half of the field is covered."""
SURE = 0.01
"""Below this part of the range nothing of it is covered."""
UNKNOWN = 0.5
"""Part that is covered where nothing around is known."""
COVER = 0.7
"""How much of the colour a cover takes."""
NAME = "surrogate"

Range = tuple[float, float]
Shares = tuple[float, ...]
Edge = tuple[tuple[int, int], tuple[int, int]]


def draw_band(
    drawn: go.Figure, found: SurrogateMap, sublattice: str, element: str, x: Range, y: Range
) -> None:
    """Two elements: the mean with two standard deviations to each side, and hatching where nothing is known.

    Args:
        drawn: The figure, whose x is the fraction of ``element``.
        found: The map over a line.
        sublattice: Whose elements vary.
        element: The second of them.
        x: What is shown of the fractions; the map is cut to that.
        y: What is shown of the property.
    """
    points = sorted(
        (composition[sublattice].get(element, 0.0), mean, deviation, beyond)
        for composition, mean, deviation, beyond in zip(
            found.compositions, found.mean, found.deviation, _beyond(found), strict=True
        )
        if x[0] <= composition[sublattice].get(element, 0.0) <= x[1]
    )
    places = [place for place, _, _, _ in points]
    upper = [mean + DEVIATIONS * deviation for _, mean, deviation, _ in points]
    lower = [mean - DEVIATIONS * deviation for _, mean, deviation, _ in points]
    drawn.add_scatter(
        x=places + places[::-1],
        y=upper + lower[::-1],
        fill="toself",
        fillcolor=_faded(ACCENT, 0.2),
        mode="none",
        name=f"{NAME} ± {DEVIATIONS:g} σ",
        hoverinfo="skip",
    )
    unknown = _stretches([(place, beyond) for place, _, _, beyond in points])
    if unknown:
        drawn.add_scatter(
            x=[edge for low, high in unknown for edge in (low, high, high, low, low, None)],
            y=[edge for _ in unknown for edge in (y[0], y[0], y[1], y[1], y[0], None)],
            fill="toself",
            fillcolor="rgba(0,0,0,0)",
            fillpattern={"shape": "/", "size": 7, "fgcolor": AXIS, "fgopacity": 0.4},
            mode="none",
            name="not known",
            hoverinfo="skip",
        )
    drawn.add_scatter(
        x=places,
        y=[mean for _, mean, _, _ in points],
        customdata=[deviation for _, _, deviation, _ in points],
        mode="lines",
        name=NAME,
        line={"color": ACCENT, "width": 1.8},
        hovertemplate="%{x:.4f}: %{y:.6g} ± %{customdata:.2g}",
    )


def draw_field(
    drawn: go.Figure, found: SurrogateMap, sublattice: str, elements: Sequence[str], colours: Range
) -> None:
    """Three elements: the mean as a field of colours where the constraints allow it, paler the less sure it is.

    Args:
        drawn: The figure, a triangle of the elements.
        found: The map over it.
        sublattice: Whose elements vary.
        elements: The three.
        colours: Values of the first and the last colour.
    """
    shown = [place for place, feasible in enumerate(found.feasible) if feasible]
    beyond = _beyond(found)
    a, b, c = ([found.compositions[k][sublattice].get(element, 0.0) for k in shown] for element in elements)
    drawn.add_scatterternary(
        a=a,
        b=b,
        c=c,
        mode="markers",
        cliponaxis=True,
        marker={
            "symbol": "hexagon",
            "size": 13,
            "color": [found.mean[k] for k in shown],
            "colorscale": FIELD,
            "cmin": colours[0],
            "cmax": colours[1],
            "opacity": [
                1.0 - COVER * covered(found.deviation[k], colours[1] - colours[0], beyond=beyond[k])
                for k in shown
            ],
            "line": {"width": 0},
        },
        customdata=[(found.mean[k], found.deviation[k]) for k in shown],
        hovertemplate="%{a:.3f}, %{b:.3f}, %{c:.3f}: %{customdata[0]:.6g} ± %{customdata[1]:.2g}",
        name=NAME,
        showlegend=False,
    )


def draw_contour(
    drawn: go.Figure,
    found: SurrogateMap,
    sublattice: str,
    elements: Sequence[str],
    level: float,
    *,
    first: bool,
) -> None:
    """Where the mean over a triangle has a value: a line, dashed unless it is the first wish's."""
    total = sum(found.compositions[0][sublattice].get(element, 0.0) for element in elements)
    shares = [tuple(one[sublattice].get(e, 0.0) / total for e in elements) for one in found.compositions]
    lines = contour(shares, found.mean, level)
    a, b, c = ([at for line in lines for at in (*(total * end[k] for end in line), None)] for k in range(3))
    name = plain(f"{found.property} = {level:.6g}{'' if found.unit in {'', '1'} else f' {found.unit}'}")
    for colour, width in ((INK, 4.0), (SURFACE, 1.9)):
        drawn.add_scatterternary(
            a=a,
            b=b,
            c=c,
            mode="lines",
            name=name,
            legendgroup=name,
            showlegend=colour == INK and bool(lines),
            hoverinfo="skip",
            line={"color": colour, "width": width, "dash": "solid" if first else "7px,4px"},
        )


def contour(shares: Sequence[Shares], values: Sequence[float], level: float) -> list[list[Shares]]:
    """The lines on which values over a triangle, linear between the points of a lattice, have a level.

    Args:
        shares: Points of a regular lattice of the whole triangle, [n, 3], adding up to 1.
        values: At each, [n].
        level: The value of the lines.

    Returns:
        For each line the shares of its points, [n, 3]; a closed one ends where it began.
    """
    steps = round((math.sqrt(8 * len(values) + 1) - 3) / 2)
    at = {(round(s[0] * steps), round(s[1] * steps)): (s, v) for s, v in zip(shares, values, strict=True)}
    crossings: dict[Edge, Shares] = {}
    beside: dict[Edge, list[Edge]] = {}
    for i, j in at:
        for corners in (((i, j), (i + 1, j), (i, j + 1)), ((i + 1, j + 1), (i + 1, j), (i, j + 1))):
            if not all(corner in at for corner in corners):
                continue
            crossed = []
            for edge in itertools.combinations(sorted(corners), 2):
                (one, v), (other, w) = at[edge[0]], at[edge[1]]
                if (v < level) != (w < level):
                    part = (level - v) / (w - v)
                    crossings[edge] = tuple(p + part * (q - p) for p, q in zip(one, other, strict=True))
                    crossed.append(edge)
            if crossed:  # a line that enters a triangle leaves it
                beside.setdefault(crossed[0], []).append(crossed[1])
                beside.setdefault(crossed[1], []).append(crossed[0])
    return [[crossings[edge] for edge in walk] for walk in _walks(beside)]


def _walks(beside: Mapping[Edge, Sequence[Edge]]) -> list[list[Edge]]:
    """Edges in the order in which lines cross them: from the border to the border, then what closes on itself."""
    found, left = [], dict(beside)
    for start in sorted(beside, key=lambda edge: len(beside[edge])):
        if start not in left:
            continue
        walk, here = [], start
        while here in left:
            walk.append(here)
            following = [edge for edge in left.pop(here) if edge in left]
            here = following[0] if following else here
        closed = len(beside[start]) > 1
        found.append([*walk, start] if closed else walk)
    return found


def covered(deviation: float, spread: float, *, beyond: bool) -> float:
    """The part of the field that is covered at a standard deviation, for colours that span ``spread``."""
    relative = deviation / spread if spread > 0.0 else 0.0
    unsure = min(0.75, 0.5 * relative / HALF_COVERED + 0.08) if relative > SURE else 0.0
    return max(UNKNOWN, unsure) if beyond else unsure


def _beyond(found: SurrogateMap) -> list[bool]:
    return found.beyond or [False] * len(found.mean)


def _stretches(marked: Sequence[tuple[float, bool]]) -> list[Range]:
    """From where to where neighbours are marked."""
    found: list[Range] = []
    before = False
    for place, mark in marked:
        if mark:
            found[-1:] = [(found[-1][0], place)] if before else [*found[-1:], (place, place)]
        before = mark
    return found


def _faded(colour: str, opacity: float) -> str:
    red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"
