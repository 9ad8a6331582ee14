"""Batches: tasks that are computed together are claimed, lost, found again and stored as one."""

from __future__ import annotations

import dataclasses

import pytest

from api_schemas.evaluations import Suggestion
from api_schemas.problem import Problem
from service.lifecycle import actions
from service.lifecycle.dispatch import enqueue
from service.repositories import tasks
from service.worker.advance import run_advance
from service.worker.content import content_keys
from service.worker.perform import run_task
from tests.service.conftest import PROBLEM, fake_perform
from tests.service.test_tasks import rows, state_of


def in_twos(_problem, asked):
    asked = list(asked)
    found = []
    for first in range(0, len(asked), 2):
        batch = asked[first : first + 2]
        numbers = [task.index for task in batch] if len(batch) > 1 else []
        found.append([task.model_copy(update={"batch": numbers}) for task in batch])
    return found


@pytest.fixture
def pairs(worker, monkeypatch):
    """A worker whose plan asks for five tasks, which are computed two at a time; it notes which."""
    monkeypatch.setattr("tests.service.conftest.BATCHES", (5, 0))
    computed = []

    def perform(problem, batch, workplace):
        computed.append([task.index for task in batch])
        return [fake_perform(problem, task, workplace) for task in batch]

    return dataclasses.replace(worker, perform=perform, batches=in_twos), computed


def all_done(worker, queue):
    while queue.advances or queue.tasks:
        if queue.advances:
            run_advance(worker, queue.advances.pop(0))
        else:
            run_task(worker, queue.tasks.pop(0))


def test_a_batch_has_one_message_and_is_computed_and_stored_as_one(database, queue, submitted, pairs):
    worker, computed = pairs
    job_id = submitted()
    enqueue(database, queue, job_id)
    run_advance(worker, queue.advances.pop(0))
    assert [row.leader for row in rows(database, job_id)] == [None, 0, None, 2, None]
    assert len(queue.tasks) == 3
    run_task(worker, queue.tasks.pop(0))
    assert [row.state for row in rows(database, job_id)] == ["done", "done", "pending", "pending", "pending"]
    all_done(worker, queue)
    assert computed == [[0, 1], [2, 3], [4]]
    assert len(actions.result(database, "default", job_id).evaluations) == 5


def test_of_a_batch_whose_worker_vanishes_all_tasks_are_handed_on_together(
    database, queue, submitted, pairs, sweeper
):
    worker, computed = pairs
    job_id = submitted()
    run_advance(worker, job_id)
    first = rows(database, job_id)[0].id
    frozen = []

    def claim(session, name):
        frozen.append(tasks.claim(session, first, name))
        return frozen[0]

    sweeper.lose(claim)
    found = rows(database, job_id)
    assert [(row.state, row.lost, row.attempt) for row in found[:3]] == [
        ("pending", 1, 1),
        ("pending", 1, 1),
        ("pending", 0, 0),
    ]
    all_done(worker, queue)
    assert sorted(computed) == [[0, 1], [2, 3], [4]]
    with database.writing() as session:
        assert not tasks.renew(session, frozen[0])
        assert not tasks.release(session, frozen[0])
    assert state_of(database, job_id) == "succeeded"


def test_a_batch_that_is_given_back_is_given_back_whole(database, queue, submitted, pairs):
    worker, _ = pairs
    job_id = submitted()
    run_advance(worker, job_id)
    with database.writing() as session:
        held = tasks.claim(session, rows(database, job_id)[0].id, "w")
        assert tasks.renew(session, held)
        assert tasks.release(session, held)
    assert {row.state for row in rows(database, job_id)} == {"pending"}


def test_the_same_batch_is_taken_from_the_cache_and_another_one_with_a_part_of_it_is_not(
    database, queue, submitted, pairs, monkeypatch
):
    worker, computed = pairs
    for count, fresh in ((5, [[0, 1], [2, 3], [4]]), (5, []), (3, [[2]])):
        monkeypatch.setattr("tests.service.conftest.BATCHES", (count, 0))
        computed.clear()
        enqueue(database, queue, submitted())
        all_done(worker, queue)
        assert sorted(computed) == fresh


def test_the_keys_of_a_batch_hold_who_is_in_it_and_where():
    problem = Problem.model_validate(PROBLEM)
    one, other, third = (
        Suggestion(index=number, composition={"cation": {"Na": share, "K": 1 - share}}, batch=[0, 1])
        for number, share in enumerate((0.25, 0.5, 0.75))
    )
    pair = content_keys(problem, [one, other], "cpu")
    moved = [task.model_copy(update={"index": task.index + 8, "batch": [8, 9]}) for task in (one, other)]
    assert pair == content_keys(problem, moved, "cpu")
    others = [
        *content_keys(problem, [one], "cpu"),
        *content_keys(problem, [one, third], "cpu"),
        *content_keys(problem, [other, one], "cpu"),
    ]
    assert len({*pair, *others}) == 7
