"""Checkpoints of tasks: stored under the attempt that computes, gone on from, handed along a chain, deleted at last."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from sqlalchemy import select

from api_schemas.evaluations import Suggestion
from service.http.refusals import StoredFailure
from service.lifecycle import actions
from service.lifecycle.dispatch import enqueue
from service.repositories import checkpoints, jobs, tasks
from service.tables.checkpoints import CheckpointRow
from service.tables.tasks import TaskRow
from service.worker import checkpointing, lease
from service.worker.advance import run_advance
from service.worker.checkpointing import CheckpointFailed
from service.worker.perform import run_task
from tests.service.conftest import FakePlan, each, fake_perform
from tests.waiting import HANG_SECONDS

STATE = {"place": np.array(0.1), "steps": np.arange(3, dtype=np.uint64), "cell": np.eye(3)[:, ::-1]}


class ChainPlan(FakePlan):
    """Three tasks that continue one another, asked for at once and again until they are told."""

    def ask(self, n=None):
        told = {record.index for record in self.records}
        return [self.chain_link(index) for index in range(3) if index not in told]

    @staticmethod
    def chain_link(index):
        composition = {"cation": {"Na": (index + 1) / 10, "K": 1 - (index + 1) / 10}}
        return Suggestion(index=index, composition=composition, continues=index - 1 if index else None)


@pytest.fixture
def chained(worker):
    return dataclasses.replace(worker, plan=ChainPlan)


def saving(problem, task, workplace):
    workplace.save({"task": np.array(task.index)})
    return fake_perform(problem, task, workplace)


def kept(database):
    """Index of the tasks of which a checkpoint is stored."""
    with database.reading() as session:
        found = select(TaskRow.index).join(CheckpointRow, CheckpointRow.task_id == TaskRow.id)
        return list(session.scalars(found.order_by(TaskRow.index)))


def rows(database, job_id):
    with database.reading() as session:
        return session.scalars(select(TaskRow).where(TaskRow.job_id == job_id).order_by(TaskRow.id)).all()


def test_a_checkpoint_comes_back_digit_for_digit():
    found = checkpointing.unpacked(checkpointing.packed(STATE))
    for name, array in STATE.items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
        np.testing.assert_array_equal(found[name], array)


def test_a_checkpoint_that_is_too_large_or_no_safetensors_is_refused_and_says_why():
    with pytest.raises(CheckpointFailed, match=r"16\.0 MiB is too large: at most 16 MiB"):
        checkpointing.packed({"x": np.zeros(checkpointing.MOST_BYTES, dtype=np.uint8)})
    with pytest.raises(CheckpointFailed, match="safetensors"):
        checkpointing.packed({"x": np.array(["text"])})
    for data in (b"", b"cos\nsystem\n(S'true'\ntR.", bytes(checkpointing.MOST_BYTES + 1)):
        with pytest.raises(CheckpointFailed):
            checkpointing.unpacked(data)


def test_a_task_begins_without_a_checkpoint_and_goes_on_from_its_own_after_its_worker_was_lost(
    database, queue, submitted, worker, sweeper
):
    job_id = submitted()
    run_advance(worker, job_id)
    task_id = rows(database, job_id)[0].id
    seen = []

    def dying(problem, task, workplace):
        seen.append(workplace.checkpoint)
        if len(seen) == 1:
            workplace.save({"step": np.array(1)})
            workplace.save({"step": np.array(2)})
            raise SystemExit  # leaves the claim as a killed process does
        return fake_perform(problem, task, workplace)

    dies = dataclasses.replace(worker, perform=each(dying))
    with pytest.raises(SystemExit):
        run_task(dies, task_id)
    sweeper.later()
    sweeper.sweep()
    run_task(dies, task_id)
    assert seen[0] is None
    assert int(seen[1]["step"]) == 2
    assert rows(database, job_id)[0].state == "done"


def test_the_checkpoint_of_a_worker_that_lost_its_claim_is_refused(
    database, queue, submitted, worker, sweeper
):
    job_id = submitted()
    run_advance(worker, job_id)
    with database.writing() as session:
        frozen = tasks.claim(session, rows(database, job_id)[0].id, "frozen")
        assert checkpoints.save(session, frozen.task_id, frozen.attempt, b"first")
    sweeper.later()
    sweeper.sweep()
    with database.writing() as session:
        assert not checkpoints.save(session, frozen.task_id, frozen.attempt, b"late")
        ours = tasks.claim(session, frozen.task_id, "another")
        assert not checkpoints.save(session, frozen.task_id, frozen.attempt, b"late")
        assert checkpoints.of_task(session, ours.task_id) == b"first"
        assert checkpoints.save(session, ours.task_id, ours.attempt, b"second")


def test_saving_after_the_claim_was_lost_ends_the_computation(
    database, submitted, worker, sweeper, monkeypatch
):
    monkeypatch.setattr(
        lease, "RENEW_SECONDS", HANG_SECONDS
    )  # else by the wall clock, in the middle of the minute
    job_id = submitted()
    run_advance(worker, job_id)

    def late(problem, task, workplace):
        sweeper.later()
        sweeper.sweep()
        workplace.save(STATE)
        raise AssertionError

    run_task(dataclasses.replace(worker, perform=each(late)), rows(database, job_id)[0].id)
    assert (rows(database, job_id)[0].state, kept(database)) == ("pending", [])


def test_a_worker_that_stops_leaves_the_checkpoint_with_the_task(database, submitted, worker):
    job_id = submitted()
    run_advance(worker, job_id)
    stops = []

    def stopping(problem, task, workplace):
        workplace.save(STATE)
        stops.append(True)
        return fake_perform(problem, task, workplace)

    run_task(
        dataclasses.replace(worker, perform=each(stopping), stopping=lambda: bool(stops)),
        rows(database, job_id)[0].id,
    )
    assert (rows(database, job_id)[0].state, kept(database)) == ("pending", [0])


def test_of_a_chain_the_last_checkpoint_is_kept_and_handed_on_and_none_after_the_end(
    database, queue, submitted, chained
):
    seen, stored = [], []

    def walking(problem, task, workplace):
        found = workplace.checkpoint
        seen.append(None if found is None else int(found["task"]))
        return saving(problem, task, workplace)

    walks = dataclasses.replace(chained, perform=each(walking))
    job_id = submitted()
    run_advance(walks, job_id)
    assert len(rows(database, job_id)) == 3
    while queue.tasks or queue.advances:
        if queue.tasks:
            assert len(queue.tasks) == 1  # what continues a task is not offered before that is done
            run_task(walks, queue.tasks.pop(0))
            stored.append(kept(database))
        else:
            run_advance(walks, queue.advances.pop(0))
    assert seen == [None, 0, 1]
    assert stored == [[0], [1], [2]]
    assert actions.result(database, "default", job_id).stopped.reason == "converged"
    assert kept(database) == []


def test_a_task_that_continues_one_that_is_not_done_cannot_be_claimed(database, submitted, chained):
    job_id = submitted()
    run_advance(chained, job_id)
    with database.writing() as session:
        assert tasks.claim(session, rows(database, job_id)[1].id, "w") is None


def test_a_task_without_the_checkpoint_that_it_continues_fails_the_job_and_begins_nothing_anew(
    database, queue, submitted, chained
):
    job_id = submitted()
    run_advance(chained, job_id)
    run_task(chained, queue.tasks.pop(0))  # saves none
    run_task(chained, queue.tasks.pop(0))
    with pytest.raises(StoredFailure) as failure:
        actions.result(database, "default", job_id)
    assert "no checkpoint is stored" in failure.value.detail.detail


def test_what_depends_on_a_checkpoint_is_not_given_to_another_job(database, queue, submitted, chained):
    computed = []

    def counting(problem, task, workplace):
        computed.append(task.index)
        return saving(problem, task, workplace)

    counts = dataclasses.replace(chained, perform=each(counting))
    for _ in range(2):
        enqueue(database, queue, submitted())
        while queue.tasks or queue.advances:
            if queue.tasks:
                run_task(counts, queue.tasks.pop(0))
            else:
                run_advance(counts, queue.advances.pop(0))
    assert computed == [0, 1, 2, 0, 1, 2]


def test_a_checkpoint_that_is_too_large_fails_the_job_and_says_so(database, submitted, worker, monkeypatch):
    monkeypatch.setattr(checkpointing, "MOST_BYTES", 2**20)
    job_id = submitted()
    run_advance(worker, job_id)

    def large(problem, task, workplace):
        workplace.save({"x": np.zeros(2**20)})
        raise AssertionError

    run_task(dataclasses.replace(worker, perform=each(large)), rows(database, job_id)[0].id)
    with pytest.raises(StoredFailure) as failure:
        actions.result(database, "default", job_id)
    assert "8.0 MiB is too large: at most 1 MiB" in failure.value.detail.detail


def test_checkpoints_go_with_a_job_that_is_deleted_or_cancelled(database, queue, submitted, worker):
    for end in ("cancelled", "deleted"):
        job_id = submitted()
        run_advance(worker, job_id)
        with database.writing() as session:
            claim = tasks.claim(session, rows(database, job_id)[0].id, "w")
            checkpoints.save(session, claim.task_id, claim.attempt, b"x")
            if end == "deleted":
                jobs.remove(session, jobs.locked(session, job_id))
        if end == "cancelled":
            actions.cancel(database, "default", job_id)
            run_advance(worker, job_id)
        assert kept(database) == []
