"""Rates of several processes of the API that share a broker, and of one whose broker is out of reach."""

from __future__ import annotations

import socket
from contextlib import ExitStack, nullcontext

import pytest

from service.access import keys
from service.access.rates import WRONG_KEYS_PER_MINUTE, Rates
from service.http.refusals import TooMany
from service.settings import Settings
from tests.service.conftest import PROBLEM, Queue, running_broker, serving
from tests.waiting import HANG_SECONDS


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """A broker that lives is waited for on a busy machine, too."""
    monkeypatch.setattr("service.access.rates.BROKER_SECONDS", HANG_SECONDS)


def settings(broker_url: str, **more: int) -> Settings:
    return Settings(require_api_keys=True, broker_url=broker_url, **more)


def test_two_processes_of_the_api_count_together_and_each_for_itself_while_the_broker_is_away(
    database, tmp_path
):
    with database.writing() as session:
        key = keys.create(session, "alpha", ["read", "submit"])
    headers = {"Authorization": f"Bearer {key.key}"}
    with ExitStack() as stack:
        broker, child = stack.enter_context(running_broker(tmp_path / "broker"))
        limited = settings(broker.url, requests_per_minute=6, submissions_per_minute=2)
        both = [stack.enter_context(serving(limited, database, Queue())) for _ in range(2)]
        codes = [both[n % 2].get("/v1/jobs", headers=headers).status_code for n in range(8)]
        assert codes == [200] * 6 + [429] * 2
        child.kill()
        child.finish(0.0)
        # Nothing fails and nothing waits for long: each process begins to count for itself.
        alone = [both[0].get("/v1/jobs", headers=headers).status_code for _ in range(8)]
        assert alone == [200] * 6 + [429] * 2
        assert both[1].get("/v1/jobs", headers=headers).status_code == 200


def test_submissions_are_counted_together(database, tmp_path):
    with database.writing() as session:
        key = keys.create(session, "alpha", ["submit"])
    headers = {"Authorization": f"Bearer {key.key}"}
    with ExitStack() as stack:
        broker, _ = stack.enter_context(running_broker(tmp_path / "broker"))
        limited = settings(broker.url, submissions_per_minute=3)
        both = [stack.enter_context(serving(limited, database, Queue())) for _ in range(2)]
        answers = [both[n % 2].post("/v1/jobs", json=PROBLEM, headers=headers) for n in range(4)]
        assert [answer.status_code for answer in answers] == [202, 202, 202, 429]
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 120


def test_a_broker_that_never_answers_is_not_waited_for(monkeypatch):
    monkeypatch.setattr("service.access.rates.BROKER_SECONDS", 0.25)
    monkeypatch.setattr("service.access.rates.AWAY_SECONDS", 600.0)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        asked = []
        rates = Rates(2, 0, f"redis://127.0.0.1:{deaf.getsockname()[1]}/0")
        hit = rates._together.hit
        monkeypatch.setattr(rates._together, "hit", lambda *given: asked.append(given) or hit(*given))
        rates.count_request("a")
        rates.count_request("a")
        with pytest.raises(TooMany):
            rates.count_request("a")
        assert len(asked) == 1  # then it is left alone for some seconds


def test_a_broker_that_comes_back_counts_again(tmp_path, monkeypatch):
    monkeypatch.setattr("service.access.rates.AWAY_SECONDS", 0.0)
    folder = tmp_path / "broker"
    with running_broker(folder) as (broker, child):
        one, other = Rates(2, 0, broker.url), Rates(2, 0, broker.url)
        child.kill()
        child.finish(0.0)
        one.count_request("a")
        child.start()
        broker.wait(child)
        for _ in range(2):
            one.count_request("a")
        with pytest.raises(TooMany):
            other.count_request("a")


@pytest.mark.parametrize(
    "url", [None, "", "sentinel://one:1;sentinel://two:2", "amqp://elsewhere", "nonsense"]
)
def test_with_any_other_broker_a_process_counts_for_itself(url):
    rates = Rates(1, 0, url)
    rates.count_request("a")
    with pytest.raises(TooMany):
        rates.count_request("a")


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:1:2:3", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("fe80::1%eth0", "fe80::2", True),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("192.0.2.1", "192.0.2.2", False),
        ("unknown", "unknown", True),
    ],
)
def test_wrong_keys_are_counted_by_what_one_machine_may_call_its_own(first, second, together):
    rates = Rates(0, 0)
    for _ in range(WRONG_KEYS_PER_MINUTE):
        rates.count_wrong_key(first)
    with pytest.raises(TooMany) if together else nullcontext():
        rates.count_wrong_key(second)
