"""Answers for people: tables of jobs, evaluations and results."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence

from pydantic import JsonValue
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from api_schemas.catalogue import PotentialInfo
from api_schemas.composition_uncertainty import Bars
from api_schemas.cost import Cost
from api_schemas.evaluations import Evaluation, FixedGeometryEvaluation
from api_schemas.formula import bar_words, decimals_of
from api_schemas.kinds import KINDS
from api_schemas.maps import SurrogateMap, SurrogatePoint
from api_schemas.measured import MeasuredPoint
from api_schemas.messages import Message, Role
from api_schemas.objectives import Objective
from api_schemas.reading import of_evaluation, reading
from api_schemas.results import Prediction, Provenance, Result
from orichalcum import free_energy_tables, ordering_tables, other_potentials, tables, verified, wording
from orichalcum.exceptions import NotAnswered
from orichalcum.reporting import plain

LONGEST_PART = 2000
"""Characters of an answer's part that are printed."""
ALWAYS = frozenset(
    {
        "lattice_a",
        "lattice_b",
        "lattice_c",
        "alpha",
        "beta",
        "gamma",
        "c_over_a",
        "volume",
        "density",
        "energy",
        "mixing_energy",
    }
)
"""Properties that every evaluation has; the others were asked for."""
MOST_GRADIENT_COLUMNS = 6
"""More elements than this do not fit a terminal's width."""

_VIEWS: Mapping[str, Callable[[Result], list[RenderableType]]] = {
    "order": ordering_tables.lines,
    "free_energy": free_energy_tables.lines,
}
"""What prints the answer of a kind, by the name of its view; each raises NotAnswered where it cannot."""

_MESSAGE_STYLES: Mapping[Role, str] = {"headline": "bold", "warning": "yellow"}


def line(text: str) -> Text:
    """A sentence as it stands, without markup or control characters."""
    return Text(plain(text))


def evaluation(item: Evaluation) -> Group:
    """One composition: properties, what one percent more of each element changes, and the cost."""
    columns = _gradient_columns(item)
    shown = columns if len(columns) <= MOST_GRADIENT_COLUMNS else []
    headers = [f"+1 % {element}" for _, element in shown]
    sure = ["±"] if any(value.uncertainty is not None for value in item.properties.values()) else []
    columns_shown = ("Property", "Value", *sure, "Unit", *headers)
    table = tables.table(*columns_shown, numeric=("Value", *sure, *headers))
    for name, value in item.properties.items():
        gradients = []
        for sublattice, element in shown:
            answer = (value.per_percent or {}).get(sublattice, {}).get(element)
            gradients.append("–" if answer is None else wording.change(answer, ""))
        unit = "" if value.unit == "1" else value.unit
        error = [] if not sure else ["–" if value.uncertainty is None else f"{value.uncertainty:.2g}"]
        table.add_row(name, wording.number(value.value, value.unit), *error, unit, *gradients)
    lines: list[RenderableType] = [Text(wording.composition(item.composition), style="bold"), table]
    if len(columns) > MOST_GRADIENT_COLUMNS:
        lines.append(Text("gradients of so many elements are shown by --json only"))
    lines += map(_message, of_evaluation(item))
    lines.append(Text(cost(item.cost), style="dim"))
    return Group(*lines)


def fixed_geometry(item: FixedGeometryEvaluation) -> Group:
    """Energy and derivatives at the geometry that was given."""
    stress = " ".join(f"{value:.6f}" for value in item.stress)
    sites = tables.table(
        "Site", "Force x", "y", "z  eV/Å", "dE/dλ eV", numeric=("Site", "Force x", "y", "z  eV/Å")
    )
    for index, (force, slopes) in enumerate(zip(item.forces, item.dE_dlam, strict=True)):
        raw = " ".join(f"{element} {value:+.5f}" for element, value in slopes.items())
        sites.add_row(str(index), *(f"{component:.5f}" for component in force), raw)
    return Group(
        Text(wording.composition(item.composition), style="bold"),
        Text(f"energy  {item.energy:.6f} eV per cell"),
        Text(f"stress  {stress} eV/Å^3 (xx yy zz yz xz xy)"),
        sites,
        Text(cost(item.cost), style="dim"),
    )


def cost(item: Cost) -> str:
    """What an evaluation took, in one line."""
    calls = wording.counted(item.potential_calls, "potential call")
    shared = f" and {item.shared_calls} shared" if item.shared_calls else ""
    return f"{calls}{shared}, {wording.seconds(item.seconds)}"


def result(item: Result, objectives: Sequence[Objective] = ()) -> Group:
    """An answer: what its reader must see, beside the tables of its numbers, and its cost and provenance."""
    parts: list[RenderableType] = []
    if (own := _viewed(item)) is not None:
        parts += own
    elif item.best is not None:
        if objectives:
            parts.append(_objectives(item, item.best, objectives))
        parts.append(evaluation(item.best))
        parts += [line(sentence) for sentence in _sensitivities(item, item.best, objectives)]
        parts += [line(_prediction(one)) for one in item.predictions]
    elif item.front:
        names = [objective.property for objective in objectives]
        parts.append(_evaluations(item.front, names, _bars_of_front(item)))
    elif item.evaluations:
        parts.append(_evaluations(item.evaluations))
    if item.measured:
        parts.append(_measured(item.measured))
    if own is None:
        parts += [line(f"{name}: {_written(value)}") for name, value in item.answer.items()]
    if item.also is not None:
        parts += other_potentials.lines(item, objectives)
    if item.verification:
        parts += verified.lines(item.verification)
    parts = _with_messages(parts, reading(item))
    spent, source = item.cost, item.provenance
    parts.append(
        line(
            f"cost: {wording.counted(spent.evaluations, 'evaluation')}, "
            f"{wording.counted(spent.potential_calls, 'potential call')} "
            f"and {spent.shared_calls} shared, {wording.seconds(spent.seconds)}"
        )
    )
    parts.append(
        line(
            f"with: {source.potential.name} ({source.potential.licence}, sha256 {source.potential.sha256[:12]}…), "
            f"{source.dtype}, {source.mixing}{_beyond(source)}, {source.device}, "
            f"seed {source.seed}, orichalcum {source.orichalcum}",
        )
    )
    return Group(*parts)


def _with_messages(parts: Sequence[RenderableType], messages: Sequence[Message]) -> list[RenderableType]:
    """The headline first, and after the rest every message that does not stand beside its numbers already."""
    said = {text.plain.strip() for text in _texts(parts)}
    left = [message for message in messages if plain(message.text).strip() not in said]
    first = [message for message in left if message.role == "headline"]
    return [*map(_message, first), *parts, *(_message(one) for one in left if one not in first)]


def _texts(parts: Sequence[RenderableType]) -> Iterator[Text]:
    for part in parts:
        if isinstance(part, Group):
            yield from _texts(part.renderables)
        elif isinstance(part, Text):
            yield part


def _message(message: Message) -> Text:
    return Text(plain(message.text), style=_MESSAGE_STYLES.get(message.role, ""))


def surrogate_map(item: SurrogateMap) -> Group:
    """A map in steps of a tenth: fractions, mean, deviation, and what the constraints exclude."""
    columns = [name.split(":", 1) for name in item.over]
    total = sum(item.at[sublattice][element] for sublattice, element in columns)
    unit = "" if item.unit == "1" else item.unit
    elements = [element for _, element in columns]
    table = tables.table(*elements, item.property, "±", unit, "", numeric=(*elements, item.property, "±"))
    shown = 0
    for composition, mean, deviation, feasible in zip(
        item.compositions, item.mean, item.deviation, item.feasible, strict=True
    ):
        fractions = [composition[sublattice][element] for sublattice, element in columns]
        tenths = [10.0 * fraction / total for fraction in fractions]
        if all(abs(tenth - round(tenth)) < 1e-6 for tenth in tenths):
            shown += 1
            table.add_row(
                *(f"{fraction:.4f}" for fraction in fractions),
                wording.number(mean, item.unit),
                f"{deviation:.2g}",
                "",
                "" if feasible else "not feasible",
            )
    return Group(
        line(
            f"through {wording.composition(item.at)}, learned from "
            f"{wording.counted(item.evaluations, 'evaluation')}"
        ),
        table,
        line(f"{shown} of {len(item.compositions)} points; --json prints them all"),
    )


def surrogate_point(item: SurrogatePoint) -> Group:
    """What is expected at a composition: a line a property, and what the composition breaks."""
    table = tables.table("", "expected", "±", "", "", "1 % more of", numeric=("expected", "±"))
    for one in item.expected:
        slopes = [
            f"{element} {change:+.2g}"
            for changes in one.per_percent.values()
            for element, change in changes.items()
        ]
        table.add_row(
            one.property,
            wording.number(one.mean, one.unit),
            f"{2.0 * one.deviation:.2g}",
            "" if one.unit == "1" else one.unit,
            "beyond the data" if one.beyond else "",
            ", ".join(slopes),
        )
    return Group(
        line(
            f"{wording.composition(item.at)}, learned from "
            f"{wording.counted(item.evaluations, 'evaluation')}; ± is two deviations"
        ),
        table,
        *(line(f"not feasible: {words}") for words in item.broken),
    )


def potentials(items: Sequence[PotentialInfo]) -> Group:
    """Potentials with their licences, origins and whether their weights are here."""
    parts: list[RenderableType] = []
    for item in items:
        here = Text("weights are here", style="green") if item.fetched else Text("weights not fetched yet")
        heading = Text.assemble(
            (item.name, "bold"), f"  {item.licence}, {len(item.elements)} elements, ", here
        )
        parts += [heading, line(f"  {item.description}"), line(f"  {item.citation}")]
    return Group(*parts)


def show(console: Console, thing: RenderableType) -> None:
    """Print a table, or a group piece by piece: sentences are never broken, a terminal wraps them itself."""
    for piece in thing.renderables if isinstance(thing, Group) else [thing]:
        if isinstance(piece, Group):
            show(console, piece)
        else:
            console.print(piece, soft_wrap=isinstance(piece, Text))


def _gradient_columns(item: Evaluation) -> list[tuple[str, str]]:
    """Sublattices and elements that can change, in the order of the composition."""
    return [
        (sublattice, element)
        for sublattice, fractions in item.composition.items()
        if len(fractions) > 1
        for element in fractions
    ]


def _objectives(item: Result, best: Evaluation, objectives: Sequence[Objective]) -> Table:
    table = tables.table("Objective", "Wanted", "Reached", "Off by", numeric=("Reached", "Off by"))
    for index, objective in enumerate(objectives):
        found = best.properties.get(objective.property)
        target = item.targets[index] if index < len(item.targets) else None
        if target is None and isinstance(objective.target, float | int):
            target = float(objective.target)
        unit = "" if found is None else found.unit
        reached = "–" if found is None else wording.quantity(found.value, found.unit)
        off = "–" if found is None or target is None else wording.change(found.value - target, found.unit)
        table.add_row(objective.property, wording.objective_text(objective, target, unit), reached, off)
    return table


def _sensitivities(item: Result, best: Evaluation, objectives: Sequence[Objective]) -> list[str]:
    if item.sensitivities:
        return [plain(s.text) for s in item.sensitivities]
    names = dict.fromkeys(o.property for o in objectives if o.property in best.properties)
    return [f"{name}: {text}" for name in names for text in wording.sensitivities(best, name)]


def _viewed(item: Result) -> list[RenderableType] | None:
    """The kind's own answer by its view; None where there is no such view, or another version wrote the answer."""
    for view in KINDS[item.kind].views if item.kind in KINDS else ():
        if view in _VIEWS:
            try:
                return _VIEWS[view](item)
            except NotAnswered:
                return None
    return None


def _written(value: JsonValue) -> str:
    """A part of an answer that this version has no table for."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_PART else f"{text[:LONGEST_PART]} ... (--json prints all of it)"


def _beyond(source: Provenance) -> str:
    """Tier and head, where they say something."""
    tier = "" if source.tier == source.mixing else f", tier {plain(source.tier)}"
    return tier if source.head is None else f"{tier}, head {plain(source.head)}"


def _prediction(item: Prediction) -> str:
    unit = "" if item.unit == "1" else f" {item.unit}"
    expected = f"{wording.number(item.mean, item.unit)} ± {item.deviation:.2g}{unit}"
    return f"told of all others, the surrogate expected {plain(item.property)} {expected} here"


def _measured(items: Sequence[MeasuredPoint]) -> Table:
    """What was measured: no evaluations, and never the answer."""
    table = tables.table("Measured", "Property", "Value", "±", "Source", numeric=("Value", "±"))
    for item in items:
        for name, found in item.properties.items():
            table.add_row(
                wording.composition(item.composition),
                plain(name),
                wording.quantity(found.value, found.unit),
                f"{found.deviation:.2g}",
                Text(plain(item.source)),
            )
    return table


def _bars_of_front(item: Result) -> list[str]:
    """How sure the composition of each member of the front is, in words; nothing where that is known of none."""
    bars = [None if one is None else one.uncertainty_of_composition for one in item.front_uncertainties]
    return [] if not any(bars) else [_bars(one) for one in bars]


def _bars(bars: Bars | None) -> str:
    return "–" if bars is None else ", ".join(bar_words(bars, decimals_of(bars))) or "–"


def _evaluations(items: Sequence[Evaluation], first: Sequence[str] = (), bars: Sequence[str] = ()) -> Table:
    """Evaluations, one per line: what was asked for, then what tells most of the rest.

    Args:
        items: The evaluations.
        first: Names of the properties that come first.
        bars: How sure the composition of each is, in words.
    """
    asked = [name for item in items for name in item.properties if name not in ALWAYS]
    rest = ("lattice_a", "lattice_c", "volume", "mixing_energy", "energy")
    names = [
        name
        for name in dict.fromkeys((*first, *asked, *rest))
        if name in asked or all(name in item.properties for item in items)
    ]
    sure = ["±"] if bars else []
    table = tables.table("Composition", *sure, *names, "", numeric=names)
    for place, item in enumerate(items):
        found = [item.properties.get(name) for name in names]
        values = ["–" if one is None else wording.quantity(one.value, one.unit) for one in found]
        table.add_row(
            wording.composition(item.composition),
            *bars[place : place + 1],
            *values,
            "" if item.converged else "not converged",
        )
    return table
