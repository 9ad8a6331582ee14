"""Problems that come of another one: compositions in a list, to evaluate them or to verify them. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_schemas.choices import Strategy
from api_schemas.kinds import EVALUATE
from api_schemas.problem import Problem
from engine.properties.table import named_properties

if TYPE_CHECKING:
    from collections.abc import Sequence

    from api_schemas.base import Composition
    from api_schemas.choices import Verify
    from api_schemas.objectives import Objective

LONGEST_NAME = 200
_LONGEST_WORDS = 80


def verifying(problem: Problem, compositions: Sequence[Composition], verify: Verify) -> Problem:
    """A problem that evaluates compositions of another one and verifies them.

    It keeps the crystal, the objectives with their tolerances, the properties, the potential, the conditions and the
    seed. The objectives of a front get equal weights: nothing is traded off in a list.

    Args:
        problem: The other one.
        compositions: What to verify.
        verify: How many supercells, and how large.
    """
    return _listed(problem, compositions, "verified").model_copy(update={"verify": verify})


def evaluating(problem: Problem, compositions: Sequence[Composition]) -> Problem:
    """A problem that evaluates compositions as another one would, and keeps of it what `verifying` keeps.

    Args:
        problem: The other one.
        compositions: What to evaluate.
    """
    words = _at_words(problem, compositions[0]) if len(compositions) == 1 else "evaluated"
    return _listed(problem, compositions, words)


def _listed(problem: Problem, compositions: Sequence[Composition], words: str) -> Problem:
    objectives = [_weighted(one) if problem.seeks_front else one for one in problem.objectives]
    named = [name for name in named_properties(problem) if all(name != one.property for one in objectives)]
    return Problem(
        kind=EVALUATE.name,
        name=f"{problem.name[: LONGEST_NAME - 2 - len(words)]}, {words}",
        structure=problem.structure,
        sublattices=problem.sublattices,
        objectives=objectives,
        properties=named,
        potential=problem.potential.model_copy(update={"also": []}),
        conditions=problem.conditions,
        strategy=Strategy(seed=problem.strategy.seed),
        at=list(compositions),
    )


def _at_words(problem: Problem, composition: Composition) -> str:
    """Where an evaluation is, for the name of its job; what the problem does not have is refused later."""
    known = {part.name: part.elements for part in problem.sublattices}
    if any(
        name not in known or not fractions.keys() <= known[name].keys()
        for name, fractions in composition.items()
    ):
        return "evaluated"
    mixed = [fractions for fractions in composition.values() if len(fractions) > 1]
    said = ", ".join(
        f"{element} {value:.4g}" for one in mixed for element, value in one.items() if value > 0.0
    )
    return f"at {said}" if 0 < len(said) <= _LONGEST_WORDS else "evaluated"


def _weighted(objective: Objective) -> Objective:
    return objective.model_copy(update={"weight": 1.0})
