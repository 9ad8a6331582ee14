"""Small figures as SVG text, in colours that can be read on light and on dark pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, ROW, LEFT, RIGHT = 620.0, 26.0, 170.0, 80.0
PLOT_HEIGHT, TOP, BOTTOM, EDGE = 260.0, 40.0, 46.0, 60.0
_STYLE = """
:root { --page: #ffffff; --ink: #1b2330; --faint: #5b6678; --edge: #c3cad6; --one: #1f5fbf; --two: #b4541a; }
@media (prefers-color-scheme: dark) {
  :root { --page: #0f141b; --ink: #e8edf4; --faint: #a3afc0; --edge: #3a4657; --one: #7fb0ff; --two: #f0a06a; }
}
text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; fill: var(--ink); }
.title { font-weight: 600; font-size: 13px; } .faint { fill: var(--faint); } .end { text-anchor: end; }
.middle { text-anchor: middle; } .page { fill: var(--page); } .edge { stroke: var(--edge); }
.bar { fill: var(--one); } .line { fill: none; stroke-width: 2; }
""".strip()
_COLOURS = ("var(--one)", "var(--two)")


@dataclass(frozen=True)
class Series:
    """A curve.

    Attributes:
        name: In the legend.
        x: Where, [n].
        y: Values, [n].
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]


def bars(title: str, unit: str, values: Mapping[str, float]) -> str:
    """A horizontal bar for each value, with its number."""
    low, high = min(0.0, *values.values()), max(0.0, *values.values())
    scale = (WIDTH - LEFT - RIGHT) / (high - low)
    zero = LEFT - low * scale
    height = TOP + ROW * len(values) + 10.0
    parts = [f'<line class="edge" x1="{zero:.1f}" y1="{TOP - 6}" x2="{zero:.1f}" y2="{height - 6:.1f}"/>']
    for row, (name, value) in enumerate(values.items()):
        y, length = TOP + ROW * row, abs(value) * scale
        x = zero if value >= 0 else zero - length
        parts += [
            f'<text class="end" x="{LEFT - 10 if low == 0 else LEFT - 14}" y="{y + 13}">{escape(name)}</text>',
            f'<rect class="bar" x="{x:.1f}" y="{y}" width="{max(length, 0.8):.1f}" height="16" rx="2"/>',
            f'<text class="faint" x="{max(zero, x + length) + 6:.1f}" y="{y + 13}">{_number(value)}</text>',
        ]
    return _document(height, f"{title}, {unit}", parts)


def curves(title: str, across: str, up: str, series: Sequence[Series]) -> str:
    """Curves through points, with a legend where there are several."""
    xs = [value for one in series for value in one.x]
    ys = [value for one in series for value in one.y]
    x_low, x_high, y_low, y_high = min(xs), max(xs), min(ys), max(ys)
    y_low, y_high = y_low - 0.06 * (y_high - y_low), y_high + 0.06 * (y_high - y_low)
    bottom = TOP + PLOT_HEIGHT

    def place(x: float, y: float) -> tuple[float, float]:
        along = EDGE + (x - x_low) / (x_high - x_low) * (WIDTH - EDGE - 30.0)
        return along, bottom - (y - y_low) / (y_high - y_low) * PLOT_HEIGHT

    parts = [
        f'<line class="edge" x1="{EDGE}" y1="{bottom}" x2="{WIDTH - 30}" y2="{bottom}"/>',
        f'<line class="edge" x1="{EDGE}" y1="{TOP}" x2="{EDGE}" y2="{bottom}"/>',
        f'<text class="middle faint" x="{(EDGE + WIDTH - 30) / 2}" y="{bottom + 36}">{escape(across)}</text>',
    ]
    for step in range(6):
        x, y = x_low + step * (x_high - x_low) / 5, y_low + step * (y_high - y_low) / 5
        parts += [
            f'<text class="middle faint" x="{place(x, y_low)[0]:.1f}" y="{bottom + 17}">{x:.3g}</text>',
            f'<text class="end faint" x="{EDGE - 7}" y="{place(x_low, y)[1] + 4:.1f}">{_number(y)}</text>',
        ]
    for number, one in enumerate(series):
        colour = _COLOURS[number % len(_COLOURS)]
        points = [place(x, y) for x, y in zip(one.x, one.y, strict=True)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline class="line" stroke="{colour}" points="{path}"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
        if len(series) > 1:
            at = TOP + 8 + 18 * number
            parts += [
                f'<circle cx="{EDGE + 22}" cy="{at}" r="4" fill="{colour}"/>',
                f'<text x="{EDGE + 32}" y="{at + 4}">{escape(one.name)}</text>',
            ]
    return _document(bottom + BOTTOM, f"{title}: {up}", parts)


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _document(height: float, title: str, parts: Sequence[str]) -> str:
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {height:g}" width="{WIDTH:g}" role="img">',
        f"<title>{escape(title)}</title>",
        f"<style>\n{_STYLE}\n</style>",
        f'<rect class="page" width="{WIDTH:g}" height="{height:g}"/>',
        f'<text class="title" x="14" y="22">{escape(title)}</text>',
        *parts,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"
