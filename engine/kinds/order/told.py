"""What was told of a problem of kind order, by what it is of. Pure arithmetic on records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from engine.crystals.canonical import CanonicalForm, canonical_form, n_images
from engine.crystals.enumeration import Ordering
from engine.crystals.supercells import Supercell

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from api_schemas.decorations import DecorationsRecord
    from api_schemas.descents import DescentRecord
    from api_schemas.evaluations import EvaluationRecord, ReferenceRecord, RelaxationState
    from api_schemas.supercells import SupercellRecord
    from engine.crystals.crystal import AlchemicalCrystal
    from engine.kinds.order.layout import Layout
    from engine.kinds.order.looked_at import LookedAt
    from engine.problem.resolved import ResolvedProblem

NEAR = 1e-6
"""eV/atom; decorations of one composition whose unrelaxed energies differ by more are not one ordering."""
AS_LOW = 2e-5
"""eV/atom; relaxed energies of one ordering in two cells that differ by less are as low."""
_REMEMBERED = 20_000
"""Orderings whose forms are remembered: an answer is made anew with every record."""


@dataclass(frozen=True, eq=False)
class Relaxed:
    """An ordering that was relaxed.

    Attributes:
        ordering: The decoration.
        unrelaxed: eV/atom, as it stands in the mean-field crystal; None where the potential gave none.
        record: What became of it.
        searched: Whether a descent ended at it.
        enumerated: Whether it is among the enumerated ones.
    """

    ordering: Ordering
    unrelaxed: float | None
    record: SupercellRecord
    searched: bool
    enumerated: bool

    @property
    def ranked(self) -> tuple[Ordering, float | None]:
        """The decoration with its unrelaxed energy."""
        return self.ordering, self.unrelaxed


@lru_cache(maxsize=_REMEMBERED)
def _form(crystal: AlchemicalCrystal, matrix: bytes, columns: bytes) -> CanonicalForm:
    supercell = Supercell(np.frombuffer(matrix, dtype=np.int64).reshape(3, 3))
    return canonical_form(crystal, supercell, np.frombuffer(columns, dtype=np.int64))


@lru_cache(maxsize=_REMEMBERED)
def _n_images(crystal: AlchemicalCrystal, matrix: bytes, columns: bytes) -> int:
    supercell = Supercell(np.frombuffer(matrix, dtype=np.int64).reshape(3, 3))
    return n_images(crystal, supercell, np.frombuffer(columns, dtype=np.int64))


def _content(ordering: Ordering) -> tuple[bytes, bytes]:
    arrays = ordering.supercell.matrix, ordering.columns
    matrix, columns = (np.ascontiguousarray(array, dtype=np.int64).tobytes() for array in arrays)
    return matrix, columns


def form_of(crystal: AlchemicalCrystal, ordering: Ordering) -> CanonicalForm:
    """What an ordering has in common with its images alone; found once."""
    return _form(crystal, *_content(ordering))


def images_of(crystal: AlchemicalCrystal, ordering: Ordering) -> int:
    """How many images an ordering has in the parent; found once."""
    return _n_images(crystal, *_content(ordering))


def relative_enthalpy(record: SupercellRecord) -> float | None:
    """What decorations of one composition are compared by, eV/atom: their enthalpy less that of the end members."""
    return record.properties.get("mixing_energy")


@dataclass(frozen=True, eq=False)
class OrderTold:
    """Records by their number.

    Attributes:
        resolved: The problem.
        layout: Which number is of what.
        evaluations: Mean-field crystals, and those of the tier fluctuation behind them.
        rankings: Energies of decorations that were not relaxed.
        descents: Searches.
        supercells: Relaxed decorations.
        references: What all share.
    """

    resolved: ResolvedProblem
    layout: Layout
    evaluations: Mapping[int, EvaluationRecord]
    rankings: Mapping[int, DecorationsRecord]
    descents: Mapping[int, DescentRecord]
    supercells: Mapping[int, SupercellRecord]
    references: Sequence[ReferenceRecord]

    def start(self, one: LookedAt) -> RelaxationState | None:
        """The mean-field crystal of a composition."""
        state = self.evaluations[one.number].relaxation
        return None if state is None else state.model_copy(update={"disorder": None})

    def atoms(self, one: LookedAt) -> float:
        """Atoms of a parent cell at a composition."""
        return float(self.resolved.crystal.weights(one.x).sum())

    @cached_property
    def _energies(self) -> dict[int, list[float | None]]:
        found: dict[int, list[float | None]] = {}
        for one in self.layout.compositions:
            batches, first = self.layout.batches[one.number], self.layout.first_batch[one.number]
            records = [self.rankings.get(first + number) for number in range(len(batches))]
            if all(record is not None for record in records):
                per_cell = [energy for record in records if record is not None for energy in record.energies]
                atoms = self.atoms(one)
                found[one.number] = [None if energy is None else energy / atoms for energy in per_cell]
        return found

    def unrelaxed(self, one: LookedAt) -> list[float | None] | None:
        """Energies of the orderings of a composition and then of its levels, eV/atom; None until all are told."""
        return self._energies.get(one.number)

    def decorations(self, one: LookedAt) -> int:
        """How many inequivalent decorations of a composition have an energy; a level that is enumerated counts once."""
        return sum(energy is not None for _, energy in self.once(one))

    def once(self, one: LookedAt) -> list[tuple[Ordering, float | None]]:
        """The orderings of a composition, and of its levels those that are none of them, with unrelaxed energies."""
        known = self.known(one)
        enumerated, levels = known[: len(one.orderings)], known[len(one.orderings) :]
        return [
            *enumerated,
            *(each for each in levels if not any(self.same(each, other) for other in enumerated)),
        ]

    def form(self, ordering: Ordering) -> CanonicalForm:
        """What an ordering has in common with its images alone."""
        return form_of(self.resolved.crystal, ordering)

    def counted(self, one: LookedAt, ordering: Ordering) -> Ordering:
        """An ordering of a supercell with the number of its images in the parent.

        Where the problem names a supercell to be enumerated those within it count.
        """
        if one.named and ordering.degeneracy:
            return ordering
        return replace(ordering, degeneracy=images_of(self.resolved.crystal, ordering))

    def known(self, one: LookedAt) -> list[tuple[Ordering, float | None]]:
        """The orderings of a composition, then its levels, with their unrelaxed energies; none until all are told."""
        energies = self.unrelaxed(one)
        if energies is None:
            return []
        levels = (self.counted(one, level) for level in one.levels)
        return list(zip([*one.orderings, *levels], energies, strict=True))

    def same(self, one: tuple[Ordering, float | None], other: tuple[Ordering, float | None]) -> bool:
        """Whether two decorations of one composition, with their unrelaxed energies (eV/atom), are one ordering.

        Energies tell most apart at no cost; of those that are near, symmetry decides.
        """
        (first, energy), (second, beside) = one, other
        if energy is not None and beside is not None and abs(energy - beside) > NEAR:
            return False
        return self.form(first) == self.form(second)

    def ranked(self, one: LookedAt) -> list[Ordering] | None:
        """The enumerated orderings from the lowest on; None until their energies are told."""
        energies = self.unrelaxed(one)
        return None if energies is None else [one.orderings[place] for place in self._order(one, energies)]

    def _order(self, one: LookedAt, energies: Sequence[float | None]) -> list[int]:
        values = [np.inf if energy is None else round(energy, 9) for energy in energies[: len(one.orderings)]]
        return [int(place) for place in np.argsort(values, kind="stable")]

    def ends(self, one: LookedAt) -> list[tuple[Ordering, float]]:
        """What the descents of a composition ended at, with its energy (eV/atom), lowest first; none until all have."""
        first, count = self.layout.first_descent[one.number], self.layout.descents(one)
        records = [self.descents.get(first + number) for number in range(count)]
        if any(record is None for record in records):
            return []
        found = [
            (_ended_at(record, one.x), record.energy_per_atom)
            for record in records
            if record is not None and record.energy_per_atom is not None
        ]
        return sorted(found, key=lambda end: round(end[1], 9))

    def found(self, one: LookedAt) -> list[tuple[Ordering, float]]:
        """Of those what enumeration does not have, each once."""
        known, found = self.known(one), list[tuple[Ordering, float]]()
        for end in self.ends(one):
            if not any(self.same(end, other) for other in (*known, *found)):
                found.append(end)
        return found

    def relaxed(self, one: LookedAt) -> list[Relaxed]:
        """Every ordering of a composition that was relaxed, each once, from the lowest on.

        Of decorations that are one ordering, in cells of other sizes, the one that relaxed lowest counts.
        """
        return self._relaxed[one.number]

    @cached_property
    def _relaxed(self) -> dict[int, list[Relaxed]]:
        return {one.number: self._each_once(one) for one in self.layout.compositions}

    def _each_once(self, one: LookedAt) -> list[Relaxed]:
        candidates = [
            each
            for each in (*self._enumerated(one), *self._levels(one), *self._searched(one))
            if relative_enthalpy(each.record) is not None
        ]
        kept: dict[CanonicalForm, Relaxed] = {}
        for each in sorted(candidates, key=lambda each: _energy(each.record)):
            form = self.form(each.ordering)
            kept[form] = _one_of(kept[form], each) if form in kept else each
        return sorted(kept.values(), key=lambda each: _energy(each.record))

    def levels(self, one: LookedAt) -> list[tuple[Ordering, float | None, SupercellRecord | None]]:
        """Each level of the ordering probability with its unrelaxed energy (eV/atom) and what became of it."""
        energies, first = self.unrelaxed(one), self.layout.slots(one).levels
        of_levels = (energies or [None] * (len(one.orderings) + len(one.levels)))[len(one.orderings) :]
        return [
            (level, energy, self.supercells.get(first + place))
            for place, (level, energy) in enumerate(zip(one.levels, of_levels, strict=True))
        ]

    def random(self, one: LookedAt) -> list[SupercellRecord]:
        """Random decorations that were relaxed."""
        first = self.layout.slots(one).random
        found = [self.supercells.get(first + number) for number in range(self.layout.random(one))]
        return [record for record in found if record is not None and record.energy_per_atom is not None]

    def unusable(self, one: LookedAt) -> list[SupercellRecord]:
        """Decorations that the potential gave no energy of when they were relaxed."""
        slots = self.layout.slots(one)
        numbers = range(slots.orderings, slots.found + self.layout.descents(one))
        found = [self.supercells.get(number) for number in numbers]
        return [record for record in found if record is not None and relative_enthalpy(record) is None]

    def _was_searched(self, one: LookedAt, ordering: Ordering, energy: float | None) -> bool:
        return any(self.same((ordering, energy), end) for end in self.ends(one))

    def _enumerated(self, one: LookedAt) -> list[Relaxed]:
        energies = self.unrelaxed(one)
        if energies is None:
            return []
        first = self.layout.slots(one).orderings
        found = []
        for place, number in enumerate(self._order(one, energies)[: self.layout.relaxed(one)]):
            record = self.supercells.get(first + place)
            if record is not None:
                ordering, energy = one.orderings[number], energies[number]
                searched = self._was_searched(one, ordering, energy)
                found.append(Relaxed(ordering, energy, record, searched, enumerated=True))
        return found

    def _levels(self, one: LookedAt) -> list[Relaxed]:
        return [
            Relaxed(
                self.counted(one, level),
                energy,
                record,
                self._was_searched(one, level, energy),
                enumerated=True,
            )
            for level, energy, record in self.levels(one)
            if record is not None
        ]

    def _searched(self, one: LookedAt) -> list[Relaxed]:
        first = self.layout.slots(one).found
        found = []
        for place, (ordering, energy) in enumerate(self.found(one)):
            record = self.supercells.get(first + place)
            if record is not None:
                counted = self.counted(one, ordering)
                found.append(Relaxed(counted, energy, record, searched=True, enumerated=False))
        return found

    @cached_property
    def ends_known(self) -> bool:
        """Whether no end member failed to converge: else mixing energies, which are counted from them, say nothing."""
        return all(record.converged for record in self.references if record.what == "end_members")

    def end_members(self) -> list[tuple[NDArray[np.float64], float]] | None:
        """Composition [n_columns] and enthalpy (eV per parent cell) of every end member; None until all are known."""
        if not self.ends_known:
            return None
        enthalpies = {
            number: value
            for record in self.references
            if record.what == "end_members"
            for number, value in zip(record.members, record.enthalpies, strict=False)
        }
        ends = [x for _, x in self.resolved.crystal.end_members()]
        if any(number not in enthalpies for number in range(len(ends))):
            return None
        return [(x, enthalpies[number]) for number, x in enumerate(ends)]

    def between_ends(
        self, x: NDArray[np.float64], ends: Sequence[tuple[NDArray[np.float64], float]]
    ) -> float:
        """What mixing energies at a composition [n_columns] are counted from, eV per parent cell."""
        return float(sum(np.prod(x[end > 0.5]) * value for end, value in ends))

    def amounts(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Atoms of each element in a parent cell at a composition [n_columns], [n_elements]."""
        crystal = self.resolved.crystal
        numbers = np.unique(crystal.copy_species)
        weights = crystal.weights(x)
        return np.array([weights[crystal.copy_species == number].sum() for number in numbers])

    def short(self) -> str:
        """How much was computed, in words."""
        count = len(self.supercells)
        ranked = sum(len(record.energies) for record in self.rankings.values())
        return f"{ranked} decorations were ranked, and {count} relaxed"


def _one_of(lower: Relaxed, higher: Relaxed) -> Relaxed:
    """Of one ordering in two cells that one which is lower, or, where they are as low, in the smaller cell."""
    smaller = len(higher.ordering.columns) < len(lower.ordering.columns)
    alike = _energy(higher.record) - _energy(lower.record) <= AS_LOW
    chosen = higher if smaller and alike else lower
    return replace(
        chosen,
        searched=lower.searched or higher.searched,
        enumerated=lower.enumerated or higher.enumerated,
    )


def _energy(record: SupercellRecord) -> float:
    value = relative_enthalpy(record)
    return np.inf if value is None else value


def _ended_at(record: DescentRecord, x: NDArray[np.float64]) -> Ordering:
    """The ordering that a descent ended at; how many images it has was not counted."""
    supercell = Supercell(np.array(record.matrix, dtype=np.int64))
    return Ordering(supercell, np.array(record.columns, dtype=np.int64), degeneracy=0, x=x)
