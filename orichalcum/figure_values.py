"""What figures of evaluations draw: wishes with their targets, and values of properties."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from api_schemas.evaluations import Evaluation
from api_schemas.objectives import Objective
from api_schemas.results import Result
from orichalcum import wording
from orichalcum.plot_style import GOOD, SOFT, plain

if TYPE_CHECKING:
    import plotly.graph_objects as go


@dataclass(frozen=True)
class Wish:
    """What an objective asks of a property."""

    property: str
    target: float | None = None
    tolerance: float | None = None


def wishes_of(result: Result, objectives: Sequence[Objective]) -> list[Wish]:
    """What the objectives ask for, with the targets that the result knows."""
    found = []
    for place, objective in enumerate(objectives):
        target = result.targets[place] if place < len(result.targets) else None
        if target is None and isinstance(objective.target, int | float):
            target = float(objective.target)
        found.append(Wish(objective.property, target, objective.tolerance))
    return found


def value(item: Evaluation, name: str) -> float | None:
    """A property of an evaluation; None where it has none, or has not converged."""
    found = item.properties.get(name)
    return None if found is None or not item.converged else found.value


def unit(items: Sequence[Evaluation], name: str) -> str:
    """The unit of a property."""
    return next((item.properties[name].unit for item in items if name in item.properties), "")


def words(items: Sequence[Evaluation]) -> list[str]:
    """The composition of each evaluation in words."""
    return [plain(wording.composition(item.composition)) for item in items]


def draw_target(drawn: go.Figure, wish: Wish) -> None:
    """The target of a wish as a line with the band of its tolerance, where it has them."""
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


def say_missing(drawn: go.Figure, reason: str) -> None:
    """Why no surrogate is drawn, below the title."""
    drawn.add_annotation(
        text=plain(f"without the surrogate: {reason}"),
        x=0.0,
        y=1.0,
        xref="paper",
        yref="paper",
        xanchor="left",
        yanchor="bottom",
        showarrow=False,
        font={"size": 11, "color": SOFT},
    )
