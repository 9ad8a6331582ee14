"""Many bad structures, many calls at once, and calls that the API's own description suggests."""

from __future__ import annotations

import random
import re
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from api_schemas.errors import ProblemInvalid
from service.access import keys
from service.checking import examination
from service.repositories import parts
from service.settings import Settings
from tests.service.conftest import PROBLEM, Queue, serving
from tests.soak import SOAK, amount, long, longer
from tests.waiting import HANG_SECONDS

POSCAR = """NaCl
1.0
5.7 0 0
0 5.7 0
0 0 5.7
Na Cl
4 4
Direct
0 0 0
.5 .5 0
.5 0 .5
0 .5 .5
.5 .5 .5
0 0 .5
0 .5 0
.5 0 0
"""
CIF = """data_NaCl
_cell_length_a 5.7
_cell_length_b 5.7
_cell_length_c 5.7
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_symmetry_space_group_name_H-M 'F m -3 m'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Na1 Na 0 0 0
Cl1 Cl 0.5 0.5 0.5
"""
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
LONGEST_CHECK = 40.0
"""Times what the check of a good structure takes."""


def corpus() -> list[tuple[str, str]]:
    """At least 200 texts that are not quite a structure, by rule and by chance with a fixed seed."""
    chance = random.Random(20)  # noqa: S311
    found: list[tuple[str, str]] = []
    for kind, text in (("poscar", POSCAR), ("cif", CIF)):
        found += [(kind, text[:cut]) for cut in range(0, len(text), max(1, len(text) // 25))]
        for _ in range(60):  # a few characters replaced by chance
            letters = list(text)
            for _ in range(4):
                letters[chance.randrange(len(letters))] = chance.choice("0123456789-.eE \nxλ\u202e☃'\"_#;{}")
            found.append((kind, "".join(letters)))
        for number in (
            "1e308",
            "-1e308",
            "1e-308",
            "9" * 400,
            "0",
            "-5.7",
            "nan",
            "inf",
            "0x10",
            "1/3",
            "१२",
        ):
            found.append((kind, text.replace("5.7", number)))
        found += [
            (kind, text * 2),
            (kind, "\ufeff" + text),
            (kind, text.replace("\n", "\r")),
            (kind, text.replace(" ", "\u00a0")),
            (kind, text.replace("Na", "Xx")),
            (kind, text + "\n" * 100_000),
            (kind, "\x01\x02\x7f" * 1000),
            (kind, "PK\x03\x04" + "A" * 1000),
            (kind, "(" * 50_000),
            (kind, "loop_\n" * 20_000),
            (kind, text + "\n".join("Na9 Na 0 0 0" for _ in range(5000))),
            (kind, text.replace("4 4", "999999999 999999999")),
            (kind, text.replace("F m -3 m", "X 17 y")),
            (kind, "file:///etc/passwd"),
            (kind, "http://127.0.0.1:1/"),
        ]
    return [(kind, text.replace("\0", "")) for kind, text in found]


@pytest.fixture
def api(database):
    settings = Settings(max_request_bytes=1_000_000, max_request_seconds=HANG_SECONDS)
    with serving(settings, database, Queue()) as client:
        yield client


def dictionaries() -> list[tuple[str, object]]:
    """Dictionaries that are not quite those of pymatgen."""
    site = {"species": [{"element": "Na", "occu": 1}], "abc": [0, 0, 0]}
    good = {"lattice": {"matrix": [[5.7, 0, 0], [0, 5.7, 0], [0, 0, 5.7]]}, "sites": [site]}
    nested: object = 1
    for _ in range(50):
        nested = {"lattice": nested}
    spoilt = [
        {},
        {"lattice": good["lattice"]},
        {"sites": [site]},
        {**good, "lattice": {"matrix": [[5.7, 0], [0, 5.7]]}},
        {**good, "lattice": {"matrix": "5.7"}},
        {**good, "lattice": {"a": 1e300, "b": -1, "c": 0, "alpha": 90, "beta": 90, "gamma": 90}},
        {**good, "sites": [site] * 5000},
        {**good, "sites": {"0": site}},
        {**good, "sites": [{**site, "species": [{"element": "Na", "occu": 1e308}]}]},
        {**good, "sites": [{**site, "species": [{"element": "../../etc/passwd", "occu": 1}]}]},
        {**good, "sites": [{**site, "abc": [0, 0]}]},
        {**good, "sites": [{**site, "abc": ["x", None, {}]}]},
        {**good, "@module": "os", "@class": "system", "args": ["true"]},
        {**good, "lattice": nested},
    ]
    return [("pymatgen", document) for document in spoilt]


def with_structure(kind: str, content: object) -> dict:
    return {**PROBLEM, "structure": {kind: content}}


def test_bad_structures_cost_about_as_much_as_good_ones_and_are_never_a_fault_of_the_server(api):
    tried = [*corpus(), *dictionaries()]
    assert len(tried) >= 200
    spent: list[float] = []

    def timed(data):
        began = time.thread_time()  # of this thread alone, however busy the machine is
        with suppress(ProblemInvalid):
            examination._acceptance(data, taking=False)
        spent.append(time.thread_time() - began)

    for edge in ("5.6", "5.8", "5.9"):  # the first brings libraries with it
        good = with_structure("poscar", POSCAR.replace("5.7", edge))
        timed(good)
        assert api.post("/v1/jobs", json=good).status_code == 202
    good = min(spent)
    for kind, content in tried:
        timed(with_structure(kind, content))
        answer = api.post("/v1/jobs", json=with_structure(kind, content))
        assert answer.status_code in (202, 400, 413, 422), (kind, str(content)[:200], answer.text)
        if answer.status_code != 202:
            assert answer.json()["errors"] or answer.status_code == 413
    assert len(spent) >= 200
    assert max(spent[3:]) < LONGEST_CHECK * good
    assert api.get("/health/live").status_code == 200


@long
def test_no_bad_structure_that_is_accepted_harms_a_worker(own_stack):
    stack = own_stack()
    at = [{"cation": {"Na": 0.5, "K": 0.5}}]
    taken = []
    for kind, content in [*corpus(), *dictionaries()]:
        problem = {**with_structure(kind, content), "kind": "evaluate", "objectives": [], "at": at}
        answer = stack.client.post("/v1/jobs", json=problem, params={"time_limit": 5})
        assert answer.status_code in (202, 400, 413, 422), (kind, str(content)[:200], answer.text)
        if answer.status_code == 202:
            taken.append(answer.json()["id"])
    assert len(taken) >= 10
    for job_id in taken:
        job = stack.finished(job_id)
        assert job["state"] == "succeeded" or job["failure"]["type"].endswith(
            (":evaluation-failed", ":invalid-problem")
        ), job
    assert stack.rows("select sum(value) from tallies where name = 'leases_lost'") == [(None,)]
    assert "unexpectedly" not in stack.console.read_text()


@longer
def test_many_submits_at_once_are_all_stored_once(api, database):
    count = amount(100, 500)
    answers: list[int] = []

    def submit() -> None:
        answers.append(
            httpx.post(
                f"{api.base_url}/v1/jobs", json=PROBLEM, timeout=HANG_SECONDS, trust_env=False
            ).status_code
        )

    threads = [threading.Thread(target=submit) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(answers) == {202}
    listed, cursor = set(), None
    while True:
        page = api.get("/v1/jobs", params={"limit": 200, **({"cursor": cursor} if cursor else {})}).json()
        listed |= {job["id"] for job in page["items"]}
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(listed) == count


@longer
@pytest.mark.parametrize(
    ("keyed", "examples", "least"),
    [
        pytest.param(True, amount(16, 200), amount(200, 2000), id="with a key"),
        pytest.param(False, amount(1, 100), amount(15, 1000), id="without keys"),
    ],
)
def test_no_call_that_the_description_of_the_api_suggests_gets_an_undocumented_answer(
    database, tmp_path, monkeypatch, keyed, examples, least
):
    """Schemathesis, with stateful links; run as a program of its own, which brings its own plugins of pytest."""
    # A stream ends before the call is given up.
    monkeypatch.setattr("service.api.events.STREAM_SECONDS", 0.2)
    with database.writing() as session:
        key = keys.create(session, "fuzzed", ["admin", "operator"])
        parts.beat(session, "w", parts.Beat("host", 1, "cpu", idle_seconds=None))
        parts.beat(session, "s", parts.Beat("host", 2, part="sweeper"))
    monkeypatch.setattr("service.repositories.parts.ALIVE_SECONDS", 86_400.0)  # they live while this lasts
    settings = Settings(
        require_api_keys=keyed,
        requests_per_minute=0,
        submissions_per_minute=0,
        max_active_jobs=0,
        max_evaluations_per_day=0,
        max_request_seconds=HANG_SECONDS,
    )
    with serving(settings, database, Queue()) as client:
        done = subprocess.run(
            [
                str(Path(sys.executable).with_name("schemathesis")),
                "run",
                f"{client.base_url}/openapi.json",
                *([f"--header=Authorization: Bearer {key.key}"] if keyed else []),
                f"--max-examples={examples}",
                f"--phases={'examples,coverage,fuzzing,stateful' if SOAK else 'examples,fuzzing,stateful'}",
                "--seed=1",
                "--generation-database=none",
                f"--checks={CHECKS}",
                "--suppress-health-check=all",
                f"--request-timeout={HANG_SECONDS:.0f}",
                "--no-color",
            ],
            capture_output=True,
            text=True,
            timeout=amount(900, 3000),
            cwd=tmp_path,
            check=False,
        )
        described = client.get("/openapi.json").json()["paths"]
    told = done.stdout + done.stderr
    assert done.returncode == 0, told[-6000:]
    cases = int(re.search(r"(\d+) generated, (\d+) passed", told).group(1))
    assert cases >= least, told[-3000:]
    tested = int(re.search(r"Tested: (\d+)", told).group(1))
    assert tested == sum(len(methods) for methods in described.values()), told[-3000:]
