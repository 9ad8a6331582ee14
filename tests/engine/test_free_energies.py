"""Units harmonic and dynamics with a real potential: batches and segments change nothing, and ends agree."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from api_schemas.dynamics import BatchingTask, DynamicsTask, HarmonicTask, RestingCrystal
from api_schemas.evaluations import Suggestion
from api_schemas.free_energies import FreeEnergyAnswer
from api_schemas.problem import Problem
from engine.acceptance.resolve import resolve
from engine.campaign.evaluate import evaluate
from engine.campaign.run import run
from engine.dynamics.one_sided import one_sided
from engine.references.store import MemoryStore
from engine.units.registry import UNITS
from engine.units.unit import Workplace
from tests.observing import Silent
from tests.soak import long

CELLS = [[2, 0, 0], [0, 2, 0], [0, 0, 1]]
MODEL = Path(__file__).parents[2] / "examples" / "models" / "alkali_halides" / "alkali-halides.model"
ENDS = (
    {"cation": {"Na": 1.0, "K": 0.0}},
    {"cation": {"Na": 0.5, "K": 0.5}},
    {"cation": {"Na": 0.0, "K": 1.0}},
)


@pytest.fixture(scope="module")
def salt(weights_fetched):
    """NaCl, the mixed crystal and KCl at rest, with what their tasks share."""
    problem = resolve(
        Problem.model_validate(
            {
                "kind": "free_energy",
                "structure": {"prototype": "rocksalt", "species": ["Na", "Cl"]},
                "sublattices": [{"name": "cation", "sites": ["Na"], "elements": ["Na", "K"]}],
                "potential": {"name": "sevennet-0"},
                "free_energy": {"path": "composition", "from": ENDS[0], "to": ENDS[2], "atoms": 8},
            }
        )
    )
    store = MemoryStore()
    crystals = []
    for number, composition in enumerate(ENDS):
        asked = Suggestion(index=number, origin="free_energy", composition=composition)
        record = evaluate(problem, asked, references=store)
        assert record.converged
        crystals.append(RestingCrystal(evaluation=number, composition=composition, q=record.relaxation.q))
    return problem, store, crystals


def performed(salt, task, **workplace):
    problem, store, _ = salt
    (record,) = UNITS[task.unit].perform(problem, [task], Workplace(references=store, **workplace))
    return record.model_copy(update={"cost": record.cost.model_copy(update={"seconds": 0.0})})


def samples(salt, first, pairs, **changes):
    asked = {"crystal": salt[2][0], "matrix": CELLS, "temperature": 300.0, "seed": 5, **changes}
    return performed(salt, HarmonicTask(index=0, first=first, pairs=pairs, **asked))


def segment(salt, begin, end, checkpoint=None, **changes):
    saved = []
    asked = {
        "reference": "composition", "crystals": salt[2], "matrix": CELLS, "temperature": 300.0, "timestep": 4.0,
        "friction": 0.01, "seed": 3, "run": 0, "replicas": 2, "forward": True, "equilibration": 6, "steps": 14,
        **changes,
    }  # fmt: skip
    task = DynamicsTask(index=begin, begin=begin, end=end, continues=None if begin == 0 else 0, **asked)
    return performed(salt, task, checkpoint=checkpoint, save=saved.append), saved


def test_samples_are_the_same_in_any_batch(salt):
    whole, first, second = samples(salt, 0, 4), samples(salt, 0, 2), samples(salt, 2, 2)
    assert whole.differences == [*first.differences, *second.differences]
    assert np.isfinite(whole.differences).all()
    assert whole.atoms == 8.0
    assert len(whole.frequencies) == 21
    assert samples(salt, 0, 2, seed=6).differences != first.differences


def test_soft_modes_of_heavy_atoms_are_no_instability_in_single_precision(weights_fetched):
    """BaSnO3: its slowest vibration, of tilts and barium, is a twentieth of the fastest, in either precision."""
    found = {}
    for dtype in ("float64", "float32"):
        problem = resolve(
            Problem.model_validate(
                {
                    "kind": "free_energy",
                    "structure": {"prototype": "perovskite", "species": ["Ba", "Sn", "O"]},
                    "potential": {"name": "sevennet-0", "dtype": dtype},
                    "free_energy": {"path": "absolute", "atoms": 40},
                }
            )
        )
        store = MemoryStore()
        rest = evaluate(problem, Suggestion(index=0, origin="free_energy", composition={}), references=store)
        crystal = RestingCrystal(evaluation=0, composition={}, q=rest.relaxation.q)
        matrix = [[2, 0, 0], [0, 2, 0], [0, 0, 2]]
        task = HarmonicTask(index=0, pairs=0, crystal=crystal, matrix=matrix, temperature=300.0, seed=0)
        (found[dtype],) = UNITS["harmonic"].perform(problem, [task], Workplace(references=store))
    assert found["float32"].unstable == found["float64"].unstable == []
    slowest = found["float64"].frequencies[0]
    assert 0.0 < slowest < 0.1 * found["float64"].frequencies[-1]
    assert found["float32"].frequencies[0] == pytest.approx(slowest, rel=0.02)


def test_an_energy_of_bonds_learned_from_samples_leaves_little_and_is_the_same_in_any_batch(salt):
    """NaCl at 600 K, where harmonic samples are spread: both ways say the same."""
    crystal = {"temperature": 600.0}
    alone = samples(salt, 0, 32, **crystal)
    learned = {**crystal, "learned": alone.differences[:16]}
    whole, first, second = (samples(salt, *part, **learned) for part in ((0, 24), (0, 16), (16, 8)))
    assert whole.differences == [*first.differences, *second.differences]
    assert whole.between == first.between == second.between
    assert np.std(whole.differences) < 0.5 * np.std(alone.differences)
    heat = 8.617333262e-5 * 600
    directly = one_sided(np.array(alone.differences), heat, 0)
    left = one_sided(np.array(whole.differences), heat, 0)
    error = math.hypot(directly.error, left.error, whole.between.error)
    assert abs(directly.difference - left.difference - whole.between.difference) < 4 * error


@long
def test_a_change_is_the_difference_of_the_free_energies_of_its_ends(weights_fetched):
    """MgO to CaO by switching, and either crystal by samples: no work, no trajectory in common."""
    first, last = asked(path="absolute", at=[{"c": {"Mg": 1.0}}, {"c": {"Ca": 1.0}}])
    budget = {"runs": 8, "steps": 150}
    (change,) = asked(path="composition", budget=budget, **{"from": {"c": {"Mg": 1}}, "to": {"c": {"Ca": 1}}})
    error = math.hypot(first.standard_error, last.standard_error, change.standard_error)
    assert error < 3e-4
    assert abs(change.free_energy - (last.free_energy - first.free_energy)) < 3 * error


@long
@pytest.mark.parametrize("potential", [{"name": "sevennet-0"}, {"name": "mace", "file": str(MODEL)}])
def test_salt_to_another_salt_is_the_difference_of_both_for_each_trained_family(weights_fetched, potential):
    """NaCl to KCl; the crystal of eight atoms has no unstable mode with either potential."""
    salt = {
        "structure": {"prototype": "rocksalt", "species": ["Na", "Cl"]},
        "sublattices": [{"name": "c", "sites": ["Na"], "elements": ["Na", "K"]}],
        "potential": {**potential, "dtype": "float32"},
    }
    options = {"atoms": 8, "accuracy": 1e-3}
    first, last = asked(salt=salt, path="absolute", at=[{"c": {"Na": 1.0}}, {"c": {"K": 1.0}}], **options)
    ends = {"from": {"c": {"Na": 1}}, "to": {"c": {"K": 1}}}
    (change,) = asked(salt=salt, path="composition", budget={"runs": 8, "steps": 300}, **ends, **options)
    error = math.hypot(first.standard_error, last.standard_error, change.standard_error)
    assert error < 2e-3
    assert abs(change.free_energy - (last.free_energy - first.free_energy)) < 3 * error


def asked(at=(), salt=(), **options):
    found = run(
        Problem.model_validate(
            {
                "kind": "free_energy",
                "structure": {"prototype": "rocksalt", "species": ["Mg", "O"]},
                "sublattices": [{"name": "c", "sites": ["Mg"], "elements": ["Mg", "Ca"]}],
                "at": list(at),
                "potential": {"name": "sevennet-0"},
                **dict(salt),
                "free_energy": {"atoms": 16, "accuracy": 2e-5, "temperatures": [300], **options},
            }
        ),
        Silent(),
    )
    return FreeEnergyAnswer.model_validate(found.answer).free_energies


def test_the_colder_the_crystal_the_more_harmonic_it_is(salt):
    """What is beyond harmonic is of the fourth order in u, so of the second in T, the third cancelling in a pair."""
    cold, warm = (
        abs(np.mean(samples(salt, 0, 2, temperature=kelvin).differences)) for kelvin in (20.0, 80.0)
    )
    assert cold / 20.0 < 0.5 * warm / 80.0


def test_an_unstable_mode_is_told_with_what_moves_and_why_it_may_not_be(salt):
    """KCl of this potential has second neighbours where its curvature jumps."""
    record = samples(salt, 0, 0, crystal=salt[2][2], matrix=[[2, 0, 0], [0, 2, 0], [0, 0, 2]])
    assert "within 0.02 Å of 4.5 Å, where the curvature of sevennet-0 jumps" in record.message
    assert record.unstable
    assert all("K " in mode and "Cl " in mode and "Na" not in mode for mode in record.unstable)
    assert samples(salt, 0, 0).message is None
    # The Einstein crystal holds its atoms all the same.
    assert all(0.1 < spring < 100.0 for spring in record.springs), record.springs


@pytest.mark.parametrize("reference", ["composition", "moving", "harmonic", "einstein"])
def test_a_run_in_segments_is_the_run_bit_for_bit(salt, reference):
    """With the averages over its steps; those to another composition at a pace of their own, or in cells that move."""
    paced = {"pace": [0.0, 0.2, 0.35, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0]}
    moving = {"moving": {"mass": 3e5, "friction": 0.05}}
    changes = {"composition": paced, "moving": moving}.get(
        reference, {"reference": reference, "crystals": salt[2][:1]}
    )
    whole, _ = segment(salt, 0, 20, **changes)
    assert whole.works is not None
    assert whole.failed is None
    for cut in (4, 6, 13):  # at the first end, at the beginning of the switch, in its middle
        first, saved = segment(salt, 0, cut, **changes)
        assert first.works is None
        second, _ = segment(salt, cut, 20, checkpoint=saved[-1], **changes)
        assert second.works == whole.works
        for name in ("measured", "volume"):
            means = (getattr(one, name) for one in (first, second))
            steps = (cut, 20 - cut)
            assert np.average(list(means), weights=steps) == pytest.approx(getattr(whole, name), rel=1e-9)
        parts = np.sum([one.work_by_part for one in (first, second) if one.work_by_part], axis=0)
        assert parts == pytest.approx(whole.work_by_part, abs=1e-9)
        assert (first.closest is None) == (cut <= 6)
        assert (first.volumes or second.volumes) == whole.volumes
    assert sum(whole.work_by_part) == pytest.approx(np.mean(whole.works), abs=1e-9)
    assert 2.0 < whole.closest < 3.2
    assert 8 * 20.0 < whole.volume < 8 * 32.0
    assert whole.works[0] != whole.works[1]
    assert (whole.volumes is None) == (reference != "moving")
    assert whole.volumes is None or whole.volumes[0] != whole.volumes[1]


def test_whether_a_run_settled_is_judged_by_all_of_it_and_not_by_each_segment(salt):
    """Fifty steps are about one correlation time of the velocities: by themselves they look too hot or too cold."""
    crystal = {"reference": "einstein", "crystals": salt[2][:1], "forward": False}
    checkpoint, told = None, []
    for begin in range(0, 600, 60):
        record, saved = segment(
            salt, begin, begin + 60, checkpoint=checkpoint, equilibration=600, timestep=6.0, run=4, **crystal
        )
        checkpoint = saved[-1]
        told += record.warnings
        assert record.failed is None
    assert len(checkpoint["thermal_energy"]) == 600
    assert abs(checkpoint["thermal_energy"].mean() / (8.617333262e-5 * 300) - 1.0) < 0.15
    assert told == []


@pytest.mark.parametrize("end", [4, 12, 20])
def test_a_segment_that_begins_again_from_its_own_end_is_told_again(salt, end):
    """A worker that dies after the checkpoint and before the record: in equilibrium, while switched, at the end."""
    first, (saved,) = segment(salt, 0, end, run=2)
    again, (kept,) = segment(salt, 0, end, checkpoint=saved, run=2)
    assert again.model_copy(update={"cost": first.cost}) == first
    assert (first.works is None) == (end < 20)
    assert sorted(kept) == sorted(saved)
    assert all(np.array_equal(kept[name], saved[name], equal_nan=True) for name in saved)


def test_how_many_runs_are_best_computed_together_is_measured(salt):
    found = performed(salt, BatchingTask(index=0, crystals=salt[2], matrix=CELLS, most=5))
    assert found.replicas in (1, 2, 4)
    # Each size at least twice, and no more than the rounds allow.
    assert 2 * (1 + 2) <= found.cost.potential_calls <= 6 * (1 + 2 + 4)


def test_a_step_that_is_too_long_is_found_before_anything_moves(salt):
    record, saved = segment(salt, 0, 20, timestep=60.0)
    assert record.works is None
    assert record.drift is None
    assert "time step of 60 fs too large" in record.failed
    assert saved == []
    shorter, _ = segment(salt, 0, 4)
    assert 0.0 <= shorter.drift < 0.03 * 3 * 8.617333262e-5 * 300 / (40 * 4e-3)


def test_switching_is_bounded_by_the_ends_and_reverses(salt):
    """Of slow switching the works are the difference of free energies, forward, and its opposite backward."""
    forward, _ = segment(salt, 0, 66, equilibration=6, steps=60)
    backward, _ = segment(salt, 0, 66, equilibration=6, steps=60, forward=False)
    ahead, back = np.mean(forward.works), np.mean(backward.works)
    static = 8 * _energy(salt, 2) - 8 * _energy(salt, 0)
    heat = 8.617333262e-5 * 300
    assert abs(ahead + back) < 3 * heat
    assert abs(ahead - static) < 21 * heat * math.log(2.0)  # no frequency halves


def _energy(salt, number):
    """eV/atom at rest."""
    problem, store, _ = salt
    asked = Suggestion(index=number, origin="free_energy", composition=ENDS[number])
    return evaluate(problem, asked, references=store).energy_per_atom
