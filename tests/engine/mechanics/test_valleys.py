"""Relaxations in soft valleys end at one minimum from two starts; pure crystals end in their references' state."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from api_schemas.evaluations import Suggestion
from api_schemas.problem import Problem
from engine.campaign.evaluate import evaluate
from engine.mechanics import valleys
from engine.mechanics.relax import Relaxed, Start
from engine.references.store import MemoryStore

LENGTHS = ("lattice_a", "lattice_b", "lattice_c")
ANGLES = ("alpha", "beta", "gamma")


def relaxed(lattice, atoms):
    species = list(dict.fromkeys(symbol for symbol, _ in atoms))
    ordered = [place for wanted in species for symbol, place in atoms if symbol == wanted]
    rows = [" ".join(f"{value:.8f}" for value in row) for row in (*lattice, *ordered)]
    counts = " ".join(str(sum(symbol == wanted for symbol, _ in atoms)) for wanted in species)
    poscar = "\n".join(["valley", "1.0", *rows[:3], " ".join(species), counts, "Direct", *rows[3:]])
    problem = {
        "kind": "evaluate",
        "structure": {"poscar": poscar},
        "sublattices": [],
        "potential": {"name": "sevennet-0"},
    }
    return evaluate(Problem.model_validate(problem), {}, references=MemoryStore())


def sulphide(c):
    """Layers of MoS2 a distance c/2 from each other, which hardly hold together."""
    z = 1.56 / c
    lattice = [[3.18, 0.0, 0.0], [-1.59, 3.18 * np.sqrt(0.75), 0.0], [0.0, 0.0, c]]
    one, other = (1 / 3, 2 / 3), (2 / 3, 1 / 3)
    atoms = [("Mo", (*one, 0.25)), ("Mo", (*other, 0.75))]
    atoms += [("S", (*other, 0.25 + side * z)) for side in (1, -1)]
    atoms += [("S", (*one, 0.75 + side * z)) for side in (1, -1)]
    return relaxed(lattice, atoms)


def sulphoiodide(scale, seed):
    """SbSI, 12 atoms, displaced at random so that no symmetry is left: its angles cost hardly a thing."""
    lengths = np.array([8.52, 4.10, 10.13]) * scale
    rng = np.random.default_rng(seed)
    atoms = []
    for symbol, x, z in (("Sb", 0.12, 0.12), ("S", 0.84, 0.05), ("I", 0.51, 0.83)):
        images = [(x, 0.25, z), (0.5 - x, 0.75, z + 0.5), (-x, 0.75, -z), (x + 0.5, 0.25, 0.5 - z)]
        atoms += [(symbol, np.array(place) + rng.normal(0.0, 0.06, 3) / lengths) for place in images]
    return relaxed(np.diag(lengths), atoms)


def values(record, names):
    return np.array([record.properties[name].value for name in names])


def test_layers_end_at_one_distance_from_two(weights_fetched):
    near, far = sulphide(12.3), sulphide(13.5)
    assert values(near, LENGTHS) == pytest.approx(values(far, LENGTHS), abs=1e-4)
    assert near.message is None or "soft valley" not in near.message


def test_a_chalcohalide_without_symmetry_ends_at_one_shape_from_two(weights_fetched):
    """Lengths differed by 5e-4 Å and angles by 0.2 degrees where small forces were enough."""
    one, other = sulphoiodide([1.0, 1.0, 1.0], 0), sulphoiodide([0.98, 0.99, 0.97], 2)
    assert values(one, LENGTHS) == pytest.approx(values(other, LENGTHS), abs=2e-4)
    assert values(one, ANGLES) == pytest.approx([90.0, 90.0, 90.0], abs=5e-3)
    assert values(other, ANGLES) == pytest.approx([90.0, 90.0, 90.0], abs=5e-3)


@pytest.mark.parametrize("later", [False, True])
def test_a_pure_end_member_is_in_the_state_of_its_reference_wherever_it_started(weights_fetched, later):
    problem = Problem.model_validate(
        {
            "kind": "evaluate",
            "structure": {"prototype": "wurtzite", "species": ["Al", "N"]},
            "sublattices": [{"name": "cation", "sites": ["Al"], "elements": ["Al", "Sc"]}],
            "potential": {"name": "sevennet-0"},
        }
    )
    store = MemoryStore()
    beside = evaluate(problem, {"cation": {"Al": 0.9, "Sc": 0.1}}, references=store)
    pure = Suggestion(
        index=1,
        composition={"cation": {"Al": 1.0, "Sc": 0.0}},
        warm_start=beside.relaxation,
        warm_start_composition=beside.composition,
        completed_later=later,
    )
    found = evaluate(problem, pure, references=store)
    assert found.properties["mixing_energy"].value == 0.0
    cold = evaluate(problem, {"cation": {"Al": 1.0, "Sc": 0.0}}, references=MemoryStore())
    assert values(found, LENGTHS) == pytest.approx(values(cold, LENGTHS), abs=1e-12)


@pytest.mark.parametrize("members", [[0.0, 1.0, 2.0], [1.0], [2.0], [0.0]])
def test_a_member_that_goes_no_further_leaves_the_others_of_its_batch_alone(members, monkeypatch):
    """The first of three never comes nearer; the others reach the bottom in one round, in a batch and alone."""
    line = SimpleNamespace(
        n_strain=0,
        displacement_modes=np.ones((1, 1, 3)),
        lattice=np.eye(3),
        strain=lambda _: np.zeros((3, 3)),
    )
    asked = []

    def end(tag, left, *, converged, gain=0.0):
        fields = dict.fromkeys(field.name for field in dataclasses.fields(Relaxed))
        known = {"q": np.array([tag]), "correction": np.array([left]), "converged": converged, "stable": True}
        return Relaxed(**{**fields, **known, "calls": 5, "gain": gain, "undecided": 0.0})

    def relax(_landscape, lam, starts, *_):
        asked.append(len(starts))
        if len(asked) == 1:
            return [end(tag, 0.01, converged=True) for tag in lam[:, 0]]
        return [end(tag, 0.0 if tag else 0.01, converged=bool(tag)) for tag in lam[:, 0]]

    monkeypatch.setattr(valleys, "relax", relax)
    found = valleys.relax_to_the_bottom(
        SimpleNamespace(coordinates=line), np.array(members)[:, None], [Start(q=np.zeros(1))] * len(members)
    )
    assert asked == [len(members)] * 2
    for tag, one in zip(members, found, strict=True):
        assert one.converged
        assert one.calls == 10
        assert (one.undecided > 0.0) == (tag == 0.0)


@pytest.mark.parametrize(("stiffness", "times"), [(0.05, 3), (1.0, 1)])
def test_a_stiff_crystal_goes_no_further_however_loosely_it_was_relaxed(stiffness, times, monkeypatch):
    """One site on a spring in x, relaxed until the force on it is at the tolerance; its Newton step is exact."""
    spring = SimpleNamespace(
        n_strain=0,
        displacement_modes=np.array([[[1.0, 0.0, 0.0]]]),
        lattice=np.eye(3),
        strain=lambda _: np.zeros((3, 3)),
    )
    asked = []

    def relax(_landscape, _lam, _starts, tolerance, _directions):
        asked.append(tolerance.force)
        step = tolerance.force / stiffness
        fields = dict.fromkeys(field.name for field in dataclasses.fields(Relaxed))
        known = {"q": np.zeros(1), "correction": np.array([step]), "gain": 0.5 * stiffness * step**2}
        return [Relaxed(**{**fields, **known, "converged": True, "stable": True, "calls": 5})]

    monkeypatch.setattr(valleys, "relax", relax)
    (found,) = valleys.relax_to_the_bottom(
        SimpleNamespace(coordinates=spring), np.zeros((1, 1)), [Start(q=np.zeros(1))]
    )
    assert len(asked) == times
    assert found.undecided == 0.0
