"""Decorations relaxed from the mean-field crystal with its Hessian: the Hessian, the steps, and where they end."""

from __future__ import annotations

import json

import numpy as np
import pytest

from api_schemas.sublattices import Sublattice
from engine.crystals.crystal import build_crystal
from engine.crystals.decorations import EMPTY, decorate
from engine.crystals.holding import held, supercell_holding
from engine.crystals.prototypes import PROTOTYPES
from engine.crystals.supercells import Supercell
from engine.crystals.symmetry import operations
from engine.mechanics.coordinates import symmetry_coordinates
from engine.mechanics.landscape import Landscape
from engine.mechanics.mean_strain import symmetric_strain
from engine.mechanics.preconditioned import begin, minimise
from engine.mechanics.relax import Start, relax
from engine.mechanics.response.decorated import FORCE, STRESS, Relaxation
from engine.mechanics.response.host import host_at, restored_host
from tests.soak import later, longer

PRESSURE = 5.0 / 160.21766208


def host_of(potential, prototype, species, site, elements, x, supercell=None, sites=8, pressure=0.0):
    """The mean-field supercell, and what it holds."""
    parent = PROTOTYPES[prototype].build(species)
    crystal = build_crystal(parent, [Sublattice(name="mixed", sites=[site], elements=elements)])
    x = np.array(x)
    supercell = supercell or supercell_holding(crystal, x, sites)
    x = held(crystal, x, supercell.n_cells)
    landscape = Landscape(potential, crystal, symmetry_coordinates(crystal), pressure=pressure * 160.21766208)
    lam = crystal.weights(x)
    (mean,) = relax(landscape, lam[None], [Start(np.zeros(landscape.coordinates.n_q))])
    return crystal, x, host_at(landscape, supercell, mean.q, lam, operations(crystal))


def relaxed(relaxation, budget=60):
    return minimise(relaxation.evaluate, begin(relaxation.start), relaxation.method, budget)


def test_the_gradient_is_that_of_the_enthalpy_and_the_preconditioner_inverts_its_hessian(sevennet0):
    """For a crystal of one element on every sublattice the mean-field Hessian is the crystal's own."""
    two = Supercell(np.diag([2, 1, 1]))
    crystal, x, host = host_of(
        sevennet0, "wurtzite", ("Al", "N"), "Al", ["Al", "Ga"], [1.0, 0.0], two, pressure=PRESSURE
    )
    relaxation = Relaxation(sevennet0, host, decorate(crystal, two, x, 0, 0), PRESSURE)
    rng = np.random.default_rng(0)
    direction = rng.normal(size=len(relaxation.start)) * np.where(np.arange(30) < 6, 0.05, 1.0)
    step = 2e-4
    (above, after), (below, before) = (relaxation.evaluate(sign * step * direction) for sign in (1.0, -1.0))
    _, gradient = relaxation.evaluate(relaxation.start)
    along = (before + 4 * gradient + after) @ direction  # Simpson's rule
    assert above - below == pytest.approx(step / 3 * float(along), abs=1e-11)
    assert abs(above - below) > 1e-9
    assert max(np.abs(gradient[:6]).max() / 80.0, np.abs(gradient[6:]).max()) < 1e-5  # the host is at rest
    # H direction by differences, and back by the preconditioner; rigid translations are taken out. SevenNets know no
    # parity, so that their force constants keep a mirror of the lattice to 0.1 % only, and ours keep it exactly.
    found = relaxation.precondition((after - before) / (2 * step))
    wanted = direction.copy()
    wanted[6:] -= np.tile(direction[6:].reshape(-1, 3).mean(axis=0), 8)
    np.testing.assert_allclose(found, wanted, atol=1e-3 * np.abs(wanted).max())


def test_a_host_comes_back_bit_for_bit_from_what_is_kept(sevennet0):
    crystal, x, host = host_of(sevennet0, "fcc", ("Cu",), "Cu", ["Cu", "Ni"], [0.5, 0.5], sites=4)
    kept = json.loads(json.dumps({name: array.tolist() for name, array in host.arrays().items()}))
    for other in (restored_host(host.arrays()), restored_host(kept)):
        for name, array in host.arrays().items():
            np.testing.assert_array_equal(array, other.arrays()[name])
        decoration = decorate(crystal, host.supercell, x, 0, 0)
        ours, theirs = (Relaxation(sevennet0, each, decoration) for each in (host, other))
        vector = np.random.default_rng(0).normal(size=len(ours.start))
        np.testing.assert_array_equal(ours.precondition(vector), theirs.precondition(vector))


@pytest.mark.parametrize("vacant", [False, True])
def test_the_preconditioner_is_symmetric_and_positive_and_leaves_no_site_moving(sevennet0, vacant):
    elements, share = (["Na", "Vac"], 0.75) if vacant else (["Na", "K"], 0.5)
    crystal, x, host = host_of(
        sevennet0, "rocksalt", ("Na", "Cl"), "Na", elements, [share, 1 - share], sites=4
    )
    decoration = decorate(crystal, host.supercell, x, 0, 0)
    relaxation = Relaxation(sevennet0, host, decoration)
    n = len(relaxation.start)
    assert n == 6 + 3 * (7 if vacant else 8)
    assert len(relaxation.atoms) == np.count_nonzero(decoration.species != EMPTY)
    matrix = np.array([relaxation.precondition(unit) for unit in np.eye(n)])
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-12)
    values = np.linalg.eigvalsh(matrix)
    assert values[3 if not vacant else 0] > 1e-6  # but for the three rigid translations
    assert values[0] > -1e-10
    state = relaxed(relaxation)
    assert state.finished
    force, stress = relaxation.residual(state.q, state.best_gradient)
    assert (force <= FORCE, stress <= STRESS) == (True, True)


def ase_lbfgs(potential, relaxation, budget=150):
    """Energy, and calls that ASE's LBFGS takes from the same start to the same residuals."""
    from ase import Atoms
    from ase.filters import FrechetCellFilter
    from ase.optimize import LBFGS

    from engine.mechanics.ase_calculator import AlchemicalCalculator

    crystal = relaxation.ordered
    atoms = Atoms(crystal.parent_symbols, cell=relaxation.lattice, positions=relaxation.sites, pbc=True)
    atoms.calc = AlchemicalCalculator(potential, crystal, np.zeros(0))
    optimizer = LBFGS(FrechetCellFilter(atoms), logfile=None)
    for _ in optimizer.irun(fmax=0.0, steps=budget):
        force = np.linalg.norm(atoms.get_forces(), axis=1).max()
        if force <= FORCE and np.abs(atoms.get_stress()).max() <= STRESS:
            break
    return atoms.get_potential_energy(), atoms.calc.potential_calls


@longer
@pytest.mark.parametrize(
    ("prototype", "species", "site", "elements", "sites"),
    [
        ("rocksalt", ("Na", "Cl"), "Na", ["Na", "K"], 8),
        ("fcc", ("Cu",), "Cu", ["Cu", "Au"], 8),
        later("wurtzite", ("Al", "N"), "Al", ["Al", "Ga"], 6),
        later("fcc", ("Cu",), "Cu", ["Cu", "Au"], 16),
        later("rocksalt", ("Mg", "O"), "Mg", ["Mg", "Ca"], 16),
        later("zincblende", ("Ga", "As"), "Ga", ["Ga", "In"], 16),
        later("bcc", ("Mo",), "Mo", ["Mo", "Nb"], 16),
        later("wurtzite", ("Ga", "N"), "Ga", ["Ga", "In"], 12),
    ],
)
def test_it_takes_a_third_of_the_calls_of_lbfgs_to_an_energy_that_is_not_higher(
    sevennet0, prototype, species, site, elements, sites
):
    """The calls of the Hessian, at four decorations for each host, and by the size of the crystal, are counted in."""
    crystal, x, host = host_of(sevennet0, prototype, species, site, elements, [0.5, 0.5], sites=sites)
    relaxation = Relaxation(sevennet0, host, decorate(crystal, host.supercell, x, 0, 0))
    state = relaxed(relaxation)
    assert state.finished
    assert state.evaluations <= 9
    _, energy = relaxation.corrected(state)
    shared = host.supercell_calls + (host.calls - host.supercell_calls) / host.supercell.n_cells
    plain, calls = ase_lbfgs(sevennet0, relaxation)
    assert (energy - plain) / len(relaxation.atoms) < 1e-4
    assert 3 * (state.evaluations + shared / 4) <= calls


def test_a_step_into_a_hole_or_of_one_atom_onto_another_is_not_taken(sevennet0):
    crystal, x, host = host_of(sevennet0, "fcc", ("Cu",), "Cu", ["Cu", "Ni"], [0.5, 0.5], sites=4)
    relaxation = Relaxation(sevennet0, host, decorate(crystal, host.supercell, x, 0, 0))
    near = relaxation.start
    assert relaxation.method.guard(near)
    towards = relaxation.sites[1] - relaxation.sites[0]
    near[6:9] = 0.5 * towards  # of 2.6 Å
    assert not relaxation.method.guard(near)
    first = minimise(relaxation.evaluate, begin(relaxation.start), relaxation.method, 1)
    atoms = len(relaxation.atoms)
    assert relaxation.told_value(first.best_value - 3.0 * atoms, first) == np.inf
    assert relaxation.told_value(first.best_value - 0.5 * atoms, first) == first.best_value - 0.5 * atoms
    assert relaxation.told_value(-1e6, begin(relaxation.start)) == -1e6  # there is nothing to compare with


def test_the_symmetric_part_of_a_deformation_keeps_the_volume_and_is_the_whole_of_a_symmetric_one():
    crystal = build_crystal(PROTOTYPES["wurtzite"].build(("Al", "N")))
    coordinates = symmetry_coordinates(crystal)
    q = np.array([0.02, -0.03])
    symmetric = np.eye(3) + np.einsum("i,iab->ab", q, coordinates.strain_modes)
    np.testing.assert_allclose(symmetric_strain(coordinates, symmetric), q, atol=1e-12)
    turned = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
    turned *= np.sign(np.linalg.det(turned))
    np.testing.assert_allclose(symmetric_strain(coordinates, turned @ symmetric), q, atol=1e-12)
    any_strain = np.eye(3) + 0.05 * np.random.default_rng(0).normal(size=(3, 3))
    found = symmetric_strain(coordinates, any_strain)
    mean = np.eye(3) + np.einsum("i,iab->ab", found, coordinates.strain_modes)
    assert np.linalg.det(mean) == pytest.approx(np.linalg.det(any_strain), rel=1e-12)
