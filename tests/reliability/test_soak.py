"""The soak: workers that are killed and frozen again and again over many jobs lose, repeat and change nothing."""

from __future__ import annotations

import contextlib
import json
import os
import random
import secrets
import time
from collections import Counter
from collections.abc import Iterator

import psutil
import pytest
from sqlalchemy import text

from api_schemas.problem import Problem
from engine.campaign.run import run
from service.tables.database import Database
from tests.observing import Silent
from tests.reliability.test_killed_processes import apart_from
from tests.soak import later

JOBS = int(os.environ.get("SOAK_JOBS", "30"))
BLOWS = int(os.environ.get("SOAK_BLOWS", "60"))
FROZEN_SHARE = 1 / 3
"""Of the blows; a frozen worker is one that comes back, before or after its task was handed on."""


def problem(number: int) -> dict:
    """Cheap scans of crystals of two atoms, every one different."""
    return {
        "kind": "scan",
        "name": f"soak {number}",
        "structure": {"prototype": "rocksalt", "species": ["Na", "Cl"], "a": round(5.6 + 0.002 * number, 4)},
        "sublattices": [{"name": "cation", "sites": ["Na"], "elements": ["Na", "K"]}],
        "objectives": [{"property": "lattice_a", "target": 5.9, "tolerance": 0.001}],
        "scan": {"points_per_edge": 12 + number % 5},
        "potential": {"name": "sevennet-0"},
    }


@pytest.fixture
def soaked(request, own_stack, tmp_path, monkeypatch) -> Iterator[tuple]:
    """A stack with two workers on a store, and the store as it is seen beside it."""
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql_server").create(f"soak_{secrets.token_hex(4)}")
        monkeypatch.setenv("ORICHALCUM_DATABASE_URL", url)
    # The limits of a tenant are not what is tested.
    monkeypatch.setenv("ORICHALCUM_SUBMISSIONS_PER_MINUTE", "0")
    monkeypatch.setenv("ORICHALCUM_REQUESTS_PER_MINUTE", "0")
    monkeypatch.setenv("ORICHALCUM_MAX_ACTIVE_JOBS", "0")
    stack = own_stack(tmp_path / "data", "--workers", "2")
    if request.param != "postgresql":
        url = f"sqlite:///{stack.data / 'orichalcum.sqlite3'}"
    database = Database(url)
    yield stack, database
    database.close()


def asked(database: Database, query: str) -> list[tuple]:
    with database.reading() as session:
        return [tuple(row) for row in session.execute(text(query))]


@pytest.mark.parametrize("soaked", [later("sqlite"), later("postgresql")], indirect=True)
def test_workers_killed_and_frozen_over_many_jobs_lose_repeat_and_change_nothing(soaked):
    stack, database = soaked
    problems = [problem(number) for number in range(JOBS)]
    began = time.monotonic()
    job_ids = [stack.submit(one) for one in problems]
    blows = struck(stack, database)
    assert evaluated(database) < evaluations_of(JOBS)  # the last blow hit them at work
    ended = [stack.finished(job_id) for job_id in job_ids]
    seconds = time.monotonic() - began
    assert {job["state"] for job in ended} == {"succeeded"}, [job["failure"] for job in ended]
    stored_once(database, job_ids)
    no_orphan(database)
    for job_id in job_ids:
        events_complete(stack, job_id)
    lost, interrupted = asked(database, "select sum(lost), sum(interrupted) from tasks")[0]
    told = f"{dict(blows)}, {lost} lost, {interrupted} interrupted, {len(job_ids)} jobs in {seconds:.0f} s"
    print(f"soak on {database.engine.dialect.name}: {told}")  # noqa: T201  (for docs/reliability.md)
    for one, job_id in zip(problems, job_ids, strict=True):
        same_as_run(one, stack.result(job_id))


def evaluations_of(count: int) -> int:
    return sum(problem(number)["scan"]["points_per_edge"] for number in range(count))


def evaluated(database: Database) -> int:
    return int(asked(database, "select count(*) from tasks where counted and state = 'done'")[0][0])


def at_work(database: Database) -> bool:
    return bool(asked(database, "select 1 from tasks where state = 'running' limit 1"))


def struck(stack, database: Database) -> Counter:
    """Strike workers in the middle of tasks: killed, or frozen for some seconds; how often each."""
    chance = random.Random(11)  # noqa: S311
    thawing: list[tuple[float, psutil.Process]] = []
    done: Counter = Counter()
    wanted = evaluations_of(JOBS)
    while done.total() < BLOWS:
        # Spread over the first nine tenths of the work, however fast the machine is.
        due = int(0.9 * wanted * done.total() / BLOWS)
        while not (evaluated(database) >= due and at_work(database)):
            thawing = thawed(thawing)
            time.sleep(0.05)
        time.sleep(chance.uniform(0.0, 0.5))
        thawing = thawed(thawing)
        held = [
            name
            for (name,) in asked(database, "select worker from tasks where state = 'running' and lost > 0")
        ]
        found = apart_from(stack, held)
        if not found:
            continue
        victim = chance.choice(found)
        with contextlib.suppress(psutil.NoSuchProcess):
            if chance.random() < FROZEN_SHARE:
                victim.suspend()
                thawing.append((time.monotonic() + chance.uniform(1.0, 14.0), victim))
                done["SIGSTOP"] += 1
            else:
                victim.kill()
                done["SIGKILL"] += 1
    thawed([(0.0, victim) for _, victim in thawing])
    return done


def thawed(frozen: list[tuple[float, psutil.Process]]) -> list[tuple[float, psutil.Process]]:
    """Let those go on whose time is over; the others."""
    left = []
    for at, victim in frozen:
        if time.monotonic() < at:
            left.append((at, victim))
            continue
        with contextlib.suppress(psutil.NoSuchProcess):
            victim.resume()
    return left


def stored_once(database: Database, job_ids: list[str]) -> None:
    query = (
        "select job_id, unit, number, count(*) from tasks group by job_id, unit, number having count(*) > 1"
    )
    assert asked(database, query) == []
    wanted = evaluations_of(len(job_ids))
    assert asked(database, "select count(*) from tasks where counted and state = 'done'")[0][0] == wanted
    assert asked(database, "select sum(evaluations_done) from jobs")[0][0] == wanted


def no_orphan(database: Database) -> None:
    """Nothing is left under way, and nothing is left of what was."""
    assert (
        asked(database, "select count(*) from tasks where state != 'done' or lease_until is not null")[0][0]
        == 0
    )
    assert asked(database, "select count(*) from checkpoints")[0][0] == 0
    assert asked(database, "select count(*) from reference_claims")[0][0] == 0
    assert (
        asked(database, "select count(*) from jobs where needs_advance or advance_until is not null")[0][0]
        == 0
    )
    for table in ("tasks", "events"):
        query = f"select count(*) from {table} where job_id not in (select id from jobs)"  # noqa: S608
        assert asked(database, query)[0][0] == 0


def events_complete(stack, job_id: str) -> None:
    """Every number once and in order, every evaluation once, and the last is the end."""
    numbers, kinds, indices = [], [], []
    for block in stack.client.get(f"/v1/jobs/{job_id}/events").text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if "id" not in lines:
            continue
        numbers.append(int(lines["id"]))
        kinds.append(lines["event"])
        data = json.loads(lines["data"])
        if lines["event"] == "evaluation":
            indices.append(data["index"])
    assert numbers == list(range(1, len(numbers) + 1))
    assert sorted(indices) == list(range(len(stack.result(job_id)["evaluations"])))
    assert kinds[-1] == "state"
    assert data["state"] == "succeeded"


def same_as_run(asked_for: dict, found: dict) -> None:
    """The service answers the bits of `orichalcum run`."""
    expected = json.loads(run(Problem.model_validate(asked_for), Silent()).model_dump_json())
    for part in ("evaluations", "best", "stopped"):
        assert numbers_of(found[part]) == numbers_of(expected[part])


def numbers_of(part: object) -> object:
    """Without seconds, and without what jobs share, which is counted where it is computed."""
    if isinstance(part, dict):
        left_out = {"seconds", "shared_calls"}
        return {key: numbers_of(value) for key, value in part.items() if key not in left_out}
    return [numbers_of(one) for one in part] if isinstance(part, list) else part
