"""What the product prints, it accepts: structures, compositions and problems, in every format that it writes."""

from __future__ import annotations

import io
import json
import re

import numpy as np
import pytest
import yaml
from ase import Atoms
from ase.build import bulk

from api_schemas.errors import ProblemInvalid, parse
from api_schemas.evaluations import CrystalState, Evaluation
from api_schemas.problem import Problem
from api_schemas.results import Result
from api_schemas.structures import Structure
from engine import evaluate
from engine.acceptance.resolve import resolve
from engine.composition.notation import composition_text, parse_at_text, parse_composition, scaled_notes
from engine.composition.space import CompositionSpace
from engine.crystals.structure_input import read_structure
from orichalcum import calls
from orichalcum.starting_points import STARTING_POINTS, problem_file
from orichalcum.structure_texts import cif_text

CIF = (
    "data_x\n_cell_length_a 5.64\n_cell_length_b 5.64\n_cell_length_c 5.64\n_cell_angle_alpha 90\n"
    "_cell_angle_beta 90\n_cell_angle_gamma 90\n_symmetry_space_group_name_H-M 'F m -3 m'\nloop_\n"
    "_atom_site_label\n_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\nNa 0 0 0\nCl 0.5 0.5 0.5\n"
)
PLAIN = {"structure": {"prototype": "wurtzite", "species": ["Al", "N"]}, "potential": {"name": "sevennet-0"}}
MIXED = {**PLAIN, "sublattices": [{"name": "cation", "sites": ["Al"], "elements": ["Al", "Sc", "Ga"]}]}


def fault(document, **options):
    with pytest.raises(ProblemInvalid) as refusal:
        resolve(parse(Problem, document), **options)
    return {error.pointer: error.message for error in refusal.value.errors}


@pytest.fixture(scope="module")
def evaluation():
    return evaluate(Problem.model_validate({**PLAIN, "kind": "evaluate"}), {}).public()


def test_the_structure_of_an_evaluation_is_a_structure(evaluation):
    found = json.loads(evaluation.model_dump_json())["structure"]
    for given in (found, {"pymatgen": found}):
        parent = read_structure(Structure.model_validate(given))
        assert parent.symbols == ("Al", "N", "Al", "N")
        np.testing.assert_allclose(parent.lattice, found["lattice"])
        np.testing.assert_allclose(parent.frac, [site["frac"] for site in found["sites"]])


def test_a_structure_comes_back_from_the_cif_that_is_written_of_it(evaluation):
    parent = read_structure(Structure(cif=cif_text(evaluation.structure)))
    written = evaluation.structure
    lattice = np.array(written.lattice)
    assert parent.symbols == ("Al", "N", "Al", "N")
    np.testing.assert_allclose(parent.lattice @ parent.lattice.T, lattice @ lattice.T, atol=1e-6)
    np.testing.assert_allclose(parent.frac, np.mod([site.frac for site in written.sites], 1.0), atol=1e-7)


def test_a_mixed_structure_is_refused_with_what_to_do():
    mixed = {"lattice": np.eye(3).tolist(), "sites": [{"species": {"Al": 0.8, "Sc": 0.2}, "frac": [0, 0, 0]}]}
    mixed["lattice"] = (4.0 * np.eye(3)).tolist()
    for form in ({"pymatgen": mixed}, {"cif": cif_text(CrystalState.model_validate(mixed))}):
        with pytest.raises(ProblemInvalid, match="put the mixture into sublattices") as refusal:
            read_structure(Structure.model_validate(form))
        assert refusal.value.errors[0].type == "partial-occupancy"


def test_an_evaluation_and_a_result_come_back_from_their_json(evaluation):
    again = Evaluation.model_validate_json(evaluation.model_dump_json())
    assert again == evaluation
    stopped = {"reason": "completed", "message": "done"}
    provenance = {"orichalcum": "0", "seed": 0, "device": "cpu", "dtype": "float64",
                  "potential": {"name": "x", "sha256": "", "licence": "", "citation": ""}}  # fmt: skip
    cost = {"evaluations": 1, "potential_calls": 1, "shared_calls": 0, "seconds": 0.1}
    result = Result.model_validate(
        {"kind": "evaluate", "best": evaluation, "stopped": stopped, "provenance": provenance, "cost": cost}
    )
    assert Result.model_validate_json(result.model_dump_json()) == result


@pytest.mark.parametrize(
    "document",
    [PLAIN, MIXED, {**MIXED, "kind": "evaluate", "at": [{"cation": {"Al": 0.8, "Sc": 0.2}}]},
     {**PLAIN, "structure": bulk("NaCl", "rocksalt", a=5.64), "name": "No 1e3", "kind": "evaluate"},
     *(yaml.safe_load(problem_file(name)) for name in STARTING_POINTS)],
)  # fmt: skip
def test_a_problem_comes_back_from_its_own_document_as_yaml_and_json(document):
    problem = parse(Problem, document)
    written = problem.document()
    for text, is_json in ((json.dumps(written), True), (yaml.safe_dump(written), False)):
        again = Problem.from_text(text, is_json=is_json)
        assert again.document() == written


@pytest.mark.parametrize("printed", [
    {"Al": 0.3333, "Sc": 0.3333, "Ga": 0.3333}, {"Al": 0.1667, "Sc": 0.1667, "Ga": 0.6667},
    {"Al": 0.6667, "Sc": 0.3333}, {"Al": 0.0001, "Sc": 0.9998, "Ga": 0.0002},
])  # fmt: skip
def test_compositions_of_four_decimals_are_scaled_and_said(printed):
    space = CompositionSpace.of(parse(Problem, MIXED).sublattices)
    x = parse_composition(space, {"cation": printed})
    assert x.sum() == pytest.approx(1.0, abs=1e-15)
    total = sum(printed.values())
    np.testing.assert_allclose(x, [printed.get(symbol, 0.0) / total for symbol in ("Al", "Sc", "Ga")])
    said = scaled_notes([{"cation": printed}])
    assert len(said) == (abs(total - 1.0) > 1e-6)
    assert all(f"added up to {total:.6g} and were scaled" in text for text in said)
    text = composition_text({"cation": printed})
    np.testing.assert_array_equal(parse_composition(space, parse_at_text(text)), x)


@pytest.mark.parametrize(
    ("fractions", "mend"),
    [
        ({"Al": 0.333, "Sc": 0.333, "Ga": 0.333}, "{Al: 0.333333, Sc: 0.333333, Ga: 0.333333}"),
        ({"Al": 0.8, "Sc": 0.1}, "{Al: 0.888889, Sc: 0.111111}"),
    ],
)
def test_others_are_refused_with_the_scaled_numbers(fractions, mend):
    at = [{"cation": fractions}]
    assert mend in fault({**MIXED, "kind": "evaluate", "at": at})["/at/0/cation"]


def test_what_a_result_says_of_scaled_compositions():
    from engine import Campaign

    at = [{"cation": {"Al": 0.3333, "Sc": 0.3333, "Ga": 0.3333}}]
    campaign = Campaign(parse(Problem, {**MIXED, "kind": "evaluate", "at": at}))
    assert "added up to 0.9999 and were scaled" in campaign.plan.notes()[0]


def test_structures_of_other_programs_are_taken_wherever_a_structure_stands():
    from pymatgen.core import Lattice
    from pymatgen.core import Structure as PymatgenStructure

    salt = PymatgenStructure.from_spacegroup(
        "Fm-3m", Lattice.cubic(5.64), ["Na", "Cl"], [[0, 0, 0], [0.5] * 3]
    )
    salt.add_site_property("magmom", [np.float64(1.0)] * 8)
    atoms = bulk("NaCl", "rocksalt", a=5.64)
    for given in (salt, {"pymatgen": salt}, salt.as_dict(), {"pymatgen": salt.as_dict()}):
        assert read_structure(Structure.model_validate(given)).n_sites == 8
    assert read_structure(Structure.model_validate(atoms)).symbols == ("Na", "Cl")
    target = {"property": "lattice_a", "target": {"same_as": atoms}, "tolerance": 0.1}
    document = {**MIXED, "objectives": [target]}
    assert resolve(parse(Problem, document)).same_as[0].parent_symbols == ("Na", "Cl")


@pytest.mark.parametrize(
    ("structure", "where", "mend"),
    [
        ("POSCAR", "/structure/poscar_file", "a service reads no files"),
        ("AlN", "/structure", "{cif_file: path} or {poscar_file: path}"),
        ({"cif": "salt.cif"}, "/structure/cif", "write cif_file: path"),
        ({"poscar": "/some/where/POSCAR"}, "/structure/poscar", "write poscar_file: path"),
        ({"cif": Atoms("Na")}, "/structure/cif", "give a Structure or Atoms as the structure itself"),
        ({"cif": CIF, "prototype": "fcc"}, "/structure", "give exactly one of"),
        ({"cif_file": "salt.cif"}, "/structure/cif_file", "a service reads no files: give the text as cif"),
    ],
)
def test_a_path_where_a_text_is_wanted_is_answered_with_what_to_write(structure, where, mend):
    assert mend in fault({**PLAIN, "structure": structure, "kind": "evaluate"})[where]


def test_a_client_reads_the_files_that_a_problem_names(tmp_path, monkeypatch):
    (tmp_path / "salt.cif").write_text(CIF)
    document = {"structure": {"cif_file": "salt.cif"}, "kind": "evaluate", "sublattices": []}
    path = tmp_path / "problem.yaml"
    path.write_text(yaml.safe_dump(document))
    assert resolve(Problem.from_file(path)).crystal.n_sites == 8
    monkeypatch.chdir(tmp_path)
    body = calls.submit(parse(Problem, document), {}).body
    assert body["structure"] == {"cif": CIF}
    assert evaluate(parse(Problem, {**document, "potential": PLAIN["potential"]}), {}).converged
    (tmp_path / "salt.cif").unlink()
    with pytest.raises(
        ProblemInvalid, match=r"/structure/cif_file: .*salt\.cif cannot be read: No such file"
    ):
        Problem.from_file(path)


def test_a_problem_without_a_kind_asks_for_a_composition_of_its_own():
    from orichalcum import local

    with pytest.raises(ProblemInvalid, match=re.escape('e.g. --at "cation:Al=0.5,Sc=0.5"')):
        local.evaluate(parse(Problem, MIXED), None)


def test_a_list_of_evaluations_is_printed_with_what_is_said_of_them(evaluation):
    from rich.console import Console

    from orichalcum import display

    said = [evaluation.model_copy(update={"message": text}) for text in ("nothing holds the cell", None) * 2]
    provenance = {"orichalcum": "0", "seed": 0, "device": "cpu", "dtype": "float64",
                  "potential": {"name": "x", "sha256": "", "licence": "", "citation": ""}}  # fmt: skip
    cost = {"evaluations": 4, "potential_calls": 4, "shared_calls": 0, "seconds": 0.1}
    stopped = {"reason": "completed", "message": "done"}
    result = Result.model_validate(
        {"kind": "evaluate", "best": None, "evaluations": said, "notes": ["the fractions were scaled"],
         "stopped": stopped, "provenance": provenance, "cost": cost}
    )  # fmt: skip
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(display.result(result))
    printed = console.export_text()
    assert printed.count("nothing holds the cell") == 1
    assert "the fractions were scaled" in printed
