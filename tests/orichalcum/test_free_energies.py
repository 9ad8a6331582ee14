"""The answer of kind free_energy for people and programs: printed, and read as values.

The results are of runs with sevennet-0: sodium chloride, its change to potassium chloride, and a vacancy in it; two
phases of lithium bromide.
"""

import copy
import json
from pathlib import Path

import pytest

from api_schemas.free_energies import FreeEnergy
from api_schemas.results import Result
from orichalcum import NotAnswered, free_energies
from orichalcum.columns import of_free_energies
from tests.orichalcum.fake_service import RESULT
from tests.orichalcum.printing import row

DATA = Path(__file__).parents[1] / "data"
CRYSTAL, CHANGE, VACANCY, PHASES = (
    json.loads((DATA / f"free_energy_{name}.json").read_text())
    for name in ("absolute", "composition", "vacancy", "phases")
)


def answered(result: dict, *free_energies: dict) -> dict:
    return {**result, "answer": {**result["answer"], "free_energies": list(free_energies)}}


def one_of(result: dict, **more: object) -> dict:
    return {**copy.deepcopy(result["answer"]["free_energies"][0]), **more}


def test_a_crystal_is_printed_with_what_its_free_energy_is_made_of(printed):
    text = printed(CRYSTAL)
    assert text.splitlines()[0] == "Na at 100 K: -3364.46 ± 0.03 meV/atom"
    numbers = row(text, "100", "-3364.46")
    assert " ".join(numbers) == "100 -3364.46 0.03 -3383.96 15.49 0.07 3.94 harmonic samples 32 2.054"
    assert sum(map(float, numbers[3:7])) == pytest.approx(float(numbers[1]), abs=0.025)
    assert "Runs" not in text
    assert "Overlap" not in text
    assert CRYSTAL["answer"]["convention"] in text


def test_a_change_is_printed_with_its_runs_and_whether_they_agree(printed):
    text = printed(CHANGE)
    assert text.splitlines()[0] == "Na to K at 300 K: -59.26 ± 0.31 meV/atom"
    numbers = row(text, "300", "-59.26")
    assert " ".join(numbers) == "300 -59.26 0.31 -41.53 -25.67 18.96 -0.71 -10.30 BAR 4 + 4 0.95 0.47, 0.46"
    assert sum(map(float, numbers[3:8])) == pytest.approx(float(numbers[1]), abs=0.03)
    assert "300 K: forward and backward runs agree (probability by chance 0.34)" in text
    assert "Heat capacity" not in text


def test_a_vacancy_is_printed_in_electronvolts_with_where_its_atom_goes(printed):
    text = printed(VACANCY)
    (one,) = VACANCY["answer"]["free_energies"]
    assert text.splitlines()[0] == one["text"]
    assert "eV per vacancy" in one["text"]
    assert (
        "site 0 of the supercell is left empty; its Na goes to Na, body-centred cubic, -1.3070 eV/atom"
        in text
    )
    numbers = row(text, "100")
    shown = [
        one["free_energy"],
        one["standard_error"],
        one["contributions"]["static"],
        one["contributions"]["vibrational"],
    ]
    assert numbers[1:5] == [f"{value:.3f}" for value in shown]
    assert "meV" not in text
    assert "Free energy  eV per vacancy" in text


def test_phases_are_printed_with_where_they_cross_their_difference_and_each_by_itself(printed):
    text = printed(PHASES)
    compared = PHASES["answer"]["comparison"]
    assert text.splitlines()[0] == compared["conclusions"][0]
    assert "zincblende and rocksalt cross at 194 ± 7 K" in compared["conclusions"][0]
    for one in compared["differences"]:
        assert one["text"] in text
    assert "rocksalt less zincblende  meV/atom" in text
    numbers = row(text, "300", "-1.78")
    assert numbers[:4] == ["300", "-1.78", "0.28", "30.31"]
    assert sum(map(float, numbers[3:])) == pytest.approx(float(numbers[1]), abs=0.035)
    # Each phase has a table of its own, though both have the same composition.
    assert text.count("Free energy  meV/atom") == 2
    assert "rocksalt: LiBr at 300 K: -3263.30 ± 0.19 meV/atom" in text


def test_a_difference_that_is_not_known_has_a_sentence_and_no_row(printed):
    result = copy.deepcopy(PHASES)
    compared = result["answer"]["comparison"]
    for one in compared["differences"]:
        one.update(dict.fromkeys(("difference", "standard_error", "contributions", "lower")))
        one["text"] = (
            f"LiBr at {one['temperature']:g} K: no difference, for rocksalt has no free energy: soft"
        )
    compared["conclusions"] = []
    text = printed(result)
    assert text.splitlines()[0] == "LiBr at 50 K: no difference, for rocksalt has no free energy: soft"
    assert "rocksalt less zincblende" not in text


def test_temperatures_of_a_crystal_are_rows_of_its_table_and_another_crystal_has_its_own(printed):
    hot = one_of(CRYSTAL, temperature=600.0, free_energy=-3.7, text="Na at 600 K: -3700.00")
    other = one_of(CRYSTAL, composition={"cation": {"Na": 0.0, "K": 1.0}}, text="K at 100 K")
    text = printed(answered(CRYSTAL, one_of(CRYSTAL), hot, other))
    assert text.count("Free energy  meV/atom") == 2
    assert row(text, "600")[1] == "-3700.00"
    assert text.index("Na at 600 K") < text.index("-3383.96") < text.index("K at 100 K\n")


def test_warnings_and_why_samples_are_not_enough_are_printed_with_their_temperature_once(printed):
    samples = {"energies": 256, "deviation": 4.0, "enough": False, "reasons": ["they are spread too widely"]}
    doubt = "forward and backward runs disagree"
    switching = {**one_of(CHANGE)["switching"], "verdict": "disagree", "text": doubt}
    text = printed(
        answered(
            CHANGE, one_of(CHANGE, samples=samples, switching=switching, warnings=[doubt, "a soft mode"])
        )
    )
    assert text.count(doubt) == 1
    assert "300 K: a soft mode" in text
    assert "300 K: samples are not enough: they are spread too widely" in text


def test_what_could_not_be_computed_has_a_sentence_and_no_row(printed):
    nothing = ("free_energy", "standard_error", "estimator", "contributions", "samples", "switching")
    unknown = one_of(
        CRYSTAL,
        **dict.fromkeys((*nothing, "volume_per_atom", "heat_capacity")),
        accurate=False,
        text="Na at 100 K: no free energy",
        warnings=["a crystal did not come to rest: its relaxation was given up"],
    )
    text = printed(answered(CRYSTAL, unknown))
    assert text.splitlines()[0] == "Na at 100 K: no free energy"
    assert "100 K: a crystal did not come to rest" in text
    assert "Static" not in text
    assert "nothing was computed yet" in printed(answered(CRYSTAL))
    assert printed({**CRYSTAL, "answer": {}}).startswith("stopped:")


def test_an_error_that_is_not_known_yet_is_a_dash(printed):
    hot = one_of(CRYSTAL, temperature=600.0)
    text = printed(answered(CRYSTAL, hot, one_of(CRYSTAL, standard_error=None)))
    assert row(text, "100", "-3364.46")[2] == "–"


def test_texts_of_a_service_do_not_move_the_cursor(printed):
    text = printed(answered(CRYSTAL, one_of(CRYSTAL, text="\x1b[2J[red]Na", warnings=["\x1b[2Jsoft"])))
    assert "\x1b" not in text
    assert "[red]Na" in text


def test_answers_of_other_versions_are_printed_as_they_are(printed):
    for answer in ({"free_energies": [{"kelvin": 300}]}, {"free_energies": "none"}):
        assert f"free_energies: {json.dumps(answer['free_energies'])}" in printed(
            {**CRYSTAL, "answer": answer}
        )


def test_free_energies_are_read_as_values():
    (one,) = free_energies(Result.model_validate(CHANGE)).free_energies
    assert one.start == {"cation": {"Na": 1.0, "K": 0.0}}
    parts = one.contributions.model_dump(exclude_none=True)
    assert sum(parts.values()) == pytest.approx(one.free_energy, abs=1e-12)
    assert len(one.switching.backward.works) == one.switching.backward.runs == 4


def test_a_result_of_another_kind_has_no_free_energies():
    with pytest.raises(
        NotAnswered, match="kind optimize has no free energies; kind free_energy answers them"
    ):
        free_energies(Result.model_validate(RESULT))
    broken = {"free_energies": [{"temperature": 300}], "convention": ""}
    with pytest.raises(
        NotAnswered, match=r"the free energies .* answer/free_energies/0/composition: Field required"
    ):
        free_energies(Result.model_validate({**CHANGE, "answer": broken}))


def test_a_mean_volume_has_its_error_and_what_the_cell_grew_by(printed):
    moved = one_of(CHANGE, volume_per_atom=24.5, volume_error=0.125, expansion=0.0175)
    text = printed(answered(CHANGE, moved))
    assert "24.500 ± 0.125" in text
    assert "+1.75" in text
    moved, held = (FreeEnergy.model_validate(one) for one in (moved, one_of(CHANGE)))
    assert "volume_error (Å^3)" in [column.head for column in of_free_energies([moved])]
    assert "volume_error" not in [column.name for column in of_free_energies([held])]
