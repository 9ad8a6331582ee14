"""Workers behind HTTPS: what they do is what workers beside the store do, and they can do nothing else."""

from __future__ import annotations

import base64
import dataclasses
import gzip
import json
import pickle
import threading

import httpx
import numpy as np
import pytest
from pydantic import ValidationError
from sqlalchemy import select, update

from api_schemas.evaluations import CrystalState, OccupiedSite
from api_schemas.jobs import CostEstimate
from api_schemas.problem import Problem
from api_schemas.tasks import Task
from service.access import keys
from service.http.refusals import TooLarge, Unprocessable
from service.http.request_body import unpacked
from service.lifecycle.dispatch import enqueue
from service.lifecycle.notice import stalled
from service.lifecycle.submission import Options, Submission, submit
from service.repositories import asking, parts, tasks
from service.repositories.references import ComputedElsewhere
from service.settings import Settings
from service.tables.jobs import JobRow
from service.tables.parts import PartRow
from service.tables.tallies import TallyRow
from service.work import messages, reading, served, version
from service.work.work import OutOfReach, Refused
from service.worker import fetching, patience, remote
from service.worker import lease as lease_module
from service.worker.activity import Activity
from service.worker.advance import run_advance
from service.worker.fetching import compute, fetch
from service.worker.heartbeat import Heartbeat
from service.worker.limits import Limits
from service.worker.patience import BadAddress, NotHeld, checked_address
from service.worker.remote import RemoteWork
from tests.service.conftest import PROBLEM, each, fake_perform, serving
from tests.service.test_access import KEYED, bearer, made
from tests.service.test_checkpoints import ChainPlan, kept, rows
from tests.waiting import HANG_SECONDS

STORES = ["sqlite"]
"""Both stores are behind `WorkInStore`, which the tests of tasks cover; here it is about what comes over HTTP."""


@pytest.fixture
def service(database, queue):
    with serving(Settings(**KEYED), database, queue) as client:
        yield client


class Cut(httpx.HTTPTransport):
    """A network that can be cut: before a request arrives, or before its answer does."""

    before = after = 0

    def handle_request(self, request):
        if self.before > 0:
            self.before -= 1
            raise httpx.ConnectError("cut")
        answer = super().handle_request(request)
        if self.after > 0:
            self.after -= 1
            answer.read()
            raise httpx.ReadError("cut")
        return answer


@pytest.fixture
def coming(service, database, monkeypatch):
    """Makes workers of a tenant, each with a key of its own."""
    monkeypatch.setattr(patience, "FIRST_PAUSE", 0.01)
    opened = []

    def worker(tenant="alpha", scopes=("compute",), name="w", transport=None) -> RemoteWork:
        key = made(database, tenant, scopes)
        work = RemoteWork(str(service.base_url), key.key, name, "cpu", transport=transport or Cut())
        work.key = key
        opened.append(work)
        return work

    yield worker
    for one in opened:
        one.close()


@pytest.fixture
def job(database, queue):
    """Submits the problem of a tenant; nobody takes its message."""

    def submitting(tenant="alpha", name="job") -> str:
        estimate = CostEstimate(evaluations=3, potential_calls=30, seconds=1.0, memory_bytes=1)
        problem = Problem.model_validate({**PROBLEM, "name": name})
        job_id = submit(
            database,
            Settings(),
            Submission(problem=problem, estimate=estimate, options=Options(tenant=tenant)),
        ).id
        enqueue(database, queue, job_id)
        return job_id

    return submitting


def worked(context, work, most=1000):
    """Do what there is; returns how much that was."""
    context = dataclasses.replace(context, work=work)
    for count in range(most):
        held = work.claim(None)
        if held is None:
            return count
        compute(context, held)
    return most


def state(database, job_id):
    with database.reading() as session:
        return session.get(JobRow, job_id).state


def test_both_sorts_of_workers_store_the_same_rows(database, coming, job, worker, queue, submitted, work):
    theirs, ours = job(), submitted()
    assert coming().arrive() == ["orichalcum"]
    assert worked(worker, coming()) > 5  # a first step, three tasks, steps between and at the end, maps
    enqueue(database, queue, ours)
    work()
    stored = []
    for job_id in (theirs, ours):
        found = [
            (row.unit, row.index, row.task, row.record, row.content_key) for row in rows(database, job_id)
        ]
        with database.reading() as session:
            row = session.get(JobRow, job_id)
            stored.append((found, row.result, row.best, row.trace, row.told, row.last_event))
    assert stored[0] == stored[1]


def test_a_chain_of_tasks_goes_on_from_checkpoints_that_come_over_https(database, coming, job, worker):
    seen = []

    def saving(problem, task, workplace):
        seen.append(None if workplace.checkpoint is None else workplace.checkpoint["x"].tolist())
        workplace.save({"x": np.array([task.index + 1 / 3])})
        return fake_perform(problem, task, workplace)

    job_id = job()
    chained = dataclasses.replace(worker, plan=ChainPlan, perform=each(saving))
    worked(chained, coming(), 3)
    assert kept(database) == [1]
    worked(chained, coming())
    assert seen == [None, [1 / 3], [4 / 3]]
    assert state(database, job_id) == "succeeded"


def test_a_key_sees_the_work_of_its_tenant_only(database, coming, job, worker):
    theirs, ours = job("alpha"), job("beta")
    stranger = coming("beta")
    assert stranger.claim(None).job_id == ours
    assert stranger.claim(None).job_id == ours  # what it held was given back
    assert state(database, theirs) == "queued"
    held = coming("alpha").claim(None)
    assert held.job_id == theirs
    assert stranger.renew(held) is False
    with pytest.raises(NotHeld):
        stranger._ask("behind", remote.messages.OfJob(job_id=theirs), remote.messages.Lagging)


def test_only_the_key_and_the_worker_that_claimed_something_may_speak_of_it(database, coming, job, worker):
    first = coming()
    job_id = job()
    worked(worker, first, 1)
    held = first.claim(None)
    assert first.renew(held)
    same_key = RemoteWork(str(first._client._client.base_url), first.key.key, "another", "cpu")
    for other in (coming(name="w"), same_key):
        assert not other.renew(held)
        assert not other.give_back(held)
        assert not other.save(held, b"")
        assert other.store_task(held, remote.Outcome([computed(held)], [], from_cache=False)) == 0
        for ask in (other.records, other.checkpoint):
            with pytest.raises(OutOfReach):
                ask(held)
        other.fail(held, remote.evaluation_failed("it"))
    same_key.close()
    assert [row.state for row in rows(database, job_id)] == ["running"]
    assert state(database, job_id) == "running"


def computed(held):
    suggestion = ChainPlan.chain_link(held.index).model_copy(update={"continues": None})

    class Workplace:
        @staticmethod
        def on_call():
            pass

    return fake_perform(None, suggestion, Workplace)


@pytest.mark.parametrize("scopes", [("read",), ("submit",), ("admin",), ("operator",)])
def test_a_key_without_the_scope_computes_nothing(coming, scopes):
    with pytest.raises(Refused, match="this needs the scope compute"):
        coming(scopes=scopes).arrive()


def test_a_compute_key_can_do_nothing_but_compute(service, database):
    headers = {"Authorization": f"Bearer {made(database, scopes=('compute',)).key}"}
    assert service.get("/v1/jobs", headers=headers).status_code == 403
    assert service.post("/v1/jobs", json=PROBLEM, headers=headers).status_code == 403
    assert service.get("/metrics", headers=headers).status_code == 403


def test_a_wrong_or_missing_key_is_refused_with_words(service):
    for key in (None, "ori_000000000000_" + "A" * 43, "x"):
        work = RemoteWork(str(service.base_url), key, "w", "cpu")
        with pytest.raises(Refused, match="API key"):
            work.arrive()
        work.close()


def test_a_key_that_is_revoked_ends_the_computation_and_the_worker(
    database, coming, job, worker, monkeypatch
):
    monkeypatch.setattr(lease_module, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(lease_module, "RENEW_SECONDS", 0.05)
    work, job_id = coming(), job()
    worked(worker, work, 1)

    def endless(problem, task, workplace):
        with database.writing() as session:
            keys.revoke(session, work.key.id)
        while True:
            workplace.on_call()
            threading.Event().wait(0.02)

    context = dataclasses.replace(worker, work=work, perform=each(endless))
    with pytest.raises(Refused, match="revoked"):
        fetch(context, Activity(), Limits(Activity()), "seed")
    assert [row.record for row in rows(database, job_id)] == [None]


def test_another_version_is_refused_at_its_start_and_at_every_claim(coming, monkeypatch):
    work = coming()
    work._arrival = work._arrival.model_copy(update={"code": "0" * 64})
    for ask in (work.arrive, lambda: work.claim(None)):
        with pytest.raises(Refused, match=f"000000000000.*{version.code()[:12]}.*install the version"):
            ask()


@pytest.mark.parametrize("cut", ["before", "after"])
def test_a_network_that_is_cut_at_every_request_loses_nothing_and_stores_nothing_twice(
    database, coming, job, worker, cut
):
    network = Cut()
    work = coming(transport=network)
    job_id = job()
    for _ in range(50):
        setattr(network, cut, 2)
        try:
            held = work.claim(None)
        except OutOfReach:
            setattr(network, cut, 0)
            held = work.claim(None)  # also what a claim brought whose answer was lost
        if held is None:
            break
        setattr(network, cut, 1)
        compute(dataclasses.replace(worker, work=work), held)
    assert state(database, job_id) == "succeeded"
    found = rows(database, job_id)
    assert [row.state for row in found] == ["done"] * 3
    assert [(row.lost, row.interrupted) for row in found] == [(0, 0)] * 3
    with database.reading() as session:
        assert session.get(JobRow, job_id).evaluations_done == 3


class Before(Cut):
    """Something before the service that answers in its place for a while."""

    answers = ()

    def handle_request(self, request):
        if self.answers:
            status, content, headers = self.answers[0]
            self.answers = self.answers[1:]
            return httpx.Response(status, content=content, headers=headers, request=request)
        return super().handle_request(request)


HTML = [(status, b"<html>no backend</html>", {}) for status in (200, 400, 401, 403, 404, 409, 413, 421, 422)]
FOREIGN = [
    *HTML,
    (404, b'{"type": "about:blank", "title": "Not Found", "status": 404}', {}),
    (302, b"", {"Location": "https://login.example.org"}),
    (200, b"no gzip", {"Content-Encoding": "gzip"}),
]


@pytest.mark.parametrize("foreign", FOREIGN, ids=lambda one: f"{one[0]}-{len(one[1])}")
def test_what_something_before_the_service_answers_is_asked_again(database, coming, job, worker, foreign):
    """A default backend of an ingress ends no worker, loses no claim and fails no job."""
    before = Before()
    work, job_id = coming(transport=before), job()
    before.answers = [foreign]
    assert work.arrive() == ["orichalcum"]
    worked(worker, work, 1)
    held = work.claim(None)
    before.answers = [foreign]
    with pytest.raises(OutOfReach) as away:
        work.renew(held)  # the lease asks again by itself
    assert not isinstance(away.value, Refused)
    before.answers = [foreign, foreign]
    assert work.store_task(held, remote.Outcome([computed(held)], [], from_cache=False)) == 1
    assert before.answers == []
    assert rows(database, job_id)[0].state == "done"
    assert state(database, job_id) == "running"


def test_a_renewal_that_hangs_does_not_outlast_the_lease(coming, job, worker):
    waits = []

    class Watched(Cut):
        def handle_request(self, request):
            waits.append((request.url.path.rpartition("/")[2], request.extensions["timeout"]["read"]))
            return super().handle_request(request)

    work = coming(transport=Watched())
    job()
    worked(worker, work, 1)
    work.renew(work.claim(None))
    work.beat(parts.Beat("h", 1, "cpu", idle_seconds=None))
    assert [seconds for name, seconds in waits if name in ("renew", "beat")] == [10.0, 10.0]
    assert work.lease_seconds > 2 * 10.0


@pytest.mark.parametrize("fault", [remote.Rejected("no"), RuntimeError("unforeseen")])
def test_no_answer_ends_the_thread_of_a_lease(monkeypatch, fault):
    monkeypatch.setattr(lease_module, "RENEW_SECONDS", 0.0)
    monkeypatch.setattr(lease_module, "LOOK_SECONDS", 0.01)
    asked, twice = [], threading.Event()

    def renew():
        asked.append(None)
        if len(asked) == 1:
            raise fault
        twice.set()
        return True

    with lease_module.Lease(renew, lambda: False, lambda: False, 60.0) as lease:
        assert twice.wait(HANG_SECONDS)
        lease.check()


@pytest.mark.parametrize("fault", [remote.Rejected("no"), RuntimeError("unforeseen")])
def test_no_answer_ends_the_heart_of_a_worker(monkeypatch, fault):
    monkeypatch.setattr(parts, "BEAT_SECONDS", 0.01)
    heard, twice = [], threading.Event()

    class Deaf:
        def beat(self, said):
            heard.append(said)
            if len(heard) == 1:
                raise fault
            twice.set()

        def leave(self):
            pass

    heartbeat = Heartbeat(Deaf(), "cpu")
    heartbeat.start()
    assert twice.wait(HANG_SECONDS)
    heartbeat.stop()


def test_a_service_that_is_away_for_good_is_not_asked_for_ever(coming, job, worker, monkeypatch):
    monkeypatch.setattr(patience, "PATIENCE_SECONDS", 0.0)
    network = Cut()
    work = coming(transport=network)
    job()
    worked(worker, work, 1)
    held = work.claim(None)
    network.before = 10**6
    with pytest.raises(OutOfReach, match="ConnectError"):
        work._ask("records", remote._of(held), remote.messages.Records, patience=0.0)


def test_a_cancelled_job_is_noticed_with_the_next_renewal(database, coming, job, worker, queue):
    work = coming()
    job()
    worked(worker, work, 1)
    held = work.claim(None)
    assert work.renew(held)
    assert not work.unwanted(held)
    with database.writing() as session:
        session.execute(update(JobRow).values(cancel_requested=True))
    work.renew(held)
    assert work.unwanted(held)


def test_a_silent_worker_is_waited_for_a_minute_and_its_task_is_blamed_for_nothing(
    database, coming, job, worker, sweeper
):
    work, job_id = coming(), job()
    worked(worker, work, 1)
    work.beat(parts.Beat("h", 1, "cpu", idle_seconds=None))
    held = work.claim(None)
    sweeper.later(40.0)
    sweeper.sweep()
    assert work.renew(held)
    sweeper.later(70.0)
    sweeper.sweep()
    row = rows(database, job_id)[0]
    assert (row.state, row.lost, row.interrupted) == ("pending", 0, 1)
    assert not work.renew(held)
    assert work.store_task(held, remote.Outcome([computed(held)], [], from_cache=False)) == 0


def test_a_claim_whose_answer_was_lost_is_given_out_again(database, coming, job, worker):
    network = Cut()
    work, job_id = coming(transport=network), job()
    worked(worker, work, 1)
    network.after = 1
    with pytest.raises(OutOfReach):
        work.claim(None)
    assert rows(database, job_id)[0].state == "running"
    held = work.claim(None)
    assert (held.index, held.attempt) == (0, 2)


def test_a_worker_that_signs_off_gives_back_what_it_holds(database, coming, job, worker):
    work, job_id = coming(), job()
    worked(worker, work, 1)
    work.beat(parts.Beat("h", 1, "cpu", idle_seconds=0.0))
    work.claim(None)
    work.leave()
    assert rows(database, job_id)[0].state == "pending"
    with database.reading() as session:
        assert parts.living(session) == 0


def test_no_messages_are_sent_where_all_workers_fetch_their_work(database, coming, job, worker, queue):
    work = coming()
    work.beat(parts.Beat("h", 1, "cpu", idle_seconds=0.0))
    job_id = job()
    assert (queue.advances, queue.tasks) == ([], [])
    worked(worker, work)
    assert (queue.advances, queue.tasks, queue.maps) == ([], [], [])
    assert state(database, job_id) == "succeeded"
    with database.writing() as session:
        parts.beat(session, "local-1-a", parts.Beat("h", 2))
    other = job(name="another")
    assert queue.advances == [other]


def test_a_worker_of_one_tenant_is_none_for_another(database, coming, job):
    coming("alpha").beat(parts.Beat("h", 1, "cpu", idle_seconds=None))
    job("beta")
    with database.writing() as session:
        session.execute(update(JobRow).values(advance_enqueued_at=JobRow.advance_enqueued_at - 60))
    with database.reading() as session:
        crews = parts.crews(session, [("orichalcum", "alpha"), ("orichalcum", "beta"), ("orichalcum", "alp")])
        assert [crew.alive for crew in crews.values()] == [1, 0, 0]
        assert "no living worker serves it" in stalled(session)[0]


def test_shared_values_are_of_the_tenant_and_computed_by_one_worker(database, coming, job, worker):
    stores = []
    for tenant in ("alpha", "beta", "alpha"):
        work = coming(tenant)
        work.beat(parts.Beat("h", 1, "cpu", idle_seconds=None))
        job(tenant, f"job of {len(stores)}")
        worked(worker, work, 1)
        stores.append(work.references(work.claim(None)))
    ours, theirs, same = stores
    key, other = "a" * 64, "b" * 64
    ours.put(key, {"enthalpy": 1 / 3})
    assert same.get(key) == {"enthalpy": 1 / 3}
    assert theirs.get(key) is None
    ours.begin([other])
    with pytest.raises(ComputedElsewhere):
        same.begin([other])
    theirs.begin([other])
    ours.give_back()
    same.begin([other])
    for bad in ("alpha/" + "a" * 58, "A" * 64, "a" * 63):
        with pytest.raises(ValueError, match="pattern"):
            ours.get(bad)


GOOD = {"sort": "task", "attempt": 1}
STANDING = {"told": 1, "best": None, "trace": "[]", "front": "[]", "standing": "{}"}


COST = {"potential_calls": 1, "shared_calls": 0, "seconds": 0.1}


def record(**changes):
    fields = {"index": 0, "unit": "relaxation", "composition": {}, "properties": {}, "energy_per_atom": -3.5}
    fields |= {"converged": True, "stable": True, "structure": None}
    return json.dumps(fields | {"cost": COST} | changes)


def done(*records, progress=None, keys=(), **more):
    said = {"records": list(records), "keys": list(keys), "from_cache": False, "progress": progress}
    return said | {"completed": []} | more


STEP = {"planned": 1, "progress": STANDING, "asked": [], "completed": [], "result": None}
HOSTILE = {
    "another index": ("store-task", done(record(index=1))),
    "another unit": ("store-task", done(record(unit="supercell"))),
    "no record": ("store-task", done("{}")),
    "NaN": (
        "store-task",
        done(record(cost={"potential_calls": 1, "shared_calls": 0, "seconds": float("nan")})),
    ),
    "infinity": (
        "store-task",
        done(record(cost={"potential_calls": 1, "shared_calls": 0, "seconds": 1e999})),
    ),
    "too deep": ("store-task", done("[" * 100_000)),
    "too many records": ("store-task", done(record(), record())),
    "none": ("store-task", done()),
    "a key that is none": ("store-task", done(record(), keys=["x"])),
    "no progress": ("store-task", done(record(), progress=STANDING)),
    "a trace of words": ("store-task", done(record(), progress=STANDING | {"trace": '["a"]'})),
    "unknown fields": ("store-task", done(record(), tenant="beta")),
    "an unknown unit": ("store-task", done(record(), completed=[{"unit": "os.system", "text": "{}"}])),
    "a pickle": ("save-checkpoint", {"data": base64.b64encode(pickle.dumps({"x": 1})).decode()}),
    "a tensor outside": (
        "save-checkpoint",
        {
            "data": base64.b64encode(
                (54).to_bytes(8, "little")
                + b'{"x":{"dtype":"F64","shape":[9],"data_offsets":[0,72]}}'[:54]
                + b" "
            ).decode()
        },
    ),
    "a checkpoint that is too large": (
        "save-checkpoint",
        {"data": base64.b64encode(bytes(2**24 + 1)).decode()},
    ),
    "no base64": ("save-checkpoint", {"data": "!"}),
    "words with NUL": ("say", {"words": "a\0b"}),
    "words with newlines": ("say", {"words": "a\nb"}),
    "many words": ("say", {"words": "a" * 301}),
    "an unknown failure": (
        "fail",
        {"failure": {"type": "urn:orichalcum:problem:unauthorized", "title": "t", "status": 401}},
    ),
    "a long failure": (
        "fail",
        {"failure": {"type": "urn:orichalcum:problem:map-failed", "title": "t" * 200_000, "status": 500}},
    ),
    "a shared list": ("store-reference", {"key": "a" * 64, "value": "[]"}),
    "a shared NaN": ("store-reference", {"key": "a" * 64, "value": '{"a": NaN}'}),
    "a deep value": ("store-reference", {"key": "a" * 64, "value": '{"a":' * 50_000}),
    "too many keys": ("cached", {"keys": ["a" * 64] * 5000}),
    "a wait without end": ("give-back", {"wait": 1e9}),
    "a step for a task": ("store-step", STEP),
    "a number that the store cannot keep": (
        "store-task",
        done(record(), progress=STANDING | {"told": 2**31}),
    ),
    "more calls than there can be": ("store-task", done(record(cost=COST | {"potential_calls": 10**12}))),
    "calls below zero": ("store-task", done(record(cost=COST | {"potential_calls": -5}))),
    "seconds beyond all": ("store-task", done(record(cost=COST | {"seconds": 1e308}))),
    "a record of no number": (
        "store-task",
        done(record(), completed=[{"unit": "relaxation", "text": record(index=2**40)}]),
    ),
    "a large value that is none": ("store-reference", {"key": "a" * 64, "value": "[0," * 300_000}),
    "many faults": ("store-task", done(*[0] * 200_000)),
    "many unknown fields": ("store-task", done(record(), **{f"x{one}": 0 for one in range(40_000)})),
    "many faults within a record": ("store-task", done(record(structure={"sites": [{}] * 100_000}))),
}


@pytest.fixture
def speaking(service, coming, job, worker, database):
    """Says what a worker would not that holds a task; returns the answer."""
    work = coming()
    job_id = job()
    worked(worker, work, 1)
    held = work.claim(None)
    token = {"sort": "task", "id": str(held.task_id), "attempt": held.attempt}

    def say(operation, body, headers=None):
        told = json.dumps({"held": token} | body).encode() if isinstance(body, dict) else body
        answer = work._client._client.post(f"/v1/work/{operation}", content=told, headers=headers or {})
        row = rows(database, job_id)[0]
        assert (row.state, row.attempt, row.record, row.doing) == ("running", 1, None, None), (
            operation,
            body,
        )
        assert kept(database) == []
        assert state(database, job_id) == "running"
        return answer

    return say


def test_what_no_worker_sends_is_refused_with_words_and_changes_nothing(speaking):
    for what, (operation, body) in HOSTILE.items():
        answer = speaking(operation, body)
        assert answer.status_code in (409, 422), (what, answer.text[:300])
        assert len(answer.json()["detail"]) > 20, what
    bomb = gzip.compress(bytes(200 * 2**20), 9)
    packed = {"Content-Encoding": "gzip"}
    assert speaking("store-task", bomb, packed).status_code == 413
    assert speaking("store-task", bomb[:1000], packed).status_code == 400
    assert speaking("store-task", b"\x1f\x8bxxxxxxxxxxxx", packed).status_code == 400
    assert speaking("store-task", b"{}", {"Content-Encoding": "br"}).status_code == 415
    assert (
        speaking("store-task", pickle.dumps({}), {"Content-Type": "application/x-pickle"}).status_code == 415
    )
    assert speaking("__class__", {}).status_code == 404
    for name in ("", "a/b", "x" * 81, "a b", "../w"):
        assert speaking("claim", {}, {"Orichalcum-Worker": name}).status_code == 400


FLOOD = [{}] * 640_000


def test_of_many_faults_the_first_is_found_and_no_other_is_worded():
    flood = json.dumps({"held": GOOD | {"id": "1"}} | STEP | {"asked": FLOOD}).encode()
    with pytest.raises(ValidationError) as found:
        messages.StepDone.model_validate_json(flood)
    assert found.value.error_count() <= 2
    fields = json.dumps(dict.fromkeys(map(str, range(10_000)), 0))
    with pytest.raises(Unprocessable, match=r"it has 1000\d faults"):
        reading.read(messages.OfHeld, fields, "the request")


def test_a_large_request_is_not_read_before_it_is_known_that_its_worker_holds_what_it_is_about(
    speaking, monkeypatch
):
    examined = []
    whole = reading.read
    monkeypatch.setattr(reading, "read", lambda model, *more: examined.append(model) or whole(model, *more))
    flood = {"held": GOOD | {"id": "9" * 18}} | STEP | {"asked": FLOOD}
    packed = {"Content-Encoding": "gzip"}
    for sent in (flood, {"planned": 1} | flood, {"job_id": "a"} | flood):
        answer = speaking("store-step", gzip.compress(json.dumps(sent).encode()), packed)
        assert answer.status_code in (409, 422), answer.text
    assert set(examined) <= {messages.Token, messages.OfJob}


def test_what_is_large_and_sound_is_stored(database, coming, job, worker):
    work = coming()
    job()
    worked(worker, work, 1)
    store = work.references(work.claim(None))
    value = {"numbers": [1 / 3] * 30_000}
    assert len(json.dumps(value)) > reading.IN_PLACE
    store.put("a" * 64, value)
    assert store.get("a" * 64) == value


def test_what_needs_no_megabytes_is_sent_none(speaking):
    for operation in ("renew", "claim", "say", "fail", "cached", "behind"):
        assert speaking(operation, b" " * (messages.MOST_SMALL + 1)).status_code == 413
    assert speaking("store-reference", b" " * (4 * messages.MOST_SHARED + 1)).status_code == 413
    packed = {"Content-Encoding": "gzip"}
    assert speaking("renew", gzip.compress(b" " * (messages.MOST_SMALL + 1)), packed).status_code == 413


def test_a_number_that_no_task_has_is_held_by_nobody(speaking):
    for number in ("9" * 26, "9" * 19, "0"):
        answer = speaking("renew", {"held": GOOD | {"id": number}})
        assert (answer.status_code, answer.json()["held"]) == (200, False)
    assert speaking("renew", {"held": GOOD | {"id": "1", "attempt": 2**31}}).status_code == 422


@pytest.mark.parametrize("status", [700, 200, -5])
def test_the_status_of_a_failure_is_the_services(database, coming, job, worker, status):
    work, job_id = coming(), job()
    worked(worker, work, 1)
    work.fail(work.claim(None), remote.evaluation_failed("it").model_copy(update={"status": status}))
    with database.reading() as session:
        assert json.loads(session.get(JobRow, job_id).failure)["status"] == 500


def test_a_key_without_the_scope_is_counted_like_any_other(database, queue):
    with serving(Settings(**KEYED | {"requests_per_minute": 5}), database, queue) as client:
        headers = bearer(made(database, scopes=("read",)))
        statuses = [client.post("/v1/work/claim", json={}, headers=headers).status_code for _ in range(8)]
    assert statuses == [403] * 5 + [429] * 3


COLUMNS = [0] * 8
TOO_MUCH = {
    "a huge supercell": ("descent", {"matrix": [[1000, 0, 0], [0, 1000, 0], [0, 0, 1000]], "number": 0}),
    "no supercell": ("descent", {"matrix": [[1, 0], [0, 1]], "number": 0}),
    "many calls": ("descent", {"matrix": np.eye(3, dtype=int).tolist(), "number": 0, "calls": 10**9}),
    "huge decorations": (
        "decorations",
        {"decorations": [{"matrix": [[99, 0, 0], [0, 99, 0], [0, 0, 99]], "columns": COLUMNS}]},
    ),
    "many sites": ("supercell", {"decoration": 0, "sites": 10**6}),
    "a number that is too large": ("relaxation", {"index": 2**31}),
    "to go on from a number that is too large": ("relaxation", {"continues": 2**31}),
    "a long tier": ("relaxation", {"tier": "x" * 61}),
    "a batch of huge numbers": ("relaxation", {"batch": [2**40]}),
}


def wanting(unit, **fields):
    text = {"unit": unit, "index": 0, "composition": {}, "evaluation": 0, "seed": 1} | fields
    progress = messages.Standing(told=0, best=None, trace="[]", front="[]", standing="{}")
    task = messages.Document(unit=unit, text=json.dumps(text))
    token = messages.Token(sort="step", id="a", attempt=1)
    return messages.StepDone(
        held=token, planned=1, progress=progress, asked=[task], completed=[], result=None
    )


@pytest.mark.parametrize("what", TOO_MUCH)
def test_a_worker_orders_no_more_than_a_problem_may_ask_for(what, monkeypatch):
    monkeypatch.setattr(reading, "progress", lambda told: told)
    unit, fields = TOO_MUCH[what]
    with pytest.raises(Unprocessable, match=f"a task of {unit} cannot be asked for"):
        reading.step(wanting(unit, **fields))
    sound = {"descent": {"matrix": [[4, 0, 0], [0, 4, 0], [0, 0, 4]], "number": 0}}
    sound |= {"decorations": {"decorations": []}, "supercell": {"decoration": 0, "sites": 256}}
    ((task,),) = reading.step(wanting(unit, **sound.get(unit, {}))).asked
    assert (task.unit, task.index) == (unit, 0)


def test_a_bomb_is_unpacked_no_farther_than_its_limit():
    bomb = gzip.compress(bytes(10**8), 9)
    with pytest.raises(TooLarge):
        unpacked(bomb, "gzip", 10**6)
    assert unpacked(gzip.compress(b"x" * 1000), "gzip", 1000) == b"x" * 1000


def test_what_the_service_does_not_take_fails_the_job_with_its_words(
    database, coming, job, worker, monkeypatch
):
    work, job_id = coming(), job()
    worked(worker, work, 1)
    monkeypatch.setattr(reading, "record", lambda *_: reading.refuse("the record is not of this kind"))
    worked(worker, work, 1)
    with database.reading() as session:
        row = session.get(JobRow, job_id)
        assert row.state == "failed"
        assert "the record is not of this kind" in row.failure


def test_so_many_workers_come_by_one_key_and_no_more(database, coming, monkeypatch):
    monkeypatch.setattr(served, "MOST_WORKERS", 2)
    monkeypatch.setattr(patience, "PATIENCE_SECONDS", 0.0)
    work = coming()
    said = parts.Beat("h", 1, "cpu", idle_seconds=None)
    others = [RemoteWork(str(work._client._client.base_url), work.key.key, name, "cpu") for name in "abc"]
    for one in others[:2]:
        one.beat(said)
    arriving = ("arrive", work._arrival, messages.Welcome, 0.0)
    for ask in (
        lambda: others[2].beat(said),
        lambda: others[2].claim(None),
        lambda: others[2]._ask(*arriving),
    ):
        with pytest.raises(OutOfReach, match="429"):
            ask()
    others[0].beat(said)  # those that are there go on
    assert others[1].claim(None) is None
    coming().beat(said)  # and another key has room
    for one in others:
        one.close()


def test_the_sweeper_does_not_read_who_comes_over_https_and_forgets_them_in_minutes(database):
    with database.writing() as session:
        for name in ("local-1-a", "alpha/k/w", "alpha/k/v"):
            parts.beat(session, name, parts.Beat("h", 1))
        session.execute(
            update(PartRow).where(PartRow.id != "alpha/k/v").values(seen_at=PartRow.seen_at - 150)
        )
        assert set(parts.heard(session)) == {"local-1-a"}
        parts.forget_old(session)
        assert set(session.scalars(select(PartRow.id))) == {"local-1-a", "alpha/k/v"}


def test_a_remote_worker_that_is_cut_off_excuses_nobody(database, submitted, worker, sweeper):
    job_id = submitted()
    run_advance(worker, job_id)
    for name in ("w", "beta/k/laptop"):
        sweeper.beat(name)
    sweeper.look()
    (row,) = rows(database, job_id)
    with database.writing() as session:
        assert tasks.claim(session, row.id, "w") is not None
    sweeper.look()
    for name in ("w", "beta/k/laptop"):
        sweeper.beat(name)  # their last, both
    sweeper.later(60.0, "another worker")
    sweeper.sweep()
    (row,) = rows(database, job_id)
    assert (row.state, row.lost, row.interrupted) == ("pending", 1, 0)


def test_estimates_learn_nothing_from_workers_over_https(database, coming, job, worker):
    rest = CrystalState(lattice=[[1.0, 0.0, 0.0]] * 3, sites=[OccupiedSite(species={}, frac=[0.0] * 3)] * 2)

    def measured(problem, task, workplace):
        return fake_perform(problem, task, workplace).model_copy(update={"structure": rest})

    work = coming()
    job()
    worked(dataclasses.replace(worker, perform=each(measured)), work)
    with database.reading() as session:
        names = set(session.scalars(select(TallyRow.name)))
    assert "evaluations" in names
    assert not any(name.startswith("speed") for name in names)


def test_tasks_are_known_again_however_many_are_named_at_a_time(database, job, monkeypatch):
    monkeypatch.setattr(asking, "_AT_A_TIME", 2)
    job_id = job()
    asked = [[Task(index=index, unit="relaxation") for index in range(5)]]
    for expected in (5, 0):
        with database.writing() as session:
            assert asking.add(session, session.get(JobRow, job_id), asked) == expected


@pytest.mark.parametrize(
    "url",
    [
        "http://service.example.org",
        "ftp://127.0.0.1",
        "service",
        "",
        "https://",
        "https://me:secret@host",
        "http://10.0.0.1",
    ],
)
def test_a_key_is_sent_to_no_address_where_others_read_it(url):
    with pytest.raises(BadAddress, match="https://"):
        checked_address(url)


def test_loopback_needs_no_encryption():
    assert checked_address("http://127.0.0.1:8421/") == "http://127.0.0.1:8421"
    assert checked_address("https://h/sub/") == "https://h/sub"


class Clock:
    seconds = 0.0

    def __call__(self):
        return self.seconds


def test_a_worker_drains_before_its_wall_time_and_begins_nothing_that_would_not_be_done():
    activity, clock = Activity(), Clock()
    limits = Limits(activity, walltime=3600.0, clock=clock)
    activity._lasted.extend([200.0, 500.0, 100.0])
    assert not limits.too_late
    clock.seconds = 3039.0
    assert not limits.too_late
    clock.seconds = 3041.0
    assert limits.too_late
    assert limits.reached is None  # what was begun goes on
    clock.seconds = 3540.0
    assert limits.reached == "the wall time is near"
    short = Limits(activity, walltime=100.0, clock=clock)
    clock.seconds += 89.0
    assert short.reached is None
    clock.seconds += 1.0
    assert short.reached
    assert Limits(activity).reached is Limits(activity).remaining is None


def test_a_worker_without_work_ends_after_its_idle_timeout_and_a_busy_one_does_not(
    coming, worker, monkeypatch
):
    monkeypatch.setattr(fetching, "FIRST_PAUSE", 0.01)
    activity = Activity()
    limits = Limits(activity, idle_timeout=0.05)
    with activity.task():
        threading.Event().wait(0.1)
        assert limits.reached is None
    context = dataclasses.replace(worker, work=coming(), stopping=lambda: limits.reached is not None)
    fetch(context, activity, limits, "seed")
    assert limits.reached == "there was nothing to do for 0.05 s"
