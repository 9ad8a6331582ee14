"""What kind order answers, from what was told: orderings, hull, ladder, disordered state, ordering probability."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from api_schemas.orderings import (
    CompositionOrder,
    HullPoint,
    OrderAnswer,
    Ordering,
    Rung,
)
from api_schemas.symbols import SYMBOLS
from engine.crystals.decorations import decoration_of
from engine.crystals.known_orderings import name_of
from engine.kinds.kind import Answer
from engine.kinds.order.disorder import disordered_state, ordering_probability
from engine.kinds.order.hull import ON_HULL, above_hull
from engine.kinds.order.space_groups import space_group
from engine.kinds.order.told import relative_enthalpy
from engine.kinds.order.words import sentence, troubles

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.kinds.order.looked_at import LookedAt
    from engine.kinds.order.told import OrderTold, Relaxed

MOST_RUNGS = 2000
"""Decorations that the ladder shows; of more the lowest of each composition."""


def order_answer(told: OrderTold) -> Answer:
    """The answer so far."""
    compositions = told.layout.compositions
    relaxed = {one.number: told.relaxed(one) for one in compositions}
    heights, corners = _hull(told, relaxed)
    orderings: list[Ordering] = []
    first: dict[int, int] = {}
    for one in compositions:
        first[one.number] = len(orderings)
        orderings += [
            _ordering(told, one, each, relaxed[one.number][0], heights.get((one.number, place)))
            for place, each in enumerate(relaxed[one.number])
        ]
    disordered = [state for one in compositions if (state := disordered_state(told, one)) is not None]
    probabilities = [found for one in compositions if (found := ordering_probability(told, one)) is not None]
    ladder = [_rungs(told, one) for one in compositions]
    each = MOST_RUNGS if sum(map(len, ladder)) <= MOST_RUNGS else MOST_RUNGS // len(compositions)
    shown = [rung for rungs in ladder for rung in rungs[:each]]
    answer = OrderAnswer(
        orderings=orderings,
        compositions=[],
        hull=None if corners is None else [_corner(told, corner, first, orderings) for corner in corners],
        ladder=shown,
        ladder_left_out=sum(len(rungs) for rungs in ladder) - len(shown),
        disordered=disordered,
        ordering_probability=probabilities,
    )
    summaries = [
        _summary(told, one, answer, first[one.number], len(relaxed[one.number])) for one in compositions
    ]
    answer = answer.model_copy(update={"compositions": summaries})
    return Answer(
        evaluations=[record.public() for _, record in sorted(told.evaluations.items())],
        own=answer.model_dump(mode="json"),
        notes=[trouble for one in compositions for trouble in troubles(told, one)],
    )


def _ordering(
    told: OrderTold, one: LookedAt, each: Relaxed, lowest: Relaxed, height: float | None
) -> Ordering:
    crystal, record = told.resolved.crystal, each.record
    supercell = each.ordering.supercell
    species = decoration_of(crystal, supercell, each.ordering.columns).species
    present = np.flatnonzero(species)
    ideal = supercell.positions(crystal.lattice, crystal.positions)[present]
    lattice = np.asarray(supercell.matrix @ crystal.lattice)
    found_by = [*(["enumeration"] if each.enumerated else []), *(["search"] if each.searched else [])]
    relaxed_group = ""
    if record.structure is not None:
        numbers = [SYMBOLS.index(next(iter(site.species))) for site in record.structure.sites]
        frac = np.array([site.frac for site in record.structure.sites])
        relaxed_group = space_group(np.array(record.structure.lattice), frac, np.array(numbers), relaxed=True)
    return Ordering(
        composition=one.composition,
        energy_per_atom=record.energy_per_atom,
        mixing_energy=record.properties.get("mixing_energy") if told.ends_known else None,
        above_lowest=(relative_enthalpy(record) or 0.0) - (relative_enthalpy(lowest.record) or 0.0),
        above_hull=height,
        unrelaxed_energy=each.unrelaxed,
        name=name_of(crystal, each.ordering),
        space_group=relaxed_group,
        ideal_space_group=space_group(
            lattice, ideal @ np.linalg.inv(lattice), species[present], relaxed=False
        ),
        degeneracy=each.ordering.degeneracy,
        supercell=supercell.matrix.tolist(),
        sites=int((each.ordering.columns >= 0).sum()),
        found_by=found_by,
        converged=record.converged,
        left_parent=record.left_parent,
        largest_displacement=record.largest_displacement,
        potential_calls=record.cost.potential_calls,
        structure=record.structure,
        message=record.message,
    )


_Corner = tuple["NDArray[np.float64]", float, tuple[int, int] | None]
"""Composition [n_columns], mixing energy, and which ordering (number of the composition, place); None for an end."""


def _hull(
    told: OrderTold, relaxed: dict[int, list[Relaxed]]
) -> tuple[dict[tuple[int, int], float], list[_Corner] | None]:
    """How far each ordering is above the hull, and the corners of it; nothing where there is one composition only."""
    compositions = told.layout.compositions
    ends = told.end_members()
    if len(compositions) < 2 or ends is None:
        return {}, None
    crystal = told.resolved.crystal
    amounts, enthalpies, corners = [], [], list[_Corner]()
    for x, per_cell in ends:
        atoms = float(crystal.weights(x).sum())
        if atoms > 0.0:
            amounts.append(told.amounts(x))
            enthalpies.append(per_cell / atoms)
            corners.append((x, 0.0, None))
    for one in compositions:
        atoms = told.atoms(one)
        of_ends = told.between_ends(one.x, ends) / atoms
        for place, each in enumerate(relaxed[one.number]):
            mixing = each.record.properties.get("mixing_energy")
            if mixing is not None:
                amounts.append(told.amounts(one.x))
                enthalpies.append(mixing + of_ends)
                corners.append((one.x, mixing, (one.number, place)))
    heights = above_hull(np.array(amounts), np.array(enthalpies))
    of = {
        corner[2]: float(height)
        for corner, height in zip(corners, heights, strict=True)
        if corner[2] is not None
    }
    on = [corner for corner, height in zip(corners, heights, strict=True) if height <= ON_HULL]
    return of, on


def _corner(told: OrderTold, corner: _Corner, first: dict[int, int], orderings: list[Ordering]) -> HullPoint:
    x, mixing, of = corner
    number = None if of is None else first[of[0]] + of[1]
    return HullPoint(
        composition=told.resolved.space.to_composition(x),
        mixing_energy=mixing,
        ordering=number,
        name=None if number is None else orderings[number].name,
    )


def _rungs(told: OrderTold, one: LookedAt) -> list[Rung]:
    """Every decoration of a composition that was ranked, each once, lowest first."""
    rungs = []
    for ordering, energy in sorted(told.once(one), key=lambda pair: np.inf if pair[1] is None else pair[1]):
        same = next((each for each in told.relaxed(one) if told.same(each.ranked, (ordering, energy))), None)
        rungs.append(
            Rung(
                composition=one.composition,
                unrelaxed_energy=energy,
                energy_per_atom=None if same is None else same.record.energy_per_atom,
                degeneracy=ordering.degeneracy,
                name=None if same is None else name_of(told.resolved.crystal, same.ordering),
            )
        )
    return rungs


def _summary(told: OrderTold, one: LookedAt, answer: OrderAnswer, first: int, count: int) -> CompositionOrder:
    lowest = answer.orderings[first] if count else None
    return CompositionOrder(
        composition=one.composition,
        enumerated=told.decorations(one),
        relaxed=count,
        lowest=first if count else None,
        text=sentence(told, one, lowest, answer),
    )
