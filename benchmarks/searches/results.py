"""Finished cells of a benchmark, a line of JSON each, so that a run that was interrupted goes on where it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True)
class Cell:
    """One search of one problem.

    Attributes:
        problem: Name of the function or of the crystal problem.
        k: Number of elements.
        method: Strategy or peer.
        seed: Of the start and of the search.
        code: Of the code that ran, from `fingerprint`.
        needed: Evaluations to the optimum, None where it was not reached.
        told: Evaluations after which the search ended or was stopped.
        stopped: Why it ended; "reached" where it was not followed beyond the optimum.
        seconds: Wall time.
    """

    problem: str
    k: int
    method: str
    seed: int
    code: str
    needed: int | None
    told: int
    stopped: str
    seconds: float

    @property
    def key(self) -> tuple[str, int, str, int]:
        """What the cell is of."""
        return (self.problem, self.k, self.method, self.seed)


class Results:
    """The cells of a file; of cells with the same key and code the last counts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._cells: dict[tuple[str, int, str, int, str], Cell] = {}
        if path.exists():
            for line in path.read_text().splitlines():
                cell = Cell(**json.loads(line))
                self._cells[*cell.key, cell.code] = cell

    def get(self, problem: str, k: int, method: str, seed: int, code: str) -> Cell | None:
        """A finished cell of this code, None where it is still to be done."""
        return self._cells.get((problem, k, method, seed, code))

    def add(self, cell: Cell) -> None:
        """Write a cell down at once."""
        self._cells[*cell.key, cell.code] = cell
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a") as file:
            file.write(json.dumps(asdict(cell)) + "\n")


def typical(cells: Iterable[Cell]) -> float:
    """Median of the evaluations needed; infinite where most searches did not get there."""
    return float(median([float("inf") if cell.needed is None else cell.needed for cell in cells]))


def fingerprint(*places: Path) -> str:
    """Of the Python files at or below these places."""
    files = sorted(file for place in places for file in ([place] if place.is_file() else place.rglob("*.py")))
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
