"""Parity of a surrogate: each evaluation against what all others predict of it, as on the job's page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from api_schemas.maps import SurrogateMap
from orichalcum.figure_values import say_missing
from orichalcum.plot_style import ACCENT, AXIS, BAD, figure, marks, plain, with_unit
from orichalcum.surrogate_marks import DEVIATIONS

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from api_schemas.maps import LeftOut
    from orichalcum.surrogate import Surrogate

MOST_ELEMENTS = 3
"""Over so many the service keeps maps ready; which they are does not matter here."""


def parity(property_name: str, columns: Sequence[tuple[str, str]], surrogate: Surrogate) -> go.Figure:
    """What all other evaluations predict of each, with bars of two deviations, against what came out.

    Args:
        property_name: The property.
        columns: Sublattices and elements that vary, over some of which a map is asked for.
        surrogate: What is asked.
    """
    sublattice = columns[0][0]
    elements = [element for name, element in columns if name == sublattice][:MOST_ELEMENTS]
    found = surrogate.over(property_name, sublattice, elements)
    title = f"{property_name} predicted from all other evaluations"
    if not isinstance(found, SurrogateMap) or not found.left_out:
        drawn = figure("", "", title)
        say_missing(drawn, found if isinstance(found, str) else "no evaluation can be predicted from others")
        return drawn
    drawn = figure(
        with_unit(f"{property_name} evaluated", found.unit),
        with_unit(f"{property_name} predicted", found.unit),
        title,
    )
    ends = [value for one in found.left_out for value in (one.value, one.mean)]
    low, high = min(ends), max(ends)
    room = 0.08 * (high - low) or 1e-3 * abs(low) or 1e-6
    ends = [low - room, high + room]
    drawn.add_scatter(
        x=ends,
        y=ends,
        mode="lines",
        name="predicted as evaluated",
        line={"color": AXIS, "width": 1, "dash": "dash"},
        hoverinfo="skip",
    )
    inside = [one for one in found.left_out if not one.outside]
    outside = [one for one in found.left_out if one.outside]
    _draw(drawn, inside, f"within {DEVIATIONS:g} σ", ACCENT, open_=False)
    _draw(drawn, outside, f"more than {DEVIATIONS:g} σ off", BAD, open_=True)
    drawn.update_layout(xaxis={"range": ends}, yaxis={"range": ends})
    return drawn


def _draw(drawn: go.Figure, some: Sequence[LeftOut], name: str, colour: str, *, open_: bool) -> None:
    if not some:
        return
    drawn.add_scatter(
        x=[one.value for one in some],
        y=[one.mean for one in some],
        error_y={
            "array": [DEVIATIONS * one.deviation for one in some],
            "color": BAD if open_ else AXIS,
            "thickness": 1,
            "width": 0,
        },
        mode="markers",
        name=name,
        marker=marks(colour, open_=open_),
        text=[plain(f"evaluation {one.index + 1}") for one in some],
    )
