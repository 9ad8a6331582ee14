"""Figures of a result: what its page in the dashboard shows, in the same colours.

`convergence` of each wish, `space` (a property over the compositions, with the surrogate's band), `front`, `parity` of
each wish (what all other evaluations predict of each); of kind order `hull`, `ladder` and `probability`, of kind
free_energy `free_energy`, `contributions` and `works`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from api_schemas.evaluations import Evaluation
from api_schemas.problem import Problem
from api_schemas.results import Result
from orichalcum.answer_figures import of_free_energies, of_orderings
from orichalcum.exceptions import NotAnswered
from orichalcum.figure_values import Wish, draw_target, unit, value, wishes_of, words
from orichalcum.parity_figure import parity
from orichalcum.plot_style import ACCENT, figure, marks, with_unit
from orichalcum.space_figures import space, varying
from orichalcum.surrogate import Surrogate

if TYPE_CHECKING:
    import plotly.graph_objects as go


def figures(
    result: Result, problem: Problem | None = None, surrogate: Surrogate | None = None
) -> dict[str, go.Figure]:
    """Every figure that a result has, by name.

    Args:
        result: The result.
        problem: What it answers; without it wishes are not drawn.
        surrogate: What is asked for maps; without it no band is drawn.

    Raises:
        ExtraMissing: if plotly is not installed.
    """
    return {name: draw() for name, draw in _drawings(result, problem, surrogate).items()}


def one_figure(
    result: Result, name: str | None, problem: Problem | None = None, surrogate: Surrogate | None = None
) -> go.Figure:
    """One of them, by default the first; nothing is asked for the others.

    Raises:
        ExtraMissing: if plotly is not installed.
        NotAnswered: if there is none, saying which there are.
    """
    found = _drawings(result, problem, surrogate)
    if name is None and found:
        return next(iter(found.values()))()
    if name is None or name not in found:
        known = f"it has {', '.join(found)}" if found else "it has none: nothing was evaluated"
        raise NotAnswered(f"this result has no figure{'' if name is None else f' {name!r}'}; {known}")
    return found[name]()


def _drawings(
    result: Result, problem: Problem | None, surrogate: Surrogate | None
) -> dict[str, Callable[[], go.Figure]]:
    """How each figure is drawn, by name."""
    made: dict[str, Callable[[], go.Figure]] = {}
    wishes = wishes_of(result, problem.objectives if problem is not None else ())
    seen = result.evaluations
    if seen:
        for wish in wishes if len(seen) > 1 else ():
            made[f"convergence {wish.property}"] = partial(convergence, result, wish)
        shown = wishes or [Wish(_usual(seen))]
        if varying(seen, shown[0]):
            made["space"] = partial(space, result, shown, problem, surrogate)
    if len(wishes) > 1 and seen:
        made["front"] = partial(front, result, wishes[0], wishes[1])
    if surrogate is not None and surrogate.there and len(seen) > 1:
        for wish in wishes or [Wish(_usual(seen))]:
            if columns := varying(seen, wish):
                made[f"parity {wish.property}"] = partial(parity, wish.property, columns, surrogate)
    answered = of_orderings(result) | of_free_energies(result)
    return made | {name: partial(_as_it_is, one) for name, one in answered.items()}


def _as_it_is(drawn: go.Figure) -> go.Figure:
    return drawn


def convergence(result: Result, wish: Wish) -> go.Figure:
    """A property against the number of the evaluation: what came out, the best so far, the band around the target."""
    items = result.evaluations
    values = [value(item, wish.property) for item in items]
    drawn = figure("evaluation", with_unit(wish.property, unit(items, wish.property)), wish.property)
    draw_target(drawn, wish)
    losses = [point.loss for point in result.trace]
    best: list[float | None] = []
    least, kept = float("inf"), None
    for place, reached in enumerate(values):
        loss = losses[place] if place < len(losses) else None
        if loss is not None and loss < least:
            least, kept = loss, reached
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
        x=numbers, y=values, mode="markers", name="evaluations", marker=marks(), text=words(items)
    )
    return drawn


def front(result: Result, first: Wish, second: Wish) -> go.Figure:
    """Two wishes against each other, and the evaluations that no other betters."""
    items = result.evaluations
    drawn = figure(
        with_unit(first.property, unit(items, first.property)),
        with_unit(second.property, unit(items, second.property)),
        f"{second.property} against {first.property}",
    )
    drawn.add_scatter(
        x=[value(item, first.property) for item in items],
        y=[value(item, second.property) for item in items],
        mode="markers",
        name="evaluations",
        marker=marks(open_=True),
        text=words(items),
    )
    members = [
        (a, b, said)
        for item, said in zip(result.front, words(result.front), strict=True)
        if (a := value(item, first.property)) is not None and (b := value(item, second.property)) is not None
    ]
    members.sort()
    if members:
        drawn.add_scatter(
            x=[a for a, _, _ in members],
            y=[b for _, b, _ in members],
            text=[said for _, _, said in members],
            mode="lines+markers",
            name="front",
            line={"color": ACCENT, "width": 2},
            marker=marks(),
        )
    return drawn


def _usual(items: Sequence[Evaluation]) -> str:
    """The property that is shown where nothing was wished for: what was asked for, else the first that varies."""
    names = dict.fromkeys(itertools.chain.from_iterable(item.properties for item in items))
    return next((name for name in ("lattice_a", *names) if name in names), "lattice_a")
