"""Strategies by name: how a search chooses compositions. What each proposes is in engine.optimize.proposals."""

from __future__ import annotations

from dataclasses import dataclass

from api_schemas.registry import Registry


@dataclass(frozen=True)
class StrategySchema:
    """A strategy that a problem may name.

    Attributes:
        name: As in ``strategy: {name: ...}``.
        summary: How it chooses, in one line.
        sums: Whether it follows one weighted loss, so that it finds no Pareto front.
    """

    name: str
    summary: str
    sums: bool = False


STRATEGIES: Registry[StrategySchema] = Registry(
    "strategy",
    StrategySchema("auto", "One of the others, by what the problem asks for."),
    StrategySchema("gradient", "Local searches along exact gradients, from several starts.", sums=True),
    StrategySchema("bayesian", "Where surrogates expect the largest improvement."),
    StrategySchema("hybrid", "Like bayesian, with steps downhill where the surrogates are sure.", sums=True),
    StrategySchema("grid", "The points of a simplex lattice."),
    StrategySchema("random", "Compositions drawn evenly from the region."),
)
"""Every strategy that can be asked for."""
