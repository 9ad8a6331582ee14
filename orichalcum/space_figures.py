"""A property over the compositions: a line, a triangle or parallel axes, with the surrogate behind the evaluations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from api_schemas.evaluations import Evaluation
from api_schemas.maps import SurrogateMap
from api_schemas.problem import Problem
from api_schemas.results import Result
from orichalcum import surrogate_marks
from orichalcum.figure_values import Wish, draw_target, say_missing, unit, value, words
from orichalcum.plot_style import CATEGORIES, INK, SUNKEN, figure, marks, plain, with_unit
from orichalcum.surrogate import Surrogate

if TYPE_CHECKING:
    import plotly.graph_objects as go

TANGENT = 0.02
"""Half the length of a tangent, as a fraction."""


def space(
    result: Result,
    wishes: Sequence[Wish],
    problem: Problem | None = None,
    surrogate: Surrogate | None = None,
) -> go.Figure:
    """A property over the compositions that were tried, of which some fractions are `varying`.

    Two elements make a line and three a triangle, with what the surrogate expects there; more make parallel axes.

    Args:
        result: The result.
        wishes: The property that is shown comes first, with its target; those of the others are drawn over a triangle.
        problem: What the result answers: bounds are shown then.
        surrogate: What is asked for maps.
    """
    wish = wishes[0]
    items = [item for item in result.evaluations if value(item, wish.property) is not None]
    columns = varying(items, wish)
    label = with_unit(wish.property, unit(items, wish.property))
    sublattices = {name for name, _ in columns}
    asked = surrogate or Surrogate()
    if len(sublattices) == 1 and len(columns) == 2:
        return _line(result, items, wish, columns, label, problem, asked)
    if len(sublattices) == 1 and len(columns) == 3:
        return _triangle(items, wishes, columns, label, asked)
    return _parallel(items, wish, columns, label)


def varying(evaluations: Sequence[Evaluation], wish: Wish) -> list[tuple[str, str]]:
    """Sublattices and elements whose fractions differ among evaluations that hold a property.

    Of a single evaluation all fractions of sublattices that mix.
    """
    items = [item for item in evaluations if value(item, wish.property) is not None]
    names = dict.fromkeys(
        (name, element)
        for item in items
        for name, elements in item.composition.items()
        for element in elements
    )

    def varies(name: str, element: str) -> bool:
        seen = [item.composition.get(name, {}).get(element, 0.0) for item in items]
        return max(seen) - min(seen) > 1e-9

    found = [pair for pair in names if varies(*pair)]
    if not found and len(items) == 1:
        found = [pair for pair in names if len(items[0].composition[pair[0]]) > 1]
    return found


def _line(
    result: Result,
    items: Sequence[Evaluation],
    wish: Wish,
    columns: Sequence[tuple[str, str]],
    label: str,
    problem: Problem | None,
    surrogate: Surrogate,
) -> go.Figure:
    """Two elements: the property against the fraction of the second, with the exact slopes and what was measured."""
    (sublattice, first), (_, second) = columns
    drawn = figure(f"fraction of {second} (rest {first})", label, f"{wish.property} over the composition")
    known = [point for point in result.measured if wish.property in point.properties]
    found = surrogate.over(wish.property, sublattice, (first, second))
    if isinstance(found, SurrogateMap):
        total = sum(found.at[sublattice].get(element, 0.0) for element in (first, second))
        low, high = _allowed(problem, sublattice, first, second, total)
        shown = _padded([low, high], 0.03)
        heights = _padded(
            [
                *(item.properties[wish.property].value for item in items),
                *(point.properties[wish.property].value for point in known),
                *_target_band(wish),
                *(mean for mean, feasible in zip(found.mean, found.feasible, strict=True) if feasible),
            ],
            0.1,
        )
        for edges in ((shown[0], low), (high, shown[1])):
            drawn.add_vrect(*edges, fillcolor=SUNKEN, opacity=0.7, line_width=0, layer="below")
        surrogate_marks.draw_band(drawn, found, sublattice, second, shown, heights)
        drawn.update_layout(xaxis={"range": shown}, yaxis={"range": heights})
    elif found is not None:
        say_missing(drawn, found)
    draw_target(drawn, wish)
    _tangents(drawn, items, wish, sublattice, first, second)
    drawn.add_scatter(
        x=[item.composition[sublattice].get(second, 0.0) for item in items],
        y=[item.properties[wish.property].value for item in items],
        mode="markers",
        name="evaluations",
        marker=marks(),
        text=words(items),
    )
    if known:
        drawn.add_scatter(
            x=[point.composition.get(sublattice, {}).get(second, 0.0) for point in known],
            y=[point.properties[wish.property].value for point in known],
            error_y={"array": [point.properties[wish.property].deviation for point in known]},
            mode="markers",
            name="measured",
            marker={"symbol": "diamond", "size": 9, "color": CATEGORIES[0]},
            text=[plain(point.source) for point in known],
        )
    return drawn


def _tangents(
    drawn: go.Figure, items: Sequence[Evaluation], wish: Wish, sublattice: str, first: str, second: str
) -> None:
    """The exact slope of each evaluation, as a short line."""
    ends: list[tuple[float | None, float | None]] = []
    for item in items:
        x, known = item.composition[sublattice].get(second, 0.0), item.properties[wish.property]
        if known.gradient is not None and sublattice in known.gradient:
            slope = known.gradient[sublattice].get(second, 0.0) - known.gradient[sublattice].get(first, 0.0)
            ends += [(x - TANGENT, known.value - TANGENT * slope)]
            ends += [(x + TANGENT, known.value + TANGENT * slope), (None, None)]
    if ends:
        drawn.add_scatter(
            x=[x for x, _ in ends],
            y=[y for _, y in ends],
            mode="lines",
            name="exact slope",
            line={"color": INK, "width": 1.2},
            hoverinfo="skip",
        )


def _triangle(
    items: Sequence[Evaluation],
    wishes: Sequence[Wish],
    columns: Sequence[tuple[str, str]],
    label: str,
    surrogate: Surrogate,
) -> go.Figure:
    """Three elements: the evaluations in the triangle of compositions, coloured by the property."""
    wish = wishes[0]
    drawn = figure("", "", f"{wish.property} over the composition")
    sublattice, elements = columns[0][0], [element for _, element in columns]
    values = [item.properties[wish.property].value for item in items]
    marker = marks(list(values), title=label)
    found = surrogate.over(wish.property, sublattice, elements)
    if isinstance(found, SurrogateMap):
        inside = [mean for mean, feasible in zip(found.mean, found.feasible, strict=True) if feasible]
        colours = _padded([*values, *inside], 0.0)
        surrogate_marks.draw_field(drawn, found, sublattice, elements, colours)
        marker |= {"cmin": colours[0], "cmax": colours[1]}
        for one in wishes:
            mapped = surrogate.over(one.property, sublattice, elements)
            if one.target is not None and isinstance(mapped, SurrogateMap):
                surrogate_marks.draw_contour(
                    drawn, mapped, sublattice, elements, one.target, first=one is wish
                )
    elif found is not None:
        say_missing(drawn, found)
    shares = [[item.composition[sublattice].get(element, 0.0) for item in items] for element in elements]
    drawn.add_scatterternary(
        a=shares[0],
        b=shares[1],
        c=shares[2],
        mode="markers",
        cliponaxis=False,
        marker=marker,
        text=words(items),
        name="evaluations",
        showlegend=False,
    )
    corners = {
        f"{axis}axis": {"title": {"text": plain(element)}}
        for axis, element in zip("abc", elements, strict=True)
    }
    drawn.update_layout(ternary={"sum": 1, "bgcolor": SUNKEN, **corners}, height=520)
    return drawn


def _parallel(
    items: Sequence[Evaluation], wish: Wish, columns: Sequence[tuple[str, str]], label: str
) -> go.Figure:
    """More elements: an axis each, a line an evaluation, coloured by the property."""
    drawn = figure("", "", f"{wish.property} over the composition")
    values = [value(item, wish.property) for item in items]
    several = len({name for name, _ in columns}) > 1
    axes = [
        {
            "label": f"{name}:{element}" if several else element,
            "values": [item.composition[name].get(element, 0.0) for item in items],
        }
        for name, element in columns
    ]
    drawn.add_parcoords(
        dimensions=[*axes, {"label": label, "values": values}],
        line={"color": values, "colorscale": "Viridis", "showscale": True},
    )
    drawn.update_layout(margin={"t": 96})  # the names stand above the axes, below the title
    return drawn


def _allowed(
    problem: Problem | None, sublattice: str, first: str, second: str, total: float
) -> tuple[float, float]:
    """Fractions of the second element that the bounds of both allow, where they have ``total`` together."""
    given = () if problem is None else problem.sublattices
    bounds = next((one.elements for one in given if one.name == sublattice), {})
    (low_a, high_a), (low_b, high_b) = (bounds.get(element, (0.0, 1.0)) for element in (first, second))
    low, high = max(low_b, total - high_a), min(high_b, total - low_a)
    return (low, high) if high > low else (0.0, total)


def _target_band(wish: Wish) -> tuple[float, ...]:
    if wish.target is None:
        return ()
    tolerance = wish.tolerance or 0.0
    return wish.target - tolerance, wish.target + tolerance


def _padded(values: Iterable[float], part: float) -> tuple[float, float]:
    """From the least to the largest, with a part of the range to each side."""
    seen = list(values)
    low, high = min(seen), max(seen)
    margin = part * (high - low) if high > low else part * (abs(high) or 1.0)
    return low - margin, high + margin
