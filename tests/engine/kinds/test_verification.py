"""Plans with verification: which supercells they ask for, what these say, and that nothing depends on the order."""

from __future__ import annotations

import random

import numpy as np
import pytest

from api_schemas.cost import Cost
from api_schemas.errors import parse
from api_schemas.evaluations import EvaluationRecord, PropertyValue, ReferenceRecord, RelaxationState
from api_schemas.problem import Problem
from api_schemas.results import Result, Stopped
from api_schemas.supercells import SupercellRecord, SupercellTask
from engine.campaign.campaign import Campaign
from engine.evaluation.unseen import unseen
from engine.kinds.verification.entries import at_answer, would_move

SLOPE, HELD_SITES = 0.8, 16
PROBLEM = {
    "structure": {"prototype": "wurtzite", "species": ["Al", "N"]},
    "sublattices": [{"name": "cation", "sites": ["Al"], "elements": {"Al": [0, 1], "Sc": [0, 0.5]}}],
    "objectives": [{"property": "lattice_a", "target": 3.25, "tolerance": 0.002}],
    "potential": {"name": "sevennet-0"},
    "strategy": {"name": "gradient", "seed": 7},
    "verify": {"supercells": 2, "sites": 16},
}
CANCELLED = Stopped(reason="cancelled", message="cancelled")


def lattice_a(x):
    """Closed form of the mean-field crystal."""
    return 3.1 + SLOPE * x + 0.3 * x * x


def evaluated(task, targets=(3.25,), converged=True):
    x = task.composition["cation"]["Sc"]
    slope = (SLOPE + 0.6 * x) / 2
    return EvaluationRecord(
        index=task.index,
        origin=task.origin,
        composition=task.composition,
        properties={
            "lattice_a": PropertyValue(
                value=lattice_a(x), unit="Å", gradient={"cation": {"Al": -slope, "Sc": slope}}
            ),
            "energy": PropertyValue(
                value=-7.0 - x, unit="eV/atom", gradient={"cation": {"Al": 0.5, "Sc": -0.5}}
            ),
            "lattice_b": PropertyValue(
                value=lattice_a(x), unit="Å", gradient={"cation": {"Al": -slope, "Sc": slope}}
            ),
            "alpha": PropertyValue(value=90.0, unit="degree", gradient={"cation": {"Al": 0.0, "Sc": 0.0}}),
            "beta": PropertyValue(value=91.0, unit="degree", gradient={"cation": {"Al": -0.1, "Sc": 0.1}}),
        },
        energy_per_atom=-7.0 - x,
        converged=converged,
        stable=True,
        cost=Cost(potential_calls=9, shared_calls=40, seconds=0.5),
        structure=None,
        relaxation=RelaxationState(q=[x, 0.0, 0.0], columns=[], dq_dx=[], hessian=[]),
        targets=list(targets),
    )


def relaxed(task, shift=0.0, left=False, converged=True):
    """A supercell whose lattice constant is that of the mean field where it is, and ``shift``, alternating by 0.001."""
    x = round(task.composition["cation"]["Sc"] * HELD_SITES) / HELD_SITES
    holds = {"cation": {"Al": 1 - x, "Sc": x}}
    return SupercellRecord(
        index=task.index,
        cost=Cost(
            potential_calls=7, shared_calls=0, seconds=2.0, supercell_calls=7, primitive_equivalents=56.0
        ),
        evaluation=task.evaluation,
        decoration=task.decoration,
        composition=holds,
        matrix=[[2, 0, 0], [0, 2, 0], [0, 0, 2]],
        sites={"cation": HELD_SITES},
        properties={
            "lattice_a": lattice_a(x) + shift + 0.0005 * (-1) ** task.decoration,
            "lattice_b": lattice_a(x) + shift + 0.0005 * (-1) ** task.decoration,
            "energy": -7.01 - x,
            "alpha": 90.0,
            "beta": 91.5,
        },
        energy_per_atom=-7.01 - x,
        converged=converged,
        left_parent=left,
        largest_displacement=0.1,
        changed_coordination=0.0,
        structure=None,
    )


def reference(task):
    return ReferenceRecord(
        index=task.index, what=task.what, members=task.members, converged=True,
        enthalpies=[0.0 for _ in task.members], cost=Cost(potential_calls=0, shared_calls=20, seconds=1.0),
    )  # fmt: skip


def record_of(task, targets=(3.25,)):
    if isinstance(task, SupercellTask):
        return relaxed(task)
    return reference(task) if task.unit == "reference" else evaluated(task, targets)


def problem(**changes):
    return parse(Problem, {**PROBLEM, **changes})


def ended(shared=False, **changes):
    """A campaign before its supercells, and the tasks of these."""
    campaign = Campaign(problem(**changes), shared=shared)
    targets = [one.target for one in campaign.problem.objectives]
    while asked := campaign.ask():
        if isinstance(asked[0], SupercellTask):
            return campaign, asked
        campaign.tell([record_of(task, targets) for task in asked])
    raise AssertionError(campaign.stopped)


def finished(tell=None, **changes):
    campaign, asked = ended(**changes)
    campaign.tell([relaxed(task, **(tell or {})) for task in asked])
    return campaign.result()


@pytest.mark.parametrize("shared", [False, True])
def test_the_best_is_verified_once_the_search_has_ended(shared):
    campaign, asked = ended(shared=shared)
    best = campaign.best
    assert campaign.stopped is None
    assert [(one.index, one.evaluation, one.decoration) for one in asked] == [
        (0, best.index, 0),
        (1, best.index, 1),
    ]
    assert {(one.seed, one.sites, one.tier, one.counted) for one in asked} == {(7, 16, "mean_field", True)}
    assert asked[0].composition == best.composition
    assert asked[0].warm_start.q[0] == best.composition["cation"]["Sc"]
    assert campaign.planned == len(campaign.records) + 2
    campaign.tell([relaxed(asked[0])])
    assert campaign.stopped is None
    assert [one.index for one in campaign.ask()] == [1]
    campaign.tell([relaxed(asked[1])])
    assert campaign.stopped.reason == "target_met"
    assert campaign.ask() == []
    assert len(campaign.records) == campaign.planned


def test_before_it_is_known_what_there_is_to_verify_the_most_is_planned():
    assert Campaign(problem()).planned == 40 + 2
    front = [PROBLEM["objectives"][0], {"property": "energy", "goal": "minimize"}]
    search = {"name": "random", "max_evaluations": 6}
    assert Campaign(problem(objectives=front, strategy=search)).planned == 6 + 12
    listed = {"kind": "evaluate", "strategy": {}, "at": [{"cation": {"Al": 0.75, "Sc": 0.25}}] * 3}
    assert Campaign(problem(**listed)).planned == 3 + 6


def test_a_search_is_the_same_with_and_without_verification():
    without = Campaign(problem(verify=None))
    while asked := without.ask():
        without.tell([record_of(task) for task in asked])
    result = finished()
    assert [one.composition for one in result.evaluations] == [
        one.composition for one in without.result().evaluations
    ]
    assert result.stopped == without.result().stopped


def test_every_member_of_a_front_is_verified():
    front = [PROBLEM["objectives"][0], {"property": "energy", "goal": "minimize"}]
    result = finished(objectives=front, strategy={"name": "random", "max_evaluations": 6, "seed": 1})
    assert len(result.front) > 1
    verified = {tuple(one.composition["cation"].values()) for one in result.verification}
    assert verified == {tuple(one.composition["cation"].values()) for one in result.front}
    assert all(one.left_parent is False for one in result.front)
    assert {one.left_parent for one in result.evaluations} >= {False}


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "evaluate", "at": [{"cation": {"Al": 1 - x, "Sc": x}} for x in (0.125, 0.3)]},
        {"kind": "scan", "scan": {"points_per_edge": 9}},
    ],
)
def test_of_a_list_and_of_a_grid_every_composition_that_mixes_something_is_verified(changes):
    result = finished(objectives=[], strategy={}, **changes)
    mixed = [one for one in result.evaluations if 0 < one.composition["cation"]["Sc"] < 1]
    assert len({one.evaluation for one in result.verification}) == len(mixed)
    pure = len(result.evaluations) - len(mixed)
    assert sum("mixes nothing" in note for note in result.notes) == pure


def test_what_did_not_converge_is_not_verified_and_the_notes_say_so():
    campaign = Campaign(
        problem(
            kind="evaluate", objectives=[], strategy={},
            at=[{"cation": {"Al": 1 - x, "Sc": x}} for x in (0.25, 0.3)],
        )
    )  # fmt: skip
    first, second = campaign.ask()
    campaign.tell([evaluated(first, (), converged=False), evaluated(second, ())])
    asked = campaign.ask()
    assert {one.evaluation for one in asked} == {1}
    campaign.tell([relaxed(one) for one in asked])
    result = campaign.result()
    assert result.notes == ["evaluation 1 was not verified: it did not converge"]
    assert {one.evaluation for one in result.verification} == {1}


def test_an_answer_that_the_sites_cannot_hold_is_not_verified_and_the_notes_say_how_many_would():
    campaign = Campaign(problem(objectives=[{"property": "lattice_a", "target": 3.108, "tolerance": 0.001}]))
    while asked := campaign.ask():
        assert not isinstance(asked[0], SupercellTask)
        campaign.tell([evaluated(task, [3.108]) for task in asked])
    result = campaign.result()
    assert result.verification == []
    assert "too little Sc" in result.notes[-1]
    assert "take sites: " in result.notes[-1]


def test_records_in_any_order_and_one_by_one_give_the_same_result():
    campaign, asked = ended()
    records = [*campaign.records, *(relaxed(task) for task in asked)]
    campaign.tell(records)
    expected = campaign.result()
    for seed in range(3):
        mixed = records.copy()
        random.Random(seed).shuffle(mixed)  # noqa: S311
        again = Campaign(problem())
        again.tell(mixed)
        assert again.result() == expected
    slowly = Campaign(problem())
    for record in records:
        slowly.tell([record])
    assert slowly.result() == expected


def test_the_explicit_mean_is_taken_along_the_gradient_to_the_composition_of_the_answer():
    entry = finished().verification[0]
    x = entry.composition["cation"]["Sc"]
    holds = entry.supercells[0].composition["cation"]["Sc"]
    assert holds != x
    assert entry.property == "lattice_a"
    assert entry.explicit.value == pytest.approx(lattice_a(holds))
    assert entry.explicit.spread == pytest.approx(0.001 / np.sqrt(2))
    # The closed form bends by 0.3 dx^2 over so small a step.
    assert entry.at_answer == pytest.approx(lattice_a(x), abs=0.3 * (x - holds) ** 2 + 1e-12)
    assert (entry.tolerance, entry.holds) == (0.002, True)
    assert entry.text.startswith("lattice_a holds: 3.2")
    assert "in 2 supercells of 16 sites against 3.2" in entry.text


def test_a_target_that_does_not_hold_says_how_the_composition_would_move():
    result = finished(tell={"shift": 0.02})
    entry = result.verification[0]
    assert entry.holds is False
    move = entry.composition_would_move["cation"]
    assert move["Al"] == -move["Sc"]
    # After the move the explicit crystal has what the alchemical one has now.
    slope = SLOPE + 0.6 * entry.composition["cation"]["Sc"]
    assert slope * move["Sc"] == pytest.approx(-entry.difference)
    assert f"would move by about {move['Al']:+.3f}" in entry.text or f"{move['Al']:+.3f}" in entry.text
    assert "lattice_a does not hold: " in entry.text
    others = [one for one in result.verification if one.property != "lattice_a"]
    assert all(one.composition_would_move is None for one in others)


def test_without_a_target_the_typical_error_of_the_tier_decides_and_nothing_where_there_is_none():
    entries = {one.property: one for one in finished().verification}
    assert next(iter(entries)) == "lattice_a"
    assert entries["energy"].tolerance == 0.025
    assert entries["energy"].holds is True
    assert (entries["beta"].tolerance, entries["beta"].holds) == (None, None)
    assert "was not measured" in entries["beta"].text


def test_what_symmetry_fixes_or_makes_the_same_is_told_only_where_it_was_asked_for():
    assert [one.property for one in finished().verification] == ["lattice_a", "energy", "beta"]
    named = finished(properties=["alpha", "lattice_b"]).verification
    assert [one.property for one in named] == ["lattice_a", "alpha", "lattice_b", "energy", "beta"]


def test_a_supercell_that_left_the_parent_lattice_is_told_and_nothing_holds():
    result = finished(tell={"left": True})
    assert result.best.left_parent is True
    entry = result.verification[0]
    assert entry.holds is False
    assert "2 of 2 left the parent lattice, which the alchemical crystal cannot follow" in entry.text


def test_only_supercells_that_converged_count():
    campaign, asked = ended()
    campaign.tell([relaxed(asked[0]), relaxed(asked[1], converged=False)])
    entry = campaign.result().verification[0]
    assert (entry.explicit.decorations, entry.explicit.spread) == (1, None)
    assert "in 1 of 2 supercells of 16 sites" in entry.text
    assert [one.converged for one in entry.supercells] == [True, False]


def test_a_cancelled_job_answers_with_what_is_there():
    campaign, asked = ended()
    assert campaign.result(CANCELLED).verification == []
    campaign.tell([relaxed(asked[1])])
    result = campaign.result(CANCELLED)
    assert result.verification[0].explicit.decorations == 1
    assert "in 1 supercell of 16 sites" in result.verification[0].text
    assert result.stopped.reason == "cancelled"


def test_supercells_cost_calls_and_are_no_evaluations():
    result = finished()
    assert result.cost.evaluations == len(result.evaluations)
    assert result.cost.supercell_calls == 14
    assert result.cost.primitive_equivalents == 112.0


def test_results_of_older_versions_are_read():
    campaign = Campaign(problem(verify=None))
    while asked := campaign.ask():
        campaign.tell([record_of(task) for task in asked])
    document = campaign.result().model_dump(mode="json")
    assert document["verification"] is None
    for older in (None, {"lattice_a": {"value": 3.2}}):
        assert Result.model_validate({**document, "verification": older}).verification is None


def test_the_least_change_of_several_sublattices_makes_up_the_difference():
    space = Campaign(
        problem(
            kind="evaluate", objectives=[], strategy={}, verify=None,
            structure={"prototype": "wurtzite", "species": ["Al", "N"]},
            sublattices=[
                {"name": "cation", "sites": ["Al"], "elements": ["Al", "Ga", "In"]},
                {"name": "anion", "sites": ["N"], "elements": ["N", "P"]},
            ],
            at=[{"cation": {"Al": 1.0}, "anion": {"N": 1.0}}],
        )
    ).space  # fmt: skip
    gradient = {"cation": {"Al": -0.5, "Ga": 0.1, "In": 0.4}, "anion": {"N": -0.3, "P": 0.3}}
    move = would_move(space, gradient, 0.05)
    step, slope = space.to_vector(move), space.to_vector(gradient)
    assert slope @ step == pytest.approx(-0.05)
    # Of all changes that do so it is the shortest.
    rng = np.random.default_rng(0)
    for _ in range(20):
        other = space.project_gradient(rng.normal(size=space.n_columns))
        other *= -0.05 / (slope @ other)
        assert np.linalg.norm(other) >= np.linalg.norm(step) - 1e-12
    assert would_move(space, {"cation": dict.fromkeys(("Al", "Ga", "In"), 0.0)}, 0.05) is None


def test_without_a_gradient_only_the_same_composition_can_be_compared():
    space = Campaign(problem(verify=None)).space
    here, there = ({"cation": {"Al": 1 - x, "Sc": x}} for x in (0.25, 0.3))
    assert at_answer(space, here, None, [1.0, 2.0], [here, here]) == 1.5
    assert at_answer(space, there, None, [1.0, 2.0], [here, here]) is None


@pytest.mark.parametrize(
    ("elements", "words"),
    [
        ({"Na", "Cl"}, []),
        ({"Fe", "Ni"}, ["magnetic"]),
        ({"Fe", "O"}, ["magnetic", "charges", "GGA+U"]),
        ({"Mo", "F"}, ["GGA+U"]),
        ({"Ti", "O"}, ["charges"]),
    ],
)
def test_what_no_energy_shows_is_warned_of(elements, words):
    found = unseen(elements)
    assert len(found) == len(words)
    assert all(word in text for word, text in zip(words, found, strict=True))
