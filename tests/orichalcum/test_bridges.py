"""Answers in other libraries: data frames, crystals, figures, notebooks; each library's own reading is what counts."""

import copy
import io
import json
import pickle
import sys
from pathlib import Path

import ase.io
import numpy as np
import pandas as pd
import polars as pl
import pytest
from pymatgen.core import Structure
from pymatgen.io.cif import CifParser
from pymatgen.io.vasp import Poscar

import orichalcum
from api_schemas.evaluations import CrystalState
from engine import Campaign
from orichalcum import BadAddress, ExtraMissing, Problem, Result
from orichalcum.columns import csv_text, of_evaluations
from orichalcum.crystals import to_atoms, to_structure
from orichalcum.exceptions import BadRequest, MixedSites, NotAnswered
from orichalcum.structure_texts import cif_text, poscar_text, xyz_text
from tests.orichalcum.fake_service import EVALUATION, RESULT, VERIFIED
from tests.orichalcum.printing import run

DATA = Path(__file__).resolve().parents[1] / "data"
HULL = DATA / "order_hull.json"
PHASES = DATA / "free_energy_phases.json"
MIXED = CrystalState(
    lattice=[[4.0, 0.0, 0.0], [0.3, 4.1, 0.0], [0.1, 0.2, 3.9]],
    sites=[
        {"species": {"Al": 0.75, "Sc": 0.25}, "frac": [0.0, 0.0, 0.0]},
        {"species": {"N": 1.0}, "frac": [0.5, 0.45, -0.4]},
        {"species": {"Vac": 1.0}, "frac": [0.5, 0.0, 0.0]},
    ],
)
WHOLE = MIXED.model_copy(
    update={
        "sites": [MIXED.sites[0].model_copy(update={"species": {"Al": 1.0, "Sc": 0.0}}), *MIXED.sites[1:]]
    }
)


@pytest.fixture(scope="module")
def solved() -> Result:
    """A search that was solved in this process."""
    pytest.importorskip("torch")
    return orichalcum.run(
        {
            "name": "Na(K)Cl <b>",
            "structure": {"prototype": "rocksalt", "species": ["Na", "Cl"]},
            "sublattices": [{"name": "cation", "sites": ["Na"], "elements": ["Na", "K"]}],
            "objectives": [{"property": "lattice_a", "target": 5.9, "tolerance": 0.005}],
            "potential": {"name": "sevennet-0"},
        }
    )


def test_pymatgen_reads_a_structure_as_it_stands_in_an_answer():
    for found in (Structure.from_dict(MIXED), Structure.from_dict(MIXED.as_dict()), to_structure(MIXED)):
        assert len(found) == 2
        assert found[0].species.as_dict() == {"Al": 0.75, "Sc": 0.25}
        np.testing.assert_allclose(found.lattice.matrix, MIXED.lattice)
        np.testing.assert_allclose(found[1].frac_coords, MIXED.sites[1].frac)
    best = Result.model_validate(RESULT).best
    assert best.to_structure() == Structure.from_dict(best.structure)
    # And what pymatgen has read stands for a structure again.
    assert Problem(kind="evaluate", structure=best.to_structure()).structure.form() == "pymatgen"


def test_a_mixed_crystal_is_written_with_its_occupancies():
    (found,) = CifParser.from_str(cif_text(MIXED, "a\ntitle")).parse_structures(primitive=False)
    assert found[0].species.as_dict() == {"Al": 0.75, "Sc": 0.25}
    assert len(found) == 2
    assert found.get_distance(0, 1) == pytest.approx(to_structure(MIXED).get_distance(0, 1), abs=1e-9)
    assert found.volume == pytest.approx(to_structure(MIXED).volume, rel=1e-9)
    for write in (poscar_text, xyz_text, to_atoms):
        with pytest.raises(MixedSites, match=r"site 0 holds Al 0.75 Sc 0.25.*sites=32"):
            write(MIXED)


def test_whole_atoms_are_read_back_by_ase_and_pymatgen():
    expected = to_structure(WHOLE)
    left = WHOLE.model_copy(update={"lattice": [WHOLE.lattice[1], WHOLE.lattice[0], WHOLE.lattice[2]]})
    for crystal in (WHOLE, left):
        distance = to_structure(crystal).get_distance(0, 1)
        text = xyz_text(crystal, {"energy": -3.25, "title": 'a "name"'})
        frame = ase.io.read(io.StringIO(text), format="extxyz")
        assert frame.get_potential_energy() == -3.25
        assert frame.info["title"] == 'a "name"'
        read = {
            "atoms": to_atoms(crystal),
            "xyz": frame,
            "poscar": ase.io.read(io.StringIO(poscar_text(crystal, "x")), format="vasp"),
        }
        for atoms in read.values():
            assert sorted(atoms.symbols) == ["Al", "N"]
            assert atoms.get_volume() == pytest.approx(expected.volume, rel=1e-9)
            assert atoms.get_distance(0, 1, mic=True) == pytest.approx(distance, abs=1e-9)
        by_pymatgen = Poscar.from_str(poscar_text(crystal)).structure
        assert by_pymatgen.get_distance(0, 1) == pytest.approx(distance, abs=1e-9)
        assert np.linalg.det(by_pymatgen.lattice.matrix) > 0.0


def test_an_ordered_cell_holds_the_composition_on_the_sites_of_the_crystal():
    atoms = to_atoms(MIXED, sites=16, seed=1)
    counts = {element: atoms.symbols.count(element) for element in ("Al", "Sc", "N")}
    assert counts == {"Al": 12, "Sc": 4, "N": 16}
    assert atoms.get_volume() == pytest.approx(16 * to_structure(MIXED).volume)
    # Every atom lies on a site of the parent.
    in_parent = atoms.positions @ np.linalg.inv(np.array(MIXED.lattice))
    for symbols, site in (({"Al", "Sc"}, 0), ({"N"}, 1)):
        own = in_parent[[symbol in symbols for symbol in atoms.symbols]] - np.array(MIXED.sites[site].frac)
        np.testing.assert_allclose(own, np.round(own), atol=1e-8)
    assert (to_atoms(MIXED, sites=16, seed=1, number=1).numbers != atoms.numbers).any()
    emptied = MIXED.model_copy(
        update={
            "sites": [
                MIXED.sites[0].model_copy(update={"species": {"Al": 0.75, "Vac": 0.25}}),
                MIXED.sites[1],
            ]
        }
    )
    assert to_atoms(emptied, sites=4).symbols.count("Al") == 3


def test_a_frame_has_a_row_an_evaluation_by_the_same_names_in_both_libraries(solved):
    table, other = solved.to_dataframe(), solved.to_dataframe("polars", gradients=True)
    assert isinstance(table, pd.DataFrame)
    assert isinstance(other, pl.DataFrame)
    assert len(table) == len(other) == len(solved.evaluations) == solved.cost.evaluations
    assert set(table.columns) == {name for name in other.columns if not name.startswith("d ")}
    last = solved.evaluations[-1]
    assert table["cation:K"].iloc[-1] == last.composition["cation"]["K"]
    assert table["lattice_a"].dtype == np.float64
    assert table["lattice_a"].iloc[-1] == last.properties["lattice_a"].value == other["lattice_a"][-1]
    assert table.attrs["units"]["lattice_a"] == "Å"
    assert other["d lattice_a / d cation:K"][-1] == last.properties["lattice_a"].gradient["cation"]["K"]
    assert other["converged"].dtype == pl.Boolean
    text = csv_text(of_evaluations(solved.evaluations, gradients=True))
    again = pd.read_csv(io.StringIO(text))
    np.testing.assert_array_equal(again["lattice_a (Å)"], table["lattice_a"])
    assert len(solved.to_dataframe(what="best")) == 1
    with pytest.raises(BadRequest, match="has no front; it has best, evaluations"):
        solved.to_dataframe(what="front")
    with pytest.raises(ValueError, match="pandas or polars"):
        solved.to_dataframe("numpy")


def test_frames_of_other_kinds_hold_what_they_answer():
    hull = Result.model_validate_json(HULL.read_bytes()).to_dataframe()
    assert len(hull) == len(json.loads(HULL.read_text())["answer"]["orderings"])
    assert hull["above_lowest"].min() == 0.0
    found = Result.model_validate_json(PHASES.read_bytes())
    energies = found.to_dataframe()
    items = json.loads(PHASES.read_text())["answer"]["free_energies"]
    assert list(energies["free_energy"]) == [item["free_energy"] for item in items]
    parts = [name for name in items[0]["contributions"] if name in energies]
    sums = energies[parts].astype(float).sum(axis=1)
    np.testing.assert_allclose(sums, energies["free_energy"], atol=1e-12)
    verified = Result.model_validate({**RESULT, "verification": [VERIFIED]}).to_dataframe(what="supercells")
    assert verified["explicit"].iloc[0] == VERIFIED["explicit"]["value"]


def test_figures_show_what_the_result_says(solved):
    found = solved.plots()
    assert list(found) == ["convergence lattice_a", "space", "parity lattice_a"]
    by_name = {trace.name: trace for trace in found["space"].data}
    values = [item.properties["lattice_a"].value for item in solved.evaluations]
    assert list(by_name["evaluations"].y) == values
    assert list(by_name["evaluations"].x) == [item.composition["cation"]["K"] for item in solved.evaluations]
    # The tangent of an evaluation is its exact gradient.
    slope = solved.evaluations[0].properties["lattice_a"].gradient["cation"]
    x, y = by_name["exact slope"].x, by_name["exact slope"].y
    assert (y[1] - y[0]) / (x[1] - x[0]) == pytest.approx(slope["K"] - slope["Na"])
    evaluated = [x for one in found["parity lattice_a"].data if one.error_y.array is not None for x in one.x]
    assert sorted(evaluated) == pytest.approx(sorted(values))
    best = next(trace for trace in solved.plot().data if trace.name == "best so far")
    assert best.y[-1] == solved.best.properties["lattice_a"].value
    assert best.line.color == "#b97a36"
    assert any(one.y0 == pytest.approx(5.895) for one in found["space"].layout.shapes)
    with pytest.raises(
        NotAnswered, match="no figure 'hull'; it has convergence lattice_a, space, parity lattice_a"
    ):
        solved.plot("hull")


def test_the_band_of_a_run_is_what_its_surrogate_says(solved):
    drawn = solved.plot("space")
    by_name = {trace.name: trace for trace in drawn.data}
    mean, band = by_name["surrogate"], by_name["surrogate ± 2 σ"]
    assert mean.line.color == "#b97a36"
    assert band.fillcolor == "rgba(185,122,54,0.2)"
    # At what was evaluated the mean is the value and the band closes; the slope there is the exact gradient.
    best = solved.best
    x, slope = best.composition["cation"]["K"], best.properties["lattice_a"].gradient["cation"]
    places = np.array(mean.x)
    near = np.abs(places - x) < 0.02
    line = best.properties["lattice_a"].value + (places - x) * (slope["K"] - slope["Na"])
    np.testing.assert_allclose(np.array(mean.y)[near], line[near], atol=2e-4)
    n = len(places)
    np.testing.assert_allclose((np.array(band.y[:n]) + np.array(band.y[n:][::-1])) / 2, mean.y, atol=1e-12)
    np.testing.assert_allclose(np.array(band.y[:n]) - mean.y, 2 * np.array(mean.customdata), atol=1e-12)
    assert (np.array(mean.customdata) >= 0.0).all()
    # Pure KCl and NaCl were relaxed too, as end members: between them nothing is hatched.
    assert "not known" not in by_name
    assert drawn.layout.xaxis.range == pytest.approx((-0.03, 1.03))
    again = pickle.loads(pickle.dumps(solved))  # noqa: S301  (our own)
    assert again == solved == copy.deepcopy(solved)
    assert "surrogate" not in {trace.name for trace in again.plot("space").data}
    assert "surrogate" in {trace.name for trace in copy.deepcopy(solved).plot("space").data}


def test_the_colours_of_figures_are_those_of_the_dashboard():
    from orichalcum import plot_style

    theme = Path(__file__).resolve().parents[2] / "dashboard" / "src" / "theme"
    light = (theme / "tokens.css").read_text().partition("[data-theme='dark']")[0]
    tokens = {
        "accent": "ACCENT",
        "good": "GOOD",
        "bad": "BAD",
        "plot-ink": "INK",
        "plot-grid": "GRID",
        "text-2": "SOFT",
        "sunken": "SUNKEN",
        "plot-axis": "AXIS",
    }
    for token, name in tokens.items():
        assert f"--{token}: {getattr(plot_style, name)};" in light
    assert all(f"'{colour}'" in (theme / "colours.ts").read_text() for colour in plot_style.CATEGORIES)


def test_figures_of_every_kind_and_number_of_elements():
    hull = Result.model_validate_json(HULL.read_bytes()).plots()
    assert {"hull", "ladder"} <= set(hull)
    answer = json.loads(HULL.read_text())["answer"]
    corners = sorted(1000 * point["mixing_energy"] for point in answer["hull"])
    assert sorted(hull["hull"].data[0].y) == pytest.approx(corners)
    for path in sorted(DATA.glob("free_energy_*.json")):
        found = Result.model_validate_json(path.read_bytes()).plots()
        assert {"free_energy", "contributions"} <= set(found), path
    shares = [
        {"Al": 0.5, "Ga": 0.3, "In": 0.2},
        {"Al": 0.2, "Ga": 0.3, "In": 0.5},
        {"Al": 0.1, "Ga": 0.8, "In": 0.1},
    ]
    plain = {**EVALUATION, "properties": {"lattice_a": {"value": 3.2, "unit": "Å"}}}
    three = [{**plain, "composition": {"cation": one}} for one in shares]
    triangle = Result.model_validate({**RESULT, "evaluations": three}).plot("space")
    assert triangle.data[0].type == "scatterternary"
    assert list(triangle.data[0].a) == [0.5, 0.2, 0.1]
    anions = [{"N": 0.1 * k, "P": 1 - 0.1 * k} for k in range(3)]
    four = [
        {**plain, "composition": {"cation": one, "anion": other}}
        for one, other in zip(shares, anions, strict=True)
    ]
    assert Result.model_validate({**RESULT, "evaluations": four}).plot("space").data[0].type == "parcoords"


def test_a_report_is_one_file_with_the_figures_and_how_to_cite(solved, tmp_path):
    path = tmp_path / "answer.html"
    solved.report(path)
    text = path.read_text()
    assert "Na(K)Cl &lt;b&gt;" in text
    assert "<b>" not in text.replace("<br>", "").partition("<script>")[0]
    assert solved.stopped.message in text
    assert "10.1038/s41467-025-59543-2" in text
    assert solved.provenance.potential.sha256 in text
    assert text.count("Plotly.newPlot(") >= 2
    # Nothing is loaded from elsewhere.
    assert not any(word in text for word in ("<script src", "<link ", "<img ", "@import"))
    with pytest.raises(BadRequest, match="is there already"):
        solved.report(path)


def test_notebooks_show_results_evaluations_jobs_and_campaigns(solved):
    shown = solved._repr_html_()
    assert "target met" in shown
    assert "lattice_a" in solved.best._repr_html_()
    campaign = Campaign(solved.problem)
    assert "Na(K)Cl &lt;b&gt;" in campaign._repr_html_()
    assert "going on" in campaign._repr_html_()
    hostile = Result.model_validate({**RESULT, "stopped": {"reason": "converged", "message": "<script>"}})
    assert "<script>" not in hostile._repr_html_()
    assert "&lt;script&gt;" in hostile._repr_html_()


@pytest.mark.parametrize(
    ("library", "use"),
    [
        ("pandas", lambda one: one.to_dataframe()), ("polars", lambda one: one.to_dataframe("polars")),
        ("plotly", lambda one: one.plots()), ("plotly", lambda one: one.report("never.html")),
        ("pymatgen", lambda one: one.best.to_structure()), ("ase", lambda one: one.best.to_atoms()),
    ],
)  # fmt: skip
def test_what_is_not_installed_is_named_with_its_extra(monkeypatch, library, use):
    result = Result.model_validate({**RESULT, "evaluations": [EVALUATION]})
    for name in [name for name in sys.modules if name.partition(".")[0] == library]:
        monkeypatch.delitem(sys.modules, name)

    class Absent:
        def find_spec(self, name, path=None, target=None):
            if name.partition(".")[0] == library:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(sys, "meta_path", [Absent(), *sys.meta_path])
    with pytest.raises(ExtraMissing, match=rf"{library}, which is not installed; pip install 'orichalcum\["):
        use(result)
    assert not issubclass(ExtraMissing, BadAddress)


def test_every_format_is_exported_from_the_command_line(tmp_path):
    file = tmp_path / "done.json"
    cells = [{**one, "structure": WHOLE.model_dump()} for one in VERIFIED["supercells"]]
    file.write_text(
        json.dumps(
            {
                **RESULT,
                "evaluations": [EVALUATION, EVALUATION],
                "verification": [{**VERIFIED, "supercells": cells}],
            }
        )
    )
    table = run("export", str(file), "--format", "csv")
    assert table.exit_code == 0, table.stderr
    rows = pd.read_csv(io.StringIO(table.stdout))
    assert list(rows["lattice_a (Å)"]) == [3.2221, 3.2221]
    assert list(rows["d lattice_a / d cation:Sc"]) == [0.2336, 0.2336]
    assert len(json.loads(run("export", str(file)).stdout)["evaluations"]) == 2
    assert json.loads(run("export", str(file), "--what", "best").stdout)["best"][0]["energy_per_atom"] == -7.9
    (found,) = CifParser.from_str(run("export", str(file), "--format", "cif").stdout).parse_structures(
        primitive=False
    )
    assert found[0].species.as_dict() == {"Al": 0.8, "Sc": 0.2}
    refused = run("export", str(file), "--format", "poscar")
    assert refused.exit_code == 2
    assert "--sites 32" in refused.stderr
    poscar = run("export", str(file), "--format", "poscar", "--sites", "10")
    assert ase.io.read(io.StringIO(poscar.stdout), format="vasp").symbols.count("Sc") == 2
    frames = run("export", str(file), "--what", "supercells", "--format", "xyz")
    assert len(ase.io.read(io.StringIO(frames.stdout), format="extxyz", index=":")) == 2
    report = run("export", str(file), "--format", "html", "-o", str(tmp_path / "report.html"))
    assert report.exit_code == 0, report.stderr
    assert "Al 0.8000 Sc 0.2000" in (tmp_path / "report.html").read_text()
    free = run("export", str(PHASES), "--format", "csv")
    assert "free_energy (eV/atom)" in free.stdout
    assert "have no crystals" in run("export", str(PHASES), "--format", "cif").stderr
