"""What stands for a problem in Python: problems, dictionaries, paths, and other libraries' crystals."""

import json
import subprocess
import sys
from pathlib import Path

import ase.build
import httpx
import pytest
from pymatgen.core import Lattice, Structure

import engine
import orichalcum
from api_schemas.errors import parse
from api_schemas.objectives import SameAs
from orichalcum import AsyncClient, Client, Problem, ProblemInvalid
from tests.orichalcum.fake_service import JOB, PROBLEM, Recorder
from tests.waiting import HANG_SECONDS

NACL = Structure.from_spacegroup("Fm-3m", Lattice.cubic(5.64), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
ATOMS = ase.build.bulk("NaCl", "rocksalt", a=5.64)
FIELDS = {"kind": "evaluate", "potential": {"name": "sevennet-0"}}
USERS_FILE = """
from pathlib import Path

from orichalcum import Client, JobHandle, Problem, evaluate, run
from orichalcum import orderings

problem: Problem = Problem.of({"kind": "evaluate", "structure": "parent.cif"})
with Client() as client:
    job: JobHandle = client.submit(problem, tags=["one"])
    client.submit({"structure": "parent.cif"})
    client.submit(Path("problem.yaml"))
    valid: bool = client.validate("problem.yaml").valid
    best = job.result().best
    if best is not None:
        share: float = best.composition["cation"]["Al"]
        value: float = best.properties["lattice_a"].value
energy: float | None = evaluate(problem, {"cation": {"Al": 0.5, "Sc": 0.5}}).energy_per_atom
why: str = run("problem.yaml").stopped.message
for one in orderings(run(problem)).orderings:
    group: str = one.space_group
"""


@pytest.fixture
def cif(tmp_path) -> Path:
    path = tmp_path / "parent.cif"
    NACL.to(filename=str(path))
    return path


def sent(given: object) -> dict:
    recorder = Recorder(httpx.Response(202, json=JOB))
    Client("http://service.example", transport=httpx.MockTransport(recorder)).submit(given)
    return json.loads(recorder.requests[0].content)


def test_a_problem_is_submitted_in_every_form_that_it_has(tmp_path):
    path = tmp_path / "alscn.yaml"
    path.write_text(PROBLEM)
    problem = Problem.from_file(path)
    document = json.loads(problem.model_dump_json(exclude_unset=True))
    for given in (problem, document, path, str(path)):
        assert sent(given) == document


@pytest.mark.parametrize("given", [NACL, NACL.as_dict(), ATOMS], ids=["Structure", "dictionary", "Atoms"])
def test_crystals_of_other_libraries_stand_where_a_structure_does(given):
    wish = {"property": "lattice_a", "target": {"same_as": given}, "tolerance": 0.01}
    document = sent({"structure": given, "objectives": [wish], "sublattices": [
        {"name": "cation", "sites": ["Na"], "elements": ["Na", "K"]}]})  # fmt: skip
    for found in (document["structure"], document["objectives"][0]["target"]["same_as"]):
        read = Structure.from_dict(found["pymatgen"])
        assert read.composition.reduced_formula == "NaCl"
        assert read.volume / len(read) == pytest.approx(5.64**3 / 8)
    assert Problem(kind="evaluate", structure=given).structure.form() == "pymatgen"
    assert SameAs(same_as=given).same_as.form() == "pymatgen"
    # A crystal by itself is the problem of evaluating it.
    assert set(sent(given)) == {"structure"}


def test_paths_of_structure_files_are_read_where_they_stand(cif, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    NACL.to(filename="POSCAR")
    text = cif.read_text()
    assert sent({"structure": cif})["structure"] == {"cif": text}
    assert sent({"structure": "parent.cif"})["structure"] == {"cif": text}
    assert sent(cif)["structure"] == {"cif": text}
    assert sent({"structure": "POSCAR"})["structure"] == {"poscar": Path("POSCAR").read_text()}
    Path("folder").mkdir()
    Path("folder/problem.yaml").write_text("kind: evaluate\nstructure: ../parent.cif\n")
    assert sent("folder/problem.yaml")["structure"] == {"cif": text}
    phases = {"kind": "free_energy", "free_energy": {"phases": [cif, "POSCAR"]}, "structure": cif}
    found = sent({**phases, "free_energy": {"path": "phases", "phases": [cif, "POSCAR"]}})
    assert [list(one) for one in found["free_energy"]["phases"]] == [["cif"], ["poscar"]]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, "not of type NoneType"), (5, "not of type int"), ([1], "not of type list"),
        (object(), "not of type object"), ({}, "/structure: this field is required"),
        ({"structure": 5}, "/structure: "), ({"structure": "x.txt"}, "is no structure"),
        ({"structure": "gone.cif"}, "gone.cif cannot be read"), ({"structure": object()}, "/structure: "),
        ("kind: evaluate\nstructure: {}", "Problem.from_text"),
    ],
)  # fmt: skip
def test_what_stands_for_no_problem_is_refused_with_the_mend_wherever_it_is_given(given, said):
    client = Client("http://service.example", transport=httpx.MockTransport(Recorder()))
    composition = {"cation": {"Na": 1.0}}
    for take in (
        client.submit, client.validate, Problem.of, orichalcum.run, orichalcum.evaluate, engine.Campaign,
        lambda one: engine.evaluate(one, composition),
    ):  # fmt: skip
        with pytest.raises(ProblemInvalid, match=said):
            take(given)


def test_the_asynchronous_client_takes_the_same():
    import asyncio

    recorder = Recorder(httpx.Response(202, json=JOB))

    async def submit() -> None:
        async with AsyncClient("http://service.example", transport=httpx.MockTransport(recorder)) as client:
            await client.submit({"structure": ATOMS})

    asyncio.run(submit())
    assert "pymatgen" in json.loads(recorder.requests[0].content)["structure"]


def test_a_service_reads_no_path_that_is_sent_to_it():
    from engine.acceptance.resolve import resolve

    problem = parse(Problem, {"kind": "evaluate", "structure": "parent.cif"})
    with pytest.raises(ProblemInvalid, match="a service reads no files"):
        resolve(problem)


@pytest.mark.usefixtures("weights")
def test_a_crystal_is_evaluated_and_solved_in_this_process():
    found = orichalcum.evaluate({**FIELDS, "structure": ATOMS})
    assert found.properties["lattice_a"].value == pytest.approx(5.66, abs=0.05)
    mixed = {**FIELDS, "structure": ATOMS, "sublattices": [
        {"name": "cation", "sites": ["Na"], "elements": ["Na", "K"]}]}  # fmt: skip
    half = orichalcum.evaluate(mixed, {"cation": {"Na": 0.5, "K": 0.5}})
    assert half.composition == {"cation": {"Na": 0.5, "K": 0.5}}
    assert half.properties["lattice_a"].value > found.properties["lattice_a"].value + 0.2
    solved = orichalcum.run({**mixed, "at": [half.composition]})
    assert solved.evaluations[0].properties["lattice_a"] == half.properties["lattice_a"]


def test_a_notebook_shows_a_problem_as_its_file():
    shown = Problem.of(
        {"name": "<b>", "structure": {"prototype": "rocksalt", "species": ["Na", "Cl"]}}
    )._repr_html_()
    assert "prototype: rocksalt" in shown
    assert "&lt;b&gt;" in shown


def test_a_users_file_is_typed_strictly(tmp_path):
    file, options = tmp_path / "users_file.py", tmp_path / "mypy.ini"
    file.write_text(USERS_FILE)
    # As of installed packages: what they say is looked at, not what is wrong within them, nor what they compute with.
    options.write_text(
        "[mypy]\nstrict = True\n[mypy-orichalcum.*,api_schemas.*]\nignore_errors = True\n"
        "[mypy-engine.*,service.*,torch.*,rich.*,typer.*,httpx.*]\nfollow_imports = skip\n"
        "ignore_missing_imports = True\n"
    )
    root = Path(__file__).resolve().parents[2]
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--config-file",
        str(options),
        "--cache-dir",
        str(tmp_path / "cache"),
    ]

    def said(text: str) -> str:
        file.write_text(text)
        done = subprocess.run(
            [*command, str(file)], capture_output=True, text=True, timeout=HANG_SECONDS, check=False, cwd=tmp_path,
            env={"PATH": "", "MYPYPATH": str(root)},
        )  # fmt: skip
        return done.stdout + done.stderr

    assert said(USERS_FILE).strip() == "Success: no issues found in 1 source file"
    wrong = said(USERS_FILE + "why.nothing\nbest.composition = 5\nrun(5)\n")
    assert all(word in wrong for word in ("attr-defined", "union-attr", "arg-type")), wrong
