"""What kind order answers, for people: orderings, hull, disordered state and ordering probability by composition."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from api_schemas.orderings import (
    CompositionOrder,
    DisorderedState,
    ExplicitMean,
    HullPoint,
    OrderAnswer,
    Ordering,
    OrderingProbability,
)
from api_schemas.results import Result
from orichalcum import wording
from orichalcum.answers import orderings
from orichalcum.reporting import plain
from orichalcum.tables import table

MOST_ROWS = 12
"""Orderings of a composition, and levels of an ordering probability, that are printed; the lowest."""
_MIXING = "Mixing  meV/atom"


def lines(result: Result) -> list[RenderableType]:
    """The answer, a composition at a time, and then the convex hull.

    Raises:
        orichalcum.exceptions.NotAnswered: if the result has no orderings.
    """
    answer = orderings(result)
    parts: list[RenderableType] = []
    for one in answer.compositions:
        parts += _composition(answer, one)
    if answer.hull is not None:
        parts += [Text("convex hull:", style="bold"), _hull(answer.hull)]
    if not answer.compositions:
        parts.append(Text("nothing was computed yet", style="bold yellow"))
    return parts


def _composition(answer: OrderAnswer, one: CompositionOrder) -> Iterator[RenderableType]:
    yield Text(plain(one.text), style="bold")
    own = [
        (number, ordering)
        for number, ordering in enumerate(answer.orderings, 1)
        if ordering.composition == one.composition
    ]
    if own:
        yield _orderings(own[:MOST_ROWS])
    yield from _hidden(len(own), "ordering")
    for state in answer.disordered:
        if state.composition == one.composition:
            yield _disordered(state)
            yield from (Text(plain(warning), style="yellow") for warning in state.warnings)
    for found in answer.ordering_probability:
        if found.composition == one.composition:
            yield _probability(found)
            yield _levels(found)
            yield from _hidden(len(found.levels), "level")


def _orderings(own: Sequence[tuple[int, Ordering]]) -> Table:
    numeric = ("#", "Above lowest", "Above hull", _MIXING, "Degeneracy", "Sites")
    rows = table("#", "Ordering", *numeric[1:4], "Space group", *numeric[4:], "Found by", "", numeric=numeric)
    for number, ordering in own:
        rows.add_row(
            str(number),
            Text(plain(ordering.name or "–")),
            wording.mev(ordering.above_lowest),
            wording.mev(ordering.above_hull),
            wording.mev(ordering.mixing_energy),
            Text(plain(ordering.space_group or ordering.ideal_space_group)),
            str(ordering.degeneracy),
            str(ordering.sites),
            ", ".join(ordering.found_by),
            Text(plain("; ".join(_remarks(ordering))), style="yellow"),
        )
    return rows


def _remarks(ordering: Ordering) -> Iterator[str]:
    if not ordering.converged:
        yield "did not converge"
    if ordering.left_parent:
        yield f"left the parent lattice ({ordering.largest_displacement:.2f} Å)"
    elif ordering.message:
        yield ordering.message


def _hull(points: Sequence[HullPoint]) -> Table:
    rows = table("Composition", "#", "Ordering", _MIXING, numeric=("#", _MIXING))
    for point in sorted(points, key=_fractions, reverse=True):
        number, name = (
            ("", "end member") if point.ordering is None else (str(point.ordering + 1), point.name or "–")
        )
        rows.add_row(
            wording.composition(point.composition),
            number,
            Text(plain(name)),
            wording.mev(point.mixing_energy),
        )
    return rows


def _fractions(point: HullPoint) -> list[float]:
    return [fraction for elements in point.composition.values() for fraction in elements.values()]


def _disordered(state: DisorderedState) -> Table:
    rows = table("Disordered state", _MIXING, "±", "From", numeric=(_MIXING, "±"))
    for way, explicit in (
        ("random decorations", state.random),
        ("all decorations of a cell", state.whole_cell),
    ):
        if explicit is not None:
            rows.add_row(
                way,
                wording.mev(explicit.mixing_energy),
                wording.mev(explicit.standard_error),
                _counted(explicit),
            )
    for way, energy in (("tier fluctuation", state.fluctuation), ("tier mean field", state.mean_field)):
        if energy is not None:
            rows.add_row(way, wording.mev(energy), "", "the mixture itself")
    return rows


def _counted(explicit: ExplicitMean) -> str:
    return f"{wording.counted(explicit.decorations, 'decoration')} of {explicit.sites} mixed sites"


def _probability(found: OrderingProbability) -> Text:
    name = plain(found.name) if found.name else "lowest ordering"
    return Text(
        f"ordering probability at {found.temperature:g} K: {found.probability:.4g} ({name}) among "
        f"{wording.counted(found.decorations, 'decoration')} of {found.sites} mixed sites; entropy "
        f"{found.entropy:.3g} of {found.ideal_entropy:.3g} k_B per mixed site"
    )


def _levels(found: OrderingProbability) -> Table:
    rows = table(
        "Level",
        "meV per cell",
        "Degeneracy",
        "Probability",
        "",
        numeric=("meV per cell", "Degeneracy", "Probability"),
    )
    for level in sorted(found.levels, key=lambda level: level.energy)[:MOST_ROWS]:
        rows.add_row(
            Text(plain(level.name or "–")),
            wording.mev(level.energy),
            str(level.degeneracy),
            f"{level.probability:.3g}",
            "" if level.relaxed else "not relaxed",
        )
    return rows


def _hidden(count: int, what: str) -> Iterator[Text]:
    if count > MOST_ROWS:
        yield Text(
            f"and {wording.counted(count - MOST_ROWS, f'higher {what}')}; --json prints all", style="dim"
        )
