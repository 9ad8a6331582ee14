"""Submitting, repeating, listing, paging, reading and deleting jobs over HTTP."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy.exc import OperationalError

from api_schemas.jobs import Job, JobPage, Validation
from api_schemas.results import Result
from service.repositories import idempotency
from service.tables.database import now
from service.tables.idempotency import IdempotencyRow
from tests.service.conftest import PROBLEM


def submit(client, key=None, **changes):
    headers = {} if key is None else {"Idempotency-Key": key}
    return client.post("/v1/jobs", json={**PROBLEM, **changes}, headers=headers)


def test_a_submitted_job_is_accepted_with_its_address(client, queue):
    answer = submit(client)
    assert answer.status_code == 202
    job = Job.model_validate(answer.json())
    assert answer.headers["location"] == f"/v1/jobs/{job.id}"
    assert int(answer.headers["retry-after"]) >= 1
    assert (job.state, job.name, job.kind) == ("queued", "(Na,K)Cl", "optimize")
    assert job.progress.evaluations_planned == 40
    assert queue.advances == [job.id]
    assert client.get(answer.headers["location"]).json() == answer.json()


def test_the_normalised_problem_of_a_job_can_be_submitted_again(client):
    first = submit(client).json()
    again = client.post("/v1/jobs", json=first["problem"])
    assert again.status_code == 202
    assert again.json()["problem"] == first["problem"]


def test_the_same_key_and_body_replay_the_first_answer(client, queue, work):
    first = submit(client, "key-1")
    work()
    reordered = dict(reversed(PROBLEM.items()))
    again = client.post("/v1/jobs", json=reordered, headers={"Idempotency-Key": "key-1"})
    assert again.status_code == 202
    assert again.json() == first.json()
    assert again.headers["location"] == first.headers["location"]
    assert len(client.get("/v1/jobs").json()["items"]) == 1


def test_the_same_key_with_another_body_is_refused(client):
    submit(client, "key-1")
    answer = submit(client, "key-1", name="another")
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:orichalcum:problem:idempotency-key-reused"


def test_a_key_whose_first_request_is_under_way_is_a_conflict(client, database):
    with database.writing() as session:
        digest = idempotency.digest({"body": PROBLEM, "priority": "normal", "time_limit": None})
        session.add(IdempotencyRow(tenant="default", key="key-1", digest=digest, created_at=now(session)))
    answer = submit(client, "key-1")
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:orichalcum:problem:idempotency-key-in-flight"


def test_a_key_left_by_a_crashed_server_is_free_after_a_minute(client, database):
    with database.writing() as session:
        digest = idempotency.digest({"body": PROBLEM, "priority": "normal", "time_limit": None})
        session.add(
            IdempotencyRow(tenant="default", key="key-1", digest=digest, created_at=now(session) - 61)
        )
    assert submit(client, "key-1").status_code == 202


def test_a_refused_problem_leaves_its_key_free_for_the_mended_one(client):
    assert submit(client, "key-1", kind="free_energy").status_code == 422
    assert submit(client, "key-1").status_code == 202


def test_requests_with_one_key_at_the_same_moment_make_one_job(client):
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(submit(client, "key-1"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} <= {202, 409}
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 202}) == 1
    assert len(client.get("/v1/jobs").json()["items"]) == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "caf\u00e9".encode("latin-1")])
def test_a_key_that_cannot_be_one_is_refused(client, key):
    answer = client.post("/v1/jobs", json=PROBLEM, headers={"Idempotency-Key": key})
    assert answer.status_code == 400
    assert answer.json()["type"].endswith(":invalid-idempotency-key")


def test_pages_of_jobs_cover_every_job_once_newest_first_while_new_ones_come_in(client):
    ids = [submit(client).json()["id"] for _ in range(7)]
    seen, address = [], "/v1/jobs?limit=3"
    while address:
        answer = client.get(address)
        page = JobPage.model_validate(answer.json())
        seen += [job.id for job in page.items]
        assert all(job.problem is None for job in page.items)
        address = answer.links.get("next", {}).get("url")
        assert (address is None) == (page.next_cursor is None)
        submit(client)
    assert seen == ids[::-1]


def test_jobs_are_listed_by_state(client, queue, work):
    done = submit(client).json()["id"]
    work()
    waiting = submit(client).json()["id"]
    cancelled = submit(client).json()["id"]
    client.post(f"/v1/jobs/{cancelled}/cancel")

    def listed(query):
        return [job["id"] for job in client.get(f"/v1/jobs?{query}").json()["items"]]

    assert listed("state=succeeded") == [done]
    assert listed("state=queued") == [waiting]
    assert listed("state=queued&state=cancelled") == [cancelled, waiting]


def test_the_link_to_the_next_page_keeps_the_filter(client):
    for _ in range(3):
        submit(client)
    assert "state=queued" in client.get("/v1/jobs?state=queued&limit=2").links["next"]["url"]


def test_evaluations_are_paged_by_number_without_the_workers_private_state(client, work):
    job_id = submit(client).json()["id"]
    work()
    first = client.get(f"/v1/jobs/{job_id}/evaluations?limit=2")
    assert [item["index"] for item in first.json()["items"]] == [0, 1]
    second = client.get(first.links["next"]["url"])
    assert [item["index"] for item in second.json()["items"]] == [2]
    assert second.json()["next_cursor"] is None
    evaluation = second.json()["items"][0]["evaluation"]
    assert evaluation["composition"]["cation"]["Na"] == 0.3
    assert "relaxation" not in evaluation


def test_the_result_is_a_conflict_until_the_job_has_finished(client, work):
    job_id = submit(client).json()["id"]
    waiting = client.get(f"/v1/jobs/{job_id}/result")
    assert waiting.status_code == 409
    assert waiting.json()["type"] == "urn:orichalcum:problem:job-not-finished"
    assert int(waiting.headers["retry-after"]) >= 1
    work()
    result = Result.model_validate(client.get(f"/v1/jobs/{job_id}/result").json())
    assert result.best.composition["cation"]["Na"] == 0.3


def test_progress_is_seen_while_a_job_runs(client, work):
    job_id = submit(client).json()["id"]
    work(limit=2)
    job = Job.model_validate(client.get(f"/v1/jobs/{job_id}").json())
    assert job.state == "running"
    assert job.started_at >= job.created_at
    assert (job.progress.evaluations_done, job.progress.evaluations_planned) == (1, 3)
    assert job.progress.best.index == 0


def test_cancelling_pausing_resuming_and_deleting(client, work):
    address = f"/v1/jobs/{submit(client).json()['id']}"
    assert client.delete(address).status_code == 409
    assert client.post(f"{address}/resume").status_code == 409
    assert client.post(f"{address}/pause").json()["state"] == "paused"
    assert client.post(f"{address}/pause").json()["state"] == "paused"
    work()
    assert client.get(address).json()["progress"]["evaluations_done"] == 0
    assert client.post(f"{address}/resume").json()["state"] == "queued"
    cancelled = client.post(f"{address}/cancel")
    assert cancelled.status_code == 202
    assert (cancelled.json()["state"], cancelled.json()["cancel_requested"]) == ("cancelled", True)
    assert client.post(f"{address}/cancel").json()["state"] == "cancelled"
    for action in ("pause", "resume"):
        answer = client.post(f"{address}/{action}")
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:orichalcum:problem:job-state")
    assert client.get(f"{address}/result").json()["stopped"]["reason"] == "cancelled"
    assert client.delete(address).status_code == 204
    assert client.get(address).status_code == 404


def test_a_job_that_succeeded_cannot_be_cancelled(client, work):
    address = f"/v1/jobs/{submit(client).json()['id']}"
    work()
    assert client.post(f"{address}/cancel").status_code == 409


def test_a_job_that_is_stored_is_accepted_although_the_store_fails_right_after(client, queue, monkeypatch):
    def failing(*_args):
        raise OperationalError("UPDATE", {}, OSError("disk full"))

    with monkeypatch.context() as patched:
        patched.setattr("service.lifecycle.dispatch._due", failing)
        answer = client.post("/v1/jobs", json=PROBLEM)
    assert answer.status_code == 202
    assert queue.advances == []
    assert client.get(answer.headers["location"]).json()["state"] == "queued"


def test_jobs_are_accepted_while_the_broker_is_down(client, queue):
    queue.broken = True
    assert submit(client).status_code == 202


def test_a_good_problem_is_validated_with_its_sites_and_cost(client, queue):
    answer = client.post("/v1/problems/validate", json=PROBLEM)
    validation = Validation.model_validate(answer.json())
    assert validation.valid
    assert [site.element for site in validation.sites] == ["Na", "Cl"]
    assert validation.sites[0].sublattice == "cation"
    assert validation.estimate.evaluations == 40
    assert client.get("/v1/jobs").json()["items"] == []


def test_jobs_are_found_by_a_part_of_their_name(client):
    one = submit(client, name="AlScN on GaN, 100 % sure").json()["id"]
    two = submit(client, name="alscn_2").json()["id"]
    submit(client, name="NaCl")

    def named(name):
        return [job["id"] for job in client.get("/v1/jobs", params={"name": name}).json()["items"]]

    assert named("ALSCN") == [two, one]
    # What means something in SQL's patterns is taken as it stands.
    assert named("100 %") == [one]
    assert named("n_2") == [two]
    assert named("%") == [one]
    assert client.get("/v1/jobs", params={"name": "a\0b"}).status_code == 422
    link = client.get("/v1/jobs", params={"name": "alscn", "limit": 1}).links["next"]["url"]
    assert [job["id"] for job in client.get(link).json()["items"]] == [one]


def test_progress_carries_the_trace_of_the_best_loss_in_jobs_lists_and_events(client, work):
    address = f"/v1/jobs/{submit(client).json()['id']}"
    assert client.get(address).json()["progress"]["trace"] == []
    work()
    trace = [1.0, 0.5, 0.333333]
    assert client.get(address).json()["progress"]["trace"] == trace
    assert client.get("/v1/jobs").json()["items"][0]["progress"]["trace"] == trace
    assert '"trace":[1.0,0.5]' in client.get(f"{address}/events").text
