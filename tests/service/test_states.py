from __future__ import annotations

import itertools

import pytest

from api_schemas.jobs import ACTIVE_STATES, FINAL_STATES
from service.lifecycle import states
from service.repositories import jobs

STATES = (*ACTIVE_STATES, *FINAL_STATES)

# Written out by hand, from the promise of what each command may do.
LEGAL = {
    ("queued", "running"), ("queued", "paused"), ("queued", "cancelling"), ("queued", "cancelled"),
    ("queued", "failed"),
    ("running", "paused"), ("running", "cancelling"), ("running", "cancelled"), ("running", "succeeded"),
    ("running", "failed"), ("paused", "running"), ("paused", "queued"), ("paused", "cancelling"),
    ("paused", "cancelled"), ("paused", "failed"), ("cancelling", "cancelled"),
}  # fmt: skip


@pytest.mark.parametrize(("before", "after"), list(itertools.product(STATES, STATES)))
def test_only_legal_changes_of_state_are_made_and_each_leaves_one_event(database, submitted, before, after):
    job_id = submitted()
    with database.writing() as session:
        job = jobs.locked(session, job_id)
        job.state = before
        events_before = job.last_event
        if (before, after) in LEGAL:
            states.change(session, job, after)
            assert job.state == after
            assert job.last_event == events_before + 1
        else:
            with pytest.raises(states.StateChangeRefused):
                states.change(session, job, after)
            assert job.state == before
            assert job.last_event == events_before


@pytest.mark.parametrize("final", FINAL_STATES)
def test_a_final_state_has_an_end_time_and_needs_no_step(database, submitted, final):
    job_id = submitted()
    with database.writing() as session:
        job = jobs.locked(session, job_id)
        job.state = "running"
        states.change(session, job, final)
        assert job.finished_at >= job.created_at
        assert not job.needs_advance
