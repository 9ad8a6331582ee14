"""How figures look: the colours of the dashboard in its light theme, its type, its axes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orichalcum.extras import needing

if TYPE_CHECKING:
    import plotly.graph_objects as go

INK, TEXT, SOFT, GRID, AXIS = "#1c1b1a", "#1c1b1a", "#55524d", "#e6e4e0", "#8b8781"
SURFACE, SUNKEN = "#ffffff", "#eceae7"
ACCENT, GOOD, BAD = "#b97a36", "#00664a", "#a3330b"
CATEGORIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c8c8c", "#b8a800")
"""Okabe and Ito's eight, those that keep their contrast first."""
FIELD = "Viridis"
"""Colours of a quantity (Smith and van der Walt 2015)."""
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans', Arial, sans-serif"


def figure(x: str, y: str, title: str) -> go.Figure:
    """An empty figure with named axes.

    Raises:
        ExtraMissing: if plotly is not installed.
    """
    with needing("plotly", "plot"):
        import plotly.graph_objects as go
    axis = {
        "gridcolor": GRID,
        "linecolor": AXIS,
        "zerolinecolor": GRID,
        "showline": True,
        "ticks": "outside",
        "tickcolor": AXIS,
    }
    return go.Figure(
        layout={
            "template": "none",
            "title": {"text": plain(title), "font": {"size": 15}, "x": 0.02, "xanchor": "left"},
            "font": {"family": FONT, "size": 13, "color": TEXT},
            "paper_bgcolor": SURFACE,
            "plot_bgcolor": SURFACE,
            "colorway": list(CATEGORIES),
            "xaxis": {**axis, "title": {"text": plain(x)}},
            "yaxis": {**axis, "title": {"text": plain(y)}},
            "margin": {"l": 76, "r": 24, "t": 48, "b": 92},
            "height": 410,
            "hovermode": "closest",
            "legend": {"orientation": "h", "x": 0.0, "yref": "container", "y": 0.0, "yanchor": "bottom"},
        }
    )


def marks(
    colour: str | list[float | None] = ACCENT, *, size: float = 9, open_: bool = False, title: str = ""
) -> dict[str, object]:
    """Round marks, in one colour or by the values of a quantity with the title of its scale."""
    made: dict[str, object] = {
        "size": size,
        "symbol": "circle-open" if open_ else "circle",
        "color": colour,
        "line": {"width": 1.2 if open_ else 0.9, "color": INK},
    }
    if isinstance(colour, list):
        made |= {"colorscale": FIELD, "colorbar": {"title": {"text": plain(title), "side": "right"}}}
    return made


def with_unit(name: str, unit: str) -> str:
    """``lattice_a (Å)``."""
    return name if unit in {"", "1"} else f"{name} ({unit})"


def plain(text: str) -> str:
    """Text that plotly takes as it stands: it reads a few tags of HTML."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
