"""Which number each task of kind order has: fixed beforehand, whatever comes back first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING

from api_schemas.decorations import ExplicitDecoration

if TYPE_CHECKING:
    from api_schemas.order_options import OrderOptions
    from engine.crystals.enumeration import Ordering
    from engine.kinds.order.looked_at import LookedAt

TOGETHER = 64
"""Decorations of a task, at the most, and the sites that they may have together: progress is told between them."""
SITES_TOGETHER = 1024


@dataclass(frozen=True, eq=False)
class Layout:
    """The numbers of the tasks.

    Attributes:
        compositions: What is looked at.
        options: Of the problem.
    """

    compositions: Sequence[LookedAt]
    options: OrderOptions

    @cached_property
    def batches(self) -> list[list[list[Ordering]]]:
        """For each composition the decorations that are ranked, a list for each task."""
        return [_batched([*one.orderings, *one.levels]) for one in self.compositions]

    @cached_property
    def first_batch(self) -> list[int]:
        """Number of the first of these tasks of each composition."""
        return [0, *accumulate(len(batches) for batches in self.batches)]

    def relaxed(self, one: LookedAt) -> int:
        """How many of its enumerated orderings are relaxed."""
        wanted = self.options.relax
        return len(one.orderings) if isinstance(wanted, str) else min(wanted, len(one.orderings))

    def descents(self, one: LookedAt) -> int:
        """How many descents there are."""
        return 0 if one.search is None or self.options.search is None else self.options.search.seeds

    def random(self, one: LookedAt) -> int:
        """How many random decorations there are."""
        return 0 if one.random is None or self.options.random is None else self.options.random.cells

    def slots(self, one: LookedAt) -> Slots:
        """The numbers of the supercells of a composition."""
        start = self._first_slot[one.number]
        levels = start + self.relaxed(one)
        random = levels + len(one.levels)
        found = random + self.random(one)
        return Slots(start, levels, random, found)

    @cached_property
    def _first_slot(self) -> list[int]:
        sizes = (
            self.relaxed(one) + len(one.levels) + self.random(one) + self.descents(one)
            for one in self.compositions
        )
        return [0, *accumulate(sizes)]

    @cached_property
    def first_descent(self) -> list[int]:
        """Number of the first descent of each composition."""
        return [0, *accumulate(self.descents(one) for one in self.compositions)]

    @property
    def most_supercells(self) -> int:
        """At most so many are relaxed."""
        return self._first_slot[-1]


@dataclass(frozen=True)
class Slots:
    """Where the supercells of a composition begin.

    Attributes:
        orderings: Enumerated orderings, from the lowest on.
        levels: Those of the ordering probability.
        random: Random decorations.
        found: What descents ended at.
    """

    orderings: int
    levels: int
    random: int
    found: int


def explicit(ordering: Ordering) -> ExplicitDecoration:
    """An ordering as it travels."""
    return ExplicitDecoration(matrix=ordering.supercell.matrix.tolist(), columns=ordering.columns.tolist())


def _batched(orderings: Sequence[Ordering]) -> list[list[Ordering]]:
    found: list[list[Ordering]] = []
    room = 0
    for one in orderings:
        size = len(one.columns)
        if not found or size > room or len(found[-1]) == TOGETHER:
            found.append([])
            room = SITES_TOGETHER
        found[-1].append(one)
        room -= size
    return found
