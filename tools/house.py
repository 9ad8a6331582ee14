"""The rooms of the house and their order, as `tools/house.toml` says."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

HOUSE = Path(__file__).with_name("house.toml")


@dataclass(frozen=True)
class Floor:
    """One package of the house.

    Attributes:
        package: Its name.
        layers: Its rooms, from the top layer to the lowest.
        parts: Of a room that is not a whole folder, the patterns of its modules without the package's name.
        loose: Files that may lie in the package's own folder.
        titles: How the picture calls a room, where not by its name.
    """

    package: str
    layers: tuple[tuple[str, ...], ...]
    parts: tuple[tuple[str, tuple[str, ...]], ...]
    loose: frozenset[str]
    titles: Mapping[str, str]

    def room(self, module: str) -> str:
        """The room of a module of this package: a part, else its folder or, of a loose file, its own name."""
        inner = module.partition(".")[2]
        for name, patterns in self.parts:
            if any(fnmatchcase(inner, pattern) for pattern in patterns):
                return name
        return inner.partition(".")[0] or "__init__"

    def level(self, room: str) -> int | None:
        """The number of a room's layer, 0 at the top; None for a room of no layer."""
        return next((number for number, layer in enumerate(self.layers) if room in layer), None)

    def lies_below(self, lower: str, upper: str) -> bool:
        """Whether a room is in a lower layer than another; False where one is in no layer."""
        low, high = self.level(lower), self.level(upper)
        return low is not None and high is not None and low > high


@dataclass(frozen=True)
class House:
    """What the check knows.

    Attributes:
        floors: The packages that have rooms.
        kinds: Names of the kinds of question.
        doors: Files that list the kinds, relative to the root.
        lazy: Patterns of the modules whose imports inside functions close no circle.
    """

    floors: tuple[Floor, ...]
    kinds: frozenset[str]
    doors: frozenset[str]
    lazy: tuple[str, ...]

    def floor(self, module: str) -> Floor | None:
        """The package of a module, where that has rooms."""
        package = module.partition(".")[0]
        return next((floor for floor in self.floors if floor.package == package), None)

    def is_lazy(self, module: str) -> bool:
        """Whether a module opens what it lists when it is first asked for."""
        return any(fnmatchcase(module, pattern) for pattern in self.lazy)


def read_house(path: Path = HOUSE) -> House:
    """Read the table of rooms.

    Raises:
        KeyError: if a package lacks its layers or loose files.
        tomllib.TOMLDecodeError: if it is not valid TOML.
    """
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    floors = tuple(
        Floor(
            package=package,
            layers=tuple(tuple(layer) for layer in given["layers"]),
            parts=tuple((name, tuple(patterns)) for name, patterns in given.get("parts", {}).items()),
            loose=frozenset(given["loose"]),
            titles=given.get("titles", {}),
        )
        for package, given in table.items()
        if isinstance(given, dict)
    )
    return House(floors, frozenset(table["kinds"]), frozenset(table["doors"]), tuple(table["lazy"]))
