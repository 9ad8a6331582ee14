"""The shapes of the picture as SVG text, in colours that can be read on light and on dark pages."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from xml.sax.saxutils import escape

Point = tuple[float, float]
"""x to the right and y downwards, px."""

_STYLE = """
:root { --page: #ffffff; --panel: #f4f6f9; --box: #ffffff; --line: #8a94a6; --edge: #c3cad6; --ink: #1b2330;
  --faint: #5b6678; --accent: #1f5fbf; --wrong: #c62828; }
@media (prefers-color-scheme: dark) {
  :root { --page: #0f141b; --panel: #171e28; --box: #212b38; --line: #7e8ba0; --edge: #3a4657; --ink: #e8edf4;
    --faint: #a3afc0; --accent: #7fb0ff; --wrong: #ff7b72; }
}
text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; fill: var(--ink); }
.page { fill: var(--page); }
.panel { fill: var(--panel); stroke: var(--edge); }
.box { fill: var(--box); stroke: var(--line); }
.line { fill: none; stroke: var(--line); stroke-width: 1.4; }
.head { fill: var(--line); }
.wrong { stroke: var(--wrong); stroke-dasharray: 5 4; }
.wronghead { fill: var(--wrong); }
.package { font-size: 16px; font-weight: 700; fill: var(--accent); }
.room { font-size: 13px; font-weight: 600; text-anchor: middle; }
.small { font-size: 11px; fill: var(--faint); }
.files { font-size: 10.5px; fill: var(--faint); text-anchor: middle; }
.count { font-size: 11px; fill: var(--faint); text-anchor: middle; stroke: var(--panel); stroke-width: 4px;
  paint-order: stroke; }
""".strip()


def document(width: float, height: float, parts: Sequence[str]) -> str:
    """A whole SVG file with these parts on a page of this size."""
    size = f"{_n(width)} {_n(height)}"
    marks = "".join(
        f'<marker id="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        f'orient="auto"><path d="M0 0.5 L8 4 L0 7.5 z" class="{name}"/></marker>'
        for name in ("head", "wronghead")
    )
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" width="{_n(width)}" role="img">',
        "<title>The rooms of Orichalcum and the imports between them</title>",
        f"<style>\n{_STYLE}\n</style>",
        f"<defs>{marks}</defs>",
        f'<rect class="page" width="{_n(width)}" height="{_n(height)}"/>',
        *parts,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def panel(x: float, y: float, width: float, height: float, name: str, says: str) -> list[str]:
    """The frame of a package, with its name and what it is."""
    rect = f'<rect class="panel" x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}" rx="10"/>'
    label = f'{escape(name)}<tspan class="small" dx="10" font-weight="400">{escape(says)}</tspan>'
    return [rect, f'<text class="package" x="{_n(x + 16)}" y="{_n(y + 31)}">{label}</text>']


def box(x: float, y: float, width: float, height: float, title: str, files: str, story: str) -> list[str]:
    """A room, with the story that a browser shows over it."""
    rect = f'<rect class="box" x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}" rx="7"/>'
    middle = _n(x + width / 2)
    name = f'<text class="room" x="{middle}" y="{_n(y + 18)}">{escape(title)}</text>'
    size = f'<text class="files" x="{middle}" y="{_n(y + 33)}">{escape(files)}</text>'
    return [f"<g><title>{escape(story)}</title>{rect}{name}{size}</g>"]


def arrow(points: Sequence[Point], label: str, *, against: bool = False, straight: bool = False) -> list[str]:
    """An arrow through points, with a label near its start.

    Args:
        points: From the start to the tip, two at the least.
        label: How many imports it stands for.
        against: Whether it points where it may not.
        straight: Draw straight pieces; else pieces leave and arrive upright where they go to the side.
    """
    path = f"M{_pair(points[0])}"
    for (x, y), (to_x, to_y) in pairwise(points):
        bend = (to_y - y) / 2
        curved = not straight and abs(x - to_x) > 0.5 and abs(bend) > 0.5
        if curved:
            path += f" C{_pair((x, y + bend))} {_pair((to_x, to_y - bend))} {_pair((to_x, to_y))}"
        else:
            path += f" L{_pair((to_x, to_y))}"
    kind, head = ("line wrong", "wronghead") if against else ("line", "head")
    at = _label_place(points, straight=straight)
    return [
        f'<path class="{kind}" d="{path}" marker-end="url(#{head})"/>',
        f'<text class="count" x="{_n(at[0])}" y="{_n(at[1])}">{escape(label)}</text>',
    ]


def _label_place(points: Sequence[Point], *, straight: bool) -> Point:
    """On the first piece, or in the middle of the longest of straight pieces."""
    if straight:
        (x, y), (to_x, to_y) = max(
            pairwise(points), key=lambda ends: abs(ends[0][0] - ends[1][0]) + abs(ends[0][1] - ends[1][1])
        )
        return (x + to_x) / 2, (y + to_y) / 2 + 4
    (x, y), (to_x, to_y) = points[0], points[1]
    along = 0.36
    # The cubic with upright ends: 3 t^2 - 2 t^3 to the side, and downwards nearly t.
    return x + (to_x - x) * (3 - 2 * along) * along**2, y + (to_y - y) * along + 4


def _pair(point: Point) -> str:
    return f"{_n(point[0])} {_n(point[1])}"


def _n(value: float) -> str:
    """A number as short as it can be, to a tenth of a pixel."""
    return f"{value:.1f}".removesuffix(".0")
