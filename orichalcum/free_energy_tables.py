"""What kind free_energy answers, for people: crystals, changes, vacancies and phases, with their statistics."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from api_schemas.free_energies import Contributions, FreeEnergy, PhaseComparison, PhaseDifference
from api_schemas.results import Result
from orichalcum import wording
from orichalcum.answers import free_energies
from orichalcum.reporting import plain
from orichalcum.tables import table

_DECIMALS = {"eV/atom": 2, "eV": 3}
"""Of an energy in meV/atom, and of one in eV."""
_UNITS = {"eV/atom": "meV/atom", "eV": "eV per vacancy"}
"""In which people read energies, by the unit in which they are told."""


def lines(result: Result) -> list[RenderableType]:
    """The answer, a crystal or a change at a time, and then what is and is not in the numbers.

    Raises:
        orichalcum.exceptions.NotAnswered: if the result has no free energies.
    """
    answer = free_energies(result)
    parts: list[RenderableType] = []
    if answer.comparison is not None:
        parts += _of_phases(answer.comparison)
    for _, own in groupby(answer.free_energies, key=lambda one: (one.phase, one.start, one.composition)):
        parts += _of_one(list(own))
    if not answer.free_energies:
        parts.append(Text("nothing was computed yet", style="bold yellow"))
    parts.append(Text(plain(answer.convention), style="dim"))
    return parts


def _of_phases(compared: PhaseComparison) -> Iterator[RenderableType]:
    """Which phase is lower, where they cross, and the differences by what they are made of, a table a composition."""
    for texts in (compared.conclusions, [one.text for one in compared.differences]):
        yield from (Text(plain(text), style="bold") for text in texts)
    for _, own in groupby(compared.differences, key=lambda one: one.composition):
        known = [one for one in own if one.contributions is not None]
        if known:
            yield _differences(known, *compared.phases)


def _differences(known: Sequence[PhaseDifference], first: str, second: str) -> Table:
    """A row for each temperature, in meV/atom."""
    parts = [
        name
        for name in Contributions.model_fields
        if any(getattr(one.contributions, name) is not None for one in known)
    ]
    head = ["T  K", plain(f"{second} less {first}  meV/atom"), "±", *map(_heading, parts)]
    rows = table(*head, numeric=head)
    for one in known:
        energies = [one.difference, one.standard_error, *(getattr(one.contributions, name) for name in parts)]
        mev = ("–" if energy is None else wording.mev(energy, _DECIMALS["eV/atom"]) for energy in energies)
        rows.add_row(f"{one.temperature:g}", *mev)
    return rows


def _of_one(own: Sequence[FreeEnergy]) -> Iterator[RenderableType]:
    """Of one crystal or change, at its temperatures."""
    yield from (Text(plain(one.text), style="bold") for one in own)
    of = own[0].vacancy
    if of is not None and of.reservoir is not None:
        yield Text(
            plain(f"site {of.site} of the supercell is left empty; its {of.element} goes to {of.reservoir}")
        )
    known = [one for one in own if one.free_energy is not None]
    if known:
        yield _table(known)
    for one in own:
        at = f"{one.temperature:g} K: "
        if one.samples is not None and not one.samples.enough:
            reasons = "; ".join(one.samples.reasons)
            yield Text(plain(f"{at}samples are not enough: {reasons}"), style="dim")
        if one.switching is not None and one.switching.text not in one.warnings:
            yield Text(plain(at + one.switching.text))
        yield from (Text(plain(at + warning), style="yellow") for warning in one.warnings)


def _table(known: Sequence[FreeEnergy]) -> Table:
    """A row for each temperature; what none of them has gets no column."""
    columns = {
        heading: cells for heading, cell in _COLUMNS.items() if any(cells := [cell(one) for one in known])
    }
    shown = [heading.replace(_ENERGY, _UNITS[known[0].unit]) for heading in columns]
    rows = table(*shown, numeric=[heading for heading in shown if heading != "Estimator"])
    for values in zip(*columns.values(), strict=True):
        rows.add_row(*(value or "–" for value in values))
    return rows


def _energy(one: FreeEnergy, energy: float | None) -> str:
    """An energy as people read those of an answer: in meV/atom, of a vacancy in eV."""
    if energy is None:
        return ""
    decimals = _DECIMALS[one.unit]
    return f"{energy:.{decimals}f}" if one.unit == "eV" else wording.mev(energy, decimals)


def _contribution(name: str) -> Callable[[FreeEnergy], str]:
    return lambda one: "" if one.contributions is None else _energy(one, getattr(one.contributions, name))


def _runs(one: FreeEnergy) -> str:
    """Forward and backward."""
    return "" if one.switching is None else f"{one.switching.forward.runs} + {one.switching.backward.runs}"


def _volume(one: FreeEnergy) -> str:
    if one.volume_per_atom is None:
        return ""
    error = "" if one.volume_error is None else f" ± {one.volume_error:.3f}"
    return f"{one.volume_per_atom:.3f}{error}"


def _overlap(one: FreeEnergy) -> str:
    return "" if one.switching is None else f"{one.switching.overlap:.2f}"


def _dissipation(one: FreeEnergy) -> str:
    """Forward and backward."""
    both = one.switching
    return (
        ""
        if both is None
        else ", ".join(_energy(one, way.dissipation) for way in (both.forward, both.backward))
    )


_ENERGY = "⟨energy⟩"
"""In headings, where the unit stands."""
_HEADINGS = {"pressure_volume": "P V", "centre_of_mass": "Centre of mass"}


def _heading(name: str) -> str:
    """Of a contribution."""
    return _HEADINGS.get(name, name.capitalize())


_COLUMNS: Mapping[str, Callable[[FreeEnergy], str]] = {
    "T  K": lambda one: f"{one.temperature:g}",
    f"Free energy  {_ENERGY}": lambda one: _energy(one, one.free_energy),
    "±": lambda one: _energy(one, one.standard_error),
    **{_heading(name): _contribution(name) for name in Contributions.model_fields},
    "Estimator": lambda one: one.estimator or "",
    "Samples": lambda one: "" if one.samples is None else str(one.samples.energies),
    "Runs": _runs,
    "Overlap": _overlap,
    f"Dissipation  {_ENERGY}": _dissipation,
    "Volume  Å³/atom": lambda one: "" if one.expansion is None else _volume(one),
    "Expansion  %": lambda one: "" if one.expansion is None else f"{100 * one.expansion:+.2f}",
    "Heat capacity  k_B/atom": lambda one: "" if one.heat_capacity is None else f"{one.heat_capacity:.3f}",
}
"""Headings, and what stands below each; nothing where an answer does not have it."""
