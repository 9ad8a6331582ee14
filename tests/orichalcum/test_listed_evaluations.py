"""A list of evaluations on the command line: what was asked for is in it, and so is what they say of themselves."""

from __future__ import annotations

import pytest
import yaml
from rich.console import Console

from api_schemas.evaluations import Evaluation
from api_schemas.results import Result
from engine.properties.table import PROPERTIES
from orichalcum import display
from tests.orichalcum.fake_service import EVALUATION, RESULT
from tests.orichalcum.printing import row, run

SCAN = {
    "kind": "scan",
    "structure": {"prototype": "rocksalt", "species": ["Na", "Cl"]},
    "sublattices": [{"name": "cation", "sites": ["Na"], "elements": ["Na", "K"]}],
    "scan": {"points_per_edge": 2},
    "properties": ["mass_fraction:K", "bulk_modulus"],
    "potential": {"name": "sevennet-0", "dtype": "float32"},
}


def test_what_every_evaluation_has_is_what_the_table_of_properties_says():
    assert {name for name, row_of in PROPERTIES.items() if row_of.always} == display.ALWAYS


@pytest.mark.usefixtures("weights")
def test_properties_that_were_asked_for_are_in_the_table(tmp_path):
    path = tmp_path / "scan.yaml"
    path.write_text(yaml.safe_dump(SCAN), encoding="utf-8")
    printed = run("run", str(path))
    assert printed.exit_code == 0, printed.stderr
    heading = row(printed.stdout, "Composition")
    assert heading[1:3] == ["bulk_modulus", "mass_fraction:K"]
    assert "0.00000" in row(printed.stdout, "cation:", "Na", "1.0000")


def test_a_property_that_some_lack_and_warnings_are_told():
    one = Evaluation.model_validate(EVALUATION)
    value = next(iter(one.properties.values()))
    other = one.model_copy(
        update={"properties": {**one.properties, "heat_capacity": value}, "warnings": ["Fe is magnetic"]}
    )
    listed = Result.model_validate({**RESULT, "best": None, "front": [], "evaluations": []})
    listed = listed.model_copy(update={"evaluations": [one, other]})
    console = Console(width=200, no_color=True)
    with console.capture() as printed:
        display.show(console, display.result(listed))
    assert row(printed.get(), "Composition")[1] == "heat_capacity"
    assert "–" in printed.get()
    assert "Fe is magnetic" in printed.get()
