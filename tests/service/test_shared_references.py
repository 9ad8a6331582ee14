"""Values that jobs share are computed by one worker, while others do other things; and nothing is done silently."""

from __future__ import annotations

import dataclasses

import pytest
from sqlalchemy import select, update

from api_schemas.problem import Problem
from engine.units.unit import Workplace
from service.lifecycle.dispatch import enqueue
from service.repositories import parts
from service.repositories.references import ComputedElsewhere, SqlReferenceStore
from service.tables.parts import PartRow
from service.tables.reference_claims import ReferenceClaimRow
from service.tables.tasks import TaskRow
from service.worker.advance import run_advance
from service.worker.perform import run_task
from tests.service.conftest import PROBLEM, WORKER, each, fake_perform
from tests.service.test_tasks import rows, state_of


def beat(database, *names):
    with database.writing() as session:
        for name in names:
            parts.beat(session, name, parts.Beat("host", 1, "cpu"))


def claims(database):
    with database.reading() as session:
        return {row.key: row.worker for row in session.scalars(select(ReferenceClaimRow))}


def test_a_value_that_a_living_worker_computes_is_not_computed_by_another(database):
    beat(database, "one", "other")
    one, other = (SqlReferenceStore(database, worker=name) for name in ("one", "other"))
    one.begin(["Mn", "Fe"])
    one.begin(["Mn"])
    with pytest.raises(ComputedElsewhere):
        other.begin(["Fe", "Co"])
    assert claims(database) == {"Mn": "one", "Fe": "one"}
    one.put("Fe", {"q": [1.0]})
    other.begin(["Co"])
    SqlReferenceStore(database, "alpha", "other").begin(["Mn"])  # of another tenant
    one.give_back()
    other.begin(["Mn"])
    assert claims(database) == {"Co": "other", "Mn": "other", "alpha/Mn": "other"}


def test_a_value_whose_worker_is_gone_is_computed_by_another(database):
    beat(database, "one", "other")
    SqlReferenceStore(database, worker="one").begin(["Mn"])
    with database.writing() as session:
        session.execute(update(PartRow).where(PartRow.id == "one").values(seen_at=PartRow.seen_at - 60))
    SqlReferenceStore(database, worker="other").begin(["Mn"])
    assert claims(database) == {"Mn": "other"}


def test_a_task_that_needs_what_another_worker_computes_waits_and_lets_others_pass(
    database, queue, submitted, worker, sweeper
):
    waits, passes = submitted(), submitted()
    run_advance(worker, waits)
    run_advance(worker, passes)
    beat(database, WORKER, "elsewhere")
    elsewhere = SqlReferenceStore(database, worker="elsewhere")
    elsewhere.begin(["Mn"])
    needing = {waits}
    computed = []

    def perform(problem, task, workplace):
        if workplace.references.get("Mn") is None and needing:
            workplace.references.begin(["Mn"])
        computed.append(task.index)
        return fake_perform(problem, task, workplace)

    needs = dataclasses.replace(worker, perform=each(perform))
    run_task(needs, rows(database, waits)[0].id)
    (row,) = rows(database, waits)
    assert (row.state, row.lost, row.interrupted, computed) == ("pending", 0, 0, [])
    assert row.not_before is not None
    needing.clear()
    run_task(needs, rows(database, passes)[0].id)
    assert rows(database, passes)[0].state == "done"
    elsewhere.put("Mn", {"q": [1.0]})
    needing.add(waits)
    with database.writing() as session:
        session.execute(update(TaskRow).values(not_before=TaskRow.not_before - 60.0))
    enqueue(database, queue, waits)
    run_task(needs, row.id)
    assert rows(database, waits)[0].state == "done"
    assert claims(database) == {}


def test_what_was_claimed_is_given_back_however_the_task_ends(database, queue, submitted, worker):
    job_id = submitted()
    run_advance(worker, job_id)

    def broken(problem, task, workplace):
        workplace.references.begin(["Mn"])
        raise RuntimeError

    run_task(dataclasses.replace(worker, perform=each(broken)), rows(database, job_id)[0].id)
    assert state_of(database, job_id) == "failed"
    assert claims(database) == {}


@pytest.mark.stores("sqlite")
def test_weights_that_are_fetched_first_are_spoken_of(database, monkeypatch):
    from api_schemas.evaluations import Suggestion
    from engine.potentials import chosen, weights
    from service.worker import computation

    said = []

    def fetch(name, say):
        say("downloading the wheel")
        raise KeyboardInterrupt

    monkeypatch.setattr(chosen, "is_fetched", lambda _name: False)
    monkeypatch.setattr(weights, "fetch", fetch)
    task = Suggestion(index=0, composition={"cation": {"Na": 0.5, "K": 0.5}})
    with pytest.raises(KeyboardInterrupt):
        computation.performed(Problem.model_validate(PROBLEM), [task], Workplace(say=said.append))
    assert said == ["fetching the weights of sevennet-0", "downloading the wheel"]
