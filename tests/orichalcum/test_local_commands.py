"""The commands that compute in this process, with the real engine and real weights."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from api_schemas.orderings import OrderAnswer
from api_schemas.results import Result
from orichalcum.cli import app
from tests.waiting import HANG_SECONDS

ORICHALCUM = [sys.executable, "-m", "orichalcum"]
NAKCL = """
structure: {prototype: rocksalt, species: [Na, Cl]}
sublattices: [{name: cation, sites: [Na], elements: [Na, K]}]
objectives: [{property: lattice_a, target: 5.9, tolerance: 0.002}]
potential: {name: sevennet-0}
"""


pytestmark = pytest.mark.usefixtures("weights")


@pytest.fixture
def problem(tmp_path) -> str:
    path = tmp_path / "nakcl.yaml"
    path.write_text(NAKCL)
    return str(path)


def run(*arguments: str):
    """Runs a command in this process, where torch and the weights are loaded once for all tests."""
    return CliRunner().invoke(app, list(arguments), env={"NO_COLOR": "1"})


def run_apart(*arguments: str, **surroundings: str) -> subprocess.CompletedProcess:
    """Runs a command in a process of its own."""
    return subprocess.run(
        [*ORICHALCUM, *arguments],
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
        env={**os.environ, **surroundings},
    )


def test_evaluate_prints_one_evaluation_as_the_contract_has_it(problem):
    done = run("evaluate", problem, "--at", "cation:Na=0.5,K=0.5", "--json")
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert list(found)[:2] == ["composition", "properties"]
    assert found["composition"] == {"cation": {"Na": 0.5, "K": 0.5}}
    always = {
        "lattice_a",
        "lattice_b",
        "lattice_c",
        "alpha",
        "beta",
        "gamma",
        "c_over_a",
        "volume",
        "density",
    }
    assert always | {"energy", "mixing_energy"} == set(found["properties"])
    a = found["properties"]["lattice_a"]
    assert a["unit"] == "Å"
    # The supercell-free mean-field value of another code (tests of the engine hold it closer).
    assert a["value"] == pytest.approx(6.098, abs=0.01)
    assert sum(a["gradient"]["cation"].values()) == pytest.approx(0, abs=1e-9)
    assert found["converged"] is True
    assert found["cost"]["potential_calls"] > 0
    assert len(found["structure"]["sites"]) == 2


def test_the_gradient_that_is_printed_predicts_the_neighbouring_composition(problem):
    centre, beside = (
        json.loads(run("evaluate", problem, "--at", f"cation:Na={1 - x},K={x}", "--json").stdout)[
            "properties"
        ]
        for x in (0.50, 0.51)
    )
    slope = centre["lattice_a"]["gradient"]["cation"]
    change = beside["lattice_a"]["value"] - centre["lattice_a"]["value"]
    assert change == pytest.approx(0.01 * (slope["K"] - slope["Na"]), rel=0.02)


def test_run_prints_the_answer_of_kind_order_that_is_read_back(tmp_path):
    path = tmp_path / "cuau.yaml"
    path.write_text("""
kind: order
structure: {prototype: fcc, species: [Cu], a: 3.9}
sublattices: [{name: mix, sites: [Cu], elements: [Cu, Au]}]
at: [{mix: {Cu: 0.5, Au: 0.5}}]
potential: {name: sevennet-0}
order: {enumerate: {sites: 2}, search: null, random: null, probability: {sites: 4}}
""")
    done = run("run", str(path), "--json")
    assert done.exit_code == 0, done.stderr
    result = Result.model_validate_json(done.stdout)
    assert (result.kind, result.stopped.reason) == ("order", "completed")
    assert json.loads(result.model_dump_json()) == json.loads(done.stdout)
    answer = OrderAnswer.model_validate(result.answer)
    assert answer.model_dump(mode="json") == result.answer
    assert answer.orderings[0].space_group == "P4/mmm (123)"
    assert answer.ordering_probability[0].probability > 0.99
    shown = run("run", str(path))
    assert shown.exit_code == 0, shown.stderr
    assert "is the lowest of" in shown.stdout


def test_evaluate_shows_a_person_what_one_percent_more_changes(problem):
    done = run("evaluate", problem, "--at", "cation:Na=0.5,K=0.5")
    assert done.exit_code == 0, done.stderr
    assert "+1 % K" in done.stdout
    assert "potential calls" in done.stdout


def test_evaluate_at_a_fixed_geometry_gives_energy_forces_stress_and_raw_derivatives(problem):
    done = run("evaluate", problem, "--at", "cation:Na=0.5,K=0.5", "--fixed-geometry", "--json")
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(found) == {"composition", "energy", "forces", "stress", "dE_dlam", "cost"}
    assert [len(force) for force in found["forces"]] == [3, 3]
    assert len(found["stress"]) == 6
    assert set(found["dE_dlam"][0]) == {"Na", "K"}
    assert set(found["dE_dlam"][1]) == {"Cl"}


def test_run_prints_one_result_and_reports_progress_on_standard_error(problem):
    done = run("run", problem, "--json")
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["stopped"]["reason"] == "target_met"
    assert found["best"]["properties"]["lattice_a"]["value"] == pytest.approx(5.9, abs=0.002)
    assert found["provenance"]["potential"]["sha256"].startswith("7052cb42")
    assert found["cost"]["evaluations"] <= 6
    assert "lattice_a" in done.stderr


@pytest.mark.parametrize(
    ("at", "complaint"),
    [
        ("cation:Na=0.5", "add up to 0.5"),
        ("cation:Na=0.5,Rb=0.5", "cannot hold 'Rb'"),
        ("anion:Cl=1", "no sublattice 'anion'"),
        ("Na=0.5", "cation"),
        ("cation:Na=x", "not a number"),
        ("cation:Na=1.5,K=-0.5", "not between 0 and 1"),
    ],
)
def test_a_composition_that_cannot_be_is_refused_at_the_option(problem, at, complaint):
    done = run("evaluate", problem, "--at", at)
    assert done.exit_code == 2
    assert done.stderr.startswith("error: --at: ")
    assert complaint in done.stderr
    assert done.stdout == ""


def test_evaluate_without_a_composition_asks_for_one(problem):
    done = run("evaluate", problem)
    assert done.exit_code == 2
    assert "--at" in done.stderr


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        (("lattice_a, target", "latice_a, target"), "/objectives/0/property"),
        (("[Na, K]}", "[Na, Kk]}"), "/sublattices/0/elements"),
        (("rocksalt", "rocksalz"), "/structure/prototype"),
        (("sevennet-0", "sevennet-O"), "/potential/name"),
        (("{name: sevennet-0}", "{name: sevennet-0, tier: single_site}"), "/potential/tier"),
        (("\nstructure", "\nkind: free_energy\nstructure"), "/objectives"),
        (("sites: [Na]", "sites: []"), "/sublattices/0/sites"),
    ],
)
def test_what_cannot_be_solved_is_refused_with_file_and_field(tmp_path, change, pointer):
    path = tmp_path / "bad.yaml"
    path.write_text(NAKCL.replace(*change))
    done = run("run", str(path))
    assert done.exit_code == 2
    assert f"{path}: {pointer}" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_potential_to_fetch_ends_with_two():
    done = run("potentials", "fetch", "sevenet-0")
    assert done.exit_code == 2
    assert "sevennet-0" in done.stderr


def test_weights_that_cannot_be_had_end_with_three_and_say_what_to_do(problem, tmp_path, monkeypatch):
    monkeypatch.setenv("ORICHALCUM_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("ORICHALCUM_SEVENN_WHEEL", str(tmp_path / "no.whl"))
    fetched, computed = run("potentials", "fetch", "sevennet-0"), run_apart("run", problem)
    assert (fetched.exit_code, computed.returncode) == (3, 3)
    for done in (fetched, computed):
        assert done.stderr.startswith("error: ")
        assert "Traceback" not in done.stderr


def test_potentials_are_listed_with_licence_and_citation():
    done = run("potentials", "list", "--json")
    found = {item["name"]: item for item in json.loads(done.stdout)["potentials"]}
    assert found["sevennet-0"]["licence"] == "MIT"
    assert found["sevennet-0"]["fetched"] is True
    assert "J. Chem. Theory Comput. 2024" in found["sevennet-l3i5"]["citation"]


def test_control_c_prints_the_best_so_far_and_ends_with_130(tmp_path):
    path = tmp_path / "scan.yaml"
    text = NAKCL.replace("\nstructure", "\nkind: scan\nscan: {points_per_edge: 1001}\nstructure")
    path.write_text(text)
    # What a shell runs in the background ignores this signal, and so would its children.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [*ORICHALCUM, "run", str(path), "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    signal.signal(signal.SIGINT, before)
    assert process.stderr is not None
    assert any("lattice_a" in line for line in process.stderr)  # reads up to the first that is told
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == 130, stderr
    assert json.loads(stdout)["stopped"]["reason"] == "cancelled"
    assert "Traceback" not in stderr


def test_a_reader_that_goes_away_is_no_fault(problem):
    pipeline = f"'{sys.executable}' -m orichalcum evaluate '{problem}' --at cation:Na=1,K=0 | head -n 1"
    done = subprocess.run(
        ["bash", "-c", pipeline], capture_output=True, text=True, timeout=HANG_SECONDS, check=False
    )
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert "Broken" not in done.stderr
