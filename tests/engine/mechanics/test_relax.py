"""Relaxation in symmetry coordinates against an unconstrained relaxation by ASE."""

from __future__ import annotations

import numpy as np
import pytest
from ase.filters import FrechetCellFilter
from ase.optimize import BFGS

from api_schemas.sublattices import Sublattice
from engine.crystals.crystal import build_crystal
from engine.crystals.prototypes import PROTOTYPES
from engine.mechanics.ase_calculator import AlchemicalCalculator, parent_atoms
from engine.mechanics.coordinates import symmetry_coordinates
from engine.mechanics.landscape import Landscape
from engine.mechanics.relax import Start, Tolerance, relax


def mixed(prototype, species, site, elements, **constants):
    parent = PROTOTYPES[prototype].build(species, **constants)
    return build_crystal(parent, [Sublattice(name="mixed", sites=[site], elements=elements)])


def relaxed_alone(potential, crystal, x, start=None, **options):
    coordinates = symmetry_coordinates(crystal)
    landscape = Landscape(potential, crystal, coordinates, **options)
    start = Start(np.zeros(coordinates.n_q)) if start is None else start
    return coordinates, relax(landscape, crystal.weights(np.array(x))[None], [start])[0]


@pytest.mark.parametrize(
    ("prototype", "species", "site", "elements", "x"),
    [
        ("wurtzite", ["Al", "N"], "Al", ["Al", "Ga"], [0.4, 0.6]),
        ("rocksalt", ["Na", "Cl"], "Na", ["Na", "K"], [0.5, 0.5]),
        ("hcp", ["Mg"], "Mg", ["Mg", "Zn"], [0.7, 0.3]),
    ],
)
def test_relaxation_agrees_with_an_unconstrained_ase_relaxation(
    sevennet0, prototype, species, site, elements, x
):
    crystal = mixed(prototype, species, site, elements)
    coordinates, relaxed = relaxed_alone(sevennet0, crystal, x)
    atoms = parent_atoms(crystal)
    atoms.calc = AlchemicalCalculator(sevennet0, crystal, np.array(x))
    BFGS(FrechetCellFilter(atoms), logfile=None).run(fmax=1e-5, steps=300)
    lattice, _ = coordinates.geometry(relaxed.q)
    lengths = np.linalg.norm(lattice, axis=1)
    np.testing.assert_allclose(lengths, atoms.cell.lengths(), rtol=2e-6)
    assert relaxed.enthalpy == pytest.approx(atoms.get_potential_energy(), abs=1e-7)


def test_sites_keep_the_frame_and_order_of_the_parent(sevennet0):
    crystal = mixed("wurtzite", ["Al", "N"], "Al", ["Al", "Ga"])
    coordinates, relaxed = relaxed_alone(sevennet0, crystal, [0.5, 0.5])
    lattice, frac = coordinates.geometry(relaxed.q)
    assert lattice[0, 1] == pytest.approx(0.0, abs=1e-12)
    assert lattice[0, 2] == pytest.approx(0.0, abs=1e-12)
    np.testing.assert_allclose(frac[:, :2], crystal.frac[:, :2], atol=1e-10)


def test_the_last_newton_correction_makes_the_result_better_than_the_tolerance(sevennet0):
    crystal = mixed("wurtzite", ["Al", "N"], "Al", ["Al", "Ga"])
    coordinates, loose = relaxed_alone(sevennet0, crystal, [0.5, 0.5])
    landscape = Landscape(sevennet0, crystal, coordinates)
    lam = crystal.weights(np.array([0.5, 0.5]))[None]
    tight = relax(landscape, lam, [Start(loose.q)], Tolerance(gradient=1e-9))[0]
    np.testing.assert_allclose(loose.q, tight.q, atol=2e-6)
    assert loose.enthalpy == pytest.approx(tight.enthalpy, abs=1e-9)


def test_a_batch_gives_what_each_composition_gives_alone(sevennet0):
    crystal = mixed("wurtzite", ["Al", "N"], "Al", ["Al", "In"])
    coordinates = symmetry_coordinates(crystal)
    points = np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]])
    lam = np.stack([crystal.weights(x) for x in points])
    together = relax(
        Landscape(sevennet0, crystal, coordinates), lam, [Start(np.zeros(coordinates.n_q))] * 3, Tolerance()
    )
    for x, batched in zip(points, together, strict=True):
        _, alone = relaxed_alone(sevennet0, crystal, x)
        np.testing.assert_allclose(batched.q, alone.q, atol=5e-6)
        assert batched.enthalpy == pytest.approx(alone.enthalpy, abs=1e-8)
        np.testing.assert_allclose(batched.hessian, alone.hessian, rtol=1e-3, atol=1e-2)


def test_under_pressure_the_enthalpy_is_least_where_the_stress_balances_it(sevennet0):
    crystal = mixed("rocksalt", ["Na", "Cl"], "Na", ["Na", "K"])
    coordinates, relaxed = relaxed_alone(sevennet0, crystal, [0.5, 0.5], pressure=5.0)
    lattice, _ = coordinates.geometry(relaxed.q)
    atoms = parent_atoms(crystal)
    atoms.set_cell(lattice, scale_atoms=True)
    atoms.calc = AlchemicalCalculator(sevennet0, crystal, np.array([0.5, 0.5]))
    np.testing.assert_allclose(atoms.get_stress()[:3] * 160.21766208, -5.0, atol=1e-3)
    volume = abs(np.linalg.det(lattice))
    work = 5.0 / 160.21766208 * volume
    assert relaxed.enthalpy == pytest.approx(atoms.get_potential_energy() + work, abs=1e-7)


def test_a_start_far_away_still_reaches_the_minimum(sevennet0):
    near = mixed("rocksalt", ["Na", "Cl"], "Na", ["Na", "K"])
    far = mixed("rocksalt", ["Na", "Cl"], "Na", ["Na", "K"], a=5.0)
    for x in ([1.0, 0.0], [0.0, 1.0]):
        lengths = []
        for crystal in (near, far):
            coordinates, relaxed = relaxed_alone(sevennet0, crystal, x)
            assert relaxed.converged
            lengths.append(np.linalg.norm(coordinates.geometry(relaxed.q)[0], axis=1))
        np.testing.assert_allclose(lengths[0], lengths[1], rtol=2e-6)


def test_too_few_steps_are_reported_and_not_raised(sevennet0):
    crystal = mixed("wurtzite", ["Al", "N"], "Al", ["Al", "In"])
    coordinates = symmetry_coordinates(crystal)
    lam = crystal.weights(np.array([0.0, 1.0]))[None]
    result = relax(
        Landscape(sevennet0, crystal, coordinates), lam, [Start(np.zeros(3))], Tolerance(max_steps=2)
    )[0]
    assert not result.converged
    assert result.calls == 2 + 2 * 3


def test_calls_are_counted_and_can_be_interrupted_between(sevennet0):
    crystal = mixed("wurtzite", ["Al", "N"], "Al", ["Al", "Ga"])
    seen = []
    _, relaxed = relaxed_alone(sevennet0, crystal, [0.5, 0.5], on_call=lambda: seen.append(1))
    rows = 3
    assert relaxed.calls == len(seen) + rows  # a row is one interruption point and counts two calls

    class StoppedError(Exception):
        pass

    def stop():
        if len(seen) > 20:
            raise StoppedError
        seen.append(1)

    seen[:] = [1] * 18
    with pytest.raises(StoppedError):
        relaxed_alone(sevennet0, crystal, [0.5, 0.5], on_call=stop)
