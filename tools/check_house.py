"""Whether the source keeps to the house: ``python -m tools.check_house`` prints what does not, as file:line.

Four things are looked at: that only a kind's own room compares a kind with its name, that no files import one another
in a circle, that rooms import only rooms below them, and that no file lies loose that has a room. `tools/house.toml`
says which rooms there are.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from tools.house import House, read_house
from tools.imports import PACKAGES, Graph, Import, circles, read_graph
from tools.kind_comparisons import python_comparisons, script_comparisons

ROOT = Path(__file__).resolve().parents[1]
DASHBOARD = "dashboard/src"


def faults(root: Path, house: House) -> list[str]:
    """Everything under a folder that does not keep to the house, as ``file:line: what, and what would be right``.

    Raises:
        SyntaxError: if a file is not valid Python.
    """
    graph = read_graph(root)
    return [
        *kind_faults(root, house),
        *circle_faults(graph, house),
        *arrow_faults(graph, house),
        *loose_faults(root, house),
    ]


def kind_faults(root: Path, house: House) -> list[str]:
    """Comparisons of a kind with its name outside of that kind's room."""
    found = []
    for path in _sources(root):
        name = path.relative_to(root).as_posix()
        if name in house.doors:
            continue
        compare = python_comparisons if path.suffix == ".py" else script_comparisons
        own = _own_kind(name)
        for line, kinds in compare(path.read_text(encoding="utf-8"), house.kinds):
            listed = ", ".join(sorted(kinds - {own}))
            if listed:
                text = f"compares a kind with {listed}; let the object of the kind say what differs"
                found.append(f"{name}:{line}: {text}")
    return found


def _sources(root: Path) -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted((root / package).rglob("*.py"))
    scripts = (root / DASHBOARD).rglob("*")
    yield from sorted(path for path in scripts if path.suffix in {".ts", ".svelte"})


def _own_kind(name: str) -> str:
    """The kind in whose room a file lies, or nothing."""
    for rooms in ("engine/kinds/", f"{DASHBOARD}/kinds/"):
        if name.startswith(rooms):
            return name.removeprefix(rooms).partition("/")[0].replace("-", "_")
    return ""


def circle_faults(graph: Graph, house: House) -> list[str]:
    """Files that import one another in a circle, one way round for each group of them."""
    counted = [
        found for found in graph.imports if found.when != "function" or not house.is_lazy(found.source)
    ]
    found = []
    for group in circles(counted):
        way = _way_round([one for one in counted if one.source in group and one.target in group], group[0])
        names = " -> ".join([*(one.source for one in way), way[-1].target])
        others = len(group) - len(way)
        rest = f" (and {others} more files in this knot)" if others else ""
        text = f"a circle of files, {names}{rest}; move what both need into a file below them"
        found.append(f"{graph.place(way[0])}: {text}")
    return found


def _way_round(within: list[Import], start: str) -> list[Import]:
    """The shortest way from a module back to itself."""
    reached: dict[str, Import] = {}
    waiting = deque([start])
    while start not in reached:
        name = waiting.popleft()
        for one in within:
            if one.source == name and one.target not in reached:
                reached[one.target] = one
                waiting.append(one.target)
    way = [reached[start]]
    while way[0].source != start:
        way.insert(0, reached[way[0].source])
    return way


def arrow_faults(graph: Graph, house: House) -> list[str]:
    """Imports of a room that is not below the one that imports, and rooms of no layer."""
    found = [
        f"{path.as_posix()}:1: the room {floor.room(module)} is in no layer of tools/house.toml; add it there"
        for module, path in graph.files.items()
        if (floor := house.floor(module)) is not None and floor.level(floor.room(module)) is None
    ]
    for one in graph.imports:
        floor = house.floor(one.source)
        if floor is None or house.floor(one.target) is not floor or _opens_lazily(one, house):
            continue
        source, target = floor.room(one.source), floor.room(one.target)
        if source != target and not floor.lies_below(target, source):
            text = f"imports {one.target}, and {target} does not lie below {source} in tools/house.toml"
            found.append(f"{graph.place(one)}: {text}")
    return found


def _opens_lazily(one: Import, house: House) -> bool:
    """Whether a lazy module opens a file of its own folder when that is asked for."""
    folder = one.source.rpartition(".")[0] + "."
    return one.when == "function" and house.is_lazy(one.source) and one.target.startswith(folder)


def loose_faults(root: Path, house: House) -> list[str]:
    """Files in a package's own folder that belong into a room."""
    return [
        f"{path.relative_to(root).as_posix()}:1: a loose file; move it into the room that it belongs to"
        for floor in house.floors
        for path in sorted((root / floor.package).glob("*"))
        if path.is_file() and path.name not in floor.loose
    ]


def main(root: Path = ROOT) -> int:
    """Print every fault; the exit status is 1 where there is one."""
    found = faults(root, read_house())
    for fault in found:
        print(fault)
    print(f"the house: {len(found)} faults" if found else "the house is in order")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
