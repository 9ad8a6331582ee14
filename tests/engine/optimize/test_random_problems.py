"""Campaigns on random problems: what they suggest obeys the problem as it was written, in whatever order it is told."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from api_schemas.errors import ProblemInvalid
from api_schemas.problem import Problem
from engine.campaign.campaign import Campaign
from tests.soak import amount, later, longer

sys.path.insert(0, str(Path(__file__).parent))
from synthetic import record

PARENT = ["Ca", "Ti", "O"]
"""A perovskite: one, one and three sites of its cell."""
SITES = {"a": 1, "b": 1, "x": 3}
OFFERED = {
    "a": ["Ca", "Sr", "Ba", "Na", "K"],
    "b": ["Ti", "Zr", "Hf", "Sn", "Nb"],
    "x": ["O", "F", "S", "N", "Cl"],
}
FINEST = 20
"""A known feasible composition has fractions of whole twentieths."""
TOLERANCE = 1e-9
BATCH = 3
# The same examples at each run, and few but in a soak: a search takes seconds where it asks surrogates.
SETTINGS = settings(deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))


@st.composite
def written(draw):
    """A problem as a mapping, with at least one feasible composition in whole steps."""
    names = list(SITES)[: draw(st.integers(1, 3))]
    known, elements = {}, {}
    for name in names:
        symbols = OFFERED[name][: draw(st.integers(2, 5))]
        cuts = sorted(
            draw(st.lists(st.integers(0, FINEST), min_size=len(symbols) - 1, max_size=len(symbols) - 1))
        )
        parts = np.diff([0, *cuts, FINEST]) / FINEST
        known[name] = dict(zip(symbols, parts.tolist(), strict=True))
        elements[name] = {
            symbol: [
                draw(st.floats(0.0, part)) if draw(st.booleans()) else 0.0,
                draw(st.floats(part, 1.0)) if draw(st.booleans()) else 1.0,
            ]
            for symbol, part in known[name].items()
        }
    columns = {f"{name}:{symbol}": part for name in names for symbol, part in known[name].items()}
    constraints = {}
    if draw(st.booleans()):
        constraints["linear"] = [draw(linear(columns))]
    if draw(st.integers(0, 3)) == 0:
        constraints["charge_neutrality"] = draw(neutral(known))
    if draw(st.booleans()):
        name = draw(st.sampled_from(names))
        present = sum(part > 0 for part in known[name].values())
        constraints["max_elements"] = {name: draw(st.integers(present, len(known[name])))}
    if draw(st.booleans()):
        column = draw(st.sampled_from(sorted(columns)))
        name, symbol = column.split(":")
        most = columns[column] or elements[name][symbol][1]
        constraints["min_if_present"] = {column: draw(st.floats(0.0, most))}
    if draw(st.booleans()):
        name = draw(st.sampled_from(names))
        by_name = {name: draw(st.sampled_from([1 / FINEST, {"sites": FINEST}]))}
        constraints["resolution"] = draw(st.sampled_from([1 / FINEST, by_name]))
    return {
        "structure": {"prototype": "perovskite", "species": PARENT},
        "sublattices": [
            {"name": name, "sites": [PARENT[list(SITES).index(name)]], "elements": elements[name]}
            for name in names
        ],
        "objectives": [{"property": "mixing_energy", "goal": "minimize", "scale": 1e-3}],
        "constraints": constraints,
        "potential": {"name": "sevennet-0"},
    }


@st.composite
def linear(draw, columns):
    """A linear constraint that a composition obeys, over elements of any sublattice; one in three an equality."""
    chosen = draw(st.lists(st.sampled_from(sorted(columns)), min_size=1, max_size=4, unique=True))
    terms = {column: draw(st.sampled_from([-3.0, -1.0, 0.25, 1.0, 2.0])) for column in chosen}
    value = sum(factor * columns[column] for column, factor in terms.items())
    low, high = value - draw(st.floats(0.0, 0.5)), value + draw(st.floats(0.0, 0.5))
    return {
        "terms": terms,
        **draw(st.sampled_from([{"max": high}, {"min": low}, {"min": value, "max": value}])),
    }


@st.composite
def neutral(draw, known):
    """Oxidation states with which a composition is neutral."""
    fixed = {symbol: SITES[name] for name, symbol in zip(SITES, PARENT, strict=True) if name not in known}
    held = {symbol: SITES[name] * part for name in known for symbol, part in known[name].items()}
    amounts = {**fixed, **held}
    states = {symbol: float(draw(st.integers(-3, 4))) for symbol in amounts}
    last = max(amounts, key=lambda symbol: amounts[symbol])
    rest = sum(states[symbol] * amount for symbol, amount in amounts.items() if symbol != last)
    return {**states, last: -rest / amounts[last]}


def faults(problem, composition):
    """What a composition breaks of a problem as written, in words."""
    found = []
    asked = problem["constraints"]
    for sublattice in problem["sublattices"]:
        name, bounds = sublattice["name"], sublattice["elements"]
        fractions = composition[name]
        if set(fractions) != set(bounds):
            found.append(f"elements of {name}")
        for symbol, (low, high) in bounds.items():
            if not low - TOLERANCE <= fractions[symbol] <= high + TOLERANCE:
                found.append(f"{name}:{symbol} = {fractions[symbol]} beyond [{low}, {high}]")
        if abs(math.fsum(fractions.values()) - 1.0) > TOLERANCE:
            found.append(f"{name} adds up to {math.fsum(fractions.values())}")
        present = sum(part > TOLERANCE for part in fractions.values())
        if present > asked.get("max_elements", {}).get(name, 20):
            found.append(f"{present} elements on {name}")
    columns = {f"{n}:{s}": part for n, fractions in composition.items() for s, part in fractions.items()}
    for row in asked.get("linear", []):
        value = math.fsum(factor * columns[column] for column, factor in row["terms"].items())
        unit = TOLERANCE * max(1.0, *(abs(factor) for factor in row["terms"].values()))
        if not row.get("min", -math.inf) - unit <= value <= row.get("max", math.inf) + unit:
            found.append(f"{row} is {value}")
    for column, least in asked.get("min_if_present", {}).items():
        if TOLERANCE < columns[column] < least - TOLERANCE:
            found.append(f"{column} = {columns[column]} below {least}")
    return found + charged(asked.get("charge_neutrality"), composition)


def charged(states, composition):
    """What a composition breaks of charge neutrality with these oxidation states, in words."""
    if states is None:
        return []
    held = [
        states[symbol] * SITES[name] * part
        for name, fractions in composition.items()
        for symbol, part in fractions.items()
    ]
    rest = [
        states[symbol] * SITES[name]
        for name, symbol in zip(SITES, PARENT, strict=True)
        if name not in composition
    ]
    largest = max(abs(states[s]) * SITES[name] for name, fractions in composition.items() for s in fractions)
    charge = math.fsum([*held, *rest])
    return [f"a charge of {charge}"] if abs(charge) > TOLERANCE * max(1.0, largest) else []


def off_steps(problem, composition):
    """The fractions that are not in the steps of a problem as written."""
    asked = problem["constraints"].get("resolution", {})
    stepped = list(asked) if isinstance(asked, dict) else list(composition)
    return [
        (name, symbol, part)
        for name in stepped
        for symbol, part in composition[name].items()
        if abs(part * FINEST - round(part * FINEST)) > TOLERANCE * FINEST
    ]


def accepted(problem, strategy):
    asked = Problem.model_validate(problem)
    try:
        return Campaign(asked.model_copy(update={"strategy": asked.strategy.model_copy(update=strategy)}))
    except ProblemInvalid as refused:
        # One composition only, or too many sets of elements: nothing else is wrong with these problems.
        words = [error.message for error in refused.errors]
        assert all("vary" in text or "sets of" in text for text in words), words
        assume(False)


def searched(problem, strategy, seed, evaluations):
    """Run a search, and check whatever it suggests."""
    campaign = accepted(
        problem, {"name": strategy, "max_evaluations": evaluations, "batch_size": BATCH, "seed": seed}
    )
    centre = np.random.default_rng(seed).dirichlet(np.ones(campaign.space.n_columns))
    functions = {"mixing_energy": lambda x: (float(((x - centre) ** 2).sum()), 2 * (x - centre))}
    while batch := campaign.ask():
        records = [record(campaign, suggestion, functions) for suggestion in batch]
        for suggestion in batch:
            assert faults(problem, suggestion.composition) == []
            if suggestion.origin == "rounded":
                assert off_steps(problem, suggestion.composition) == []
        other = Campaign(campaign.resolved)
        other.tell(campaign.records)
        campaign.tell(records)
        for one in reversed(records):
            other.tell([one])
        assert other.ask() == campaign.ask()
        assert other.stopped == campaign.stopped
    assert len(campaign.records) <= evaluations
    assert campaign.stopped is not None
    assert off_steps(problem, campaign.best.composition) == []


@longer
@pytest.mark.parametrize("strategy", ["gradient", "random"])
@settings(SETTINGS, max_examples=amount(8, 60))
@given(problem=written(), seed=st.integers(0, 5))
def test_what_is_suggested_obeys_the_problem_as_written_in_whatever_order_it_is_told(strategy, problem, seed):
    searched(problem, strategy, seed, 9)


@longer
@pytest.mark.parametrize("strategy", [later("bayesian"), "hybrid"])
@settings(SETTINGS, max_examples=amount(2, 12))
@given(problem=written(), seed=st.integers(0, 5))
def test_so_does_what_surrogates_suggest(strategy, problem, seed):
    searched(problem, strategy, seed, 6)
