"""Figures of a result: what its page in the dashboard shows, in the same colours.

`convergence` of each wish, `space` (a property over the compositions), `front`; of kind order `hull`, `ladder` and
`probability`, of kind free_energy `free_energy`, `contributions` and `works`.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from api_schemas.evaluations import Evaluation
from api_schemas.objectives import Objective
from api_schemas.problem import Problem
from api_schemas.results import Result
from orichalcum import wording
from orichalcum.answer_figures import of_free_energies, of_orderings
from orichalcum.exceptions import NotAnswered
from orichalcum.plot_style import ACCENT, CATEGORIES, GOOD, INK, figure, marks, plain, with_unit

if TYPE_CHECKING:
    import plotly.graph_objects as go

TANGENT = 0.02
"""Half the length of a tangent, as a fraction."""


@dataclass(frozen=True)
class Wish:
    """What an objective asks of a property."""

    property: str
    target: float | None = None
    tolerance: float | None = None


def figures(result: Result, problem: Problem | None = None) -> dict[str, go.Figure]:
    """Every figure that a result has, by name.

    Args:
        result: The result.
        problem: What it answers; without it wishes are not drawn.

    Raises:
        ExtraMissing: if plotly is not installed.
    """
    made: dict[str, go.Figure] = {}
    wishes = wishes_of(result, problem.objectives if problem is not None else ())
    seen = result.evaluations
    if seen:
        for wish in wishes if len(seen) > 1 else ():
            made[f"convergence {wish.property}"] = convergence(result, wish)
        shown = wishes[0] if wishes else Wish(_usual(seen))
        drawn = space(result, shown)
        if drawn is not None:
            made["space"] = drawn
    if len(wishes) > 1 and seen:
        made["front"] = front(result, wishes[0], wishes[1])
    made |= of_orderings(result)
    made |= of_free_energies(result)
    return made


def chosen(found: Mapping[str, go.Figure], name: str | None) -> go.Figure:
    """One of them, by default the first.

    Raises:
        NotAnswered: if there is none, saying which there are.
    """
    if name is None and found:
        return next(iter(found.values()))
    if name is None or name not in found:
        known = f"it has {', '.join(found)}" if found else "it has none: nothing was evaluated"
        raise NotAnswered(f"this result has no figure{'' if name is None else f' {name!r}'}; {known}")
    return found[name]


def wishes_of(result: Result, objectives: Sequence[Objective]) -> list[Wish]:
    """What the objectives ask for, with the targets that the result knows."""
    found = []
    for place, objective in enumerate(objectives):
        target = result.targets[place] if place < len(result.targets) else None
        if target is None and isinstance(objective.target, int | float):
            target = float(objective.target)
        found.append(Wish(objective.property, target, objective.tolerance))
    return found


def convergence(result: Result, wish: Wish) -> go.Figure:
    """A property against the number of the evaluation: what came out, the best so far, the band around the target."""
    items = result.evaluations
    values = [_value(item, wish.property) for item in items]
    drawn = figure("evaluation", with_unit(wish.property, _unit(items, wish.property)), wish.property)
    _target(drawn, wish)
    losses = [point.loss for point in result.trace]
    best: list[float | None] = []
    least, kept = float("inf"), None
    for place, value in enumerate(values):
        loss = losses[place] if place < len(losses) else None
        if loss is not None and loss < least:
            least, kept = loss, value
        best.append(kept)
    numbers = list(range(1, len(items) + 1))
    if any(one is not None for one in best):
        drawn.add_scatter(
            x=numbers,
            y=best,
            mode="lines",
            name="best so far",
            line={"color": ACCENT, "width": 2, "shape": "hv"},
        )
    drawn.add_scatter(
        x=numbers, y=values, mode="markers", name="evaluations", marker=marks(), text=_words(items)
    )
    return drawn


def space(result: Result, wish: Wish) -> go.Figure | None:
    """A property over the compositions that were tried: a line, a triangle, or parallel axes; None where none vary."""
    items = [item for item in result.evaluations if _value(item, wish.property) is not None]
    varying = _varying(items)
    if not varying:
        return None
    label = with_unit(wish.property, _unit(items, wish.property))
    sublattices = {name for name, _ in varying}
    if len(sublattices) == 1 and len(varying) == 2:
        return _line(result, items, wish, varying, label)
    if len(sublattices) == 1 and len(varying) == 3:
        return _triangle(items, wish, varying, label)
    return _parallel(items, wish, varying, label)


def front(result: Result, first: Wish, second: Wish) -> go.Figure:
    """Two wishes against each other, and the evaluations that no other betters."""
    items = result.evaluations
    drawn = figure(
        with_unit(first.property, _unit(items, first.property)),
        with_unit(second.property, _unit(items, second.property)),
        f"{second.property} against {first.property}",
    )
    drawn.add_scatter(
        x=[_value(item, first.property) for item in items],
        y=[_value(item, second.property) for item in items],
        mode="markers",
        name="evaluations",
        marker=marks(open_=True),
        text=_words(items),
    )
    members = [
        (a, b, words)
        for item, words in zip(result.front, _words(result.front), strict=True)
        if (a := _value(item, first.property)) is not None
        and (b := _value(item, second.property)) is not None
    ]
    members.sort()
    if members:
        drawn.add_scatter(
            x=[a for a, _, _ in members],
            y=[b for _, b, _ in members],
            text=[words for _, _, words in members],
            mode="lines+markers",
            name="front",
            line={"color": ACCENT, "width": 2},
            marker=marks(),
        )
    return drawn


def _line(
    result: Result, items: Sequence[Evaluation], wish: Wish, varying: Sequence[tuple[str, str]], label: str
) -> go.Figure:
    """Two elements: the property against the fraction of the second, with the exact slopes and what was measured."""
    (sublattice, first), (_, second) = varying
    drawn = figure(f"fraction of {second} (rest {first})", label, f"{wish.property} over the composition")
    _target(drawn, wish)
    tangents: list[tuple[float | None, float | None]] = []
    places, values = [], []
    for item in items:
        x, value = item.composition[sublattice].get(second, 0.0), item.properties[wish.property]
        places.append(x)
        values.append(value.value)
        if value.gradient is not None and sublattice in value.gradient:
            slope = value.gradient[sublattice].get(second, 0.0) - value.gradient[sublattice].get(first, 0.0)
            tangents += [(x - TANGENT, value.value - TANGENT * slope)]
            tangents += [(x + TANGENT, value.value + TANGENT * slope), (None, None)]
    if tangents:
        drawn.add_scatter(
            x=[x for x, _ in tangents],
            y=[y for _, y in tangents],
            mode="lines",
            name="exact slope",
            line={"color": INK, "width": 1.2},
            hoverinfo="skip",
        )
    drawn.add_scatter(
        x=places, y=values, mode="markers", name="evaluations", marker=marks(), text=_words(items)
    )
    known = [point for point in result.measured if wish.property in point.properties]
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


def _triangle(
    items: Sequence[Evaluation], wish: Wish, varying: Sequence[tuple[str, str]], label: str
) -> go.Figure:
    """Three elements: the evaluations in the triangle of compositions, coloured by the property."""
    drawn = figure("", "", f"{wish.property} over the composition")
    shares = [[item.composition[name].get(element, 0.0) for item in items] for name, element in varying]
    drawn.add_scatterternary(
        a=shares[0],
        b=shares[1],
        c=shares[2],
        mode="markers",
        cliponaxis=False,
        marker=marks([_value(item, wish.property) for item in items], title=label),
        text=_words(items),
    )
    corners = {
        f"{axis}axis": {"title": {"text": plain(element)}}
        for axis, (_, element) in zip("abc", varying, strict=True)
    }
    drawn.update_layout(ternary={"sum": 1, **corners}, height=480)
    return drawn


def _parallel(
    items: Sequence[Evaluation], wish: Wish, varying: Sequence[tuple[str, str]], label: str
) -> go.Figure:
    """More elements: an axis each, a line an evaluation, coloured by the property."""
    drawn = figure("", "", f"{wish.property} over the composition")
    values = [_value(item, wish.property) for item in items]
    several = len({name for name, _ in varying}) > 1
    axes = [
        {
            "label": f"{name}:{element}" if several else element,
            "values": [item.composition[name].get(element, 0.0) for item in items],
        }
        for name, element in varying
    ]
    drawn.add_parcoords(
        dimensions=[*axes, {"label": label, "values": values}],
        line={"color": values, "colorscale": "Viridis", "showscale": True},
    )
    return drawn


def _target(drawn: go.Figure, wish: Wish) -> None:
    if wish.target is None:
        return
    if wish.tolerance is not None:
        low, high = wish.target - wish.tolerance, wish.target + wish.tolerance
        drawn.add_hrect(y0=low, y1=high, fillcolor=GOOD, opacity=0.16, line_width=0)
    drawn.add_hline(
        y=wish.target,
        line={"color": GOOD, "width": 1.4, "dash": "dash"},
        annotation_text=f"target {wish.target:.6g}",
    )


def _varying(items: Sequence[Evaluation]) -> list[tuple[str, str]]:
    """Sublattices and elements whose fractions are not the same everywhere; at least two of a sublattice."""
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


def _usual(items: Sequence[Evaluation]) -> str:
    """The property that is shown where nothing was wished for: what was asked for, else the first that varies."""
    names = dict.fromkeys(itertools.chain.from_iterable(item.properties for item in items))
    return next((name for name in ("lattice_a", *names) if name in names), "lattice_a")


def _value(item: Evaluation, name: str) -> float | None:
    found = item.properties.get(name)
    return None if found is None or not item.converged else found.value


def _unit(items: Sequence[Evaluation], name: str) -> str:
    return next((item.properties[name].unit for item in items if name in item.properties), "")


def _words(items: Sequence[Evaluation]) -> list[str]:
    return [plain(wording.composition(item.composition)) for item in items]
