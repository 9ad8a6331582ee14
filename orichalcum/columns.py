"""Answers as tables: columns with names and units, from which CSV and data frames are made."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from api_schemas.base import Composition, Gradient
from api_schemas.evaluations import Evaluation
from api_schemas.free_energies import Contributions, FreeEnergy
from api_schemas.measured import MeasuredPoint
from api_schemas.orderings import Ordering
from api_schemas.verification import Verification

Value: TypeAlias = float | int | str | bool | None


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        name: Name, the same in every kind of table.
        cells: A value a row; None where there is none.
        unit: Unit of the numbers; empty where there is none.
    """

    name: str
    cells: list[Value]
    unit: str = ""

    @property
    def head(self) -> str:
        """Name with the unit, as it stands over a column of CSV."""
        return f"{self.name} ({self.unit})" if self.unit not in {"", "1"} else self.name


def of_evaluations(items: Sequence[Evaluation], *, gradients: bool = False) -> list[Column]:
    """A row an evaluation: its number, fractions, properties, what its job makes of it, how it was relaxed, cost.

    Args:
        items: Evaluations, in their order.
        gradients: Whether derivatives per unit fraction have columns too, ``d lattice_a / d cation:Al``.
    """
    units = {name: one.unit for item in items for name, one in item.properties.items()}
    found = [
        Column("evaluation", list(range(1, len(items) + 1))),
        *_fractions([i.composition for i in items]),
    ]
    for name, unit in units.items():
        values = [item.properties.get(name) for item in items]
        found.append(Column(name, [None if one is None else one.value for one in values], unit))
        known = [None if one is None else one.uncertainty for one in values]
        if any(one is not None for one in known):
            found.append(Column(f"{name} uncertainty", list(known), unit))
    if gradients:
        slopes = {name: [_gradient(item, name) for item in items] for name in units}
        for name, by_item in slopes.items():
            for sublattice, element in _pairs(by_item):
                values_of: list[Value] = [one.get(sublattice, {}).get(element) for one in by_item]
                found.append(Column(f"d {name} / d {sublattice}:{element}", values_of))
    judged = [item.assessment for item in items]
    if any(one is not None for one in judged):
        found.append(Column("loss", [None if one is None else one.loss for one in judged]))
        found.append(Column("feasible", [None if one is None else one.feasible for one in judged]))
    rest: dict[str, Callable[[Evaluation], Value]] = {
        "converged": lambda item: item.converged,
        "stable": lambda item: item.stable,
        "potential_calls": lambda item: item.cost.potential_calls,
        "seconds": lambda item: item.cost.seconds,
        "message": lambda item: "; ".join(text for text in (item.message, *item.warnings) if text) or None,
    }
    return [*found, *(Column(name, [of(item) for item in items]) for name, of in rest.items())]


def of_measured(items: Sequence[MeasuredPoint]) -> list[Column]:
    """A row a measured point: fractions, values with their deviations, and where they are from."""
    units = {name: one.unit for item in items for name, one in item.properties.items()}
    found = _fractions([item.composition for item in items])
    for name, unit in units.items():
        values = [item.properties.get(name) for item in items]
        found.append(Column(name, [None if one is None else one.value for one in values], unit))
        found.append(
            Column(f"{name} uncertainty", [None if one is None else one.deviation for one in values], unit)
        )
    return [
        *found,
        Column("source", [f"measured: {one.source}" if one.source else "measured" for one in items]),
    ]


def with_measured(evaluations: Sequence[Column], items: Sequence[MeasuredPoint]) -> list[Column]:
    """A table of evaluations with the measured points below: rows without a number, and with a source."""
    if not items:
        return list(evaluations)
    below = {column.name: column for column in of_measured(items)}
    count = len(evaluations[0].cells)
    places = {column.name for column in evaluations}
    above = [
        *evaluations,
        *(replace(one, cells=[None] * count) for name, one in below.items() if name not in places),
    ]
    nothing: list[Value] = [None] * len(items)
    return [
        replace(one, cells=[*one.cells, *(below[one.name].cells if one.name in below else nothing)])
        for one in above
    ]


_OF_ORDERINGS = {
    "name": "",
    "energy_per_atom": "eV/atom",
    "mixing_energy": "eV/atom",
    "above_lowest": "eV/atom",
    "above_hull": "eV/atom",
    "unrelaxed_energy": "eV/atom",
    "space_group": "",
    "ideal_space_group": "",
    "degeneracy": "",
    "sites": "",
    "converged": "",
    "left_parent": "",
    "largest_displacement": "Å",
    "potential_calls": "",
    "message": "",
}


def of_orderings(items: Sequence[Ordering]) -> list[Column]:
    """A row an ordering, without its structure."""
    return [
        Column("ordering", list(range(1, len(items) + 1))),
        *_fractions([item.composition for item in items]),
        *(Column(name, [getattr(i, name) for i in items], unit) for name, unit in _OF_ORDERINGS.items()),
        Column("supercell", [" ; ".join(" ".join(map(str, row)) for row in i.supercell) for i in items]),
        Column("found_by", [" ".join(item.found_by) for item in items]),
    ]


def of_supercells(items: Sequence[Verification]) -> list[Column]:
    """A row an evaluation and property: what explicit supercells say of it."""
    plain = ("alchemical", "at_answer", "difference", "tolerance", "holds")
    return [
        Column("evaluation", [item.evaluation + 1 for item in items]),
        *_fractions([item.composition for item in items]),
        Column("property", [item.property for item in items]),
        Column("unit", [item.unit for item in items]),
        *(Column(name, [getattr(item, name) for item in items]) for name in plain[:1]),
        Column("explicit", [item.explicit.value for item in items]),
        Column("spread", [item.explicit.spread for item in items]),
        Column("supercells", [item.explicit.decorations for item in items]),
        *(Column(name, [getattr(item, name) for item in items]) for name in plain[1:]),
        Column("text", [item.text for item in items]),
    ]


def of_free_energies(items: Sequence[FreeEnergy]) -> list[Column]:
    """A row a free energy: crystal or change, temperature, value with its error, and what it is made of."""
    unit = items[0].unit if items else ""
    parts = list(Contributions.model_fields)
    plain = {"temperature": "K", "free_energy": unit, "standard_error": unit, "estimator": "", "accurate": ""}
    phases = [Column("phase", [i.phase for i in items])] if any(i.phase for i in items) else []
    return [
        *phases,
        *_fractions([item.composition for item in items]),
        *_fractions([item.start or {} for item in items], "from "),
        *(Column(name, [getattr(i, name) for i in items], of) for name, of in plain.items()),
        *(Column(part, [getattr(item.contributions, part, None) for item in items], unit) for part in parts),
        Column("atoms", [item.atoms for item in items]),
        Column("volume_per_atom", [item.volume_per_atom for item in items], "Å^3"),
        *_volume_errors(items),
        Column("heat_capacity", [item.heat_capacity for item in items], "k_B/atom"),
        Column("text", [item.text for item in items]),
    ]


def _volume_errors(items: Sequence[FreeEnergy]) -> list[Column]:
    """Of mean volumes, where cells were sampled."""
    if all(item.volume_error is None for item in items):
        return []
    return [Column("volume_error", [item.volume_error for item in items], "Å^3")]


def csv_text(columns: Sequence[Column]) -> str:
    """The table as CSV; numbers in full, units in the head."""
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow([column.head for column in columns])
    for values in zip(*(column.cells for column in columns), strict=True):
        rows.writerow([_cell(value) for value in values])
    return text.getvalue()


def fractions(composition: Composition) -> Iterator[tuple[str, str, float]]:
    """Sublattice, element and fraction."""
    for name, elements in composition.items():
        for element, share in elements.items():
            yield name, element, share


def _fractions(compositions: Sequence[Composition], before: str = "") -> list[Column]:
    """A column for every element of a sublattice; what is not named there is not there."""
    names = dict.fromkeys((name, element) for one in compositions for name, element, _ in fractions(one))
    return [
        Column(f"{before}{name}:{element}", [one.get(name, {}).get(element, 0.0) for one in compositions])
        for name, element in names
    ]


def _gradient(item: Evaluation, name: str) -> Gradient:
    found = item.properties.get(name)
    return {} if found is None or found.gradient is None else found.gradient


def _pairs(gradients: Sequence[Gradient]) -> list[tuple[str, str]]:
    return list(dict.fromkeys((name, element) for one in gradients for name, element, _ in fractions(one)))


def _cell(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value)
    return repr(value) if isinstance(value, float) else str(value)
