"""Every bad request is a 4xx problem detail that points at the field, over HTTP."""

from __future__ import annotations

import copy
import itertools
import json

import pytest
from sqlalchemy import exc

from tests.service.conftest import PROBLEM

JSON = {"content-type": "application/json"}


def changed(**changes):
    problem = copy.deepcopy(PROBLEM)
    problem.update(changes)
    return problem


def objective(**changes):
    return changed(objectives=[{**PROBLEM["objectives"][0], **changes}])


def sublattice(**changes):
    return changed(sublattices=[{**PROBLEM["sublattices"][0], **changes}])


def potential(**changes):
    return changed(potential={"name": "sevennet-0", **changes})


CIF = """data_x
_cell_length_a {a}
_cell_length_b 4.2
_cell_length_c 4.2
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_symmetry_space_group_name_H-M 'P 1'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_occupancy
Na1 Na 0 0 0 {occupancy}
Cl1 Cl {x} 0.5 0.5 1
"""


def cif(a="4.2", occupancy="1", x="0.5"):
    return changed(structure={"cif": CIF.format(a=a, occupancy=occupancy, x=x)})


def many_atoms(edge):
    """A simple cubic crystal of edge^3 atoms, 3 Å apart."""
    sites = "\n".join(
        f"{i / edge} {j / edge} {k / edge}" for i, j, k in itertools.product(range(edge), repeat=3)
    )
    length = 3 * edge
    cell = f"{length} 0 0\n0 {length} 0\n0 0 {length}"
    return changed(structure={"poscar": f"many\n1.0\n{cell}\nNa\n{edge**3}\nDirect\n{sites}\n"})


ORDER = {"search": None, "random": None, "probability": None}
MANY = [
    {
        "name": "cation",
        "sites": ["Na"],
        "elements": [
            "Na",
            "K",
            "Li",
            "Rb",
            "Cs",
            "Ag",
            "Cu",
            "Tl",
            "Mg",
            "Ca",
            "Sr",
            "Ba",
            "Zn",
            "Cd",
            "Mn",
            "Fe",
        ],
    }
]


def ordered(**changes):
    rest = {key: value for key, value in PROBLEM.items() if key != "objectives"}
    return {**rest, "kind": "order", "at": [{"cation": {"Na": 0.25, "K": 0.75}}], **changes}


REFUSED = {
    "objectives of kind order": (changed(kind="order"), "unused-field", "/objectives"),
    "a part of kind order that comes later": (
        ordered(order={"transition": {}}), "not-available-yet", "/order/transition"),
    "an unknown option of kind order": (ordered(order={"serch": {}}), "unknown-field", "/order/serch"),
    "no orderings that cells hold": (
        ordered(order={**ORDER, "enumerate": {"sites": 3}}), "composition-not-held", "/order/enumerate/sites"),
    "orderings without number": (
        ordered(sublattices=MANY, at=[], order={"enumerate": {"sites": 16}}),
        "too-many-decorations", "/order/enumerate/sites"),
    "a supercell without end": (
        ordered(order={"enumerate": {"cell": [[64, 0, 0], [0, 64, 0], [0, 0, 64]]}}),
        "does-not-fit", "/order/enumerate/cell"),
    "a flat supercell": (
        ordered(order={"probability": {"cell": [[1, 0, 0], [0, 1, 0], [1, 1, 0]]}}),
        "bad-cells", "/order/probability/cell"),
    "searches without number": (ordered(order={"search": {"seeds": 10**30}}), "invalid-value", "/order/search/seeds"),
    "nothing to be ordered": (ordered(at=[{"cation": {"Na": 1.0}}]), "nothing-mixed", "/at/0"),
    "paired mixing of kind order": (
        ordered(potential={"name": "sevennet-0", "mixing": "paired"}), "needs-mean-field", "/potential/mixing"),
    "verification of kind order": (ordered(verify={}), "unused-field", "/verify"),
    "Einstein crystals with an empty site, which come later": (
        ordered(kind="free_energy", order=None, free_energy={
            "path": "vacancy", "reference": "einstein", "vacancy": {"sublattice": "cation", "element": "Na"}}),
        "not-available-yet", "/free_energy/reference"),
    "paired mixing with vacancies": (
        {**potential(mixing="paired"), "sublattices": sublattice(elements=["Na", "K", "Vac"])["sublattices"]},
        "no-vacancies-when-paired", "/potential/mixing"),
    "a sublattice of vacancies alone": (
        sublattice(elements={"Vac": [1, 1]}), "only-vacancies", "/sublattices/0/elements"),
    "the single-site tier, which comes later": (potential(tier="single_site"), "not-available-yet", "/potential/tier"),
    "supercells of paired mixing": (
        {**potential(mixing="paired"), "verify": {"supercells": 2}}, "needs-mean-field", "/verify"),
    "supercells that cannot hold the composition": (
        changed(kind="evaluate", objectives=[], at=[{"cation": {"Na": 0.99, "K": 0.01}}], verify={"sites": 8}),
        "composition-not-held", "/verify/sites"),
    "charge neutrality without every oxidation state": (
        changed(constraints={"charge_neutrality": {"Na": 1}}), "bad-constraint", "/constraints/charge_neutrality"),
    "an unknown element": (
        changed(structure={"prototype": "rocksalt", "species": ["Qq", "Cl"]}), "unknown-element", "/structure/species"),
    "an unknown prototype": (
        changed(structure={"prototype": "rocksolt", "species": ["Na", "Cl"]}),
        "unknown-prototype", "/structure/prototype"),
    "an unknown property": (objective(property="latice_a"), "unknown-property", "/objectives/0/property"),
    "an unknown potential": (changed(potential={"name": "sevenet"}), "unknown-potential", "/potential/name"),
    "an unknown field": (changed(flavour=1), "unknown-field", "/flavour"),
    "a sublattice that no site belongs to": (sublattice(sites=["Br"]), None, "/sublattices/0/sites"),
    "a sublattice without sites": (sublattice(sites=[]), None, "/sublattices/0/sites"),
    "bounds that cannot add up to one": (
        sublattice(elements={"Na": [0, 0.3], "K": [0, 0.3]}), "bad-bounds", "/sublattices/0/elements"),
    "an element that the potential does not know": (
        sublattice(elements={"Na": [0, 1], "Fr": [0, 1]}), None, "/sublattices/0/elements"),
    "a CIF that does not parse": (changed(structure={"cif": "not a cif"}), None, "/structure/cif"),
    "partial occupancies": (cif(occupancy="0.5"), "partial-occupancy", "/structure/cif"),
    "overlapping atoms": (
        changed(structure={"poscar": "x\n1.0\n4 0 0\n0 4 0\n0 0 4\nNa Cl\n1 1\nDirect\n0 0 0\n0.01 0 0\n"}),
        "overlapping-atoms", "/structure/poscar"),
    "more atoms than are allowed": (many_atoms(6), "too-many-atoms", "/structure/poscar"),
    "a target without a tolerance": (objective(tolerance=None), None, "/objectives/0"),
    "no structure": (
        {key: value for key, value in PROBLEM.items() if key != "structure"}, "missing-field", "/structure"),
    "a tolerance that is text": (objective(tolerance="small"), None, "/objectives/0/tolerance"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_bad_problem_is_refused_with_a_pointer_to_the_field(shared_client, case):
    problem, slug, where = REFUSED[case]
    jobs_before = shared_client.get("/v1/jobs").json()["items"]
    answer = shared_client.post("/v1/jobs", json=problem)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == 422
    assert body["type"].startswith("urn:orichalcum:problem:")
    found = [error for error in body["errors"] if error["pointer"].startswith(where)]
    assert found, body
    if slug is not None:
        assert slug in {error["type"] for error in found}
    assert "Traceback" not in answer.text
    assert shared_client.get("/v1/jobs").json()["items"] == jobs_before


@pytest.mark.parametrize("case", REFUSED)
def test_validation_finds_the_same_faults_without_an_error(shared_client, case):
    problem, _, where = REFUSED[case]
    answer = shared_client.post("/v1/problems/validate", json=problem)
    assert answer.status_code == 200
    assert answer.json()["valid"] is False
    assert any(error["pointer"].startswith(where) for error in answer.json()["errors"])


def test_all_faults_of_a_problem_are_told_at_once(shared_client):
    problem = changed(
        potential={"name": "sevenet"}, structure={"prototype": "rocksolt", "species": ["Na", "Cl"]}
    )
    pointers = {error["pointer"] for error in shared_client.post("/v1/jobs", json=problem).json()["errors"]}
    assert {"/potential/name", "/structure/prototype"} <= pointers


UNREADABLE = {
    "no JSON": (b"{", 400, "malformed-json"),
    "nothing": (b"", 400, "malformed-json"),
    "a list": (b"[]", 400, "malformed-json"),
    "a number that is not one": (b'{"kind": NaN}', 400, "malformed-json"),
    "infinity": (b'{"kind": -Infinity}', 400, "malformed-json"),
    "a field twice": (b'{"kind": "scan", "kind": "scan"}', 400, "repeated-field"),
    "not UTF-8": (b'{"name": "\xff"}', 400, "malformed-json"),
    "half a surrogate pair": (rb'{"name": "\ud800"}', 400, "malformed-json"),
    "a NUL": (rb'{"name": "\u0000"}', 400, "malformed-json"),
    "a NUL in a key": (rb'{"na\u0000me": 1}', 400, "malformed-json"),
    "a hundred thousand brackets": (b"[" * 100_000, 400, None),
    "deep objects": (b'{"a":' * 70 + b"1" + b"}" * 70, 400, "too-deep"),
    "an integer of thousands of digits": (b'{"a": ' + b"9" * 6000 + b"}", 400, "malformed-json"),
    "a number too large for a float": (
        json.dumps(objective(target=1)).replace('"target": 1', '"target": 1e999').encode(), 422, None),
}  # fmt: skip


@pytest.mark.parametrize("path", ["/v1/jobs", "/v1/problems/validate"])
@pytest.mark.parametrize("case", UNREADABLE)
def test_a_body_that_cannot_be_read_is_refused(shared_client, case, path):
    body, status, slug = UNREADABLE[case]
    answer = shared_client.post(path, content=body, headers=JSON)
    if path.endswith("validate") and status == 422:
        assert answer.json()["valid"] is False
        return
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    if slug is not None:
        assert answer.json()["type"] == f"urn:orichalcum:problem:{slug}"


def test_a_body_that_is_too_large_is_refused_with_413(shared_client):
    problem = changed(structure={"cif": "#" * 250_000})
    assert shared_client.post("/v1/jobs", json=problem).status_code == 413


def test_a_large_body_of_unknown_length_is_refused_with_413(shared_client):
    chunks = (b"x" * 50_000 for _ in range(10))
    assert shared_client.post("/v1/jobs", content=chunks, headers=JSON).status_code == 413


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-yaml", "multipart/form-data", ""])
def test_a_body_that_is_not_declared_as_json_is_refused_with_415(shared_client, content_type):
    answer = shared_client.post(
        "/v1/jobs", content=json.dumps(PROBLEM).encode(), headers={"content-type": content_type}
    )
    assert answer.status_code == 415
    assert answer.json()["type"].endswith(":unsupported-media-type")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/nothing", 404),
        ("GET", "/v1/jobs/nothing", 404),
        ("GET", "/v1/jobs/nothing/result", 404),
        ("GET", "/v1/jobs/nothing/evaluations", 404),
        ("GET", "/v1/jobs/nothing/events", 404),
        ("GET", "/v1/jobs/nothing/map", 404),
        ("GET", "/v1/jobs/%00%ff/result", 404),
        ("POST", "/v1/jobs/nothing/cancel", 404),
        ("POST", "/v1/jobs/nothing/pause", 404),
        ("POST", "/v1/jobs/nothing/resume", 404),
        ("DELETE", "/v1/jobs/nothing", 404),
        ("DELETE", "/v1/jobs", 405),
        ("PUT", "/v1/jobs", 405),
        ("GET", "/v1/jobs?limit=0", 422),
        ("GET", "/v1/jobs?limit=many", 422),
        ("GET", "/v1/jobs?state=happy", 422),
        ("GET", "/v1/jobs?cursor=%00", 422),
    ],
)
def test_whatever_is_wrong_with_the_address_is_a_problem_detail(shared_client, method, path, status):
    answer = shared_client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert answer.json()["detail"]


def test_a_parameter_that_is_wrong_is_named(shared_client):
    assert shared_client.get("/v1/jobs?limit=0").json()["errors"][0]["pointer"] == "/limit"


def test_an_unexpected_error_is_a_500_that_tells_nothing_of_the_inside(client, monkeypatch):
    def broken(*_args):
        raise RuntimeError("secret path /home/someone")

    monkeypatch.setattr("service.repositories.jobs.page", broken)
    answer = client.get("/v1/jobs")
    assert answer.status_code == 500
    assert answer.json()["type"] == "urn:orichalcum:problem:internal-error"
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    ("fault", "status", "kind"),
    [
        (exc.OperationalError("x", {}, OSError()), 503, "store-unavailable"),
        (exc.InterfaceError("x", {}, OSError()), 503, "store-unavailable"),
        (exc.TimeoutError("no connection is free"), 503, "store-unavailable"),
        (exc.ProgrammingError("x", {}, OSError()), 500, "internal-error"),
    ],
)
def test_a_store_that_is_away_is_a_503_and_a_fault_of_ours_is_not(client, monkeypatch, fault, status, kind):
    def failing(*_args, **_kwargs):
        raise fault

    monkeypatch.setattr("service.api.jobs.submit", failing)
    answer = client.post("/v1/jobs", json=PROBLEM)
    assert answer.status_code == status
    assert answer.json()["type"] == f"urn:orichalcum:problem:{kind}"
