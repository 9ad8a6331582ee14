"""Path phases: two plans in one, differences against closed forms, and where two crystals cross."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from scipy.optimize import brentq

from api_schemas.errors import ProblemInvalid, parse
from api_schemas.free_energies import FreeEnergyAnswer
from api_schemas.problem import Problem
from api_schemas.results import Stopped
from engine.acceptance.resolve import resolve
from engine.campaign.campaign import Campaign
from engine.kinds.free_energy.phases import phase_names
from service.worker.content import content_key
from tests.engine.kinds.free_energy.records import EXPANDED, Records

BOLTZMANN, PLANCK = 8.617333262e-5, 4.135667696e-3
SALT = {"prototype": "rocksalt", "species": ["Na", "Cl"]}
CESIUM = {"prototype": "cscl", "species": ["Na", "Cl"]}
NA, K = {"cation": {"Na": 1.0}}, {"cation": {"K": 1.0}}
ATOMS = (16.0, 12.0)
"""Of the supercells: they need not be alike."""
PER_ATOM = (-3.30, -3.29)
"""eV/atom at rest."""
FREQUENCIES = (4.0, 3.2)
"""THz; the second phase is softer, so that it is lower when hot."""
BEYOND = (2e-3, -1e-3)
"""eV/atom beyond harmonic."""


def document(**options):
    return {
        "kind": "free_energy",
        "structure": SALT,
        "sublattices": [{"name": "cation", "sites": ["Na"], "elements": ["Na", "K"]}],
        "potential": {"name": "sevennet-0"},
        "at": options.pop("at", [NA]),
        "free_energy": {"path": "phases", "phases": [SALT, CESIUM], "atoms": 16, **options},
    }


def problem(**options) -> Problem:
    return parse(Problem, document(**options))


class TwoPhases(Records):
    """Wells of each phase: what a task is of, it says."""

    def __init__(self, unstable=(False, False), wells=FREQUENCIES, **more) -> None:
        super().__init__(**more)
        self.of_phase, self.wells = unstable, wells

    def harmonic(self, task):
        phase = task.phase
        self.unstable = self.of_phase[phase]
        found = super().harmonic(task)
        atoms = ATOMS[phase]
        beyond = atoms * BEYOND[phase] - 0.02  # `Records` has 0.02 eV of its own
        return found.model_copy(
            update={
                "atoms": atoms,
                "energy": atoms * PER_ATOM[phase],
                "frequencies": [self.wells[phase]] * (3 * int(atoms) - 3),
                "differences": [[one + beyond for one in pair] for pair in found.differences],
            }
        )


def ended(campaign, told) -> Campaign:
    for _ in range(200):
        asked = campaign.ask()
        if not asked:
            return campaign
        campaign.tell([told(task) for task in asked])
    raise AssertionError("the plan does not end")


def answered(campaign, stopped=None) -> FreeEnergyAnswer:
    return FreeEnergyAnswer.model_validate(campaign.result(stopped).answer)


def exact(temperature, wells=FREQUENCIES, deviation=0.01):
    """F of the second phase less the first with 3 N vibrations each, eV/atom."""
    heat = BOLTZMANN * temperature
    found = []
    for phase in (0, 1):
        quantum = PLANCK * wells[phase]
        vibrations = 3 * (quantum / 2 + heat * math.log(1 - math.exp(-quantum / heat)))
        # Gaussian energies beyond harmonic, and 3 N instead of 3 N - 3 vibrations.
        n = ATOMS[phase]
        beyond = (BEYOND[phase] - deviation**2 / (2 * heat * n)) * n / (n - 1)
        found.append(PER_ATOM[phase] + vibrations + beyond)
    return found[1] - found[0]


def test_the_difference_is_that_of_both_crystals_whatever_their_supercells():
    campaign = ended(Campaign(problem(temperatures=[100, 300]), shared=True), TwoPhases())
    answer = answered(campaign)
    assert [(one.phase, one.temperature) for one in answer.free_energies] == [
        ("rocksalt", 100), ("rocksalt", 300), ("cscl", 100), ("cscl", 300)
    ]  # fmt: skip
    assert answer.free_energies[0].text.startswith("rocksalt: NaCl at 100 K: ")
    for one, first, second in zip(
        answer.comparison.differences, answer.free_energies[:2], answer.free_energies[2:], strict=True
    ):
        assert abs(one.difference - exact(one.temperature)) < 4 * one.standard_error
        assert one.standard_error == pytest.approx(math.hypot(first.standard_error, second.standard_error))
        assert sum(one.contributions.model_dump(exclude_none=True).values()) == pytest.approx(
            one.difference, abs=1e-12
        )
        assert one.contributions.static == pytest.approx(PER_ATOM[1] - PER_ATOM[0], abs=1e-12)
        assert one.accurate
    assert campaign.stopped.reason == "accuracy_met"
    assert campaign.stopped.message == "all 2 differences are known within 1 meV/atom"


def test_each_phase_has_a_cell_of_its_own_at_each_temperature():
    told = TwoPhases()
    campaign = Campaign(problem(temperatures=[100, 300], ensemble="npt"), shared=True)
    asked: list = []
    ended(campaign, lambda task: asked.append(task) or told(task))
    cells = [task for task in asked if task.unit == "thermal_cell"]
    relaxed = {task.index: task.phase for task in asked if task.unit != "thermal_cell"}
    assert sorted((task.phase, task.temperature) for task in cells) == [
        (0, 100),
        (0, 300),
        (1, 100),
        (1, 300),
    ]
    assert all(relaxed[task.crystal.evaluation] == task.phase for task in cells)
    answer = answered(campaign)
    assert "Gibbs energy at the volume of the temperature" in answer.convention
    for one in answer.free_energies:
        assert one.expansion == pytest.approx(3 * EXPANDED * one.temperature)


def test_phases_cross_where_closed_forms_do():
    small = 5e-4
    campaign = ended(Campaign(problem(temperatures=[50, 600, 200]), shared=True), TwoPhases(deviation=small))
    comparison = answered(campaign).comparison
    (cross,) = comparison.crossings
    where = brentq(exact, 50, 600, args=(FREQUENCIES, small))
    assert abs(cross.temperature - where) < 4 * cross.standard_error + 0.05
    assert (cross.below, cross.above) == ("rocksalt", "cscl")
    low, high = cross.between
    assert low < cross.temperature < high
    assert {low, high} in ({50.0, 200.0}, {200.0, 600.0})
    (said,) = comparison.conclusions
    assert f"cross at {cross.temperature:.0f} ± {cross.standard_error:.0f} K" in said
    assert "rocksalt lower below and cscl above" in said
    by_temperature = {one.temperature: one.lower for one in comparison.differences}
    assert (by_temperature[50], by_temperature[600]) == ("rocksalt", "cscl")


class Softening(TwoPhases):
    """Wells that soften as the cell grows with the temperature, each phase by its own share at 100 K."""

    def __init__(self, softening) -> None:
        super().__init__(deviation=5e-4)
        self.softening = softening

    def of(self, temperature):
        return [
            one * (1.0 - by * temperature / 100) for one, by in zip(FREQUENCIES, self.softening, strict=True)
        ]

    def harmonic(self, task):
        self.wells = self.of(task.temperature)
        return super().harmonic(task)


@pytest.mark.parametrize("softening", [(0.01, 0.015), (0.01, 0.03), (0.03, 0.025)])
def test_phases_whose_cells_expand_cross_where_closed_forms_do(softening):
    told = Softening(softening)
    asked = problem(temperatures=[50, 120], ensemble="npt")
    (cross,) = answered(ended(Campaign(asked, shared=True), told)).comparison.crossings
    where = brentq(lambda t: exact(t, told.of(t), 5e-4), 50, 120)
    assert abs(cross.temperature - where) < 4 * cross.standard_error + 0.5


def test_the_error_of_a_crossing_is_its_spread_over_seeds():
    found = []
    for seed in range(24):
        asked = problem(temperatures=[60, 400], accuracy=0.01)
        campaign = ended(Campaign(asked, seed=100 * seed, shared=True), TwoPhases(deviation=5e-3))
        (cross,) = answered(campaign).comparison.crossings
        found.append((cross.temperature, cross.standard_error))
    spread = np.std([at for at, _ in found], ddof=1)
    # 24 values: their deviation is known within 15 %, twice that allowed on either side.
    assert 0.6 < spread / np.mean([error for _, error in found]) < 1.6


def test_phases_that_do_not_cross_are_said_to_be_in_order():
    told = TwoPhases(wells=(4.0, 4.0))
    comparison = answered(ended(Campaign(problem(temperatures=[100, 300]), shared=True), told)).comparison
    assert comparison.crossings == []
    assert comparison.conclusions == [
        "NaCl: rocksalt is lower from 100 to 300 K: no crossing was found there"
    ]
    assert comparison.differences[0].text.startswith("NaCl at 100 K: rocksalt is lower than cscl by ")


def test_an_unstable_phase_is_named_with_its_mode_and_the_other_has_its_free_energy():
    campaign = ended(Campaign(problem(temperatures=[300]), shared=True), TwoPhases(unstable=(False, True)))
    answer = answered(campaign)
    first, second = answer.free_energies
    assert first.free_energy is not None
    assert second.free_energy is None
    assert "dynamically unstable at rest: 0.50i THz at q = (1/2, 0, 0)" in second.warnings[0]
    (one,) = answer.comparison.differences
    assert (one.difference, one.standard_error, one.contributions, one.lower) == (None,) * 4
    assert one.text.startswith(
        "NaCl at 300 K: no difference, for cscl has no free energy: the crystal is dynamically unstable at rest: "
        "0.50i THz at q = (1/2, 0, 0). "
    )
    assert campaign.stopped.reason == "budget_spent"


def test_a_difference_within_its_error_names_no_lower_phase():
    wide = 0.03
    alike = brentq(lambda second: exact(300, (4.0, second), wide), 3.0, 4.5)
    told = TwoPhases(wells=(4.0, alike), deviation=wide)
    campaign = ended(Campaign(problem(temperatures=[300], accuracy=0.1), shared=True), told)
    (one,) = answered(campaign).comparison.differences
    assert abs(one.difference) < 2 * one.standard_error
    assert one.lower is None
    assert "cscl less rocksalt is " in one.text
    assert "within the error they are alike" in one.text


def test_every_composition_of_both_phases_is_asked_for_once_by_numbers_of_its_own():
    campaign, told, seen = Campaign(problem(at=[NA, K], temperatures=[300]), shared=True), TwoPhases(), []
    while asked := campaign.ask():
        seen += asked
        campaign.tell([told(task) for task in asked])
    assert len({(task.unit, task.index) for task in seen}) == len(seen)
    assert all(task.index % 2 == task.phase for task in seen)
    for task in seen:
        if task.unit == "harmonic":
            assert task.crystal.evaluation % 2 == task.phase
            (rests,) = [
                one for one in seen if (one.unit, one.index) == ("relaxation", task.crystal.evaluation)
            ]
            assert rests.composition == task.crystal.composition
    # Samples of the second phase know nothing of those of the first.
    first, second = (
        {task.seed for task in seen if task.unit == "harmonic" and task.phase == phase} for phase in (0, 1)
    )
    assert len(first) == len(second) == 2
    assert not first & second
    assert len(answered(campaign).comparison.differences) == 2


def test_runs_of_a_phase_go_on_from_its_own_segments():
    told = TwoPhases(deviation=0.2, lost=0.002)
    campaign, seen = Campaign(problem(temperatures=[300], accuracy=0.01), shared=True), {}
    while asked := campaign.ask():
        seen |= {task.index: task for task in asked if task.unit == "dynamics"}
        campaign.tell([told(task) for task in asked])
    assert {task.phase for task in seen.values()} == {0, 1}
    for task in seen.values():
        if task.begin:
            before = seen[task.continues]
            assert (before.phase, before.end, before.run) == (task.phase, task.begin, task.run)


def test_in_any_order_twice_and_from_any_records_the_same_follows():
    asked = problem(temperatures=[100, 300])
    whole = ended(Campaign(asked, shared=True), TwoPhases())
    expected, records = whole.result(), list(whole.records)
    mixed = [*records, *records[::3]]
    random.Random(1).shuffle(mixed)  # noqa: S311
    again = Campaign(asked, shared=True)
    again.tell(mixed)
    assert again.ask() == []
    assert again.result() == expected
    first, told, counted = Campaign(asked, shared=True), TwoPhases(), set()
    cancelled = Stopped(reason="cancelled", message="cancelled")
    while batch := first.ask():
        counted |= {(one.unit, one.index) for one in batch if one.counted}
        assert len(counted) <= first.planned
        assert answered(first, cancelled).comparison.phases == ["rocksalt", "cscl"]
        first.tell([told(batch[-1])])
    assert first.result() == expected
    assert first.planned == len(counted)


def test_phases_are_called_by_their_prototype_or_space_group_and_told_apart():
    cell = "2.9 0 0\n0 2.9 0\n0 0 2.9"
    cubic = {"poscar": f"Po\n1.0\n{cell}\nNa Cl\n1 1\nDirect\n0 0 0\n0.5 0.5 0.5\n"}
    assert phase_names(resolve(problem(phases=[SALT, cubic]))) == ["rocksalt", "Pm-3m"]
    wide = {**SALT, "a": 6.2}
    assert phase_names(resolve(problem(phases=[SALT, wide]))) == ["rocksalt 1", "rocksalt 2"]


def test_what_is_wrong_with_the_second_phase_is_told_at_it():
    near = "2.9 0 0\n0 2.9 0\n0 0 2.9"
    overlapping = {"poscar": f"Po\n1.0\n{near}\nNa Cl\n1 1\nDirect\n0 0 0\n0.01 0 0\n"}
    with pytest.raises(ProblemInvalid) as refused:
        resolve(problem(phases=[SALT, overlapping]))
    assert {one.pointer for one in refused.value.errors} == {"/free_energy/phases/1/poscar"}


def test_tasks_of_two_phases_are_never_taken_for_each_other_and_are_those_of_their_crystal():
    """The cache of records: the same task of another phase, of another problem's phase, and of it alone."""
    first = Campaign(problem(temperatures=[300]), shared=True)
    rests = {task.phase: task for task in first.ask() if task.unit == "relaxation"}
    keys = {phase: content_key(first.problem, task, "cpu") for phase, task in rests.items()}
    assert keys[0] != keys[1]
    swapped = Campaign(problem(temperatures=[300], phases=[CESIUM, SALT]), shared=True)
    other = {task.phase: task for task in swapped.ask() if task.unit == "relaxation"}
    assert content_key(swapped.problem, other[0], "cpu") == keys[1]
    assert content_key(swapped.problem, other[1], "cpu") == keys[0]
    alone = {**document(), "free_energy": {"path": "absolute", "atoms": 16}, "structure": CESIUM}
    plain = Campaign(parse(Problem, alone), shared=True)
    (rest,) = [task for task in plain.ask() if task.unit == "relaxation"]
    assert content_key(plain.problem, rest, "cpu") == keys[1]
