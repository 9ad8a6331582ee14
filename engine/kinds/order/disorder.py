"""The disordered state of a composition by each way to compute it, and how probable the ordered state is."""

from __future__ import annotations

from statistics import fmean, stdev
from typing import TYPE_CHECKING

import numpy as np

from api_schemas.orderings import DisorderedState, ExplicitMean, Level, OrderingProbability
from engine.crystals.known_orderings import name_of
from engine.kinds.order.thermodynamics import Ensemble, temperatures
from engine.kinds.order.told import form_of, relative_enthalpy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from api_schemas.supercells import SupercellRecord
    from engine.kinds.order.looked_at import LookedAt
    from engine.kinds.order.told import OrderTold

APART = 0.01
"""eV/atom; ways to compute the disordered state that differ by more, and by more than `SURELY` errors, disagree."""
SURELY = 3.0


def disordered_state(told: OrderTold, one: LookedAt) -> DisorderedState | None:
    """The energy of the random crystal of a composition that the problem lists; None until something is known."""
    if not one.listed or one.number not in told.evaluations:
        return None
    random, whole = _of_random(told, one), _of_whole_cell(told, one)
    mean_field = _mixing(told, one.number)
    fluctuation = _mixing(told, len(told.layout.compositions) + one.number)
    lowest = min(
        (value for each in told.relaxed(one) if (value := relative_enthalpy(each.record)) is not None),
        default=None,
    )
    explicit = random or whole
    found = DisorderedState(
        composition=one.composition,
        random=random,
        whole_cell=whole,
        fluctuation=fluctuation,
        mean_field=mean_field,
        ordering_energy=None if explicit is None or lowest is None else _value(explicit) - lowest,
        warnings=[*_given_up(told, one), *_disagreements(explicit, fluctuation, mean_field)],
    )
    return found if told.ends_known else _without_mixing(found)


def _without_mixing(state: DisorderedState) -> DisorderedState:
    """The same where end members did not converge: differences between its parts do not depend on them."""
    means = {name: getattr(state, name) for name in ("random", "whole_cell")}
    update = {
        name: None if mean is None else mean.model_copy(update={"mixing_energy": None})
        for name, mean in means.items()
    }
    return state.model_copy(update={**update, "fluctuation": None, "mean_field": None})


def ordering_probability(told: OrderTold, one: LookedAt) -> OrderingProbability | None:
    """How probable the ordered state of the supercell is; None until every level is told."""
    levels = told.levels(one)
    ensemble = _ensemble(told, one)
    if ensemble is None:
        return None
    temperature = told.resolved.problem.conditions.temperature
    curve = temperatures()
    sites = int((levels[0][0].columns >= 0).sum())
    mixed = _mixed_sites(told, one, levels[0][0].columns)
    shares, lowest = ensemble.probabilities(temperature), int(ensemble.ordered.argmax())
    names = [name_of(told.resolved.crystal, level) for level, _, _ in levels]
    return OrderingProbability(
        composition=one.composition,
        temperature=temperature,
        probability=ensemble.probability(temperature),
        entropy=ensemble.entropy(temperature) / mixed,
        ideal_entropy=ensemble.ideal_entropy / mixed,
        name=names[lowest],
        supercell=levels[0][0].supercell.matrix.tolist(),
        sites=sites,
        decorations=int(ensemble.degeneracies.sum()),
        levels=[
            Level(
                energy=float(energy - ensemble.energies.min()),
                degeneracy=int(count),
                probability=float(share),
                name=name,
                relaxed=_usable(record),
                left_parent=record is not None and record.left_parent,
            )
            for energy, count, share, name, (_, _, record) in zip(
                ensemble.energies, ensemble.degeneracies, shares, names, levels, strict=True
            )
        ],
        temperatures=curve.tolist(),
        probabilities=[ensemble.probability(t) for t in curve],
        entropies=[ensemble.entropy(t) / mixed for t in curve],
    )


def _ensemble(told: OrderTold, one: LookedAt) -> Ensemble | None:
    """All decorations of the supercell, once every one was computed; None before, and where none has an energy.

    What was given up has the lowest energy that it came to; what has none, as where atoms fell into one another, its
    unrelaxed energy less what the others gained by relaxing, on average.
    """
    levels = told.levels(one)
    if not levels or any(record is None for _, _, record in levels):
        return None
    relaxed = [None if record is None else relative_enthalpy(record) for _, _, record in levels]
    gains = [
        value - energy
        for value, (_, energy, _) in zip(relaxed, levels, strict=True)
        if value is not None and energy is not None
    ]
    energies = []
    for value, (level, energy, _) in zip(relaxed, levels, strict=True):
        each = value
        if each is None and energy is not None and gains:
            each = energy + fmean(gains)
        if each is None:
            return None
        energies.append(each * told.atoms(one) * level.supercell.n_cells)
    forms = [form_of(told.resolved.crystal, level) for level, _, _ in levels]
    number = {form: place for place, form in enumerate(dict.fromkeys(forms))}
    return Ensemble(
        np.array(energies),
        np.array([level.degeneracy for level, _, _ in levels]),
        np.array([number[form] for form in forms]),
    )


def _usable(record: SupercellRecord | None) -> bool:
    return record is not None and record.converged and relative_enthalpy(record) is not None


def _mixed_sites(told: OrderTold, one: LookedAt, columns: object) -> int:
    """Sites of a supercell whose sublattice holds several elements at the composition."""
    held = np.asarray(columns)
    return sum(
        int(((held >= part.start) & (held < part.stop)).sum())
        for part in told.resolved.crystal.column_slices
        if np.count_nonzero(one.x[part]) > 1
    )


def _of_random(told: OrderTold, one: LookedAt) -> ExplicitMean | None:
    """The mean of the random decorations; what was given up counts with the energy that it came to."""
    records = told.random(one)
    if not records:
        return None
    energies = [record.energy_per_atom for record in records if record.energy_per_atom is not None]
    error = stdev(energies) / len(energies) ** 0.5 if len(energies) > 1 else None
    return _mean(records, [1] * len(records), error)


def _of_whole_cell(told: OrderTold, one: LookedAt) -> ExplicitMean | None:
    """The average over all decorations of the supercell of the ordering probability."""
    levels = told.levels(one)
    records = [record for _, _, record in levels if record is not None and record.energy_per_atom is not None]
    if not levels or len(records) < len(levels):
        return None
    return _mean(records, [level.degeneracy for level, _, _ in levels], 0.0)


def _mean(records: Sequence[SupercellRecord], weights: Sequence[int], error: float | None) -> ExplicitMean:
    """The mean of decorations that have an energy, each as often as its weight says."""
    mixing = [value for record in records if (value := relative_enthalpy(record)) is not None]
    energies = [record.energy_per_atom for record in records if record.energy_per_atom is not None]
    return ExplicitMean(
        energy_per_atom=float(np.average(energies, weights=weights)),
        mixing_energy=float(np.average(mixing, weights=weights)) if len(mixing) == len(records) else None,
        standard_error=error,
        decorations=len(records),
        sites=sum(records[0].sites.values()),
    )


def _given_up(told: OrderTold, one: LookedAt) -> Iterator[str]:
    """Decorations whose relaxation did not end, in words."""
    levels = [record for _, _, record in told.levels(one) if record is not None]
    for what, records in (("random decorations", told.random(one)), ("decorations of the cell", levels)):
        count = sum(not record.converged and record.energy_per_atom is not None for record in records)
        if count:
            yield (
                f"{count} of {len(records)} {what} did not converge and {'counts' if count == 1 else 'count'} with the "
                "lowest energy reached: the mean may be too high"
            )


def _mixing(told: OrderTold, index: int) -> float | None:
    record = told.evaluations.get(index)
    found = None if record is None or not record.converged else record.properties.get("mixing_energy")
    return None if found is None else found.value


def _value(explicit: ExplicitMean) -> float:
    return explicit.energy_per_atom if explicit.mixing_energy is None else explicit.mixing_energy


def _disagreements(
    explicit: ExplicitMean | None, fluctuation: float | None, mean_field: float | None
) -> list[str]:
    """Where an alchemical value is not that of explicit decorations, in words."""
    if explicit is None or explicit.mixing_energy is None:
        return []
    error = max(APART, SURELY * (explicit.standard_error or 0.0))
    found = []
    for name, value in (("the mean field", mean_field), ("the fluctuation tier", fluctuation)):
        if value is not None and abs(value - explicit.mixing_energy) > error:
            found.append(
                f"{name} puts the disordered crystal {1000 * abs(value - explicit.mixing_energy):.0f} meV/atom "
                f"{'above' if value > explicit.mixing_energy else 'below'} explicit decorations: go by these (atoms of "
                "different size or charge on one sublattice are far from their average)"
            )
    return found
