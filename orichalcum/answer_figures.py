"""Figures of what the kinds answer beyond evaluations: orderings and their probability, free energies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_schemas.free_energies import Contributions
from api_schemas.results import Result
from orichalcum import answers, wording
from orichalcum.exceptions import NotAnswered
from orichalcum.plot_style import ACCENT, BAD, CATEGORIES, GOOD, INK, figure, marks, plain

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from api_schemas.free_energies import FreeEnergy, FreeEnergyAnswer
    from api_schemas.orderings import OrderAnswer


def of_orderings(result: Result) -> dict[str, go.Figure]:
    """Convex hull, ladder and ordering probability, where the result has them."""
    try:
        answer = answers.orderings(result)
    except NotAnswered:
        return {}
    made: dict[str, go.Figure] = {}
    if answer.hull and (drawn := _hull(answer)) is not None:
        made["hull"] = drawn
    if answer.orderings:
        made["ladder"] = _ladder(answer)
    if any(one.temperatures for one in answer.ordering_probability):
        made["probability"] = _probability(answer)
    return made


def of_free_energies(result: Result) -> dict[str, go.Figure]:
    """Free energies over temperature, what they are made of, and works, where the result has them."""
    try:
        answer = answers.free_energies(result)
    except NotAnswered:
        return {}
    known = [one for one in answer.free_energies if one.free_energy is not None]
    if not known:
        return {}
    made = {"free_energy": _over_temperature(known), "contributions": _contributions(known)}
    if any(one.switching is not None for one in known):
        made["works"] = _works(known)
    if answer.comparison is not None and answer.comparison.differences:
        made["difference"] = _difference(answer)
    return made


def _hull(answer: OrderAnswer) -> go.Figure | None:
    """Of two elements: mixing energies of the orderings, and the convex hull below them."""
    hull = answer.hull or []
    names = dict.fromkeys((n, e) for point in hull for n, shares in point.composition.items() for e in shares)
    if len(names) != 2 or len({name for name, _ in names}) != 1:
        return None
    (sublattice, first), (_, second) = names
    drawn = figure(f"fraction of {second} (rest {first})", "mixing energy (meV/atom)", "convex hull")
    corners = sorted((p.composition[sublattice].get(second, 0.0), 1000.0 * p.mixing_energy) for p in hull)
    drawn.add_scatter(
        x=[x for x, _ in corners], y=[y for _, y in corners], mode="lines", name="hull",
        line={"color": ACCENT, "width": 2},
    )  # fmt: skip
    on_hull = {point.ordering for point in hull}
    for name, wanted, look in (("on the hull", True, marks()), ("above it", False, marks(open_=True))):
        shown = [
            item
            for place, item in enumerate(answer.orderings)
            if item.mixing_energy is not None and (place in on_hull) == wanted
        ]
        drawn.add_scatter(
            x=[item.composition[sublattice].get(second, 0.0) for item in shown],
            y=[1000.0 * (item.mixing_energy or 0.0) for item in shown],
            text=[plain(item.name or item.space_group) for item in shown],
            mode="markers",
            name=name,
            marker=look,
        )
    return drawn


def _ladder(answer: OrderAnswer) -> go.Figure:
    """How far each ordering lies above the lowest of its composition; crosses have left the parent lattice."""
    drawn = figure(
        "ordering", "above the lowest (meV/atom)", "orderings, each above the lowest of its composition"
    )
    for left, name, colour in (
        (False, "on the parent lattice", ACCENT),
        (True, "left the parent lattice", BAD),
    ):
        shown = [(n, one) for n, one in enumerate(answer.orderings, 1) if one.left_parent == left]
        if shown:
            drawn.add_scatter(
                x=[number for number, _ in shown],
                y=[1000.0 * one.above_lowest for _, one in shown],
                text=[
                    plain(f"{one.name or one.space_group}, {wording.composition(one.composition)}")
                    for _, one in shown
                ],
                mode="markers",
                name=name,
                marker={**marks(colour), "symbol": "x" if left else "circle"},
            )
    return drawn


def _probability(answer: OrderAnswer) -> go.Figure:
    """Ordering probability of the supercell over temperature, and where it was asked for."""
    drawn = figure("temperature (K)", "ordering probability", "ordering probability")
    for place, one in enumerate(answer.ordering_probability):
        colour, name = CATEGORIES[place % len(CATEGORIES)], plain(wording.composition(one.composition))
        drawn.add_scatter(
            x=one.temperatures, y=one.probabilities, mode="lines", name=name, line={"color": colour}
        )
        drawn.add_scatter(
            x=[one.temperature],
            y=[one.probability],
            mode="markers",
            name=name,
            marker=marks(colour),
            showlegend=False,
        )
    drawn.update_yaxes(range=[-0.02, 1.02])
    return drawn


def _crystals(known: list[FreeEnergy]) -> dict[str, list[FreeEnergy]]:
    """The free energies of each crystal or change, by what it is called."""
    found: dict[str, list[FreeEnergy]] = {}
    for one in known:
        there = wording.composition(one.composition)
        start = "" if one.start is None else f"{wording.composition(one.start)} to "
        found.setdefault(f"{one.phase + ', ' if one.phase else ''}{start}{there}", []).append(one)
    return found


def _over_temperature(known: list[FreeEnergy]) -> go.Figure:
    drawn = figure("temperature (K)", f"free energy ({known[0].unit})", "free energy")
    for place, (name, items) in enumerate(_crystals(known).items()):
        items.sort(key=lambda one: one.temperature)
        drawn.add_scatter(
            x=[one.temperature for one in items],
            y=[one.free_energy for one in items],
            error_y={"array": [one.standard_error or 0.0 for one in items]},
            mode="lines+markers",
            name=plain(name),
            marker=marks(CATEGORIES[place % len(CATEGORIES)]),
            line={"color": CATEGORIES[place % len(CATEGORIES)]},
        )
    return drawn


def _contributions(known: list[FreeEnergy]) -> go.Figure:
    """Everything but the energy at rest, which dwarfs the rest of an absolute free energy."""
    drawn = figure("", f"contribution ({known[0].unit})", "what it is made of, beside the energy at rest")
    labels = [
        plain(f"{name}, {one.temperature:g} K") for name, items in _crystals(known).items() for one in items
    ]
    items = [one for group in _crystals(known).values() for one in group]
    parts = [part for part in Contributions.model_fields if part != "static"]
    for place, part in enumerate(parts):
        values = [getattr(one.contributions, part, None) for one in items]
        if any(value is not None for value in values):
            colour = CATEGORIES[place % len(CATEGORIES)]
            drawn.add_bar(x=labels, y=values, name=part.replace("_", " "), marker={"color": colour})
    drawn.update_layout(barmode="relative")
    return drawn


def _works(known: list[FreeEnergy]) -> go.Figure:
    drawn = figure(f"work ({known[0].unit})", "runs", "work of the switching runs, forward and backward")
    for name, colour in (("forward", CATEGORIES[0]), ("backward", CATEGORIES[1])):
        works = [
            work for one in known if one.switching is not None for work in getattr(one.switching, name).works
        ]
        drawn.add_histogram(x=works, name=name, marker={"color": colour}, opacity=0.6)
    drawn.update_layout(barmode="overlay")
    return drawn


def _difference(answer: FreeEnergyAnswer) -> go.Figure:
    """The second phase less the first over temperature, and where they cross."""
    comparison = answer.comparison
    assert comparison is not None  # noqa: S101  (its caller's condition)
    first, second = comparison.phases
    drawn = figure("temperature (K)", "difference (eV/atom)", f"{second} less {first}")
    drawn.add_hline(y=0.0, line={"color": INK, "width": 1})
    known = [one for one in comparison.differences if one.difference is not None]
    drawn.add_scatter(
        x=[one.temperature for one in known],
        y=[one.difference for one in known],
        error_y={"array": [one.standard_error or 0.0 for one in known]},
        text=[plain(one.text) for one in known],
        mode="markers+lines",
        name="difference",
        marker=marks(),
        line={"color": ACCENT},
    )
    for crossing in comparison.crossings:
        drawn.add_vline(x=crossing.temperature, line={"color": GOOD, "dash": "dash"})
    return drawn
