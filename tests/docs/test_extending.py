"""The worked examples of docs/extending.md, written into a folder and run as they stand."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from tests.commands import Commands

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "extending.md"
BLOCK = re.compile(r"^```(?:python|yaml)\n# ([\w/.]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
AR, KR = 39.948, 83.798


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    here = tmp_path_factory.mktemp("extension")
    for name, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        (here / name).parent.mkdir(exist_ok=True)
        (here / name).write_text(text, encoding="utf-8")
    (here / "my_lab" / "__init__.py").touch()
    return here


@pytest.fixture(scope="module")
def orichalcum(folder, weights):
    """The command line with the extension, in its folder."""
    path = os.pathsep.join([str(ROOT), str(folder)])
    with Commands(folder, ORICHALCUM_EXTENSIONS="my_lab", PYTHONPATH=path) as commands:
        yield commands


@pytest.fixture(scope="module")
def answer(orichalcum):
    """Runs a command, and returns its answer."""

    def answering(*arguments):
        done = orichalcum(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return answering


@pytest.fixture(scope="module")
def crystals(answer):
    return answer("run", "crystal.yaml")


def test_a_search_with_strategy_potential_tier_and_property_of_an_extension(crystals):
    assert [one["composition"] for one in crystals["evaluations"]] == [
        {"gas": {"Ar": 1.0, "Kr": 0.0}},
        {"gas": {"Ar": 0.0, "Kr": 1.0}},
    ]
    assert crystals["best"]["composition"] == {"gas": {"Ar": 1.0, "Kr": 0.0}}
    assert crystals["provenance"]["tier"] == "careful"
    assert crystals["provenance"]["potential"]["name"] == "noble-gases"


def test_the_property_and_its_gradient_are_those_of_the_volume(crystals):
    for one in crystals["evaluations"]:
        volume, density = one["properties"]["volume"], one["properties"]["atom_density"]
        assert density["value"] == pytest.approx(1000.0 / volume["value"], rel=1e-12)
        factor = -1000.0 / volume["value"] ** 2
        for element, slope in volume["gradient"]["gas"].items():
            assert density["gradient"]["gas"][element] == pytest.approx(factor * slope, rel=1e-9)


def test_the_tier_says_how_large_its_error_is(folder, answer):
    mixed = answer("evaluate", "crystal.yaml", "--at", "gas:Ar=0.5,Kr=0.5")
    assert mixed["converged"]
    assert mixed["stable"]
    text = (folder / "crystal.yaml").read_text().replace("name: corners", "name: random, max_evaluations: 1")
    bounds = "elements: {Ar: [0.4, 0.6], Kr: [0.4, 0.6]}"
    (folder / "middle.yaml").write_text(text.replace("elements: [Ar, Kr]", bounds))
    best = answer("run", "middle.yaml")["best"]["properties"]["lattice_a"]
    assert best["uncertainty"] == pytest.approx(2 * 0.0025 * best["value"])


def test_a_kind_with_a_unit_of_its_own_averages_to_the_closed_form(answer):
    result = answer("run", "masses.yaml")
    assert (result["kind"], result["stopped"]["reason"]) == ("masses", "completed")
    assert result["answer"]["decorations"] == 100
    # 6400 draws: the standard error of the mean is 43.85 sqrt(0.75 0.25 / 6400) = 0.24 u.
    assert result["answer"]["mean_mass"] == pytest.approx(0.75 * AR + 0.25 * KR, abs=1.2)


def test_a_starting_point_of_the_kind_is_accepted(folder, orichalcum, answer):
    text = orichalcum("new", "fcc", "--kind", "masses").stdout
    (folder / "new.yaml").write_text(text.replace("sevennet-l3i5", "sevennet-0"))
    assert answer("run", "new.yaml")["answer"]["decorations"] == 100


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("kind: masses", "kind: massses", "did you mean masses?"),
        ("potential:", "scan: {}\npotential:", "kind masses does not use scan"),
        ("masses: {sites: 64, decorations: 100}", "masses: {sites: 0}", "/masses/sites"),
        ("masses: {sites: 64, decorations: 100}\n", "", "/masses"),
    ],
)
def test_its_problems_are_checked_like_all_others(folder, orichalcum, old, new, said):
    (folder / "bad.yaml").write_text((folder / "masses.yaml").read_text().replace(old, new, 1))
    refused = orichalcum("run", "bad.yaml")
    assert refused.returncode == 2
    assert said in refused.stderr


def test_every_block_of_the_page_is_used(folder):
    written = {str(path.relative_to(folder)) for path in folder.rglob("*.py")} - {"my_lab/__init__.py"}
    modules = {path.removesuffix(".py").replace("/", ".") for path in written}
    engine = (folder / "my_lab" / "engine.py").read_text()
    assert modules - {"my_lab.schema", "my_lab.engine"} <= {name for name in modules if name in engine}
