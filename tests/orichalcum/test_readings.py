"""One function says what a reader must see, and the command line and the dashboard show the same of every kind."""

from __future__ import annotations

import json
import os

import pytest
from rich.console import Console

from api_schemas.evaluations import Evaluation
from api_schemas.formula import formula
from api_schemas.kinds import KINDS
from api_schemas.reading import with_reading
from api_schemas.results import Result
from orichalcum import display
from orichalcum.reporting import plain
from tests.orichalcum.fake_service import EVALUATION
from tests.orichalcum.read_results import READINGS, document, results

RESULTS = results()


def printed(result):
    console = Console(width=200, no_color=True)
    with console.capture() as said:
        display.show(console, display.result(result))
    return said.get()


def texts(name, role):
    return [message.text for message in RESULTS[name].reading if message.role == role]


@pytest.mark.parametrize("name", RESULTS)
def test_the_command_line_shows_every_message(name):
    shown = printed(RESULTS[name])
    for message in RESULTS[name].reading:
        assert plain(message.text) in shown


def test_the_dashboard_is_tested_with_the_same_messages():
    """By dashboard/src/kinds/readings.test.ts; with ORICHALCUM_WRITE=1 the file is written again."""
    if os.environ.get("ORICHALCUM_WRITE"):
        READINGS.write_text(document(), encoding="utf-8")
    stored = json.loads(READINGS.read_text(encoding="utf-8"))
    assert {name: one["reading"] for name, one in stored.items()} == {
        name: one["reading"] for name, one in json.loads(document()).items()
    }
    for name, one in stored.items():  # with fields of newer versions at their defaults
        assert one["file"] == name or with_reading(Result.model_validate(one["result"])) == RESULTS[name]
    assert {one.kind for one in RESULTS.values()} == {kind.name for kind in KINDS}


def test_what_to_be_careful_about_is_told_once():
    """By the evaluations of the answer, and not again by the sentence that says why the job ended."""
    warned, ended = (
        "the end member ScN is of another phase: mixing_energy refers to it",
        "it is within 0.001 Å",
    )
    one = RESULTS["a lattice match less sure than its tolerance"]
    best = one.best.model_copy(update={"message": None, "warnings": [warned]})
    stopped = one.stopped.model_copy(update={"message": f"{ended}; careful: {warned.partition(':')[0]}"})
    told = with_reading(one.model_copy(update={"best": best, "stopped": stopped})).reading
    assert [message.text for message in told if "ScN is of another phase" in message.text] == [warned]
    (last,) = (message.text for message in told if message.role == "stopped")
    assert last.endswith(ended)


def test_a_message_that_stands_beside_its_numbers_is_not_repeated():
    for name, one in RESULTS.items():
        shown = printed(one)
        for message in one.reading:
            if message.role in {"answer", "warning", "stopped"}:
                assert [line.strip() for line in shown.splitlines()].count(plain(message.text)) <= 1, name


def test_an_answer_that_sounds_surer_than_is_known_says_so_first():
    name = "a lattice match less sure than its tolerance"
    assert texts(name, "headline") == [
        "Al0.80 Sc0.20, Sc ± 0.02: within tolerance, tier uncertainty larger than the tolerance"
    ]
    (target,) = texts(name, "target")
    assert target == (
        "lattice_a 3.2221 Å is within 0.001 Å of 3.2214 Å (off by +0.0007 Å); tier uncertainty larger than the "
        "tolerance: 0.0081 Å"
    )
    assert texts(name, "uncertainty") == ["Sc ± 0.017 (tolerance 0.0021, tier 0.017, surrogate < 0.0001)"]
    assert RESULTS[name].reading[0].role == "headline"


def test_an_answer_that_is_one_of_many_says_how_many_and_where():
    (headline,) = texts("one of many", "headline")
    assert headline == "Al0.500 Ga0.300 In0.200: within tolerance, one of many that are"
    assert texts("one of many", "uncertainty") == [
        "one of many: the composition can move in 1 direction with every target kept",
        "the targets are kept with Al 0.41 to 0.62, Ga 0.00 to 0.55, In 0.11 to 0.21",
    ]


def test_a_missed_target_is_not_said_to_be_kept():
    name = "a missed target that many miss as little"
    (headline,) = texts(name, "headline")
    assert headline.endswith(": not within tolerance: lattice_a")
    assert texts(name, "uncertainty") == [
        "the composition can move in 1 direction with no target missed by more",
        "the targets are missed by no more with Al 0.41 to 0.62, Ga 0.00 to 0.55, In 0.11 to 0.21",
    ]


def test_what_failed_and_what_is_warned_of_is_counted():
    assert texts("a scan of which some fail and some are warned of", "warning") == [
        "1 of 4 relaxations did not converge",
        "K is far larger than Na: a mean-field mixing energy is not to be quoted (2 evaluations)",
        "the relaxation did not converge after 60 potential calls",
    ]
    assert texts("no answer", "headline") == ["no answer among 1 evaluation"]
    assert "unstable against distortions" in texts("an evaluation at a saddle point", "warning")


def test_a_formula_counts_sites_and_leaves_out_what_is_absent():
    sites = [
        *({"species": {"Ba": 1.0}, "frac": [0.0, 0.0, 0.0]} for _ in range(2)),
        {"species": {"Mg": 0.25, "Zn": 0.75}, "frac": [0.0, 0.0, 0.0]},
        {"species": {"W": 1.0, "Mo": 0.0}, "frac": [0.0, 0.0, 0.0]},
        *({"species": {"O": 0.9, "F": 0.1}, "frac": [0.0, 0.0, 0.0]} for _ in range(6)),
    ]
    lattice = EVALUATION["structure"]["lattice"]
    one = Evaluation.model_validate({**EVALUATION, "structure": {"lattice": lattice, "sites": sites}})
    assert formula(one) == "Ba2 Mg0.250 Zn0.750 W (O0.900 F0.100)6"
    assert formula(one, {"b": {"Mg": 0.03, "Zn": 0.03}}) == "Ba2 Mg0.25 Zn0.75 W (O0.90 F0.10)6"


def test_uncertainties_of_properties_stand_beside_their_values():
    best = Evaluation.model_validate(EVALUATION)
    value = best.properties["lattice_a"].model_copy(update={"uncertainty": 0.0081})
    one = RESULTS["one of many"].model_copy(
        update={"best": best.model_copy(update={"properties": {**best.properties, "lattice_a": value}})}
    )
    shown = printed(one)
    heading = next(line for line in shown.splitlines() if line.startswith("Property"))
    assert heading.split()[:4] == ["Property", "Value", "±", "Unit"]
    assert "0.0081" in shown
