"""Draws docs/images/architecture.svg from the imports: ``python -m tools.draw_house``.

Rooms are boxes in the layers of `tools/house.toml`, and a line with a number says how many imports go from one room
to another. A line that others imply (a room imports one that imports the third) is left out, and stands in the text
that a browser shows over the box. With ``--check`` nothing is written, and the exit status is 1 where the picture is
out of date. The same imports give the same picture, byte for byte.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tools.house import Floor, House, read_house
from tools.imports import Graph, read_graph
from tools.layers import Edge, Placed, place
from tools.svg import Point, arrow, box, document, panel

ROOT = Path(__file__).resolve().parents[1]
PICTURE = Path("docs/images/architecture.svg")

_MARGIN, _BAR, _BETWEEN = 24.0, 52.0, 56.0
_BOX, _GAP, _PITCH, _TITLE = 42.0, 26.0, 84.0, 44.0
_SAYS = {
    "api_schemas": "what travels between the parts",
    "engine": "the science",
    "service": "API, store, queue, workers",
    "orichalcum": "the client library and the command line",
}


@dataclass(frozen=True)
class Rooms:
    """A package as it is drawn.

    Attributes:
        floor: Its rooms and their order.
        layers: The rooms that have files, from the top; layers without are left out.
        files: Number of files by room.
        imports: Number of imports from one room to another.
    """

    floor: Floor
    layers: tuple[tuple[str, ...], ...]
    files: Mapping[str, int]
    imports: Mapping[Edge, int]

    @property
    def down(self) -> list[Edge]:
        """The pairs of rooms of which the first imports the second, as it may."""
        return [edge for edge in self.imports if self.floor.lies_below(edge[1], edge[0])]

    @property
    def drawn(self) -> list[Edge]:
        """Of `down` those that no way through a third room implies."""
        below: dict[str, set[str]] = {}
        for room in [room for layer in reversed(self.layers) for room in layer]:
            direct = {lower for upper, lower in self.down if upper == room}
            below[room] = direct.union(*(below[lower] for lower in direct))
        return [
            (upper, lower)
            for upper, lower in self.down
            if not any(lower in below[other] for first, other in self.down if first == upper)
        ]

    @property
    def against(self) -> list[Edge]:
        """The pairs of rooms of which the first imports the second, as it may not."""
        return sorted(self.imports.keys() - set(self.down))

    def title(self, room: str) -> str:
        """How a room is called in the picture."""
        return self.floor.titles.get(room, room)

    def story(self, room: str) -> str:
        """What a room imports and who imports it, in words."""
        told = [f"{self.floor.package}, {self.title(room)}"]
        for words, mine, other in (("imports", 0, 1), ("imported by", 1, 0)):
            listed = [
                f"{self.title(edge[other])} ({n})" for edge, n in self.imports.items() if edge[mine] == room
            ]
            told += [f"{words} {', '.join(listed)}"] if listed else []
        return "; ".join(told)


def rooms_of(floor: Floor, graph: Graph) -> Rooms:
    """The rooms of a package that have files, and the imports between them."""
    files = Counter(floor.room(name) for name in graph.files if name.partition(".")[0] == floor.package)
    pairs = Counter(
        (floor.room(one.source), floor.room(one.target))
        for one in graph.imports
        if {one.source.partition(".")[0], one.target.partition(".")[0]} == {floor.package}
    )
    imports = {edge: pairs[edge] for edge in sorted(pairs) if edge[0] != edge[1]}
    linked = {room for edge in imports for room in edge}
    shown = {
        room for room in files if floor.level(room) is not None and (room != "__init__" or room in linked)
    }
    layers = tuple(layer for given in floor.layers if (layer := tuple(r for r in given if r in shown)))
    known = {edge: n for edge, n in imports.items() if shown.issuperset(edge)}
    return Rooms(floor, layers, files, known)


def picture(graph: Graph, house: House) -> str:
    """The picture as SVG."""
    packages = [rooms_of(floor, graph) for floor in house.floors]
    height = _TITLE + _PITCH * max((len(one.layers) for one in packages), default=1)
    top = _MARGIN + _BAR + _BETWEEN
    parts: list[str] = []
    lefts: dict[str, tuple[float, float]] = {}
    left = _MARGIN + _BETWEEN / 2
    for one in packages:
        drawn, width = _package(one, left, top, height)
        parts += drawn
        lefts[one.floor.package] = (left, width)
        left += width + 1.6 * _BETWEEN
    right = left - 1.6 * _BETWEEN
    low = top + height + _BETWEEN
    start = _MARGIN + _BETWEEN / 2
    for name, y in (("orichalcum", _MARGIN), ("api_schemas", low)):
        size = sum(module.partition(".")[0] == name for module in graph.files)
        parts += panel(start, y, right - start, _BAR, name, f"{_SAYS[name]}, {size} files")
    parts += _between(graph, lefts, top, height)
    return document(right + _MARGIN, low + _BAR + _MARGIN, parts)


def _package(rooms: Rooms, left: float, top: float, height: float) -> tuple[list[str], float]:
    """A package with its rooms and the lines between them, and the width that it takes."""
    widths = {room: 30.0 + 7.6 * len(rooms.title(room)) for layer in rooms.layers for room in layer}
    placed = place(rooms.layers, rooms.drawn, widths, _GAP)
    pitch = (height - _TITLE) / max(len(rooms.layers), 1)
    level = {room: number for number, layer in enumerate(rooms.layers) for room in layer}
    name = rooms.floor.package
    parts = panel(left, top, placed.width + 2 * _GAP, height, name, _SAYS.get(name, ""))

    def middle(room: str) -> Point:
        return left + _GAP + placed.middles[room], top + _TITLE + (level[room] + 0.5) * pitch - _BOX / 2

    parts += _lines(rooms, placed, level, (left + _GAP, top + _TITLE, pitch), widths)
    for upper, lower in rooms.against:
        (x, y), (to_x, to_y) = middle(upper), middle(lower)
        parts += arrow([(x, y), (to_x, to_y + _BOX)], str(rooms.imports[upper, lower]), against=True)
    for room, width in widths.items():
        x, y = middle(room)
        size = rooms.files[room]
        files = f"{size} file{'s' if size > 1 else ''}"
        parts += box(x - width / 2, y, width, _BOX, rooms.title(room), files, rooms.story(room))
    return parts, placed.width + 2 * _GAP


def _lines(
    rooms: Rooms,
    placed: Placed,
    level: Mapping[str, int],
    frame: tuple[float, float, float],
    widths: Mapping[str, float],
) -> list[str]:
    """The lines of a package, each from the lower side of a box to the upper side of another."""
    left, top, pitch = frame
    drawn = rooms.drawn
    leave = _ports(drawn, 0, placed, widths)
    arrive = _ports(drawn, 1, placed, widths)
    parts: list[str] = []
    for edge in drawn:
        upper, lower = level[edge[0]], level[edge[1]]
        points = [(left + leave[edge], top + (upper + 0.5) * pitch + _BOX / 2)]
        for number, x in enumerate(placed.bends[edge], start=upper + 1):
            middle = top + (number + 0.5) * pitch
            points += [(left + x, middle - _BOX / 2), (left + x, middle + _BOX / 2)]
        points.append((left + arrive[edge], top + (lower + 0.5) * pitch - _BOX / 2))
        parts += arrow(points, str(rooms.imports[edge]))
    return parts


def _ports(edges: list[Edge], end: int, placed: Placed, widths: Mapping[str, float]) -> dict[Edge, float]:
    """Where lines leave (end 0) or reach (end 1) their boxes: side by side, in the order of where they go."""
    ports: dict[Edge, float] = {}
    for room in sorted({edge[end] for edge in edges}):
        own = [edge for edge in edges if edge[end] == room]

        def toward(edge: Edge) -> float:
            bends = placed.bends[edge]
            return bends[-end] if bends else placed.middles[edge[1 - end]]

        step = min(24.0, (widths[room] - 24.0) / max(len(own) - 1, 1))
        for number, edge in enumerate(sorted(own, key=lambda edge: (toward(edge), edge))):
            ports[edge] = placed.middles[room] + step * (number - (len(own) - 1) / 2)
    return ports


def _between(graph: Graph, lefts: Mapping[str, tuple[float, float]], top: float, height: float) -> list[str]:
    """The arrows between packages: down from the client, to the left from package to package, down to the schemas."""
    counts = Counter((one.source.partition(".")[0], one.target.partition(".")[0]) for one in graph.imports)
    parts: list[str] = []
    for name, (left, width) in lefts.items():
        x = left + width / 2
        for edge, y in (("orichalcum", name), top - _BETWEEN), ((name, "api_schemas"), top + height):
            if counts[edge]:
                parts += arrow([(x, y), (x, y + _BETWEEN)], _said(graph, edge, counts[edge]))
    for (first, (left, width)), (second, (other, _)) in pairwise(lefts.items()):
        if counts[second, first]:
            y = top + height / 2
            parts += arrow([(other, y), (left + width, y)], str(counts[second, first]))
    if counts["orichalcum", "api_schemas"]:
        x, start = _MARGIN, min(left for left, _ in lefts.values())
        y, end = top - _BETWEEN - _BAR / 2, top + height + _BETWEEN + _BAR / 2
        label = str(counts["orichalcum", "api_schemas"])
        parts += arrow([(start, y), (x, y), (x, end), (start, end)], label, straight=True)
    return parts


def _said(graph: Graph, edge: Edge, count: int) -> str:
    """The number of imports, and the file where they are all of one."""
    sources = {
        one.source
        for one in graph.imports
        if (one.source.partition(".")[0], one.target.partition(".")[0]) == edge
    }
    return f"{count}, in {graph.files[sources.pop()].name} only" if len(sources) == 1 else str(count)


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Write the picture, or say whether it is out of date."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.draw_house", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--check", action="store_true", help="write nothing; fail where it is out of date")
    checking = parser.parse_args(arguments).check
    drawn = picture(read_graph(root), read_house())
    path = root / PICTURE
    current = path.read_text(encoding="utf-8") if path.exists() else ""
    if checking and drawn != current:
        print(f"{PICTURE}:1: out of date with the imports; draw it again: python -m tools.draw_house")
        return 1
    if not checking:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(drawn, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
