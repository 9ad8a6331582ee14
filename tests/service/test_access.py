"""API keys, scopes, tenants, rates, quotas, and what protects a service on loopback from web pages."""

from __future__ import annotations

import socket
import threading

import pytest
from fastapi import FastAPI
from sqlalchemy import select, update

from service.access import keys
from service.access.rates import WRONG_KEYS_PER_MINUTE
from service.repositories import tallies
from service.settings import Settings
from service.tables.api_keys import ApiKeyRow
from service.tables.database import now
from tests.service.conftest import PROBLEM, Queue, serving
from tests.waiting import HANG_SECONDS

KEYED = {"require_api_keys": True, "requests_per_minute": 0, "submissions_per_minute": 0}


def made(database, tenant="alpha", scopes=("read", "submit"), days=None):
    with database.writing() as session:
        return keys.create(session, tenant, scopes, days=days)


def bearer(key):
    return {"Authorization": f"Bearer {key.key}"}


@pytest.fixture
def keyed(database, queue):
    with serving(Settings(**KEYED), database, queue) as client:
        yield client


def test_without_a_key_everything_but_health_and_documentation_is_refused(keyed):
    for path in ("/v1/jobs", "/v1/jobs/x", "/v1/potentials", "/v1/prototypes", "/v1/properties", "/metrics"):
        answer = keyed.get(path)
        assert answer.status_code == 401, path
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.json()["type"] == "urn:orichalcum:problem:unauthorized"
    assert keyed.post("/v1/jobs", json=PROBLEM).status_code == 401
    for path in ("/health/live", "/openapi.json"):
        assert keyed.get(path).status_code == 200


def test_a_key_is_accepted_and_only_its_digest_is_stored(keyed, database):
    key = made(database)
    assert keyed.get("/v1/jobs", headers=bearer(key)).status_code == 200
    with database.reading() as session:
        row = session.get(ApiKeyRow, key.id)
        assert key.key.split("_", 2)[2] not in f"{row.digest}{row.name}{row.scopes}{row.tenant}"


def other_ending(key: str) -> str:
    """The key with two other letters at its end; one key in a thousand ends in AA itself."""
    return key[:-2] + ("BA" if key.endswith("AA") else "AA")


@pytest.mark.parametrize("spoil", [lambda k: k[:-1] + "~", other_ending, lambda _: "-", lambda _: "x" * 5000])
def test_a_wrong_key_is_refused(keyed, database, spoil):
    key = made(database)
    assert keyed.get("/v1/jobs", headers={"Authorization": f"Bearer {spoil(key.key)}"}).status_code == 401


def test_a_key_that_has_expired_or_was_revoked_is_refused(keyed, database):
    expired, revoked = made(database, days=1), made(database)
    with database.writing() as session:
        at = now(session)
        session.execute(update(ApiKeyRow).where(ApiKeyRow.id == expired.id).values(expires_at=at - 1))
        keys.revoke(session, revoked.id)
    assert keyed.get("/v1/jobs", headers=bearer(expired)).status_code == 401
    assert keyed.get("/v1/jobs", headers=bearer(revoked)).status_code == 401
    with database.reading() as session:
        assert [keys.standing(row, at) for row in keys.listed(session)] == ["expired", "revoked"]


def test_a_rotated_key_works_beside_its_successor_until_its_grace_ends(keyed, database):
    old = made(database, scopes=("read",))
    with database.writing() as session:
        new = keys.rotate(session, old.id, grace_days=1)
    assert keyed.get("/v1/jobs", headers=bearer(old)).status_code == 200
    assert keyed.get("/v1/jobs", headers=bearer(new)).status_code == 200
    assert keyed.post("/v1/jobs", json=PROBLEM, headers=bearer(new)).status_code == 403
    with database.reading() as session:
        row = session.get(ApiKeyRow, old.id)
        assert 86_000 < row.expires_at - now(session) <= 86_400


def test_a_key_does_only_what_its_scopes_say(keyed, database):
    reader = bearer(made(database, scopes=("read",)))
    submitter = bearer(made(database, scopes=("submit",)))
    administrator = bearer(made(database, scopes=("admin",)))
    operator = bearer(made(database, scopes=("operator",)))
    assert keyed.post("/v1/jobs", json=PROBLEM, headers=reader).status_code == 403
    assert keyed.get("/v1/jobs", headers=submitter).status_code == 403
    assert keyed.get("/metrics", headers=reader).status_code == 403
    # They tell of all tenants, and the key of one may be that of whoever administers that one.
    assert keyed.get("/metrics", headers=administrator).status_code == 403
    assert keyed.get("/metrics", headers=operator).status_code == 200
    assert keyed.get("/v1/jobs", headers=operator).status_code == 403
    job_id = keyed.post("/v1/jobs", json=PROBLEM, headers=administrator).json()["id"]
    assert keyed.post(f"/v1/jobs/{job_id}/cancel", headers=reader).status_code == 403
    assert keyed.get(f"/v1/jobs/{job_id}", headers=reader).status_code == 200


def operations(client):
    """Every call that the document knows, so that a new one cannot be forgotten: method, path, needed parameters."""
    for path, methods in client.get("/openapi.json").json()["paths"].items():
        for method, operation in methods.items():
            yield method, path, [part["name"] for part in operation.get("parameters", []) if part["required"]]


def test_no_endpoint_shows_or_changes_the_job_of_another_tenant(keyed, database, work):
    alpha, beta = bearer(made(database, "alpha")), bearer(made(database, "beta", ("admin",)))
    finished = keyed.post("/v1/jobs", json=PROBLEM, headers=alpha).json()["id"]
    work()
    queued = keyed.post("/v1/jobs", json=PROBLEM, headers=alpha).json()["id"]
    over = {"problem": PROBLEM, "over": {"strategy.seed": [1, 2]}}
    array = keyed.post("/v1/arrays", json=over, headers=alpha).json()["id"]

    def jobs_of_alpha():
        found = {
            job_id: keyed.get(f"/v1/jobs/{job_id}", headers=alpha).json() for job_id in (queued, finished)
        }
        for job in found.values():
            del job["notice"]  # of what waits for long, on a busy machine
        return found

    before = jobs_of_alpha()
    assert [job["state"] for job in before.values()] == ["queued", "succeeded"]
    of_alpha = {"job_id": [queued, finished], "array_id": [array]}
    tried = 0
    for method, path, needed in operations(keyed):
        # What needs another parameter than these ids would have to be tried with one of the other tenant's.
        assert needed in ([], ["job_id"], ["array_id"]), (method, path)
        if not needed:
            body = PROBLEM if method == "post" else None
            told = keyed.request(method, path, headers=beta, json=body).text
            assert not any(known in told for known in (*before, array)), (method, path)
            continue
        (parameter,) = needed
        body = {"at": [{"cation": {"Na": 1.0, "K": 0.0}}]} if path.endswith("/evaluate") else None
        missing = keyed.request(method, path.format(**{parameter: "0" * 26}), headers=beta, json=body)
        for known in of_alpha[parameter]:
            answer = keyed.request(method, path.format(**{parameter: known}), headers=beta, json=body)
            assert answer.status_code == missing.status_code == 404, (method, path)
            assert answer.json()["type"] == missing.json()["type"]
            tried += 1
    assert tried >= 25
    assert jobs_of_alpha() == before


def test_every_endpoint_but_health_needs_a_key_and_changing_needs_another_scope_than_reading(keyed, database):
    reader = bearer(made(database, scopes=("read",)))
    submitter = bearer(made(database, scopes=("submit",)))
    for method, path, _ in operations(keyed):
        address = path.format(job_id="0" * 26, array_id="0" * 26)
        bare = keyed.request(method, address)
        assert (bare.status_code == 401) == (not path.startswith("/health/")), (method, path)
        if path.startswith("/health/"):
            continue
        lacking = submitter if method == "get" and path != "/metrics" else reader
        refused = keyed.request(method, address, headers=lacking)
        assert refused.status_code == 403, (method, path)
        assert refused.json()["type"].endswith(":missing-scope")


def test_idempotency_keys_of_two_tenants_do_not_meet(keyed, database):
    alpha, beta = bearer(made(database, "alpha")), bearer(made(database, "beta"))
    first = keyed.post("/v1/jobs", json=PROBLEM, headers={**alpha, "Idempotency-Key": "k"})
    second = keyed.post(
        "/v1/jobs", json={**PROBLEM, "name": "other"}, headers={**beta, "Idempotency-Key": "k"}
    )
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["id"] != second.json()["id"]


def test_too_many_requests_are_refused_for_one_caller_and_not_for_another(database, queue):
    with serving(Settings(require_api_keys=True, requests_per_minute=5), database, queue) as client:
        one, other = bearer(made(database)), bearer(made(database))
        codes = [client.get("/v1/jobs", headers=one).status_code for _ in range(7)]
        assert codes == [200] * 5 + [429] * 2
        answer = client.get("/v1/jobs", headers=one)
        assert 1 <= int(answer.headers["retry-after"]) <= 120
        assert client.get("/v1/jobs", headers=other).status_code == 200


def test_guessing_keys_is_slowed_down(keyed):
    codes = {keyed.get("/v1/jobs", headers={"Authorization": f"Bearer {n}"}).status_code for n in range(40)}
    assert codes == {401, 429}


def test_a_tenant_may_have_only_so_many_jobs_under_way(database, queue):
    with serving(Settings(max_active_jobs=2), database, queue) as client:
        job_ids = [client.post("/v1/jobs", json=PROBLEM).json()["id"] for _ in range(2)]
        answer = client.post("/v1/jobs", json=PROBLEM)
        assert answer.status_code == 429
        assert answer.json()["type"] == "urn:orichalcum:problem:quota-jobs"
        client.post(f"/v1/jobs/{job_ids[0]}/cancel")
        assert client.post("/v1/jobs", json=PROBLEM).status_code == 202


def test_a_tenant_may_have_only_so_many_evaluations_a_day_and_deleting_jobs_gives_none_back(
    database, queue, work, monkeypatch
):
    monkeypatch.setattr("tests.service.conftest.BATCHES", (1, 2))
    with serving(Settings(max_evaluations_per_day=45), database, queue) as client:
        first = client.post("/v1/jobs", json=PROBLEM).json()  # may take 40
        assert client.post("/v1/jobs", json=PROBLEM).json()["type"].endswith(":quota-evaluations")
        work()  # takes 3
        assert client.delete(f"/v1/jobs/{first['id']}").status_code == 204
        assert client.post("/v1/jobs", json=PROBLEM).status_code == 202  # 40 of 42
        answer = client.post("/v1/jobs", json={**PROBLEM, "strategy": {"max_evaluations": 3}})
        assert answer.status_code == 429
        assert " 2 of 45 " in answer.json()["detail"]


def test_tallies_of_many_writers_add_up(database):
    for amount in (1, 2.5, 4):
        with database.writing() as session:
            tallies.add(session, "test", "a", amount)
    with database.reading() as session:
        assert tallies.total(session, "test", "a") == 7.5
        assert tallies.totals(session, ["test"]) == [("test", "a", 7.5)]


def test_a_name_that_was_rebound_to_loopback_is_refused(client):
    answer = client.get("/v1/jobs", headers={"Host": "evil.example:8421"})
    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:orichalcum:problem:host-not-allowed"
    for host in ("localhost:8421", "127.0.0.1", "[::1]:8421"):
        assert client.get("/v1/jobs", headers={"Host": host}).status_code == 200


def test_a_web_page_of_another_origin_may_not_change_anything(client):
    job_id = client.post("/v1/jobs", json=PROBLEM).json()["id"]
    answer = client.post(f"/v1/jobs/{job_id}/cancel", headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    own = f"http://{client.base_url.host}:{client.base_url.port}"
    assert client.post(f"/v1/jobs/{job_id}/cancel", headers={"Origin": own}).status_code == 202


def test_pages_of_the_origins_in_the_settings_may_call(database, queue):
    settings = Settings(cors_origins="https://lab.example, https://other.example")
    with serving(settings, database, queue) as client:
        origin = {"Origin": "https://lab.example"}
        assert client.post("/v1/jobs", json=PROBLEM, headers=origin).status_code == 202
        answer = client.get("/v1/jobs", headers=origin)
        assert answer.headers["access-control-allow-origin"] == "https://lab.example"
        assert (
            "access-control-allow-origin"
            not in client.get("/v1/jobs", headers={"Origin": "https://x.y"}).headers
        )


def test_answers_carry_headers_that_protect_browsers(shared_client):
    headers = shared_client.get("/v1/jobs").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == "private, no-cache"
    assert len(headers["x-request-id"]) == 16


def test_a_server_on_a_public_address_requires_keys_whatever_the_environment_says(monkeypatch, tmp_path):
    from service import server

    made_with = []
    monkeypatch.setenv("ORICHALCUM_REQUIRE_API_KEYS", "false")
    monkeypatch.setenv("ORICHALCUM_BROKER_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("ORICHALCUM_DATA", str(tmp_path))
    monkeypatch.setattr(server, "create_app", lambda settings, **_: made_with.append(settings) or FastAPI())
    monkeypatch.setattr(server.uvicorn.Server, "run", lambda *_, **__: None)
    monkeypatch.setattr(server.logs, "configure", lambda _: None)
    for host in ("127.0.0.1", "0.0.0.0"):  # noqa: S104
        opened = socket.create_server((host, 0))
        server.main(["--fd", str(opened.detach())])
    assert [settings.keys_required() for settings in made_with] == [False, True]
    assert made_with[1].most_requests() > 0
    assert made_with[1].most_active_jobs() > 0


@pytest.mark.parametrize(
    ("tenant", "scopes", "days"),
    [
        ("Upper", ["read"], None),
        ("", ["read"], None),
        ("a", ["write"], None),
        ("a", [], None),
        ("a", ["read"], 0),
    ],
)
def test_a_key_that_cannot_be_is_refused_with_a_reason(database, tenant, scopes, days):
    with pytest.raises(keys.BadKeyRequest), database.writing() as session:
        keys.create(session, tenant, scopes, days=days)
    with database.reading() as session:
        assert not session.scalars(select(ApiKeyRow)).all()


def test_a_password_in_the_settings_is_not_told():
    settings = Settings(
        database_url="postgresql+psycopg://user:hunter2@db/x", broker_url="redis://:hunter2@broker:6379/0"
    )
    told = settings.redacted()
    assert "hunter2" not in str(told)
    assert told["database_url"] == "postgresql+psycopg://user:***@db/x"


def test_the_key_of_the_client_library_reaches_the_service(keyed, database):
    from orichalcum import Client
    from orichalcum.exceptions import Unauthorized

    key = made(database)
    with Client(str(keyed.base_url), api_key=key.key) as client:
        assert list(client.jobs()) == []
    with Client(str(keyed.base_url), api_key="ori_wrong") as client, pytest.raises(Unauthorized):
        list(client.jobs())


def test_a_caller_without_key_and_one_with_the_key_of_a_tenant_are_different_on_loopback(database):
    with serving(Settings(), database, Queue()) as client:
        key = made(database, "alpha")
        mine = client.post("/v1/jobs", json=PROBLEM, headers=bearer(key)).json()["id"]
        assert client.get(f"/v1/jobs/{mine}").status_code == 404


@pytest.mark.parametrize(
    "host",
    [
        "[::1]evil.com",
        "[::1]:80evil.com",
        "[127.0.0.1",
        "localhost:80:evil.com",
        "localhost:port",
        "evil.com@localhost",
        "localhost/evil.com",
        "localhost evil.com",
        "",
    ],
)
@pytest.mark.stores("sqlite")  # none is asked
@pytest.mark.parametrize("settings", [Settings(), Settings(**KEYED)])
def test_a_host_that_only_begins_like_one_of_ours_is_refused(client, host):
    answer = client.get("/health/live", headers={"Host": host})
    assert answer.status_code in (400, 403), answer.text
    if answer.status_code == 403:
        assert answer.json()["type"] == "urn:orichalcum:problem:host-not-allowed"


@pytest.mark.parametrize("host", ["[::1]", "[::1]:8421", "LOCALHOST:8421", "127.0.0.2"])
def test_a_host_that_is_one_of_ours_is_not(shared_client, host):
    assert shared_client.get("/health/live", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("scheme", ["evil", "file", "chrome-extension", "https.evil", ""])
def test_an_origin_of_another_scheme_may_change_nothing(client, scheme):
    own = f"{client.base_url.host}:{client.base_url.port}"
    answer = client.post("/v1/jobs", json=PROBLEM, headers={"Origin": f"{scheme}://{own}"})
    assert answer.status_code == 403
    assert client.post("/v1/jobs", json=PROBLEM, headers={"Origin": f"https://{own}"}).status_code == 202


def tried_with_made_up_addresses(client) -> set[int]:
    return {
        client.get(
            "/v1/jobs", headers={"Authorization": "Bearer wrong", "X-Forwarded-For": f"192.0.2.{number}"}
        ).status_code
        for number in range(WRONG_KEYS_PER_MINUTE + 5)
    }


def test_a_made_up_address_does_not_reset_the_limit_on_wrong_keys(keyed):
    assert tried_with_made_up_addresses(keyed) == {401, 429}


def test_a_proxy_that_is_trusted_says_who_asks(database, queue):
    with serving(Settings(**KEYED, trusted_proxies=("127.0.0.1",)), database, queue) as client:
        assert tried_with_made_up_addresses(client) == {401}


@pytest.mark.parametrize("address", ["/events", ""])
def test_what_is_open_with_a_key_ends_when_the_key_is_revoked(keyed, database, address, monkeypatch):
    """Streams end, which otherwise go on for long; and whoever waits for a job is told."""
    monkeypatch.setattr("service.api.events.STREAM_SECONDS", 10 * HANG_SECONDS)
    key, other = made(database), made(database)
    job_id = keyed.post("/v1/jobs", json=PROBLEM, headers=bearer(key)).json()["id"]
    ended = threading.Event()
    told: list[int] = []

    def read() -> None:
        wait = {**bearer(key), "Prefer": "wait=30", "If-None-Match": "*"}
        with keyed.stream("GET", f"/v1/jobs/{job_id}{address}", headers=wait) as answer:
            told.append(answer.status_code)
            for _ in answer.iter_bytes():
                opened.set()
        ended.set()

    opened = threading.Event()
    reader = threading.Thread(target=read)
    reader.start()
    if address:
        assert opened.wait(HANG_SECONDS)
    with keyed.stream("GET", f"/v1/jobs/{job_id}/events", headers=bearer(other)) as remaining:
        pieces = remaining.iter_bytes()
        next(pieces)
        with database.writing() as session:
            keys.revoke(session, key.id)
        assert ended.wait(HANG_SECONDS)
        assert told == [200 if address else 401]
        keyed.post(f"/v1/jobs/{job_id}/cancel", headers=bearer(other))
        assert b"cancelled" in b"".join(pieces)
    reader.join()
