"""Estimates learn from what was measured: seconds a call, by potential, atoms and kind."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from api_schemas.choices import PotentialChoice
from api_schemas.cost import Cost
from api_schemas.evaluations import CrystalState, EvaluationRecord, OccupiedSite
from api_schemas.jobs import CostEstimate
from service.lifecycle.dispatch import enqueue
from service.repositories import speeds, tallies, tasks
from service.tables.tallies import TallyRow
from tests.service.conftest import PROBLEM

CHOICE = PotentialChoice(name="sevennet-0", dtype="float32")
ESTIMATE = CostEstimate(evaluations=40, potential_calls=600, seconds=40.0, memory_bytes=1)


def record(calls, seconds):
    return EvaluationRecord(
        index=0,
        composition={},
        properties={},
        energy_per_atom=-1.0,
        converged=True,
        stable=True,
        cost=Cost(potential_calls=calls, shared_calls=0, seconds=seconds),
        structure=None,
    )


def told(database, sites, *took, choice=CHOICE, kind="optimize"):
    with database.writing() as session:
        for calls, seconds in took:
            if amounts := speeds.learned(choice, kind, sites, record(calls, seconds)):
                tallies.add_all(session, *amounts)


def asked(database, sites, choice=CHOICE, kind="optimize"):
    with database.reading() as session:
        return speeds.from_experience(session, ESTIMATE, choice, kind, sites)


def test_seconds_are_those_of_the_calls_that_were_measured(database):
    told(database, 8, (10, 4.0), (20, 8.4))
    learned = asked(database, 8)
    assert learned.seconds == pytest.approx(600 * 12.4 / 30)
    assert (learned.learned_from, learned.potential_calls) == (2, 600)


@pytest.mark.parametrize("value", [0.0, -5.0, 1e308])
def test_sums_that_nobody_measured_are_not_believed(database, value):
    told(database, 8, (10, 4.0), (20, 8.4))
    label = f"{speeds._label(CHOICE, 'optimize')}8"
    with database.writing() as session:
        session.execute(update(TallyRow).where(TallyRow.label == label).values(value=value))
    assert asked(database, 8) == ESTIMATE
    told(database, 12, (10, 0.0), (10, 0.0))
    assert asked(database, 12) == ESTIMATE


def test_of_other_sizes_the_nearest_within_a_factor_of_two_counts_by_its_sites(database):
    told(database, 8, (10, 4.0), (10, 4.0))
    told(database, 12, (10, 9.0), (10, 9.0))
    assert asked(database, 16).seconds == pytest.approx(600 * 0.9 * 16 / 12)
    assert asked(database, 4).seconds == pytest.approx(600 * 0.4 / 2)
    assert asked(database, 25) == ESTIMATE


def test_one_evaluation_and_those_of_others_tell_nothing(database):
    told(database, 8, (10, 400.0))
    told(database, 8, (10, 4.0), (10, 4.0), kind="scan")
    told(database, 8, (10, 4.0), (10, 4.0), choice=PotentialChoice(name="sevennet-0", dtype="float64"))
    assert asked(database, 8) == ESTIMATE
    told(database, 8, (0, 5.0))
    assert asked(database, 8) == ESTIMATE, "what came from elsewhere made no calls"


def test_what_a_worker_stores_is_learned_from(database, client, submitted, queue, work, monkeypatch):
    """Of evaluations with a structure, which tells how many atoms; one from the cache tells nothing."""
    rest = CrystalState(lattice=[[1.0, 0.0, 0.0]] * 3, sites=[OccupiedSite(species={}, frac=[0.0] * 3)] * 2)
    before = tasks.store

    def store(session, held, found, *others, **more):
        return before(session, held, found.model_copy(update={"structure": rest}), *others, **more)

    monkeypatch.setattr(tasks, "store", store)
    enqueue(database, queue, submitted())
    work()
    estimate = client.post("/v1/problems/validate", json=PROBLEM).json()["estimate"]
    assert estimate["learned_from"] == 3


def test_a_validation_says_what_such_evaluations_took(client, database):
    before = client.post("/v1/problems/validate", json=PROBLEM).json()
    assert before["estimate"]["learned_from"] == 0
    choice = PotentialChoice.model_validate(before["problem"]["potential"])
    sites = len(before["sites"])
    told(database, sites, (10, 50.0), (10, 50.0), choice=choice, kind=before["problem"]["kind"])
    after = client.post("/v1/problems/validate", json=PROBLEM).json()
    assert after["estimate"]["seconds"] == pytest.approx(5.0 * after["estimate"]["potential_calls"])
    assert after["estimate"]["learned_from"] == 2
    assert {**after, "estimate": None} == {**before, "estimate": None}
