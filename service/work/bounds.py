"""How much work a task may be that comes over HTTPS: whoever has a compute key orders no more than problems may ask."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

from api_schemas.base import Output
from api_schemas.decorations import DecorationsTask
from api_schemas.free_energy_options import MOST_REPLICAS, MOST_STEPS
from api_schemas.order_options import MOST_CELL_SITES
from api_schemas.supercells import SupercellTask
from api_schemas.tasks import Task

MOST_NUMBER = 2**31
"""Numbers of tasks, records and attempts are below it: the store keeps them in so many bits."""

MOST_COST = 10**9
"""Calls or seconds of one record: thirty years of a core."""

LONGER = 10
"""A search may make runs so many times as long as a problem may ask for at first."""

MOST = MappingProxyType(
    {
        "sites": MOST_CELL_SITES,
        "replicas": MOST_REPLICAS,
        "most": MOST_REPLICAS,
        "steps": LONGER * MOST_STEPS,
        "equilibration": LONGER * MOST_STEPS,
        "end": 2 * LONGER * MOST_STEPS,
        "calls": 10_000,
        "pairs": 100_000,
    }
)
"""The largest value of fields that say how much is computed, in whichever unit."""

_NUMBERED = ("index", "continues", "evaluation", "number", "run", "first", "decoration")
_MATRICES = ("matrix", "host")


def fault(task: Task) -> str | None:
    """What of a task is more than may be asked for over HTTPS; None where nothing is."""
    for name in _NUMBERED:
        value = getattr(task, name, None)
        if value is not None and not 0 <= value < MOST_NUMBER:
            return f"{name} is {_shown(value)}, and not from 0 to below {MOST_NUMBER}"
    if not all(0 <= one < MOST_NUMBER for one in task.batch):
        return f"batch holds numbers that are not from 0 to below {MOST_NUMBER}"
    if len(task.tier) > 60:
        return "tier has more than 60 characters"
    for name, most in MOST.items():
        value = getattr(task, name, None)
        if value is not None and not 0 <= value <= most:
            return f"{name} is {_shown(value)}, and at most {most}"
    for matrix in _matrices(task):
        cells = _cells(matrix)
        if cells is None or not 0 < cells <= MOST_CELL_SITES:
            return f"its supercell is no 3 x 3 matrix of 1 to {MOST_CELL_SITES} cells"
    return None


def _shown(value: int) -> str:
    return f"{value:.3g}" if abs(value) < 1e300 else "very large"


def _matrices(task: Output) -> Iterator[list[list[int]]]:
    for name in _MATRICES:
        matrix = getattr(task, name, None)
        if matrix is not None:
            yield matrix
    if isinstance(task, SupercellTask) and task.explicit is not None:
        yield task.explicit.matrix
    if isinstance(task, DecorationsTask):
        for one in task.decorations:
            yield one.matrix


def _cells(matrix: list[list[int]]) -> int | None:
    """Cells of a supercell: the size of its matrix's determinant; None where it is none, or of huge entries."""
    if [len(row) for row in matrix] != [3, 3, 3]:
        return None
    if any(abs(entry) > MOST_CELL_SITES for row in matrix for entry in row):
        return None
    (a, b, c), (d, e, f), (g, h, i) = matrix
    return abs(a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g))
