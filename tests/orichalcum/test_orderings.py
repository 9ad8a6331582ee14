"""The answer of kind order for people and programs: printed, read as values, exported to files of other programs.

The two results are of runs with sevennet-0: Cu-Au at one composition, and the hull of all cells with up to four atoms.
"""

import csv
import fnmatch
import functools
import io
import json
import zipfile
from pathlib import Path

import ase.io
import httpx
import numpy as np
import pytest
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core import Structure
from pymatgen.io.cif import CifParser
from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

from api_schemas.kinds import KINDS
from api_schemas.results import Result
from orichalcum import Client, NotAnswered, client, orderings
from tests.orichalcum.fake_service import JOB, RESULT, Recorder
from tests.orichalcum.printing import row, run

pytestmark = pytest.mark.usefixtures("no_sleep")
DATA = Path(__file__).parents[1] / "data"
CUAU, HULL = DATA / "order_cuau.json", DATA / "order_hull.json"
ONE, ALL = (json.loads(path.read_text()) for path in (CUAU, HULL))


def changed(result: dict, **more: object) -> dict:
    return {**result, "answer": {**result["answer"], **more}}


def test_the_orderings_of_a_composition_are_printed_below_its_sentence(printed):
    text = printed(ONE)
    assert text.splitlines()[0] == ONE["answer"]["compositions"][0]["text"]
    lowest, second = ONE["answer"]["orderings"][:2]
    assert row(text, "1", "L1_0") == [
        "1",
        "L1_0",
        "0.0",
        "–",
        "-45.1",
        "P4/mmm",
        "(123)",
        "6",
        "8",
        "enumeration",
    ]
    assert lowest["mixing_energy"] == pytest.approx(-0.0451, abs=5e-5)
    assert row(text, "2", "–")[2] == f"{1000 * (second['mixing_energy'] - lowest['mixing_energy']):.1f}"
    assert "left the parent lattice (0.31 Å)" in text


def test_the_disordered_state_is_printed_by_each_way_with_its_error_and_warnings(printed):
    text = printed(ONE)
    assert row(text, "random")[2:4] == ["-13.2", "1.9"]
    assert row(text, "all", "decorations", "of")[5:7] == ["0.7", "0.0"]
    assert row(text, "tier", "fluctuation")[2] == "-6.7"
    assert row(text, "tier", "mean")[3] == "43.3"
    assert ONE["answer"]["disordered"][0]["warnings"][0] in text


def test_the_ordering_probability_is_printed_with_its_entropy_and_levels(printed):
    text = printed(ONE)
    assert "ordering probability at 300 K: 1 (L1_0) among 70 decorations of 8 mixed sites" in text
    assert "entropy 0.224 of 0.531 k_B per mixed site" in text
    levels = text[text.index("meV per cell") :].splitlines()[1:5]
    energies = [float(line.split()[1]) for line in levels]
    assert energies == sorted(energies)
    # Boltzmann factors of what is printed, k_B = 8.617e-5 eV/K.
    weights = [
        int(line.split()[2]) * np.exp(-float(line.split()[1]) / 1000 / (8.617333e-5 * 300)) for line in levels
    ]
    for line, weight in zip(levels, weights, strict=True):
        assert float(line.split()[3]) == pytest.approx(weight / sum(weights), rel=0.01)


def test_the_hull_is_printed_from_one_end_member_to_the_other(printed):
    text = printed(ALL)
    corners = [line.split() for line in text[text.index("convex hull:") :].splitlines()[2:6]]
    assert [float(words[2]) for words in corners] == [1.0, 0.5, 0.3333, 0.0]
    assert corners[1][5:] == ["8", "L1_0", "-45.1"]
    assert corners[0][5:] == ["end", "member", "0.0"]
    # L1_2 is so far above the line between Cu and L1_0.
    assert row(text, "1", "L1_2")[3] == f"{-19.3117 + 45.1347 / 2:.1f}"


def test_a_result_that_has_nothing_yet_says_so(printed):
    assert printed({**ONE, "answer": {}}).startswith("stopped:")
    assert "nothing was computed yet" in printed(changed(ONE, orderings=[], compositions=[]))


@pytest.mark.parametrize(
    "answer",
    [{"orderings": "of another version"}, {"orderings": [{"name": "L1_0"}]}, {"hulls": [1, 2]}],
    ids=["text", "fields that are missing", "another name"],
)
def test_answers_of_other_versions_are_printed_as_they_are(printed, answer):
    name, value = next(iter(answer.items()))
    assert f"{name}: {json.dumps(value)}" in printed({**ONE, "answer": answer})


def test_answers_of_a_kind_that_is_not_known_are_printed_as_they_are(printed):
    assert '"name": "L1_0"' in printed({**ONE, "kind": "melt"})


def test_names_of_a_service_do_not_move_the_cursor(printed):
    hostile = [{**ONE["answer"]["orderings"][0], "name": "\x1b[2J[red]L1_0"}]
    text = printed(changed(ONE, orderings=hostile))
    assert "\x1b" not in text
    assert "[red]L1_0" in text


def test_orderings_are_read_as_values():
    answer = orderings(Result.model_validate(ALL))
    on_hull = [answer.orderings[point.ordering] for point in answer.hull if point.ordering is not None]
    assert {one.above_hull for one in on_hull} == {0.0}
    assert on_hull[0].structure.sites[0].species in ({"Cu": 1.0}, {"Au": 1.0})


def test_a_result_of_another_kind_has_no_orderings():
    with pytest.raises(NotAnswered, match="kind optimize has no orderings; kind order"):
        orderings(Result.model_validate(RESULT))
    with pytest.raises(NotAnswered, match=r"answer/orderings/0/composition: Field required"):
        orderings(Result.model_validate({**ONE, "answer": {"orderings": [{"name": "L1_0"}]}}))


def test_every_ordering_is_exported_as_a_crystal_that_other_programs_read(tmp_path):
    for form in ("cif", "poscar"):
        done = run("export", str(HULL), "--what", "orderings", "--format", form, "-o", str(tmp_path / form))
        assert done.exit_code == 0, done.stderr
        assert f"18 of 18 orderings written to {tmp_path / form}" in done.stderr
    cifs, poscars = (sorted((tmp_path / form).iterdir()) for form in ("cif", "poscar"))
    found = ALL["answer"]["orderings"]
    assert len(cifs) == len(poscars) == len(found)
    same = StructureMatcher(scale=False, primitive_cell=False)
    for cif, poscar, ordering in zip(cifs, poscars, found, strict=True):
        (one,) = CifParser(cif).parse_structures(primitive=False, on_error="ignore")
        other = Structure.from_file(poscar)
        by_ase = ase.io.read(poscar)
        assert len(one) == len(other) == len(by_ase) == len(ase.io.read(cif)) == ordering["sites"]
        for element, share in ordering["composition"]["mix"].items():
            assert one.composition.get_atomic_fraction(element) == pytest.approx(share, abs=1e-4)
            assert by_ase.symbols.count(element) / len(by_ase) == pytest.approx(share, abs=1e-4)
        volume = abs(np.linalg.det(ordering["structure"]["lattice"]))
        assert one.volume == pytest.approx(volume, rel=1e-9)
        assert by_ase.get_volume() == pytest.approx(volume, rel=1e-9)
        assert np.linalg.det(by_ase.cell) > 0.0
        assert same.fit(one, other)
        group = SpacegroupAnalyzer(one, symprec=1e-3)
        assert f"({group.get_space_group_number()})" in ordering["space_group"]
        assert repr(ordering["energy_per_atom"]) in cif.read_text().splitlines()[0]
        assert repr(ordering["energy_per_atom"]) in poscar.read_text().splitlines()[0]


def test_names_of_files_say_what_they_are_and_are_safe(tmp_path):
    hostile = [{**ordering, "name": "../L1 0/*\x00é"} for ordering in ONE["answer"]["orderings"]]
    file = tmp_path / "hostile.json"
    file.write_text(json.dumps(changed(ONE, orderings=hostile)))
    folder = tmp_path / "deep" / "folder"
    assert (
        run("export", str(file), "--what", "orderings", "--format", "cif", "-o", str(folder)).exit_code == 0
    )
    names = sorted(path.name for path in folder.iterdir())
    assert len(names) == len(hostile)
    assert all(fnmatch.fnmatch(name, "0??_Cu0.5Au0.5_..-L1-0.cif") for name in names)
    done = run(
        "export", str(CUAU), "--what", "orderings", "--format", "poscar", "-o", str(tmp_path / "all.zip")
    )
    assert done.exit_code == 0
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert archive.namelist()[0] == "001_Cu0.5Au0.5_L1_0.POSCAR.vasp"


def test_the_table_has_the_numbers_in_full(tmp_path):
    done = run("export", str(HULL), "--what", "orderings", "--format", "csv")
    assert done.exit_code == 0
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    for line, ordering in zip(rows, ALL["answer"]["orderings"], strict=True):
        assert float(line["mix:Au"]) == ordering["composition"]["mix"]["Au"]
        assert float(line["energy_per_atom (eV/atom)"]) == ordering["energy_per_atom"]
        assert line["above_hull (eV/atom)"] == (
            "" if ordering["above_hull"] is None else repr(ordering["above_hull"])
        )
        assert line["name"] == (ordering["name"] or "")


def test_the_document_has_everything_and_its_source(tmp_path):
    target = tmp_path / "orderings.json"
    done = run("export", str(HULL), "--what", "orderings", "--format", "json", "-o", str(target))
    assert (done.exit_code, done.stdout) == (0, "")
    document = json.loads(target.read_text())
    assert document["orderings"] == ALL["answer"]["orderings"]
    assert document["provenance"]["potential"]["name"] == "sevennet-0"


def test_a_job_of_the_service_is_exported_and_a_cancelled_one_as_far_as_it_came(monkeypatch, tmp_path):
    stopped = {"reason": "cancelled", "message": "cancelled"}
    partial = {**changed(ONE, orderings=ONE["answer"]["orderings"][:2]), "stopped": stopped}
    job = {**JOB, "kind": "order", "state": "cancelled"}
    recorder = Recorder(*[httpx.Response(200, json=body) for body in (job, job, partial)])
    monkeypatch.setattr(client, "Client", functools.partial(Client, transport=httpx.MockTransport(recorder)))
    monkeypatch.chdir(tmp_path)
    done = run("export", "job1", "--what", "orderings", "--format", "cif")
    assert done.exit_code == 0, done.stderr
    assert len(list((tmp_path / "job1-orderings").iterdir())) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["FILE", "--what", "best"], "has no best; it has orderings"),
        (["FILE", "--what", "supercells"], "no supercells: ask for verify in the problem"),
        (["FILE", "--what", "everything"], "--what everything is not known; take best"),
        (["FILE", "--what", "orderings", "--format", "docx"], "--format docx is not known; take json"),
        (["FILE", "--what", "orderings", "-o", "FILE"], "is there already; name another place with -o"),
        (["OTHER", "--what", "orderings"], "this result of kind optimize has no orderings"),
        (["EMPTY", "--what", "orderings"], "this result has no ordering"),
        (["BROKEN", "--what", "orderings"], "this is no result: the document: Invalid JSON"),
        (["WRONG", "--what", "orderings"], "this is no result: best: Field required"),
        (["absent.json", "--what", "orderings"], "absent.json: No such file or directory"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, list) else "",
)
def test_what_cannot_be_exported_is_refused_with_two_and_the_mend(tmp_path, arguments, said):
    texts = {
        "FILE": HULL.read_text(),
        "OTHER": json.dumps(RESULT),
        "EMPTY": json.dumps(changed(ONE, orderings=[])),
        "BROKEN": "kind: order",
        "WRONG": '{"kind": "order"}',
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.json").write_text(text)
    done = run("export", *(str(tmp_path / f"{one}.json") if one in texts else one for one in arguments))
    assert done.exit_code == 2
    assert said in done.stderr
    assert (tmp_path / "FILE.json").read_text() == HULL.read_text()


def test_every_view_that_is_printed_is_a_view_of_a_kind():
    from orichalcum.display import _VIEWS

    assert set(_VIEWS) <= {view for kind in KINDS for view in kind.views}
