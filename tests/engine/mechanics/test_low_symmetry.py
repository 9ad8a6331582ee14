"""Crystals of many coordinates: against ASE's limited-memory BFGS, and their gradients against differences."""

from __future__ import annotations

import numpy as np
import pytest

from api_schemas.evaluations import Suggestion
from api_schemas.problem import Problem
from benchmarks.cells.displaced import cubic, displaced, lbfgs_calls, mixed
from engine.acceptance.resolve import resolved_problem
from engine.crystals.prototypes import PROTOTYPES
from engine.evaluation.evaluator import Evaluator
from engine.mechanics.coordinates import symmetry_coordinates
from engine.mechanics.landscape import Landscape
from engine.mechanics.relax import Start, Tolerance, relax
from tests.soak import long

EXCHANGE = np.array([-1.0, 1.0])


def perovskite(species, repeats, seed=5):
    parent = displaced(PROTOTYPES["perovskite"].build(species), repeats, 0.15, seed)
    return mixed(parent, Ti=["Ti", "Zr"])


def rocksalt():
    return mixed(displaced(cubic("rocksalt", ["Na", "Cl"]), (2, 1, 1), 0.15, 1), Na=["Na", "K"])


def relaxed_at(potential, crystal, x, start=None, tolerance=None, *, gradients=True):
    """A composition (1 - x, x) relaxed with its response to the exchange of the two elements."""
    coordinates = symmetry_coordinates(crystal)
    directions = crystal.weights_matrix @ EXCHANGE[:, None] if gradients else None
    start = start or Start(np.zeros(coordinates.n_q))
    lam = crystal.weights(np.array([1.0 - x, x]))[None]
    return relax(Landscape(potential, crystal, coordinates), lam, [start], tolerance, directions)[0]


def test_the_budget_grows_with_the_number_of_coordinates():
    assert [Tolerance().budget(n_q) for n_q in (1, 30, 120, 480)] == [60, 60, 120, 240]


@long
def test_a_displaced_supercell_of_forty_atoms_relaxes_with_its_gradients(sevennet0):
    crystal = perovskite(["Sr", "Ti", "O"], (2, 2, 2))
    relaxed = relaxed_at(sevennet0, crystal, 0.5)
    assert relaxed.converged
    assert relaxed.response is not None
    assert relaxed.calls <= 72  # ASE's LBFGS takes 145, without a gradient
    assert relaxed.enthalpy / 40 < -8.10066  # what it ends at, and 0.01 meV


@pytest.mark.parametrize(
    "crystal",
    [
        pytest.param(perovskite(["Ba", "Ti", "O"], (2, 1, 1), 4), id="perovskite"),
        pytest.param(rocksalt(), id="rocksalt", marks=long),
    ],
)
def test_a_relaxation_with_gradients_takes_half_the_calls_of_ase_without(sevennet0, crystal):
    relaxed = relaxed_at(sevennet0, crystal, 0.5)
    calls, energy = lbfgs_calls(sevennet0, crystal, np.array([0.5, 0.5]), force=1e-3, stress=1e-5)
    assert relaxed.converged
    assert relaxed.response is not None
    assert relaxed.force <= 1e-3
    assert relaxed.stress <= 1e-5
    assert 2 * relaxed.calls <= calls
    assert relaxed.enthalpy <= energy + 1e-4 * crystal.n_sites


def test_the_gradients_of_a_crystal_without_symmetry_are_those_of_differences(sevennet0):
    crystal = perovskite(["Ca", "Ti", "O"], (2, 1, 1))
    tight = Tolerance(gradient=1e-7, max_steps=200)
    here = relaxed_at(sevennet0, crystal, 0.4, tolerance=tight)
    assert here.converged
    slopes = []
    for h in (0.004, 0.002):
        up, down = (
            relaxed_at(
                sevennet0,
                crystal,
                0.4 + step,
                Start(here.q + step * here.response[:, 0], springs=here.springs),
                tight,
                gradients=False,
            )
            for step in (h, -h)
        )
        slopes.append(np.append(up.q - down.q, up.enthalpy - down.enthalpy) / (2.0 * h))
    differences = (4.0 * slopes[1] - slopes[0]) / 3.0
    strains, moves = differences[:6], differences[6:-1]
    np.testing.assert_allclose(here.response[:6, 0], strains, atol=1e-4 * np.abs(strains).max())
    np.testing.assert_allclose(here.response[6:, 0], moves, atol=1e-4 * np.abs(moves).max())
    slope = here.dh_dlam @ crystal.weights_matrix @ EXCHANGE
    assert slope == pytest.approx(differences[-1], rel=1e-5)


def test_a_neighbour_that_is_known_saves_most_of_the_steps(sevennet0):
    crystal = rocksalt()
    known = relaxed_at(sevennet0, crystal, 0.5)
    predicted = Start(known.q + 0.05 * known.response[:, 0], springs=known.springs)
    near = relaxed_at(sevennet0, crystal, 0.55, predicted, gradients=False)
    cold = relaxed_at(sevennet0, crystal, 0.55, gradients=False)
    assert near.converged
    assert near.calls <= 3
    assert near.calls < cold.calls
    assert near.enthalpy == pytest.approx(cold.enthalpy, abs=1e-5)


def poscar(crystal):
    lines = ["cell", "1.0", *(" ".join(f"{v:.8f}" for v in row) for row in crystal.lattice)]
    kinds = list(dict.fromkeys(crystal.parent_symbols))
    counts = [str(crystal.parent_symbols.count(kind)) for kind in kinds]
    places = [" ".join(f"{v % 1.0:.8f}" for v in row) for row in crystal.frac]
    return "\n".join([*lines, " ".join(kinds), " ".join(counts), "Direct", *places]) + "\n"


@pytest.mark.parametrize(("coordinates", "steps"), [("many", 4), ("few", 3)])
def test_what_was_given_up_goes_on_from_where_it_was(sevennet0, coordinates, steps):
    many = {"poscar": poscar(rocksalt())}
    structure = many if coordinates == "many" else {"prototype": "wurtzite", "species": ["Na", "Cl"]}
    resolved = resolved_problem(
        Problem.model_validate(
            {
                "kind": "evaluate",
                "structure": structure,
                "sublattices": [{"name": "mixed", "sites": ["Na"], "elements": ["Na", "K"]}],
                "at": [{"mixed": {"Na": 0.5, "K": 0.5}}],
                "potential": {"name": "sevennet-0"},
            }
        )
    )
    asked = Suggestion(index=0, composition={"mixed": {"Na": 0.5, "K": 0.5}}, completed_later=True)
    (cold,) = Evaluator(resolved).evaluate([asked])
    (given_up,) = Evaluator(resolved, tolerance=Tolerance(max_steps=steps)).evaluate([asked])
    assert cold.converged
    assert not given_up.converged
    state = given_up.relaxation
    assert state is not None
    assert state.dq_dx == []
    assert np.abs(state.q).max() > 0.0
    start = {"warm_start": state, "warm_start_composition": given_up.composition}
    (ended,) = Evaluator(resolved).evaluate([asked.model_copy(update=start)])
    assert ended.converged
    assert ended.cost.potential_calls < cold.cost.potential_calls
    assert ended.energy_per_atom == pytest.approx(cold.energy_per_atom, abs=1e-6)
