"""Path vacancy without a potential: what is asked for, and that the parts add up to what the definition says."""

from __future__ import annotations

import math

import pytest

from api_schemas.errors import ProblemInvalid, parse
from api_schemas.free_energies import FreeEnergyAnswer
from api_schemas.problem import Problem
from engine.acceptance.resolve import resolve
from engine.campaign.campaign import Campaign
from tests.engine.kinds.free_energy.records import (
    ATOMS,
    BEYOND,
    BOLTZMANN,
    EMPTY,
    FREQUENCIES,
    RESERVOIR,
    REST,
    SPRING,
    TAKEN,
    Records,
)

SALT = {"prototype": "rocksalt", "species": ["Na", "Cl"]}
PLANCK = 6.62607015e-34
ELECTRONVOLT, DALTON = 1.602176634e-19, 1.66053906660e-27
SODIUM, IRON = 22.98976928, 55.845


def document(**changes):
    """A vacancy of sodium in rock salt."""
    options = {
        "path": "vacancy", "vacancy": {"sublattice": "cation", "element": "Na"}, "temperatures": [300], "atoms": 16,
        "accuracy": 0.02, **changes.pop("options", {}),
    }  # fmt: skip
    return {
        "kind": "free_energy", "structure": SALT, "potential": {"name": "sevennet-0"}, "free_energy": options,
        "sublattices": [{"name": "cation", "sites": ["Na"], "elements": ["Na"]}], **changes,
    }  # fmt: skip


def iron(**changes):
    """A vacancy in an element."""
    options = {"vacancy": {"sublattice": "iron", "element": "Fe"}, **changes.pop("options", {})}
    return document(
        structure={"prototype": "bcc", "species": ["Fe"]},
        sublattices=[{"name": "iron", "sites": ["Fe"], "elements": ["Fe"]}],
        options=options,
        **changes,
    )


def ended(asked, told):
    """The campaign at its end, and all tasks that it asked for."""
    campaign, seen = Campaign(parse(Problem, asked), shared=True), []
    for _ in range(200):
        tasks = campaign.ask()
        if not tasks:
            return campaign, seen
        seen += tasks
        campaign.tell([told(task) for task in tasks])
    raise AssertionError("the plan does not end")


def answered(campaign):
    return FreeEnergyAnswer.model_validate(campaign.result().answer)


def on_a_spring(mass, temperature):
    """Classical free energy of three oscillators, eV, in SI units to begin with."""
    omega = math.sqrt(SPRING * ELECTRONVOLT / 1e-20 / (mass * DALTON))
    heat = BOLTZMANN * temperature
    return 3 * heat * math.log(PLANCK * omega / (2 * math.pi) / ELECTRONVOLT / heat)


def vibrations(temperature):
    """Classical free energy of the perfect crystal beyond its energy at rest, eV of the supercell."""
    heat = BOLTZMANN * temperature
    harmonic = (3 * ATOMS - 3) * heat * math.log(4.135667696e-3 * FREQUENCIES[0] / heat)
    return harmonic + BEYOND


def test_in_a_compound_the_atom_goes_to_the_reservoir_that_is_named():
    campaign, seen = ended(document(), Records())
    (one,) = answered(campaign).free_energies
    (sampled,) = [task for task in seen if task.unit == "harmonic"]
    assert (sampled.pairs, sampled.empty.site, sampled.empty.removed) == (0, 0, "Na")
    runs = [task for task in seen if task.unit == "dynamics"]
    assert {task.reference for task in runs} == {"vacancy"}
    assert {(task.tether.site, task.tether.spring) for task in runs} == {(0, SPRING)}
    assert one.unit == "eV"
    exact = TAKEN - on_a_spring(SODIUM, 300) + RESERVOIR
    assert abs(one.free_energy - exact) < 4 * one.standard_error
    assert one.switching.difference == pytest.approx(
        one.free_energy - RESERVOIR + on_a_spring(SODIUM, 300), abs=1e-6
    )
    assert one.contributions.static == pytest.approx(EMPTY - REST[0] + RESERVOIR)
    assert one.contributions.static + one.contributions.vibrational == pytest.approx(
        one.free_energy, abs=1e-12
    )
    assert one.standard_error < 0.02
    assert one.vacancy.reservoir == "Na, body-centred cubic, -1.3000 eV/atom"
    assert one.vacancy.chemical_potential == RESERVOIR
    assert (
        one.text
        == f"vacancy of Na in NaCl at 300 K: {one.free_energy:.3f} ± {one.standard_error:.3f} eV per vacancy"
    )
    assert any("vacancy of Na is the neutral one" in text for text in one.warnings)
    assert one.heat_capacity is None
    assert campaign.stopped.message == "the free energy is known within 0.02 eV per vacancy"


def test_in_an_element_the_atom_goes_to_the_crystal_itself():
    campaign, seen = ended(iron(), Records())
    (one,) = answered(campaign).free_energies
    assert {task.empty.removed for task in seen if task.unit == "harmonic" and task.empty is not None} == {
        None
    }
    assert len([task for task in seen if task.unit == "harmonic" and task.empty is None]) == 2  # samples
    # With as many vibrations as atoms, three for each, in the crystal that takes the atom.
    exact = TAKEN - on_a_spring(IRON, 300) + REST[0] / ATOMS + vibrations(300) / (ATOMS - 1)
    assert abs(one.free_energy - exact) < 4 * one.standard_error
    parts = one.contributions
    assert parts.static == pytest.approx(EMPTY - REST[0] + REST[0] / ATOMS)
    assert parts.centre_of_mass == pytest.approx(vibrations(300) / ATOMS / (ATOMS - 1), abs=1e-4)
    assert parts.static + parts.vibrational + parts.centre_of_mass == pytest.approx(
        one.free_energy, abs=1e-12
    )
    assert one.vacancy.reservoir == "Fe, this crystal"
    assert one.vacancy.chemical_potential is None
    assert one.samples.enough
    assert any("Fe is magnetic" in text for text in one.warnings)


def test_under_pressure_the_crystal_that_takes_the_atom_grows():
    free, pressed = (
        answered(ended(iron(conditions={"pressure": p}), Records())[0]).free_energies[0] for p in (0.0, 10.0)
    )
    volume = 400.0 / ATOMS
    assert pressed.contributions.pressure_volume == pytest.approx(10.0 / 160.21766208 * volume)
    assert pressed.free_energy - free.free_energy == pytest.approx(10.0 / 160.21766208 * volume)


def test_runs_are_added_until_the_accuracy_of_one_vacancy_is_met():
    counts = []
    for accuracy in (0.03, 0.006):
        (one,) = answered(ended(iron(options={"accuracy": accuracy}), Records(lost=0.01))[0]).free_energies
        assert one.accurate
        assert one.standard_error <= accuracy
        counts.append(one.switching.forward.runs)
    assert counts[0] < counts[1]


def test_what_did_not_come_to_rest_or_is_unstable_is_told():
    (one,) = answered(ended(document(), Records(rests_empty=False))[0]).free_energies
    assert any("empty site did not come to rest" in text for text in one.warnings)
    for asked in (document(), iron()):
        campaign, seen = ended(asked, Records(unstable=True))
        (one,) = answered(campaign).free_energies
        assert one.free_energy is None
        assert "dynamically unstable" in one.warnings[0]
        assert not [task for task in seen if task.unit == "dynamics"]
        assert one.text.endswith("at 300 K: no free energy")


@pytest.mark.parametrize(
    ("asked", "where", "kind", "said"),
    [
        (
            document(
                sublattices=[{"name": "cation", "sites": ["Na"], "elements": ["Na", "K"]}],
                at=[{"cation": {"Na": 1.0}}, {"cation": {"Na": 0.5, "K": 0.5}}],
            ),
            "/at/1", "not-available-yet", "give it Na alone",
        ),
        (document(options={"atoms": 4}), "/free_energy/atoms", "too-few-sites", "atoms: 64"),
    ],
)  # fmt: skip
def test_vacancies_that_cannot_be_computed_are_refused(asked, where, kind, said):
    with pytest.raises(ProblemInvalid) as refused:
        resolve(parse(Problem, asked))
    (fault,) = refused.value.errors
    assert (fault.pointer, fault.type) == (where, kind)
    assert said in fault.message
