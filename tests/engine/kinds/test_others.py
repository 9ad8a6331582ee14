"""Answers by other potentials: which tasks a plan asks for, what they say, what is refused, and what is true of it."""

from __future__ import annotations

import random

import numpy as np
import pytest

from api_schemas.also import OtherPotentialRecord, OtherPotentialTask
from api_schemas.cost import Cost
from api_schemas.errors import ProblemInvalid, parse
from api_schemas.evaluations import EvaluationRecord, PropertyValue, ReferenceRecord
from api_schemas.problem import Problem
from api_schemas.results import Result, Stopped
from engine.acceptance.resolve import resolve
from engine.campaign.campaign import Campaign
from engine.campaign.evaluate import evaluate
from engine.kinds.registry import KINDS
from tests.engine.dynamics.test_replicas import MODEL

TARGETS = {None: 3.25, 0: 3.27, 1: 3.24}
"""Of the problem's own potential, and of the others."""
PROBLEM = {
    "structure": {"prototype": "wurtzite", "species": ["Al", "N"]},
    "sublattices": [{"name": "cation", "sites": ["Al"], "elements": {"Al": [0, 1], "Sc": [0, 0.5]}}],
    "objectives": [
        {
            "property": "lattice_a",
            "target": {"same_as": {"prototype": "wurtzite", "species": ["Ga", "N"]}},
            "tolerance": 0.002,
        }
    ],
    "potential": {
        "name": "sevennet-0",
        "also": [{"name": "sevennet-l3i5"}, {"name": "sevennet-0", "dtype": "float32"}],
    },
    "strategy": {"name": "gradient", "seed": 7},
}
CANCELLED = Stopped(reason="cancelled", message="cancelled")


def lattice_a(x, other=None):
    """Closed form: the first of the others is stiffer, the second shifted."""
    slope = {None: 0.8, 0: 0.7, 1: 0.8}[other]
    return 3.1 + slope * x + 0.3 * x * x + (0.01 if other == 1 else 0.0), slope + 0.6 * x


def evaluation(composition, index=0, other=None, converged=True, origin=None):
    value, slope = lattice_a(composition["cation"]["Sc"], other)
    return EvaluationRecord(
        index=index,
        origin=origin,
        composition=composition,
        properties={
            "lattice_a": PropertyValue(
                value=value, unit="Å", gradient={"cation": {"Al": -slope / 2, "Sc": slope / 2}}
            )
        },
        energy_per_atom=-7.0,
        converged=converged,
        stable=True,
        cost=Cost(potential_calls=9, shared_calls=40, seconds=0.5),
        structure=None,
        targets=[TARGETS[other]],
    )


def record_of(task, converged=True):
    if isinstance(task, OtherPotentialTask):
        found = evaluation(task.composition, task.evaluation, task.other, converged)
        return OtherPotentialRecord(
            index=task.index, cost=found.cost, evaluation=task.evaluation, other=task.other, found=found
        )
    if task.unit == "reference":
        return ReferenceRecord(
            index=task.index, what=task.what, members=task.members, converged=True,
            enthalpies=[0.0] * len(task.members), cost=Cost(potential_calls=0, shared_calls=1, seconds=0.0),
        )  # fmt: skip
    return evaluation(task.composition, task.index, origin=task.origin)


def problem(**changes):
    return parse(Problem, {**PROBLEM, **changes})


def ended(shared=False, **changes):
    """A campaign before other potentials, and the tasks of these."""
    campaign = Campaign(problem(**changes), shared=shared)
    while asked := campaign.ask():
        if isinstance(asked[0], OtherPotentialTask):
            return campaign, asked
        campaign.tell([record_of(task) for task in asked])
    raise AssertionError("no other potential is asked")


@pytest.mark.parametrize("shared", [False, True])
def test_once_the_search_has_ended_every_other_potential_evaluates_its_answer(shared):
    campaign, asked = ended(shared)
    best = campaign.best
    assert [(task.other, task.evaluation, task.composition) for task in asked] == [
        (0, best.index, best.composition),
        (1, best.index, best.composition),
    ]
    assert campaign.stopped is None
    search = [record for record in campaign.records if isinstance(record, EvaluationRecord)]
    assert campaign.planned == len(search) + 2
    campaign.tell([record_of(task) for task in asked])
    assert campaign.stopped.reason == "target_met"
    assert campaign.ask() == []
    result = Result.model_validate_json(campaign.result().model_dump_json())
    assert [one.potential for one in result.also] == ["sevennet-l3i5", "sevennet-0"]
    assert [one.dtype for one in result.also] == ["float64", "float32"]
    assert result.cost.evaluations == len(search) + 2
    assert len(result.evaluations) == len(search)


def test_each_says_by_how_much_it_misses_and_what_it_would_choose():
    campaign, asked = ended()
    campaign.tell([record_of(task) for task in asked])
    at = campaign.best.composition["cation"]["Sc"]
    for one, other in zip(campaign.result().also, (0, 1), strict=True):
        value, slope = lattice_a(at, other)
        newton = at + (TARGETS[other] - value) / slope
        assert one.would_choose["cation"]["Sc"] == pytest.approx(newton, abs=1e-9)
        assert one.move["cation"]["Sc"] == pytest.approx(newton - at, abs=1e-9)
        # The root itself, of the quadratic: a step errs by its square.
        linear = {0: 0.7, 1: 0.8}[other]
        shift = 3.1 + (0.01 if other else 0.0) - TARGETS[other]
        root = (-linear + np.sqrt(linear**2 - 4 * 0.3 * shift)) / 0.6
        assert abs(newton - root) < 0.5 * (newton - at) ** 2
        assert one.meets is False
        assert one.targets == [TARGETS[other]]
        assert f"Sc {newton - at:+.4f}" in one.text


def test_the_order_in_which_they_tell_and_a_new_campaign_make_no_difference():
    campaign, asked = ended()
    told = [record_of(task) for task in asked]
    campaign.tell(told)
    expected = campaign.result()
    records = [*campaign.records]
    random.Random(3).shuffle(records)  # noqa: S311
    again = Campaign(problem())
    again.tell([one for one in records if not isinstance(one, OtherPotentialRecord)])
    assert [task.index for task in again.ask()] == [task.index for task in asked]
    again.tell([told[1]])
    assert [task.index for task in again.ask()] == [asked[0].index]
    cancelled = again.result(CANCELLED)
    assert [one.dtype for one in cancelled.also] == ["float32"]
    again.tell([told[0]])
    assert again.result() == expected


def test_where_it_fails_it_chooses_nothing_and_says_so():
    campaign, asked = ended()
    campaign.tell([record_of(asked[0], converged=False), record_of(asked[1])])
    first, second = campaign.result().also
    assert (first.converged, first.would_choose, first.meets) == (False, None, None)
    assert "did not converge" in first.text
    assert second.would_choose is not None


def test_bounds_hold_the_choice():
    bounded = [{"name": "cation", "sites": ["Al"], "elements": {"Al": [0, 1], "Sc": [0, 0.18]}}]
    campaign, asked = ended(sublattices=bounded)
    campaign.tell([record_of(task) for task in asked])
    first = campaign.result().also[0]
    assert first.would_choose["cation"]["Sc"] == pytest.approx(0.18, abs=1e-9)
    assert first.expected["lattice_a"] < TARGETS[0]
    assert "within the constraints it expects" in first.text


def test_a_goal_has_no_newton_step():
    goal = [{"property": "lattice_a", "goal": "minimize", "scale": 0.01}]
    campaign, asked = ended(objectives=goal, strategy={"name": "gradient", "max_evaluations": 4})
    told = [record_of(task) for task in asked]
    campaign.tell(
        [one.model_copy(update={"found": one.found.model_copy(update={"targets": [None]})}) for one in told]
    )
    first = campaign.result().also[0]
    assert (first.would_choose, first.meets) == (None, None)
    assert "Newton step" in first.text


def test_the_estimate_counts_the_others_with_end_members_of_their_own():
    def estimate(also):
        resolved = resolve(problem(potential={"name": "sevennet-0", "also": also}))
        return KINDS["optimize"].estimate(resolved)

    none, one = estimate([]), estimate([{"name": "sevennet-l3i5"}])
    assert one.evaluations == none.evaluations + 1
    # Two end members, the crystal of the target and the answer: as for a search of one evaluation.
    alone = KINDS["optimize"].estimate(
        resolve(problem(potential={"name": "sevennet-l3i5"}, strategy={"max_evaluations": 1}))
    )
    assert one.potential_calls - none.potential_calls == alone.potential_calls
    assert one.seconds - none.seconds == pytest.approx(alone.seconds)


ROCKSALT = {
    "structure": {"prototype": "rocksalt", "species": ["Na", "Cl"]},
    "sublattices": [{"name": "cation", "sites": ["Na"], "elements": ["Na", "K"]}],
    "objectives": [
        {
            "property": "lattice_a",
            "target": {"same_as": {"prototype": "rocksalt", "species": ["Na", "Br"]}},
            "tolerance": 0.002,
        }
    ],
}
REFUSED = [
    ({"name": "sevennet-0"}, "/potential/also/0", "duplicate-potential"),
    ({"name": "sevennet-l3i"}, "/potential/also/0/name", "unknown-potential"),
    ({"name": "sevennet-l3i5", "head": "pbe"}, "/potential/also/0/head", "unused-field"),
    ({"name": "mace"}, "/potential/also/0/file", "missing-field"),
    ({"name": "mace", "file": str(MODEL)}, "/potential/also/0/file", "file-not-allowed"),
]


@pytest.mark.parametrize(("entry", "where", "kind"), REFUSED)
def test_what_another_potential_cannot_do_is_refused_at_its_entry(entry, where, kind):
    asked = problem(**ROCKSALT, potential={"name": "sevennet-0", "also": [entry]})
    with pytest.raises(ProblemInvalid) as refused:
        resolve(asked)
    assert [(one.pointer, one.type) for one in refused.value.errors] == [(where, kind)]


def test_elements_that_another_potential_does_not_know_are_refused_at_its_entry(monkeypatch):
    monkeypatch.setenv("ORICHALCUM_MACE_MODELS", f"salts={MODEL}")
    with pytest.raises(ProblemInvalid) as refused:
        resolve(problem(potential={"name": "sevennet-0", "also": [{"name": "salts"}]}))
    assert {one.pointer for one in refused.value.errors} == {"/potential/also/0/name"}
    assert {one.type for one in refused.value.errors} == {"unknown-to-potential"}
    assert any("Sc" in one.message for one in refused.value.errors)


@pytest.mark.parametrize("kind", ["scan", "evaluate", "order", "free_energy"])
def test_kinds_that_seek_nothing_refuse_other_potentials(kind):
    at = [] if kind == "scan" else [{"cation": {"Na": 0.5, "K": 0.5}}]
    more = {key: value for key, value in ROCKSALT.items() if key != "objectives"}
    asked = {
        **more,
        "kind": kind,
        "at": at,
        "potential": {"name": "sevennet-0", "also": [{"name": "sevennet-l3i5"}]},
        **({"free_energy": {"path": "absolute"}} if kind == "free_energy" else {}),
    }
    with pytest.raises(ProblemInvalid) as refused:
        resolve(parse(Problem, asked))
    faults = [(one.pointer, one.type) for one in refused.value.errors]
    assert faults == [("/potential/also", "unused-field")]
    assert "kind optimize" in refused.value.errors[0].message


def test_one_step_comes_near_to_what_a_search_with_the_other_potential_finds(monkeypatch):
    monkeypatch.setenv("ORICHALCUM_MACE_MODELS", f"salts={MODEL}")
    names = ("sevennet-l3i5", "salts")

    def solved(potential, **more):
        campaign = Campaign(parse(Problem, {**ROCKSALT, "potential": potential, **more}))
        while asked := campaign.ask():
            campaign.tell([evaluate(campaign.resolved, task) for task in asked])
        return campaign.result()

    result = solved({"name": "sevennet-0", "also": [{"name": name} for name in names]})
    at = result.best.composition["cation"]["K"]
    for one, name in zip(result.also, names, strict=True):
        objectives = [{**ROCKSALT["objectives"][0], "tolerance": 1e-4}]
        best = solved({"name": name}, objectives=objectives, at=[one.would_choose]).best
        found = best.composition["cation"]["K"]
        assert one.targets != result.targets
        # What is left is of second order in the step.
        assert abs(one.would_choose["cation"]["K"] - found) < 0.25 * abs(found - at)
        assert abs(found - at) > 0.005
        slope = one.properties["lattice_a"].gradient["cation"]["K"] * 2
        assert one.move["cation"]["K"] == pytest.approx(
            (one.targets[0] - one.properties["lattice_a"].value) / slope, rel=1e-6
        )
