"""Relaxed lattice constants and mixing energies, mean_field and paired, against numbers that another code computed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from api_schemas.problem import Problem
from engine.campaign.evaluate import evaluate

RECORDS = json.loads((Path(__file__).parents[1] / "data" / "supercell_truth.json").read_text())["records"]
PARENTS = {
    "NaKCl": ("rocksalt", ["Na", "Cl"], "Na"),
    "CuNi": ("fcc", ["Cu"], "Cu"),
    "AlGaN": ("wurtzite", ["Al", "N"], "Al"),
    "NiAl": ("fcc", ["Ni"], "Ni"),
}


@pytest.mark.parametrize("mixing", ["mean_field", "paired"])
@pytest.mark.parametrize("record", RECORDS, ids=lambda r: f"{r['potential']}-{r['system']}-{r['x'][0]}")
def test_both_mixing_rules_agree_with_the_listed_values(weights_fetched, record, mixing):
    prototype, species, site = PARENTS[record["system"]]
    asked = Problem.model_validate(
        {
            "kind": "evaluate",
            "structure": {"prototype": prototype, "species": species},
            "sublattices": [{"name": "mixed", "sites": [site], "elements": record["elements"]}],
            "at": [{"mixed": dict(zip(record["elements"], record["x"], strict=True))}],
            "potential": {"name": record["potential"], "mixing": mixing},
        }
    )
    found = evaluate(asked, asked.at[0])
    expected = record[mixing]
    assert found.converged
    assert found.properties["lattice_a"].value == pytest.approx(expected["a"], rel=5e-4)
    assert found.properties["lattice_c"].value == pytest.approx(expected["c"], rel=5e-4)
    assert 1000 * found.properties["mixing_energy"].value == pytest.approx(
        expected["mixing_energy_meV"], abs=1.0
    )
