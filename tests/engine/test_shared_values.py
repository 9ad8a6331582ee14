"""What evaluations share: tasks of their own, that hold up no search that does not need them."""

from __future__ import annotations

import numpy as np
import pytest

from api_schemas.cost import Cost
from api_schemas.evaluations import EvaluationRecord, ReferenceRecord, ReferenceTask, Suggestion
from api_schemas.problem import Problem
from engine.acceptance.resolve import resolve
from engine.campaign.campaign import Campaign
from engine.campaign.evaluate import evaluate
from engine.references.store import MemoryStore, reference_key
from engine.units.registry import UNITS
from engine.units.unit import Workplace


def salt(objective, **more):
    return Problem.model_validate(
        {
            "kind": "optimize",
            "structure": {"prototype": "rocksalt", "species": ["Na", "Cl"], "a": 5.7},
            "sublattices": [{"name": "cation", "sites": ["Na"], "elements": ["Na", "K"]}],
            "objectives": [objective],
            "potential": {"name": "sevennet-0"},
            **more,
        }
    )


LENGTH = {"property": "lattice_a", "target": 5.95, "tolerance": 0.01}
MIXING = {"property": "mixing_energy", "goal": "minimize"}


def performed(campaign, tasks, store):
    workplace = Workplace(references=store)
    return [UNITS[task.unit].perform(campaign.resolved, [task], workplace)[0] for task in tasks]


def test_a_search_for_a_length_asks_for_the_end_members_beside_it_and_goes_on_without_them():
    campaign, store = Campaign(salt(LENGTH), shared=True), MemoryStore()
    first = campaign.ask()
    suggestions = [task for task in first if isinstance(task, Suggestion)]
    (members,) = [task for task in first if isinstance(task, ReferenceTask)]
    assert suggestions
    assert members.background
    campaign.tell(performed(campaign, suggestions, store))
    assert campaign.records[0].incomplete
    assert "mixing_energy" not in campaign.records[0].properties
    again = campaign.ask()
    assert [task for task in again if isinstance(task, Suggestion)] or campaign.stopped is None
    assert members in again
    assert campaign.stopped is None


def test_the_end_members_complete_what_was_told_before_and_after_them():
    problem = salt(LENGTH, strategy={"max_evaluations": 2})
    results = []
    for members_last in (True, False):
        campaign, store = Campaign(problem, shared=True), MemoryStore()
        while asked := campaign.ask():
            ordered = sorted(asked, key=lambda task: task.background, reverse=not members_last)
            now = [task for task in ordered if not task.background] or ordered if members_last else ordered
            campaign.tell(performed(campaign, now, store))
        results.append(campaign.result())
    first, second = ([one.model_copy(update={"cost": None}) for one in r.evaluations] for r in results)
    assert first == second
    assert all("mixing_energy" in one.properties for one in first)
    assert results[0].cost.shared_calls == results[1].cost.shared_calls > 0


def test_a_completed_mixing_energy_is_the_difference_from_the_pure_crystals():
    problem = salt(LENGTH, strategy={"max_evaluations": 1}, at=[{"cation": {"Na": 0.25, "K": 0.75}}])
    campaign, store = Campaign(problem, shared=True), MemoryStore()
    while asked := campaign.ask():
        campaign.tell(performed(campaign, asked, store))
    (record,) = campaign.records
    pure = {}
    for cation in ("Na", "K"):
        crystal = {"prototype": "rocksalt", "species": [cation, "Cl"], "a": 5.7}
        plain = Problem.model_validate(
            {"kind": "evaluate", "structure": crystal, "potential": {"name": "sevennet-0"}}
        )
        pure[cation] = evaluate(plain, {}).energy_per_atom
    expected = record.energy_per_atom - (0.25 * pure["Na"] + 0.75 * pure["K"])
    found = record.properties["mixing_energy"]
    assert found.value == pytest.approx(expected, abs=1e-7)
    slope = record.properties["energy"].gradient["cation"]
    # The energies of the end members have the slope (E_K - E_Na), of which each element gets a half.
    assert found.gradient["cation"]["K"] == pytest.approx(slope["K"] - (pure["K"] - pure["Na"]) / 2, abs=1e-7)


def test_a_search_that_looks_at_the_energy_of_mixing_waits_for_the_end_members():
    campaign, store = Campaign(salt(MIXING), shared=True), MemoryStore()
    first = campaign.ask()
    assert all(isinstance(task, ReferenceTask) and not task.background for task in first)
    campaign.tell(performed(campaign, first, store))
    following = campaign.ask()
    assert all(isinstance(task, Suggestion) and not task.completed_later for task in following)
    (record,) = performed(campaign, following[:1], store)
    assert not record.incomplete
    assert "mixing_energy" in record.properties


def test_targets_and_elements_are_asked_for_first_as_many_as_can_run_side_by_side():
    problem = salt(
        {"property": "formation_energy", "target": {"same_as": {"prototype": "rocksalt", "species": ["K", "Cl"]}},
         "tolerance": 0.01}
    )  # fmt: skip
    campaign = Campaign(problem, shared=True)
    first = campaign.ask()
    assert [task.what for task in first] == ["target", "elements", "elements", "elements"]
    said = [UNITS[task.unit].words(campaign.resolved, task) for task in first]
    assert said[0] == "relaxing the crystal KCl of a target, 2 atoms"
    assert said[1].startswith("relaxing the reference Cl, ")


def test_two_sublattices_have_their_four_end_members_in_tasks_of_a_few():
    problem = Problem.model_validate(
        {
            "kind": "optimize",
            "structure": {"prototype": "perovskite", "species": ["Sr", "Ti", "O"]},
            "sublattices": [
                {"name": "A", "sites": ["Sr"], "elements": ["Sr", "Ba"]},
                {"name": "B", "sites": ["Ti"], "elements": ["Ti", "Zr"]},
            ],
            "objectives": [{"property": "lattice_a", "target": 4.0, "tolerance": 0.01}],
            "potential": {"name": "sevennet-0"},
        }
    )
    asked = Campaign(problem, shared=True).ask()
    members = [task for task in asked if isinstance(task, ReferenceTask)]
    assert sorted(number for task in members for number in task.members) == [0, 1, 2, 3]
    assert all(task.background and not task.counted for task in members)


@pytest.mark.parametrize("elements", [None, ["Na"]])
def test_a_crystal_in_which_nothing_is_mixed_has_no_energy_of_mixing_and_is_relaxed_once(elements):
    more = (
        {}
        if elements is None
        else {"sublattices": [{"name": "cation", "sites": ["Na"], "elements": elements}]}
    )
    problem = Problem.model_validate(
        {
            "kind": "evaluate",
            "structure": {"prototype": "rocksalt", "species": ["Na", "Cl"], "a": 5.7},
            "potential": {"name": "sevennet-0"},
            "properties": ["mixing_free_energy"],
            **more,
        }
    )
    campaign, store = Campaign(problem, shared=True), MemoryStore()
    asked = campaign.ask()
    assert all(isinstance(task, Suggestion) for task in asked)
    (record,) = performed(campaign, asked, store)
    assert record.cost.shared_calls == 0
    for name in ("mixing_energy", "mixing_free_energy"):
        assert record.properties[name].value == 0.0
        assert all(
            slope == 0.0 for part in record.properties[name].gradient.values() for slope in part.values()
        )


def test_a_composition_given_to_evaluate_needs_no_list_in_the_problem():
    problem = Problem.model_validate(
        {
            "kind": "evaluate",
            "structure": {"prototype": "rocksalt", "species": ["Na", "Cl"], "a": 5.7},
            "sublattices": [{"name": "cation", "sites": ["Na"], "elements": ["Na", "K"]}],
            "potential": {"name": "sevennet-0"},
        }
    )
    record = evaluate(problem, {"cation": {"Na": 0.5, "K": 0.5}})
    assert isinstance(record, EvaluationRecord)
    assert record.composition == {"cation": {"Na": 0.5, "K": 0.5}}
    assert "mixing_energy" in record.properties


def test_a_reference_of_another_tier_has_another_key():
    resolved = resolve(salt(MIXING))

    class Potential:
        name, dtype, mixing = "sevennet-0", "float64", "mean_field"
        device = type("device", (), {"type": "cpu"})

    x = np.array([1.0, 0.0])
    keys = {
        reference_key(resolved.crystal, x, Potential, "sha", 0.0, "tolerance", tier=tier)
        for tier in ("mean_field", "shifted")
    }
    assert len(keys) == 2


def test_a_record_of_shared_values_is_read_back_as_it_was():
    campaign, store = Campaign(salt(LENGTH), shared=True), MemoryStore()
    tasks = [task for task in campaign.ask() if isinstance(task, ReferenceTask)]
    (record,) = performed(campaign, tasks, store)
    assert ReferenceRecord.model_validate_json(record.model_dump_json()) == record


def test_no_more_tasks_are_asked_for_than_are_wanted():
    problem = salt(
        {"property": "formation_energy", "target": {"same_as": {"prototype": "rocksalt", "species": ["K", "Cl"]}},
         "tolerance": 0.01}
    )  # fmt: skip
    campaign, asked = Campaign(problem, shared=True), []
    for _ in range(4):
        (task,) = campaign.ask(1)
        asked.append(task.what)
        told = ReferenceRecord(
            index=task.index,
            what=task.what,
            members=task.members,
            converged=True,
            cost=Cost(potential_calls=0, shared_calls=1, seconds=0.0),
        )
        campaign.tell([told])
    assert asked == ["target", "elements", "elements", "elements"]


def test_every_call_of_the_potential_is_told_as_a_step_of_what_is_done():
    campaign, said = Campaign(salt(LENGTH), shared=True), []
    workplace = Workplace(references=MemoryStore(), say=said.append)
    records = [UNITS[t.unit].perform(campaign.resolved, [t], workplace)[0] for t in campaign.ask()]
    of_evaluation = [words for words in said if words.startswith("evaluation 1")]
    of_members = [words for words in said if words.startswith("relaxing the end members Na, K, 2 atoms")]
    assert said == of_evaluation + of_members
    for words in (of_evaluation, of_members):
        assert [one.rpartition(", step ")[2] for one in words] == [str(n + 1) for n in range(len(words))]
    assert all(isinstance(record, EvaluationRecord | ReferenceRecord) for record in records)
