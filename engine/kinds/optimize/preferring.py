"""The stage ``preferred`` of kind optimize: of many compositions that meet the targets, that of a named rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.kinds.told import Told
from engine.optimize.answer import stop_words
from engine.optimize.answer.determination import determination
from engine.optimize.answer.preference import PREFERRED, LeastMixingEnergy, Nearest, Rule, meeting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from api_schemas.evaluations import EvaluationRecord, Suggestion
    from api_schemas.results import Stopped
    from engine.optimize.objective import Loss
    from engine.optimize.point import Point


class Preferring:
    """Tries what the rule prefers once the targets are met and leave directions open.

    Nothing of the kind where the answer has to be rounded: then it is what misses least in steps.

    Args:
        told: Nothing yet.
        given: [n_columns] compositions to start from.
        planned: At most so many evaluations, those of the search included.
    """

    def __init__(self, told: Told, given: Sequence[NDArray[np.float64]], planned: int) -> None:
        self._told = told
        self._given = given
        self._planned = planned

    def owns(self, record: EvaluationRecord) -> bool:
        """Whether a record is of a composition that the rule prefers."""
        return record.origin == PREFERRED

    def tell(self, told: Told) -> None:
        """Take everything told."""
        self._told = told

    def ask(self, n: int | None) -> list[Suggestion]:
        """The next composition."""
        del n
        x = self._next()
        return [] if x is None else [self._told.suggestion(0, x, PREFERRED)]

    def ended(self, before: Stopped | None) -> Stopped | None:
        """Once nothing that the rule prefers is worth an evaluation any more."""
        if before is None or self._next() is not None:
            return None
        rule, loss, found = self._rule(), self._told.loss, self.best()
        if rule is None or loss is None or found is None:
            return before
        met = stop_words.target_met(loss, len(self._told.records))
        words = f"{met.message}; of the compositions that meet the targets the answer is {rule.words}"
        if self._proposed(rule, found[1]) is not None:  # the budget ended it
            words += f" of the {len(self._meeting(rule, loss))} that were tried"
        return met.model_copy(update={"message": words})

    def best(self) -> tuple[EvaluationRecord, Point] | None:
        """What the rule prefers of everything told; None where it has no say."""
        rule, loss = self._rule(), self._told.loss
        if rule is None or loss is None:
            return None
        return min(self._meeting(rule, loss), key=lambda one: (rule.rank(*one), one[1].index), default=None)

    def _meeting(self, rule: Rule, loss: Loss) -> list[tuple[EvaluationRecord, Point]]:
        """What meets the targets and can be compared by the rule."""
        found = meeting(loss, self._told.records, self._told.points)
        return [one for one in found if np.isfinite(rule.rank(*one))]

    def _next(self) -> NDArray[np.float64] | None:
        told, rule, found = self._told, self._rule(), self.best()
        tried = sum(self.owns(record) for record in told.records)
        if rule is None or found is None or tried >= rule.most or told.spent >= self._planned:
            return None
        return self._proposed(rule, found[1])

    def _proposed(self, rule: Rule, best: Point) -> NDArray[np.float64] | None:
        """What the rule would try next, whatever the budget."""
        return rule.proposed(self._told.records, self._told.points, best)

    def _rule(self) -> Rule | None:
        """The rule, where it has a say: targets alone, met by one of many, and no steps."""
        told = self._told
        loss, strategy = told.loss, told.resolved.problem.strategy
        if loss is None or told.resolved.problem.seeks_front or told.region.steps:
            return None
        if strategy.prefer == "first" or told.best is None or not loss.met(told.best[1].values):
            return None
        if not self._is_open(loss, told.best[1]):
            return None
        if strategy.prefer == "mixing_energy":
            return LeastMixingEnergy(told.region, loss, told.differences)
        if self._given:
            return Nearest(told.region, loss, self._given[0], "the nearest to the first of at")
        return Nearest(
            told.region, loss, told.region.center(), "the nearest to the centre of what is allowed"
        )

    def _is_open(self, loss: Loss, best: Point) -> bool:
        found = determination(self._told.region, loss, best, {}, None)
        return found is not None and found.degenerate > 0
