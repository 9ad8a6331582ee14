"""The plan of kind free_energy: what it asks for and when, that nothing depends on the order, and what it answers."""

from __future__ import annotations

import math
import random

import pytest

from api_schemas.free_energies import FreeEnergyAnswer
from api_schemas.results import Stopped
from api_schemas.sublattices import Sublattice
from engine.campaign.campaign import Campaign
from tests.engine.kinds.free_energy.records import (
    ATOMS,
    BEYOND,
    BOLTZMANN,
    CELLS,
    CHANGE,
    EXPANDED,
    FREQUENCIES,
    HELD,
    REST,
    SPRINGS,
    STIFFNESS,
    SWOLLEN,
    VOLUMES,
    Records,
    problem,
)

PLANCK = 4.135667696e-3
CANCELLED = Stopped(reason="cancelled", message="cancelled")
CHANGES = {"path": "composition", "temperatures": [300], "budget": {"runs": 16, "steps": 300}}


def parsed(sublattices):
    return [Sublattice.model_validate(one) for one in sublattices]


def ended(campaign, told) -> Campaign:
    for _ in range(500):
        asked = campaign.ask()
        if not asked:
            return campaign
        campaign.tell([told(task) for task in asked])
    raise AssertionError("the plan does not end")


def answered(campaign, stopped=None):
    return FreeEnergyAnswer.model_validate(campaign.result(stopped).answer).free_energies


def classical(frequency, temperature):
    """F of 3 N - 3 classical oscillators, eV."""
    heat = BOLTZMANN * temperature
    return (3 * ATOMS - 3) * heat * math.log(PLANCK * frequency / heat)


def quantum(frequency, temperature):
    heat, quantum = BOLTZMANN * temperature, PLANCK * frequency
    return (3 * ATOMS - 3) * (quantum / 2 + heat * math.log(1 - math.exp(-quantum / heat)))


def test_a_crystal_is_rested_then_sampled_and_that_is_enough():
    campaign = Campaign(problem(temperatures=[100, 300]), shared=True)
    told = Records(deviation=0.005)
    first = campaign.ask()
    assert [one.unit for one in first] == ["reference", "relaxation"]
    campaign.tell([told(task) for task in first])
    asked = campaign.ask()
    assert {one.unit for one in asked} == {"harmonic"}
    assert sorted({one.temperature for one in asked}) == [100, 300]
    assert len({(one.temperature, one.first) for one in asked}) == len(asked) == 4
    assert len({(one.temperature, one.seed) for one in asked}) == len({one.seed for one in asked}) == 2
    ended(campaign, told)
    assert campaign.stopped.reason == "accuracy_met"
    assert "all 2 free energies are known within 1 meV/atom" in campaign.stopped.message
    assert not any(one.unit == "dynamics" for one in campaign.records)
    for one in answered(campaign):
        temperature = one.temperature
        parts = one.contributions
        assert one.estimator == "harmonic samples"
        assert parts.static * ATOMS == pytest.approx(REST[0])
        assert parts.harmonic * ATOMS == pytest.approx(classical(FREQUENCIES[0], temperature), rel=1e-6)
        both = classical(FREQUENCIES[0], temperature) + parts.quantum * ATOMS
        assert both == pytest.approx(quantum(FREQUENCIES[0], temperature), rel=1e-6)
        # Gaussian energies: <w> - var(w)/2kT.
        exact = BEYOND - 0.005**2 / (2 * BOLTZMANN * temperature)
        assert abs(parts.anharmonic * ATOMS - exact) < 4 * one.standard_error * ATOMS
        assert one.free_energy == pytest.approx(
            parts.static + parts.harmonic + parts.quantum + parts.anharmonic, abs=1e-12
        )
        assert one.accurate
    assert 0.0 < answered(campaign)[0].heat_capacity < answered(campaign)[1].heat_capacity < 3.0


def test_samples_are_added_until_the_accuracy_is_met():
    # n pairs have a standard error of about 0.006 eV / sqrt(2 n) over 16 atoms.
    counts = []
    for accuracy in (1e-3, 5e-5):
        campaign = ended(
            Campaign(problem(temperatures=[300], accuracy=accuracy), shared=True), Records(0.006)
        )
        (one,) = answered(campaign)
        assert one.accurate
        assert one.standard_error <= accuracy
        counts.append(one.samples.energies)
    assert counts[0] == 32 < counts[1]


def test_where_they_are_not_enough_an_energy_of_bonds_is_learned_from_them():
    """Of 3 kT beyond harmonic the bonds leave a tenth: no trajectory is needed."""
    told, seen = Records(deviation=0.08, left=0.008), []
    campaign = Campaign(problem(temperatures=[300]), shared=True)
    while asked := campaign.ask():
        seen += [one for one in asked if one.unit == "harmonic"]
        campaign.tell([told(task) for task in asked])
    (one,) = answered(campaign)
    assert (one.estimator, one.samples.stages, one.samples.energies) == ("bond samples", 2, 64 + 32)
    assert one.accurate
    assert not any(task.unit == "dynamics" for task in campaign.records)
    exact = BEYOND - 0.008**2 / (2 * BOLTZMANN * 300)
    assert abs(one.contributions.anharmonic * ATOMS - exact) < 4 * one.standard_error * ATOMS
    pairs = {(task.first, task.pairs) for task in seen if task.learned is None}
    assert pairs == {(0, 8), (8, 8), (16, 8), (24, 8)}
    (drawn,) = {task.index: task for task in seen if task.learned is not None}.values()
    assert (drawn.first, drawn.pairs, len(drawn.learned)) == (0, 32, 32)


def test_an_energy_of_bonds_saves_samples_where_many_would_be_needed():
    asked = problem(temperatures=[300], accuracy=2.5e-4)
    many = ended(Campaign(asked, shared=True), Records(deviation=0.03))
    few = ended(Campaign(asked, shared=True), Records(deviation=0.03, left=0.003))
    (first,), (second,) = answered(many), answered(few)
    assert first.accurate
    assert second.accurate
    assert second.samples.energies < first.samples.energies


def test_where_samples_are_not_enough_the_harmonic_crystal_is_switched_to_the_model():
    campaign = ended(Campaign(problem(temperatures=[300]), shared=True), Records(deviation=0.2))
    (one,) = answered(campaign)
    assert not one.samples.enough
    assert one.samples.stages == 2
    assert one.estimator == "BAR"
    runs = [task for task in campaign.records if task.unit == "dynamics"]
    assert runs
    exact = REST[0] + BEYOND + quantum(FREQUENCIES[0], 300)
    assert abs(one.free_energy * ATOMS - exact) < 4 * one.standard_error * ATOMS
    assert one.switching.verdict == "agree"


def test_a_change_is_switched_both_ways_with_masses_told_apart():
    campaign = Campaign(problem(**CHANGES), shared=True)
    told, seen = Records(), []
    while asked := campaign.ask():
        seen += [one for one in asked if one.unit == "dynamics"]
        campaign.tell([told(task) for task in asked])
    (one,) = answered(campaign)
    assert one.start == {"cation": {"Na": 1.0, "K": 0.0}}
    assert one.composition == {"cation": {"Na": 0.0, "K": 1.0}}
    parts = one.contributions
    exact = 1.5 * BOLTZMANN * 300 * math.log(22.98976928 / 39.0983) / 2
    assert parts.mass == pytest.approx(exact, rel=1e-9)  # of an atom: half of them change
    whole = 1.5 * BOLTZMANN * 300 * math.log((39.0983 + 35.45) / (22.98976928 + 35.45)) / ATOMS
    assert parts.centre_of_mass == pytest.approx(whole, rel=1e-9)
    classically = one.free_energy - parts.quantum - parts.mass - parts.centre_of_mass
    assert abs(classically * ATOMS - CHANGE) < 4 * one.standard_error * ATOMS
    assert parts.static * ATOMS == pytest.approx(REST[1] - REST[0])
    harmonic = classical(FREQUENCIES[1], 300) - classical(FREQUENCIES[0], 300)
    # The difference of the two crystals, whose centres are held as well.
    assert (parts.harmonic + parts.mass + parts.centre_of_mass) * ATOMS == pytest.approx(harmonic, rel=1e-6)
    assert one.text.startswith("NaCl to KCl at 300 K: ")
    # Every segment goes on from the one before, and each run draws noise of its own.
    by_index = {task.index: task for task in seen}
    for task in by_index.values():
        if task.begin == 0:
            assert task.continues is None
        else:
            before = by_index[task.continues]
            assert (before.end, before.run, before.forward) == (task.begin, task.run, task.forward)
    assert {task.forward for task in by_index.values()} == {True, False}
    assert len({(task.run, task.forward) for task in by_index.values() if task.begin == 0}) == sum(
        task.begin == 0 for task in by_index.values()
    )
    assert campaign.stopped.reason == "accuracy_met"


@pytest.mark.parametrize("runs", [12, 6, 5, 2])
def test_runs_are_added_until_the_budget_is_spent_and_the_error_is_still_told(runs):
    asked = {**CHANGES, "accuracy": 1e-5, "budget": {"runs": runs, "steps": 300}}
    campaign = ended(Campaign(problem(**asked), shared=True), Records(lost=0.02))
    (one,) = answered(campaign)
    assert campaign.stopped.reason == "budget_spent"
    assert "budget.runs" in campaign.stopped.message
    assert one.switching.forward.runs == one.switching.backward.runs == runs
    assert one.standard_error > 1e-5
    assert not one.accurate
    assert "not met" in one.text


def test_in_any_order_twice_and_from_any_records_the_same_follows():
    whole = ended(Campaign(problem(**CHANGES), shared=True), Records())
    expected, records = whole.result(), list(whole.records)
    for seed in range(3):
        mixed = [*records, *records[::3]]
        random.Random(seed).shuffle(mixed)  # noqa: S311
        again = Campaign(problem(**CHANGES), shared=True)
        again.tell(mixed)
        assert again.ask() == []
        assert again.result() == expected
    first, told = Campaign(problem(**CHANGES), shared=True), Records()
    counted, planned = set(), []
    while asked := first.ask():
        again = Campaign(problem(**CHANGES), shared=True)
        again.tell(first.records)
        assert again.ask() == asked
        assert [one.index for one in first.ask(1)] == [asked[0].index]
        assert answered(first, CANCELLED) == answered(again, CANCELLED)
        counted |= {(one.unit, one.index) for one in asked if one.counted}
        planned.append(first.planned)
        assert len(counted) <= planned[-1]
        first.tell([told(asked[-1])])  # one by one, the last first
    assert first.result() == expected
    assert first.planned == len(counted)


def test_runs_that_fail_are_told_and_do_not_stop_the_others():
    told = Records(
        fails=lambda task: task.unit == "dynamics" and task.forward and task.run == 0 and task.begin > 0
    )
    campaign = ended(Campaign(problem(**CHANGES), shared=True), told)
    (one,) = answered(campaign)
    assert one.free_energy is not None
    assert any("could not go on: replica 0 exploded at step 7" in text for text in one.warnings)
    broken = ended(Campaign(problem(**CHANGES), shared=True), Records(fails=lambda task: True))
    (one,) = answered(broken)
    assert one.free_energy is None
    assert one.warnings == ["no run in both directions came to its end: replica 0 exploded at step 7"]
    assert broken.stopped.reason == "budget_spent"


def test_a_very_small_supercell_is_warned_of():
    for atoms, warned in ((2, True), (16, False)):
        (one,) = answered(ended(Campaign(problem(temperatures=[300], atoms=atoms), shared=True), Records()))
        assert any("leaves out most waves" in text for text in one.warnings) == warned


def test_runs_that_disagree_are_told_with_what_mends_it():
    told = Records(lost=0.05, spread=0.2)
    asked_for = problem(**{**CHANGES, "accuracy": 1e-6, "budget": {"runs": 64, "steps": 300}})
    campaign = ended(Campaign(asked_for, shared=True), told)
    (one,) = answered(campaign)
    assert one.switching.verdict == "disagree"
    assert campaign.stopped.reason == "budget_spent"
    assert "disagree, forward and backward" in campaign.stopped.message
    assert "budget.runs" not in campaign.stopped.message


def test_of_a_change_between_unstable_crystals_the_reason_is_what_its_runs_met():
    told = Records(unstable=True, fails=lambda task: True)
    (one,) = answered(ended(Campaign(problem(**CHANGES), shared=True), told))
    assert one.free_energy is None
    assert one.warnings == ["no run in both directions came to its end: replica 0 exploded at step 7"]


def test_with_the_harmonic_reference_an_unstable_crystal_has_no_free_energy_and_its_mode_is_named():
    asked_for = problem(temperatures=[300], reference="harmonic")
    campaign = ended(Campaign(asked_for, shared=True), Records(unstable=True))
    (one,) = answered(campaign)
    assert one.free_energy is None
    assert "dynamically unstable at rest: 0.50i THz at q = (1/2, 0, 0)" in one.warnings[0]
    assert "reference: einstein" in one.warnings[0]
    assert one.text == "NaCl at 300 K: no free energy"
    assert campaign.stopped.reason == "budget_spent"


def held(temperature):
    """F of the Einstein crystal, its centre of mass at rest, eV: Khanna and others' integral, and the kinetic part."""
    heat = BOLTZMANN * temperature
    masses = [22.98976928, 35.45] * CELLS
    springs = SPRINGS * CELLS
    total = sum(masses)
    of_places = sum(1.5 * math.log(2 * math.pi * heat / spring) for spring in springs) - 1.5 * math.log(
        2 * math.pi * heat * sum(m**2 / (total**2 * k) for m, k in zip(masses, springs, strict=True))
    )
    wavelengths = [17.4582 / math.sqrt(mass * temperature) for mass in [*masses, total]]
    kinetic = 3 * sum(map(math.log, wavelengths[:-1])) - 3 * math.log(wavelengths[-1])
    return heat * (kinetic - of_places)


@pytest.mark.parametrize("unstable", [False, True])
def test_from_the_einstein_crystal_it_is_that_and_the_work_whether_harmonic_or_not(unstable):
    """Asked for, of a stable crystal; picked, of one that turned out unstable."""
    asked_for = problem(
        temperatures=[300],
        reference="auto" if unstable else "einstein",
        budget={"runs": 16, "steps": 300},
    )
    seen: list = []
    told = Records(unstable=unstable)
    campaign = ended(Campaign(asked_for, shared=True), lambda task: seen.append(task) or told(task))
    runs = [one for one in seen if one.unit == "dynamics"]
    assert {one.reference for one in runs} == {"einstein"}
    assert {(one.forward, one.equilibration) for one in runs} == {(True, 120), (False, 1000)}
    assert unstable or all(one.pairs == 0 for one in seen if one.unit == "harmonic")
    (one,) = answered(campaign)
    parts = one.contributions
    assert one.estimator == "BAR from the Einstein crystal"
    vibrations = parts.vibrational if unstable else parts.harmonic + parts.anharmonic
    assert abs(vibrations * ATOMS - held(300) - HELD) < 4 * one.standard_error * ATOMS + 1e-4
    assert one.free_energy == pytest.approx(parts.static + vibrations + parts.quantum, abs=1e-12)
    if unstable:
        assert (
            "dynamically unstable at rest: 0.50i THz at q = (1/2, 0, 0). Its free energy" in one.warnings[0]
        )
        assert one.heat_capacity is None
    else:
        assert parts.harmonic * ATOMS == pytest.approx(classical(FREQUENCIES[0], 300), rel=1e-6)
    assert one.accurate
    assert campaign.stopped.reason == "accuracy_met"


def test_a_crystal_that_did_not_come_to_rest_is_told():
    campaign = ended(Campaign(problem(temperatures=[300]), shared=True), Records(rests=False))
    (one,) = answered(campaign)
    assert one.warnings == ["a crystal did not come to rest: its relaxation was given up"]
    assert [record.unit for record in campaign.records] == ["reference", "relaxation"]


def test_a_time_step_that_is_too_large_ends_it_before_other_runs_begin():
    told = Records(unfit=True)
    campaign, seen = Campaign(problem(**CHANGES), shared=True), []
    while asked := campaign.ask():
        seen += [one for one in asked if one.unit == "dynamics"]
        campaign.tell([told(task) for task in asked])
    assert {(one.run, one.begin) for one in seen} == {(0, 0)}
    steps = sorted({one.timestep for one in seen}, reverse=True)
    assert [round(one / steps[0], 2) for one in steps] == [1.0, 0.6, 0.36, 0.22, 0.13]
    (one,) = answered(campaign)
    (said,) = one.warnings
    assert said.startswith(
        "no run in both directions came to its end: time step of 9 fs too large, as with all longer ones"
    )
    assert "may not hold together" in said
    assert campaign.stopped.reason == "budget_spent"


def test_a_time_step_that_was_chosen_is_shortened_until_it_keeps_the_energy():
    seen: list = []
    chosen = 1000.0 / (20.0 * FREQUENCIES[0])
    told = Records(unfit=0.9 * chosen)
    campaign = ended(Campaign(problem(**CHANGES), shared=True), lambda task: seen.append(task) or told(task))
    runs = [one for one in seen if one.unit == "dynamics"]
    assert len({one.index for one in runs}) == len(runs)
    assert {one.timestep for one in runs if one.run or one.begin} == {round(0.6 * chosen, 3)}
    (one,) = answered(campaign)
    assert one.accurate
    given = ended(Campaign(problem(**{**CHANGES, "timestep": 20.0}), shared=True), told)
    (one,) = answered(given)
    assert one.free_energy is None
    assert "too large" in one.warnings[0]


def test_ends_are_read_as_compositions_are():
    """What a sublattice cannot but hold need not be said, and rounded fractions are scaled."""
    half = {"cation": {"Na": 0.33333, "K": 0.66667}}
    ends = {**CHANGES, "from": half}
    sublattices = [
        {"name": "cation", "sites": ["Na"], "elements": ["Na", "K"]},
        {"name": "anion", "sites": ["Cl"], "elements": ["Cl"]},
    ]
    campaign = Campaign(problem(**ends).model_copy(update={"sublattices": parsed(sublattices)}), shared=True)
    points = campaign.plan._questions.points
    assert [point.sum() for point in points] == pytest.approx([2.0, 2.0, 2.0], abs=1e-12)
    assert campaign.ask()


@pytest.mark.parametrize("options", [{"path": "absolute"}, CHANGES])
def test_cells_at_temperatures_come_before_all_that_moves_in_them(options):
    asked_for = problem(**{**options, "ensemble": "npt", "temperatures": [300, 100]})
    campaign, told, seen = Campaign(asked_for, shared=True), Records(deviation=0.002), []
    while asked := campaign.ask():
        assert len(seen) + len(asked) <= campaign.planned + 1  # one reference is not counted
        seen += asked
        campaign.tell([told(task) for task in asked])
    crystals = 3 if options["path"] == "composition" else 1
    cells = [one for one in seen if one.unit == "thermal_cell"]
    assert sorted((one.crystal.evaluation, one.temperature) for one in cells) == [
        (number, temperature) for number in range(crystals) for temperature in (100, 300)
    ]
    assert len({one.index for one in cells}) == len(cells)
    for one in seen:
        if one.unit == "harmonic":
            assert one.crystal.q == [EXPANDED * one.temperature]
        elif one.unit == "dynamics":
            assert [crystal.q for crystal in one.crystals] == 3 * [[EXPANDED * one.temperature]]
        elif one.unit == "thermal_cell":
            assert one.crystal.q == [0.0]
    first, second = answered(campaign)
    assert (first.expansion, second.expansion) == pytest.approx((900 * EXPANDED, 300 * EXPANDED))
    assert "Gibbs" in campaign.result().answer["convention"]


def test_cells_that_move_start_at_rest_and_what_their_volumes_have_by_themselves_is_taken_off():
    asked_for = problem(**{**CHANGES, "ensemble": "npt", "cell": "sampled"})
    conditions = asked_for.conditions.model_copy(update={"pressure": 2.0})
    campaign = Campaign(asked_for.model_copy(update={"conditions": conditions}), shared=True)
    told, seen = Records(deviation=0.002), []
    while asked := campaign.ask():
        seen += asked
        campaign.tell([told(task) for task in asked])
    assert {one.unit for one in seen} == {"reference", "relaxation", "harmonic", "batching", "dynamics"}
    assert all(one.stretched for one in seen if one.unit == "harmonic")
    for one in (one for one in seen if one.unit == "dynamics"):
        assert [crystal.q for crystal in one.crystals] == 3 * [[0.0]]
        swing = 2 * math.pi * math.sqrt(one.moving.mass / 250.0)
        assert swing == pytest.approx(50 * one.timestep)
        assert one.equilibration == 240
    (one,) = answered(campaign)
    parts = one.contributions
    work = 2.0 / 160.2176634 * (VOLUMES[1] - VOLUMES[0])
    assert parts.pressure_volume * ATOMS == pytest.approx(work)
    assert parts.static * ATOMS == pytest.approx(REST[1] - REST[0])
    # The integral over V of exp(-B (V - V0)^2 / 2 V0 k_B T) goes as the root of V0 / B, B being stiffness / 9 V0.
    root = math.sqrt(STIFFNESS[0] / STIFFNESS[1]) * VOLUMES[1] / VOLUMES[0]
    by_themselves = -BOLTZMANN * 300 * math.log(root)
    classically = one.free_energy - parts.quantum - parts.mass - parts.centre_of_mass
    assert abs(classically * ATOMS - (CHANGE - by_themselves)) < 4 * one.standard_error * ATOMS
    assert sum(parts.model_dump(exclude_none=True).values()) == pytest.approx(one.free_energy, abs=1e-12)
    assert one.volume_per_atom * ATOMS == pytest.approx(VOLUMES[1] + SWOLLEN + 0.5)
    runs = one.switching.backward.runs
    assert one.volume_error * ATOMS == pytest.approx(0.5 / math.sqrt(runs - 1))
    assert one.expansion == pytest.approx((SWOLLEN + 0.5) / VOLUMES[1])
    assert "volume moves" in campaign.result().answer["convention"]


def test_without_a_cell_there_is_no_free_energy_and_the_mend_is_named():
    asked_for = problem(temperatures=[300], ensemble="npt")
    campaign = ended(Campaign(asked_for, shared=True), Records(no_cell="at 300 K nothing holds the cell"))
    (one,) = answered(campaign)
    assert one.free_energy is None
    assert one.warnings == ["at 300 K nothing holds the cell; take ensemble nvt, in the cell at rest"]
    assert not any(record.unit == "harmonic" for record in campaign.records)


def test_a_mixed_crystal_has_the_masses_of_its_atoms_and_not_their_mean():
    campaign = ended(
        Campaign(problem(temperatures=[300], at=[{"cation": {"Na": 0.5, "K": 0.5}}]), shared=True), Records()
    )
    (one,) = answered(campaign)
    light, heavy = 22.98976928, 39.0983
    above = math.log((light + heavy) / 2) - (math.log(light) + math.log(heavy)) / 2
    assert one.contributions.mass == pytest.approx(1.5 * BOLTZMANN * 300 * above / 2, rel=1e-9)
    assert one.text.startswith("Na0.5K0.5Cl at 300 K: ")


def asked_in(campaign, told):
    """Every task that a campaign asks for until it ends."""
    seen: list = []
    ended(campaign, lambda task: seen.append(task) or told(task))
    return seen


@pytest.mark.parametrize(("replicas", "measured"), [("auto", 4), ("auto", 1), (3, None), (64, None)])
def test_how_many_runs_are_computed_together_is_measured_once_before_any_or_given(replicas, measured):
    asked_for = problem(
        **{
            **CHANGES,
            "temperatures": [300, 400],
            "replicas": replicas,
            "accuracy": 1e-5,
            "budget": {"runs": 7},
        }
    )
    seen = asked_in(Campaign(asked_for, shared=True), Records(lost=0.02, together=measured or 2))
    units = [one.unit for one in seen]
    assert units.count("batching") == (measured is not None)
    if measured:
        assert units.index("batching") < units.index("dynamics")
        assert seen[units.index("batching")].most == 7
    runs = [one for one in seen if one.unit == "dynamics" and one.begin == 0 and one.forward]
    together = measured or min(replicas, 7)
    at_one = sorted((one.run, one.replicas) for one in runs if one.temperature == 300)
    assert at_one == [(first, min(together, 7 - first)) for first in range(0, 7, together)]
    assert len({one.index for one in seen if one.unit == "dynamics"}) == units.count("dynamics")


def test_where_first_runs_lose_work_the_others_go_slowly():
    """Friction (9, 1, 1, ...) is averaged with neighbours to (7, 3, 1, ...), of mean 2, and no more than 6."""
    adaptive = {**CHANGES, "accuracy": 1e-5, "schedule": "adaptive", "budget": {"runs": 12, "steps": 320}}
    told = Records(lost=0.02, friction=(9.0, *7 * (1.0,)))
    campaign = Campaign(problem(**adaptive), shared=True)
    seen = [one for one in asked_in(campaign, told) if one.unit == "dynamics"]
    assert {one.run: one.pace for one in seen if one.run < 4} == {0: None}
    (pace,) = {tuple(one.pace) for one in seen if one.run >= 4}
    times = [math.sqrt(one) for one in (6, 3, 1, 1, 1, 1, 1, 1)]
    assert pace == pytest.approx([sum(times[:n]) / sum(times) for n in range(9)], abs=1e-12)
    assert {one.run for one in seen} == {0, 4, 8}
    (one,) = answered(campaign)
    assert one.switching.forward.runs == 12
    records = list(campaign.records)
    random.Random(1).shuffle(records)  # noqa: S311
    again = Campaign(problem(**adaptive), shared=True)
    again.tell(records)
    assert again.ask() == []
    assert again.result() == campaign.result()
    at_one_speed = asked_in(Campaign(problem(**{**adaptive, "schedule": "linear"}), shared=True), told)
    assert {one.pace for one in at_one_speed if one.unit == "dynamics"} == {None}


def test_what_runs_are_like_is_told_from_the_first_segment_on_by_means_over_all_steps():
    """Temperature and volume of a segment rise with the step at which it begins; it is told before a run has ended."""
    asked_for = problem(**{**CHANGES, "budget": {"runs": 4, "steps": 300}, "accuracy": 1e-6})
    campaign, told = Campaign(asked_for, shared=True), Records(together=2)
    (nothing,) = answered(campaign, CANCELLED) or (None,)
    assert nothing is None
    segments: list = []
    while asked := campaign.ask():
        campaign.tell([told(asked[0])])
        if asked[0].unit == "dynamics":
            segments.append(asked[0])
            (one,) = answered(campaign, CANCELLED)
            runs = one.trajectories
            steps = [(task.end - task.begin) * task.replicas for task in segments]
            mean = sum(task.begin * n for task, n in zip(segments, steps, strict=True)) / sum(steps)
            assert runs.steps == sum(steps)
            assert runs.temperature == pytest.approx(300 + mean)
            assert runs.volume_per_atom == pytest.approx((400 + mean) / ATOMS)
            assert runs.ended == sum(task.replicas for task in segments if task.end == 420)
            assert (runs.replicas, runs.timestep, runs.pace) == (2, segments[0].timestep, None)
            moved = [3.0 - 0.1 * task.run for task in segments if task.end > task.equilibration]
            assert runs.closest == (pytest.approx(min(moved)) if moved else None)
            assert runs.drift == (0.002 if any(task.forward for task in segments) else None)
            assert (one.switching is None) == (
                len({task.forward for task in segments if task.end == 420}) < 2
            )
    assert runs.ended == 8
