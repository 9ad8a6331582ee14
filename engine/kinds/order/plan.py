"""The plan of kind order: rank decorations unrelaxed, relax the lowest, search larger cells, draw random ones.

Everything that is asked for follows from the problem, the seed and the records told. Compositions do not wait for one
another but where a batch is told together.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from api_schemas.decorations import DECORATIONS, DecorationsRecord, DecorationsTask, ExplicitDecoration
from api_schemas.descents import DESCENT, DescentRecord, DescentTask
from api_schemas.evaluations import REFERENCE, RELAXATION, EvaluationRecord, ReferenceRecord, Suggestion
from api_schemas.results import Stopped
from api_schemas.supercells import SUPERCELL, SupercellRecord, SupercellTask
from engine.crystals.holding import mixed_sublattices, rounded_counts, sites_of
from engine.kinds.order.answer import order_answer
from engine.kinds.order.layout import Layout, explicit
from engine.kinds.order.looked_at import RELAXED_OF_FOUND, looked_at, options_of
from engine.kinds.order.told import OrderTold
from engine.kinds.plan_of_units import PlanOfUnits
from engine.references.shared_tasks import shared_tasks
from engine.tiers import fluctuation

if TYPE_CHECKING:
    from api_schemas.evaluations import RelaxationState
    from api_schemas.tasks import Task
    from engine.crystals.supercells import Supercell
    from engine.kinds.kind import Answer
    from engine.kinds.order.looked_at import LookedAt
    from engine.problem.resolved import ResolvedProblem

ORIGIN = "order"


class OrderPlan(PlanOfUnits):
    """Orderings of the compositions of a problem.

    Args:
        resolved: The problem.
        seed: Of descents, random decorations and displacements.
    """

    def __init__(self, resolved: ResolvedProblem, seed: int) -> None:
        super().__init__()
        self.resolved = resolved
        self._seed = seed
        self._options = options_of(resolved.problem)
        self._layout = Layout(looked_at(resolved), self._options)
        self._shared = shared_tasks(resolved, waits=True)

    @property
    def most(self) -> int:
        """At most so many tasks that count."""
        layout = self._layout
        evaluations = len(layout.compositions) + sum(self._fluctuates(one) for one in layout.compositions)
        return evaluations + layout.first_batch[-1] + layout.first_descent[-1] + layout.most_supercells

    def end(self) -> Stopped:
        """Once nothing is left to be asked for."""
        return Stopped(reason="completed", message=self.told.short())

    def answer(self, stopped: Stopped) -> Answer:
        """The answer so far."""
        del stopped
        return order_answer(self.told)

    @property
    def told(self) -> OrderTold:
        """Everything told, by what it is of."""
        references = [one for one in self.of(REFERENCE) if isinstance(one, ReferenceRecord)]
        return OrderTold(
            resolved=self.resolved,
            layout=self._layout,
            evaluations={one.index: one for one in self.of(RELAXATION) if isinstance(one, EvaluationRecord)},
            rankings={one.index: one for one in self.of(DECORATIONS) if isinstance(one, DecorationsRecord)},
            descents={one.index: one for one in self.of(DESCENT) if isinstance(one, DescentRecord)},
            supercells={one.index: one for one in self.of(SUPERCELL) if isinstance(one, SupercellRecord)},
            references=references,
        )

    def tasks(self) -> Iterator[Task]:
        """Every task whose turn has come, told or not."""
        told = self.told
        yield from self._shared
        for one in self._layout.compositions:
            yield self._suggestion(one.number, one, "mean_field")
        for one in self._layout.compositions:
            if one.number in told.evaluations:
                yield from self._after_mean_field(told, one)

    def _after_mean_field(self, told: OrderTold, one: LookedAt) -> Iterator[Task]:
        start = told.start(one)
        slots = self._layout.slots(one)
        for number, batch in enumerate(self._layout.batches[one.number]):
            yield DecorationsTask(
                index=self._layout.first_batch[one.number] + number,
                composition=one.composition,
                evaluation=one.number,
                decorations=[explicit(ordering) for ordering in batch],
                warm_start=start,
            )
        if one.search is not None:
            for number in range(self._layout.descents(one)):
                yield self._descent(one, one.search, number, start)
        if one.random is not None:
            for number in range(self._layout.random(one)):
                draw = np.random.default_rng([self._seed, one.number, number])
                drawn = random_decoration(self.resolved, one.random, one, draw)
                yield self._supercell(one, slots.random + number, drawn, start, host=None)
        if self._fluctuates(one):
            number = len(self._layout.compositions) + one.number
            yield self._suggestion(number, one, fluctuation.NAME, start)
        host = one.host.matrix.tolist()
        ranked = told.ranked(one)
        if ranked is None:
            return
        for place, ordering in enumerate(ranked[: self._layout.relaxed(one)]):
            yield self._supercell(one, slots.orderings + place, explicit(ordering), start, host=host)
        for place, level in enumerate(one.levels):
            yield self._supercell(one, slots.levels + place, explicit(level), start, host=host)
        for place, (found, _) in enumerate(told.found(one)[:RELAXED_OF_FOUND]):
            yield self._supercell(one, slots.found + place, explicit(found), start, host=None)

    def _suggestion(
        self, index: int, one: LookedAt, tier: str, start: RelaxationState | None = None
    ) -> Suggestion:
        near = None if start is None else one.composition
        return Suggestion(
            index=index,
            origin=ORIGIN,
            composition=one.composition,
            tier=tier,
            warm_start=start,
            warm_start_composition=near,
        )

    def _descent(
        self, one: LookedAt, supercell: Supercell, number: int, start: RelaxationState | None
    ) -> DescentTask:
        return DescentTask(
            index=self._layout.first_descent[one.number] + number,
            composition=one.composition,
            evaluation=one.number,
            matrix=supercell.matrix.tolist(),
            seed=self._seed,
            number=number,
            warm_start=start,
        )

    def _supercell(
        self,
        one: LookedAt,
        index: int,
        decoration: ExplicitDecoration,
        start: RelaxationState | None,
        *,
        host: list[list[int]] | None,
    ) -> SupercellTask:
        return SupercellTask(
            index=index,
            composition=one.composition,
            evaluation=one.number,
            decoration=index - self._layout.slots(one).orderings,
            sites=sum(column >= 0 for column in decoration.columns),
            seed=self._seed,
            explicit=decoration,
            host=host,
            lowers_symmetry=True,
            warm_start=start,
        )

    def _fluctuates(self, one: LookedAt) -> bool:
        """Whether the tier fluctuation is computed beside random decorations."""
        return one.random is not None and fluctuates(self.resolved)


def fluctuates(resolved: ResolvedProblem) -> bool:
    """Whether the tier fluctuation can be computed for a problem."""
    return not fluctuation.Fluctuation().faults(resolved.problem)


def random_decoration(
    resolved: ResolvedProblem, supercell: Supercell, one: LookedAt, draw: np.random.Generator
) -> ExplicitDecoration:
    """What the sites of a supercell hold, drawn at random: every decoration with the composition is as probable."""
    crystal = resolved.crystal
    columns = np.full(supercell.n_cells * crystal.n_sites, -1, dtype=np.int64)
    mixed = mixed_sublattices(crystal)
    for number, part in enumerate(crystal.column_slices):
        sites = sites_of(crystal, supercell, number)
        counts = rounded_counts(one.x[part], len(sites))
        held = np.repeat(np.arange(part.start, part.stop), counts)
        columns[sites] = draw.permutation(held) if number in mixed else held
    return ExplicitDecoration(matrix=supercell.matrix.tolist(), columns=columns.tolist())
