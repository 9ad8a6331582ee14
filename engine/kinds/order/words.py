"""The answer of kind order in a sentence for each composition."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api_schemas.orderings import OrderAnswer, Ordering
    from engine.kinds.order.looked_at import LookedAt
    from engine.kinds.order.told import OrderTold

LEAST_SAID = 5e-6
"""eV/atom; less is said to be nothing: a relaxation ends no nearer."""
NEARLY_ON_HULL = 5e-5
"""eV/atom; energies above the hull up to which a sentence says that an ordering is on it."""


def sentence(told: OrderTold, one: LookedAt, lowest: Ordering | None, answer: OrderAnswer) -> str:
    """What was found for a composition.

    Args:
        told: Everything told.
        one: The composition.
        lowest: Its lowest ordering; None where none was relaxed yet.
        answer: The answer without its sentences.
    """
    where = _composition(one)
    if lowest is None:
        return f"{where}: no ordering was relaxed"
    parts = [f"{where}: {_named(lowest)} is the lowest of {_counted(told, one)}"]
    if lowest.mixing_energy is not None:
        side = "below" if lowest.mixing_energy <= 0.0 else "above"
        parts.append(f"{_mev(abs(lowest.mixing_energy))} {side} the end members")
    if lowest.above_hull is not None:
        on = lowest.above_hull <= NEARLY_ON_HULL
        parts.append("on the convex hull" if on else f"{_mev(lowest.above_hull)} above the convex hull")
    state = next((each for each in answer.disordered if each.composition == one.composition), None)
    if state is not None and state.ordering_energy is not None:
        side = "below" if state.ordering_energy >= -LEAST_SAID else "above"
        explicit = state.random or state.whole_cell
        error = explicit.standard_error if explicit is not None else None
        by = _mev(abs(state.ordering_energy)) + ("" if not error else f" ± {1000 * error:.1f}")
        parts.append(f"{by} {side} the disordered crystal")
    text = ", ".join(parts)
    found = next((each for each in answer.ordering_probability if each.composition == one.composition), None)
    if found is not None:
        text += (
            f"; at {found.temperature:g} K a cell of {found.sites} mixed sites is "
            f"{found.name or 'in its lowest ordering'} with probability {found.probability:.3g}"
        )
        if not _holds_lowest(told, one):
            text += ", but it has no room for the lowest ordering: name a larger one in order.probability"
    return text


def _holds_lowest(told: OrderTold, one: LookedAt) -> bool:
    """Whether the supercell of the ordering probability holds the lowest ordering."""
    lowest = told.form(told.relaxed(one)[0].ordering)
    return any(told.form(level) == lowest for level in one.levels)


def troubles(told: OrderTold, one: LookedAt) -> Iterator[str]:
    """What is missing from the answer of a composition because nothing could be computed of it."""
    where = _composition(one)
    without = sum(energy is None for energy in told.unrelaxed(one) or ())
    if without:
        has = "decoration has" if without == 1 else "decorations have"
        yield f"{where}: {without} {has} no unrelaxed energy, where atoms coincide or the potential gave none"
    for record in told.unusable(one):
        yield f"{where}: supercell {record.index + 1} is left out: {record.message or 'it has no energy'}"


def _named(ordering: Ordering) -> str:
    name = ordering.name or f"an ordering of {ordering.sites} sites"
    named = f"{name} ({ordering.space_group})" if ordering.space_group else name
    if ordering.left_parent:
        named = f"{named}, which left the parent lattice,"
    return named if ordering.converged else f"{named}, whose relaxation did not converge,"


def _counted(told: OrderTold, one: LookedAt) -> str:
    count = told.decorations(one)
    ends = len(told.ends(one))
    searched = "1 descent" if ends == 1 else f"{ends} descents"
    if not count:
        return f"what {searched} ended at"
    counted = "1 decoration" if count == 1 else f"{count} decorations"
    return counted if not ends else f"{counted} and {searched}"


def _composition(one: LookedAt) -> str:
    return "; ".join(
        ", ".join(f"{element} {fraction:.4g}" for element, fraction in shares.items() if fraction > 0.0)
        for shares in one.composition.values()
    )


def _mev(energy: float) -> str:
    return f"{1000 * energy if energy >= LEAST_SAID else 0.0:.3g} meV/atom"
