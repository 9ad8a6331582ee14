"""The plan of kind order: what it asks for and when, that nothing depends on the order, and what its answers say."""

from __future__ import annotations

import math
import random
from itertools import combinations, permutations, product

import numpy as np
import pytest

from api_schemas.decorations import ExplicitDecoration
from api_schemas.orderings import OrderAnswer
from api_schemas.results import Stopped
from engine.campaign.campaign import Campaign
from engine.crystals.supercells import Supercell
from engine.kinds.order.plan import random_decoration
from tests.engine.kinds.order.jobs import HALF, answered, problem
from tests.engine.kinds.order.pairs import ENDS, FCC, FLUCTUATION, GAIN, Records, mixing

K_B = 8.617333262e-5
CANCELLED = Stopped(reason="cancelled", message="cancelled")
CUBE = [[-1, 1, 1], [1, -1, 1], [1, 1, -1]]
EVERYTHING = {
    "enumerate": {"sites": 4},
    "search": {"sites": 8, "seeds": 3},
    "random": {"sites": 8, "cells": 5},
    "relax": 3,
    "probability": {"sites": 8},
}
THREE = [HALF, {"mix": {"Cu": 0.75, "Au": 0.25}}, {"mix": {"Cu": 0.25, "Au": 0.75}}]


def everything(**changes) -> Campaign:
    return Campaign(problem(EVERYTHING, at=THREE, **changes), shared=True)


def ended(campaign, **records) -> Campaign:
    told = Records(campaign, **records)
    while asked := campaign.ask():
        campaign.tell([told(task) for task in asked])
    return campaign


@pytest.fixture(scope="module")
def whole():
    return ended(everything())


def test_mean_fields_come_first_then_decorations_then_what_is_lowest():
    campaign = everything()
    told = Records(campaign)
    first = campaign.ask()
    assert [(one.unit, one.index) for one in first] == [
        ("reference", 0), ("relaxation", 0), ("relaxation", 1), ("relaxation", 2),
    ]  # fmt: skip
    assert not first[0].counted
    campaign.tell([told(first[2])])  # of one composition: what follows does not wait for the others
    units = [one.unit for one in campaign.ask()]
    assert units.count("decorations") >= 1
    assert (units.count("descent"), units.count("supercell"), units.count("relaxation")) == (3, 5, 3)
    assert {one.evaluation for one in campaign.ask() if one.unit not in {"reference", "relaxation"}} == {1}
    campaign.tell([told(one) for one in campaign.ask() if one.unit == "decorations"])
    ranked = [one for one in campaign.ask() if one.unit == "supercell" and one.host is not None]
    energies = [mixing(one.explicit) for one in ranked[:3]]
    assert energies == sorted(energies)
    assert all(one.lowers_symmetry and one.warm_start is not None for one in ranked)


def test_in_any_order_twice_and_one_by_one_the_same_is_asked_and_answered(whole):
    expected = whole.result()
    records = list(whole.records)
    for seed in range(3):
        mixed = [*records, *records[::3]]
        random.Random(seed).shuffle(mixed)  # noqa: S311
        again = everything()
        again.tell(mixed)
        assert again.ask() == []
        assert again.result() == expected
    slowly, halfway = everything(), everything()
    told = Records(slowly)
    while asked := slowly.ask():
        before = [(one.unit, one.index, one.model_dump_json()) for one in slowly.ask()]
        assert before == [(one.unit, one.index, one.model_dump_json()) for one in asked]
        assert [one.index for one in slowly.ask(1)] == [asked[0].index]
        slowly.tell([told(asked[-1])])
        halfway.tell([told(asked[-1])])
        assert [one.model_dump() for one in halfway.ask()] == [one.model_dump() for one in slowly.ask()]
    assert slowly.result() == expected


def test_at_every_step_what_is_there_is_a_valid_answer_and_no_more_is_asked_than_planned():
    campaign = everything()
    told = Records(campaign)
    counted, seen, planned = set(), set(), campaign.planned
    while asked := campaign.ask():
        fresh = {(one.unit, one.index) for one in asked} - seen
        seen |= fresh
        counted |= {(one.unit, one.index) for one in asked if one.counted}
        assert len(counted) <= planned == campaign.planned
        answer = answered(campaign.result(CANCELLED))
        assert OrderAnswer.model_validate_json(answer.model_dump_json()) == answer
        assert all(one.above_lowest >= 0.0 for one in answer.orderings)
        assert campaign.stopped is None
        campaign.tell([told(task) for task in asked[: max(1, len(asked) // 2)]])
    assert campaign.stopped.reason == "completed"
    assert campaign.planned == len(counted)


def test_a_plan_goes_on_from_any_records_as_if_nothing_had_been():
    first = everything()
    told = Records(first)
    while asked := first.ask():
        again = everything()
        again.tell(first.records)
        assert again.ask() == asked
        assert again.result(CANCELLED) == first.result(CANCELLED)
        first.tell([told(task) for task in asked])


def test_the_seed_draws_the_random_decorations_and_nothing_enumerated():
    def asked(seed):
        campaign = everything(strategy={"seed": seed})
        told = Records(campaign)
        campaign.tell([told(task) for task in campaign.ask()])
        return [one for one in campaign.ask() if one.unit in ("supercell", "decorations")]

    one, same, other = asked(1), asked(1), asked(2)
    assert one == same
    drawn = [[t.explicit.columns for t in tasks if t.unit == "supercell"] for tasks in (one, other)]
    assert drawn[0] != drawn[1]
    ranked = [[t for t in tasks if t.unit == "decorations"] for tasks in (one, other)]
    assert ranked[0] == ranked[1]


def test_the_orderings_are_those_of_the_pairs(whole):
    """L1_0 has 8 of 12 unlike neighbours and none of 6 second ones; L1_2 has 6 for two sites in four."""
    answer = answered(whole.result())
    lowest = [answer.orderings[one.lowest] for one in answer.compositions]
    gained = 1.0 + GAIN
    assert lowest[0].mixing_energy == pytest.approx(-0.012 * 8 / 2 * gained)
    for one in lowest[1:]:
        assert one.mixing_energy == pytest.approx(-0.012 * 6 / 2 * gained)
    assert [one.ideal_space_group for one in lowest] == ["P4/mmm (123)", "Pm-3m (221)", "Pm-3m (221)"]
    assert [one.degeneracy for one in lowest] == [6, 4, 4]
    assert all(one.above_lowest == 0.0 for one in lowest)
    assert [point.mixing_energy for point in answer.hull] == pytest.approx(
        [0.0, 0.0, *(one.mixing_energy for one in lowest)]
    )
    by = {one.composition["mix"]["Au"]: one for one in answer.compositions}
    assert by[0.5].enumerated >= 7
    assert "is the lowest of" in by[0.5].text


def test_the_levels_of_the_cell_are_all_its_decorations(whole):
    answer = answered(whole.result())
    assert len(answer.ordering_probability) == 3
    for one in answer.ordering_probability:
        x = one.composition["mix"]["Au"]
        assert one.sites == 8
        assert one.decorations == math.comb(8, round(8 * x))
        assert sum(level.degeneracy for level in one.levels) == one.decorations
        energies = np.array([level.energy for level in one.levels])
        count = np.array([level.degeneracy for level in one.levels])
        # Every decoration of the cell, one by one.
        explicit = []
        for golden in combinations(range(8), round(8 * x)):
            columns = [int(site in golden) for site in range(8)]
            explicit.append(
                8 * mixing(ExplicitDecoration(matrix=one.supercell, columns=columns)) * (1 + GAIN)
            )
        expected = np.sort(np.array(explicit) - min(explicit))
        assert np.sort(np.repeat(energies, count)) == pytest.approx(expected, abs=1e-9)
        assert energies.min() == 0.0
        for temperature, probability, entropy in zip(
            [one.temperature, *one.temperatures],
            [one.probability, *one.probabilities],
            [one.entropy, *one.entropies],
            strict=True,
        ):
            weights = np.exp(-expected / (K_B * temperature))
            weights /= weights.sum()
            assert entropy == pytest.approx(float(-(weights * np.log(weights)).sum() / 8), rel=1e-6, abs=1e-9)
            same = weights[expected < 1e-7].sum()
            assert probability == pytest.approx(same, rel=1e-6)
        assert one.temperature == 300.0
        assert one.ideal_entropy == pytest.approx(math.log(one.decorations) / 8)
        state = next(each for each in answer.disordered if each.composition == one.composition)
        assert state.whole_cell.mixing_energy == pytest.approx(np.mean(explicit) / 8)
        assert state.whole_cell.standard_error == 0.0


def test_orientations_of_one_ordering_are_one_in_a_cell_that_tells_them_apart():
    """L1_0 along one axis of this cell and along the two others are two levels, and one ordering."""
    cell = [[-1, 1, 1], [1, -1, 1], [2, 2, -2]]
    campaign = ended(Campaign(problem({"enumerate": None, "probability": {"cell": cell}}), shared=True))
    (one,) = answered(campaign.result()).ordering_probability
    every = [[int(site in golden) for site in range(8)] for golden in combinations(range(8), 4)]
    energies = np.array([8 * mixing(ExplicitDecoration(matrix=cell, columns=columns)) for columns in every])
    weights = np.exp(-(energies - energies.min()) * (1 + GAIN) / (K_B * one.temperature))
    lowest = energies < energies.min() + 1e-7
    assert lowest.sum() == 6  # three axes, and Cu and Au exchanged
    assert sum(level.energy == pytest.approx(0.0, abs=1e-9) for level in one.levels) == 2
    assert one.probability == pytest.approx(weights[lowest].sum() / weights.sum(), rel=1e-6)


def orbits_of_eight() -> list[int]:
    """Sizes of the sets of the 70 decorations of 2 x 2 x 2 primitive cells, each turned and moved in every way."""
    cells = np.array(list(product(range(2), repeat=3)))
    turns = [
        np.diag(signs)[list(axes)] for axes in permutations(range(3)) for signs in product((1, -1), repeat=3)
    ]
    images = set()
    for turn in turns:
        turned = np.rint(cells @ FCC @ turn @ np.linalg.inv(FCC)).astype(int)
        images |= {tuple(((turned + move) % 2 @ [4, 2, 1]).tolist()) for move in cells}
    left, sizes = set(combinations(range(8), 4)), []
    while left:
        one = next(iter(left))
        orbit = {tuple(sorted(image[site] for site in one)) for image in images}
        left -= orbit
        sizes.append(len(orbit))
    return sizes


def test_orderings_of_one_energy_are_told_apart_by_symmetry():
    """Pairs give many orderings the same energy: every one of the cell is in the answer, with its own degeneracy."""
    cell = [[2, 0, 0], [0, 2, 0], [0, 0, 2]]
    asked = problem({"enumerate": {"cell": cell}, "relax": "all"})
    campaign = ended(Campaign(asked, shared=True))
    answer = answered(campaign.result())
    energies = [round(one.mixing_energy, 9) for one in answer.orderings]
    assert len(set(energies)) < len(energies)
    assert sorted(one.degeneracy for one in answer.orderings) == sorted(orbits_of_eight())


def test_the_disordered_state_is_the_mean_of_the_random_decorations_with_its_error(whole):
    drawn = [one for one in whole.records if one.unit == "supercell" and one.sites == {"mix": 8}]
    answer = answered(whole.result())
    for number, state in enumerate(answer.disordered):
        campaign = everything()
        told = Records(campaign)
        campaign.tell([told(task) for task in campaign.ask()])
        indices = {t.index for t in campaign.ask() if t.unit == "supercell" and t.evaluation == number}
        values = [one.properties["mixing_energy"] for one in drawn if one.index in indices]
        assert len(values) == state.random.decorations == 5
        assert state.random.mixing_energy == pytest.approx(np.mean(values))
        assert state.random.standard_error == pytest.approx(np.std(values, ddof=1) / math.sqrt(5))
        assert state.fluctuation == FLUCTUATION
        ends = ENDS[0] * state.composition["mix"]["Cu"] + ENDS[1] * state.composition["mix"]["Au"]
        assert state.random.energy_per_atom == pytest.approx(ends + np.mean(values))
        lowest = answer.orderings[answer.compositions[number].lowest]
        assert state.ordering_energy == pytest.approx(np.mean(values) - lowest.mixing_energy)


def test_random_decorations_hold_the_composition_and_reach_every_one_as_often():
    campaign = Campaign(problem(EVERYTHING))
    one = campaign.plan._layout.compositions[0]
    supercell = Supercell(np.array(CUBE))
    draw = np.random.default_rng(5)
    counts: dict[tuple[int, ...], int] = {}
    trials = 1200
    for _ in range(trials):
        found = tuple(random_decoration(campaign.resolved, supercell, one, draw).columns)
        counts[found] = counts.get(found, 0) + 1
    assert set(counts) == {tuple(int(k in pair) for k in range(4)) for pair in combinations(range(4), 2)}
    expected = trials / 6
    chi_squared = sum((count - expected) ** 2 / expected for count in counts.values())
    assert chi_squared < 20.5  # of 5 degrees of freedom, one in a thousand


@pytest.mark.parametrize("energy", [True, False], ids=["given up", "without energy"])
def test_what_did_not_relax_is_marked(energy):
    """What was given up counts with the energy that it came to; what has none gains by relaxing as the others do."""
    lowest_of_cell = []

    def converged(columns):
        return tuple(columns) not in lowest_of_cell

    asked = problem({"enumerate": None, "probability": {"cell": [[2, 0, 0], [0, 2, 0], [0, 0, 2]]}})
    campaign = Campaign(asked, shared=True)
    told = Records(campaign, converged)
    while tasks := campaign.ask():
        explicit = [one for one in tasks if one.unit == "supercell"]
        if explicit and not lowest_of_cell:
            lowest_of_cell.append(tuple(min(explicit, key=lambda t: mixing(t.explicit)).explicit.columns))
        records = [told(task) for task in tasks]
        nothing = {"energy_per_atom": None, "properties": {}, "structure": None}
        if not energy:
            records = [
                one.model_copy(update=nothing) if one.unit == "supercell" and not one.converged else one
                for one in records
            ]
        campaign.tell(records)
    answer = answered(campaign.result())
    (found,) = answer.ordering_probability
    assert [level.relaxed for level in found.levels].count(False) == 1
    (state,) = answer.disordered
    if energy:
        assert state.whole_cell.decorations == len(found.levels)
        assert state.warnings[0].startswith(
            f"1 of {len(found.levels)} decorations of the cell did not converge"
        )
    else:
        assert state.whole_cell is None
        assert state.ordering_energy is None
    records = {tuple(one.explicit.columns): one for one in explicit}
    missing = mixing(records[lowest_of_cell[0]].explicit)
    others = {
        columns: mixing(one.explicit) for columns, one in records.items() if columns != lowest_of_cell[0]
    }
    gain = GAIN * np.mean(list(others.values()))
    own = missing * (1 + GAIN) if energy else missing + gain
    absolute = [own * 8, *(value * (1 + GAIN) * 8 for value in others.values())]
    energies = sorted(level.energy for level in found.levels)
    assert energies == pytest.approx(sorted(np.array(absolute) - min(absolute)), abs=1e-9)


def test_nothing_of_one_composition_is_asked_at_another_twice():
    campaign = ended(everything())
    kinds = [(one.unit, one.index) for one in campaign.records]
    assert len(kinds) == len(set(kinds))


def test_without_compositions_small_cells_make_the_hull():
    campaign = ended(Campaign(problem({"enumerate": {"sites": 4}, "relax": 2}, at=[]), shared=True))
    answer = answered(campaign.result())
    assert [one.composition["mix"]["Au"] for one in answer.compositions] == pytest.approx(
        [0.25, 1 / 3, 0.5, 2 / 3, 0.75]
    )
    assert {point.ordering is None for point in answer.hull} == {True, False}
    assert answer.disordered == []
    assert answer.ordering_probability == []
    for one in answer.orderings:
        assert one.above_hull >= 0.0
    on = [point.composition["mix"]["Au"] for point in answer.hull if point.ordering is not None]
    assert sorted(on) == [0.25, 0.5, 0.75]
