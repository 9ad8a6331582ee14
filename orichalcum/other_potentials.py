"""What other potentials say of an answer, for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from orichalcum import tables, wording
from orichalcum.reporting import plain

if TYPE_CHECKING:
    from rich.table import Table

    from api_schemas.also import AlsoEvaluated
    from api_schemas.base import Composition
    from api_schemas.evaluations import Evaluation, PropertyValue
    from api_schemas.objectives import Objective
    from api_schemas.results import Result


def lines(item: Result, objectives: Sequence[Objective] = ()) -> Iterator[RenderableType]:
    """For each evaluation of the answer a table over potentials, its own first; then what else there is to say."""
    entries = item.also or []
    if not entries:
        yield Text("no other potential has evaluated the answer", style="bold yellow")
        return
    own = [item.best] if item.best is not None else item.front
    for place, number in enumerate(dict.fromkeys(one.evaluation for one in entries)):
        of = [one for one in entries if one.evaluation == number]
        found = next((one for one in own if one.composition == of[0].composition), None)
        if place or item.best is None:
            yield Text(wording.composition(of[0].composition), style="bold")
        yield _table(item, found, of, objectives)
    said = dict.fromkeys(
        f"{one.potential}: {text}"
        for one in entries
        for text in (one.message, *one.warnings, *([] if one.would_choose else [_why(one)]))
        if text
    )
    yield from (Text(plain(text)) for text in said)


def _why(one: AlsoEvaluated) -> str:
    """The last part of its sentence: why it chooses nothing."""
    return one.text.rpartition("; ")[2].removeprefix(f"{one.potential}: ")


def _table(
    item: Result, own: Evaluation | None, of: Sequence[AlsoEvaluated], objectives: Sequence[Objective]
) -> Table:
    """Values of the objectives' properties against each potential's own targets, and what each would choose."""
    wanted = [(place, one.property) for place, one in enumerate(objectives)] or _targeted(of[0])
    heads = [head for _, name in wanted for head in (name, "Own target", "Off by")]
    table = tables.table("Potential", *heads, "Would choose", numeric=heads)
    rows: list[tuple[str, Mapping[str, PropertyValue], Sequence[float | None], Composition | None]] = []
    if own is not None:
        rows.append((item.provenance.potential.name, own.properties, item.targets, own.composition))
    rows += [(one.potential, one.properties, one.targets, one.would_choose) for one in of]
    for name, properties, targets, chooses in rows:
        cells = []
        for place, property_name in wanted:
            found = properties.get(property_name)
            target = targets[place] if place < len(targets) else None
            if found is None:
                cells += ["–", "–", "–"]
                continue
            off = None if target is None else found.value - target
            cells += [
                wording.quantity(found.value, found.unit),
                "–" if target is None else wording.quantity(target, found.unit),
                "–" if off is None else wording.change(off, found.unit),
            ]
        table.add_row(plain(name), *cells, "–" if chooses is None else wording.composition(chooses))
    return table


def _targeted(one: AlsoEvaluated) -> list[tuple[int, str]]:
    """Properties of the step, where nobody says what the objectives are."""
    return list(enumerate(one.expected))
