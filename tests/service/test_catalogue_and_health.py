"""What can be asked for, health, metrics, the OpenAPI document, and an API process without torch."""

from __future__ import annotations

import subprocess
import sys

from service.lifecycle.dispatch import enqueue
from service.repositories import parts, tasks
from tests.service.test_jobs_over_http import submit
from tests.service.test_tasks import rows
from tests.waiting import HANG_SECONDS


def test_the_potentials_are_listed_with_licence_and_citation(shared_client):
    found = {row["name"]: row for row in shared_client.get("/v1/potentials").json()["potentials"]}
    assert {"sevennet-l3i5", "sevennet-0"} <= set(found)
    assert all(row["licence"] and row["citation"] for row in found.values())
    assert len(found["sevennet-0"]["sha256"]) == 64
    assert found["sevennet-0"]["licence"] == "MIT"
    assert len(found["sevennet-0"]["elements"]) == 89


def test_the_prototypes_are_listed_with_what_each_species_is(shared_client):
    found = {row["name"]: row for row in shared_client.get("/v1/prototypes").json()["prototypes"]}
    assert {"rocksalt", "zincblende", "wurtzite", "fluorite", "perovskite", "fcc", "bcc", "hcp"} <= set(found)
    assert found["wurtzite"]["sites"] == 4
    assert len(found["perovskite"]["species"]) == 3


def test_the_properties_are_listed_with_their_units(shared_client):
    found = {row["name"]: row["unit"] for row in shared_client.get("/v1/properties").json()["properties"]}
    assert found["lattice_a"] == "Å"
    assert found["density"] == "g/cm^3"
    assert found["mixing_energy"] == "eV/atom"


def test_the_service_is_ready_only_with_a_store_a_broker_a_worker_and_a_sweeper(client, database, queue):
    assert client.get("/health/live").json() == {"status": "ok"}
    assert client.get("/health/ready").status_code == 503
    with database.writing() as session:
        parts.beat(session, "w", parts.Beat("host", 1, "cpu"))
    assert client.get("/health/ready").status_code == 503
    with database.writing() as session:
        parts.beat(session, "s", parts.Beat("host", 2, part="sweeper"))
    assert client.get("/health/ready").json() == {
        "ready": True,
        "database": True,
        "broker": True,
        "workers": 1,
        "sweeper": True,
        "stalled": [],
    }
    queue.broken = True
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()["broker"]) == (503, False)


def test_a_worker_that_fell_silent_does_not_count(client, database):
    with database.writing() as session:
        parts.beat(session, "w", parts.Beat("host", 1, "cpu"))
        session.get(parts.PartRow, "w").seen_at -= 11
    assert client.get("/health/ready").json()["workers"] == 0


def test_the_metrics_count_requests_by_route_and_jobs_by_state(client):
    submit(client)
    client.get("/v1/jobs/nothing")
    text = client.get("/metrics").text
    assert 'orichalcum_jobs{state="queued"} 1.0' in text
    assert 'orichalcum_http_requests_total{method="GET",route="/v1/jobs/{job_id}",status="404"} 1.0' in text
    assert "nothing" not in text


def test_the_metrics_tell_of_queues_computing_retries_lost_leases_and_the_cache(
    client, database, queue, submitted, work, sweeper
):
    """One evaluation whose worker vanished, and a second job that finds everything in the cache."""
    first = submitted()
    enqueue(database, queue, first)
    work(limit=1)
    with database.writing() as session:
        tasks.claim(session, rows(database, first)[0].id, "vanishing")
    sweeper.later()
    queue.lose_everything()
    sweeper.sweep()
    work()
    enqueue(database, queue, submitted())
    work()
    queue.tasks += [10, 11]
    told = {}
    for line in client.get("/metrics").text.splitlines():
        if not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            told[name] = float(value)
    assert told['orichalcum_queue_depth{queue="orichalcum"}'] == 2
    assert told['orichalcum_evaluations_computed_total{potential="sevennet-0"}'] == 3
    assert told['orichalcum_evaluation_seconds_total{potential="sevennet-0"}'] > 0
    assert told["orichalcum_retries_total"] == told["orichalcum_leases_lost_total"] == 1
    assert told["orichalcum_cache_hits_total"] == 3
    assert told['orichalcum_jobs{state="succeeded"}'] == 2
    assert told['orichalcum_evaluations{state="done"}'] == 6
    assert told["orichalcum_workers"] == 0


def test_the_openapi_document_describes_every_call_of_the_contract(shared_client):
    document = shared_client.get("/openapi.json").json()
    calls = {
        "/v1/problems/validate": {"post"},
        "/v1/jobs": {"get", "post"},
        "/v1/arrays": {"post"},
        "/v1/arrays/{array_id}": {"get"},
        "/v1/jobs/{job_id}": {"get", "patch", "delete"},
        "/v1/jobs/{job_id}/answer": {"get"},
        "/v1/jobs/{job_id}/evaluations": {"get"},
        "/v1/jobs/{job_id}/events": {"get"},
        "/v1/jobs/{job_id}/result": {"get"},
        "/v1/jobs/{job_id}/map": {"get"},
        "/v1/jobs/{job_id}/surrogate": {"get"},
        "/v1/jobs/cancel": {"post"},
        "/v1/jobs/{job_id}/cancel": {"post"},
        "/v1/jobs/{job_id}/pause": {"post"},
        "/v1/jobs/{job_id}/resume": {"post"},
        "/v1/jobs/{job_id}/verify": {"post"},
        "/v1/jobs/{job_id}/evaluate": {"post"},
        "/v1/potentials": {"get"},
        "/v1/prototypes": {"get"},
        "/v1/kinds": {"get"},
        "/v1/properties": {"get"},
        "/health/live": {"get"},
        "/health/ready": {"get"},
        "/metrics": {"get"},
    }
    assert {path: set(methods) for path, methods in document["paths"].items()} == calls
    body = document["paths"]["/v1/jobs"]["post"]["requestBody"]["content"]["application/json"]
    assert body["schema"] == {"$ref": "#/components/schemas/Problem"}
    assert {"Problem", "ProblemDetail", "Job", "Result"} <= set(document["components"]["schemas"])


def test_the_example_in_the_openapi_document_is_accepted(client):
    document = client.get("/openapi.json").json()
    body = document["paths"]["/v1/jobs"]["post"]["requestBody"]["content"]["application/json"]
    example = body["examples"]["al_sc_n"]["value"]
    assert client.post("/v1/jobs", json=example).status_code == 202


_TORCH_FREE = """
import asyncio, sys, httpx
from service.operations import migration
from service.api.app import create_app
from service.tables.database import Database
from service.settings import Settings

class Queue:
    def advance(self, job_id, route): return True
    def evaluate(self, evaluation_id, route): return True
    def depth(self, queue=""): return 0

async def main(folder):
    database = Database(f"sqlite:///{folder}/store.sqlite3")
    migration.upgrade(database)
    app = create_app(Settings(), database=database, messenger=Queue())
    transport = httpx.ASGITransport(app)
    calling = httpx.AsyncClient(transport=transport, base_url="http://localhost")
    async with app.router.lifespan_context(app), calling as client:
        assert (await client.get("/v1/potentials")).status_code == 200
        assert (await client.post("/v1/jobs", json={"kind": "optimize"})).status_code == 422
        problem = {"kind": "evaluate", "structure": {"prototype": "fcc", "species": ["Cu"]}}
        assert (await client.post("/v1/jobs", json=problem)).status_code == 202
    heavy = sorted({"torch", "engine.evaluation.evaluator"} & set(sys.modules))
    assert not heavy, heavy

asyncio.run(main(sys.argv[1]))
"""


def test_the_api_never_imports_torch(tmp_path):
    subprocess.run([sys.executable, "-c", _TORCH_FREE, str(tmp_path)], check=True, timeout=HANG_SECONDS)
