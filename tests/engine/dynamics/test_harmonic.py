"""The harmonic crystal against closed forms, sevenn and ASE, and second differences of energies."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from api_schemas.sublattices import Sublattice
from engine.crystals.crystal import build_crystal
from engine.crystals.decorations import explicit_crystal
from engine.crystals.prototypes import PROTOTYPES
from engine.dynamics.harmonic import DynamicallyUnstable
from engine.dynamics.oscillators import classical
from tests.engine.dynamics.harmonic_crystals import BOLTZMANN, CUBE, Studied, relaxed, springs

DATA = Path(__file__).parents[2] / "data"
THZ = 15.6333042
BIG = (2 * np.array(CUBE)).tolist()
ONE = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]


@pytest.fixture(scope="module")
def copper():
    """32 atoms with springs of 3 eV/Å^2 between nearest neighbours."""
    return springs(BIG)


@pytest.fixture(scope="module")
def titanate(sevennet0):
    """Cubic SrTiO3, which wants to tilt."""
    return relaxed(sevennet0, "perovskite", ["Sr", "Ti", "O"], np.diag([2, 2, 2]))


def springs_at(wave, spring=3.0, mass=63.546):
    """Frequencies of an fcc lattice of springs at a wave in Cartesian units of 2 pi / a, THz."""
    neighbours = np.array([v for v in np.ndindex(3, 3, 3) if sum(abs(c - 1) for c in v) == 2]) - 1
    matrix = np.zeros((3, 3))
    for neighbour in neighbours:
        matrix += spring * np.outer(neighbour, neighbour) / 2 * (1 - np.cos(np.pi * neighbour @ wave))
    return THZ * np.sqrt(np.abs(np.linalg.eigvalsh(matrix)) / mass)


def cartesian(lattice, waves):
    """Waves in fractions of the reciprocal vectors as multiples of 2 pi / a."""
    return waves @ np.linalg.inv(lattice).T * 2.5 * np.sqrt(2)


def test_a_lattice_of_springs_has_the_frequencies_of_its_closed_form(copper):
    assert copper.rows == 1
    waves = copper.harmonic.constants.supercell.waves
    for wave, found in zip(
        cartesian(copper.crystal.lattice, waves)[1:], copper.harmonic.frequencies[1:], strict=True
    ):
        np.testing.assert_allclose(found, springs_at(wave), rtol=1e-5)
    assert np.isnan(copper.harmonic.frequencies[0]).all()
    assert len(copper.harmonic.vibrations) == 3 * 32 - 3
    # At X, two of 4 k/m and one of 8 k/m.
    at_x = np.flatnonzero((np.sort(np.abs(waves - np.round(waves)), axis=1) == [0.0, 0.5, 0.5]).all(axis=1))
    assert len(at_x) == 3
    x = THZ * np.sqrt(np.array([4.0, 4.0, 8.0]) * 3.0 / 63.546)
    np.testing.assert_allclose(copper.harmonic.frequencies[at_x], np.tile(x, (3, 1)), rtol=1e-5)


def test_between_the_waves_of_the_supercell_short_forces_are_interpolated_exactly(copper):
    waves = np.random.default_rng(1).uniform(-0.5, 0.5, (5, 3))
    expected = np.array([springs_at(wave) for wave in cartesian(copper.crystal.lattice, waves)])
    np.testing.assert_allclose(copper.harmonic.frequencies_at(waves), expected, rtol=1e-5)
    held = copper.harmonic.constants.supercell.waves[1:]
    np.testing.assert_allclose(
        copper.harmonic.frequencies_at(held), copper.harmonic.frequencies[1:], rtol=1e-9
    )
    np.testing.assert_allclose(copper.harmonic.frequencies_at([0.0, 0.0, 0.0]), 0.0, atol=1e-4)


def test_frequencies_of_salt_are_those_of_sevenn_and_ase(sevennet0):
    """tests/data/phonons_with_sevenn.py: finite displacements of 0.02 Å, in single precision."""
    golden = json.loads((DATA / "sevennet_phonons.json").read_text())
    crystal = build_crystal(PROTOTYPES["rocksalt"].build(["Na", "Cl"], a=golden["a"]))
    np.testing.assert_allclose(crystal.lattice, golden["cell"], atol=1e-12)
    salt = Studied(sevennet0, crystal, [], np.diag([3, 3, 3])).harmonic
    assert salt.constants.supercell.n_cells == len(golden["waves"])
    waves = {
        tuple(np.round(np.array(wave) * 3).astype(int) % 3): number
        for number, wave in enumerate(golden["waves"])
    }
    for wave, found in zip(salt.constants.supercell.waves, salt.frequencies, strict=True):
        expected = np.array(golden["frequencies"][waves[tuple(np.round(wave * 3).astype(int) % 3)]])
        vibrating = np.isfinite(found)
        assert np.abs(expected[: (~vibrating).sum()]).max(initial=0.0) < 1e-3  # translations
        np.testing.assert_allclose(found[vibrating], expected[(~vibrating).sum() :], atol=0.012)


def test_with_fractional_weights_it_is_the_second_difference_of_the_energy(sevennet0):
    mixed = relaxed(
        sevennet0,
        "rocksalt",
        ["Na", "Cl"],
        CUBE,
        [Sublattice(name="cation", sites=["Na"], elements=["Na", "K"])],
        [0.3, 0.7],
        a=6.0,
    )
    random = np.random.default_rng(2)
    everywhere = mixed.landscape.everywhere(mixed.lam)
    for _ in range(3):
        u = random.normal(size=(mixed.landscape.n_sites, 3))
        step = 2e-3
        energies = mixed.landscape.energies(
            mixed.rest + step * np.array([1.0, 0.0, -1.0])[:, None, None] * u, np.zeros((3, 3)), everywhere
        )
        curvature = (energies[0] - 2 * energies[1] + energies[2]) / step**2
        assert 2 * mixed.harmonic.energies(u) == pytest.approx(curvature, rel=2e-3)
    np.testing.assert_allclose(mixed.harmonic.masses, [0.3 * 22.98977 + 0.7 * 39.0983, 35.45], atol=0.01)


def test_a_decoration_is_a_cell_of_its_own_with_the_same_vibrations(sevennet0):
    """CsCl-type CuAu: as repeated pairs, and as a cell of 16 sites known by their elements alone."""
    ordered = relaxed(sevennet0, "cscl", ["Cu", "Au"], np.diag([2, 2, 2]), a=3.05)
    species = np.tile([29, 79], 8)
    cell = explicit_crystal(2 * ordered.crystal.lattice, ordered.rest, species)
    whole = Studied(sevennet0, cell, [], ONE)
    np.testing.assert_allclose(whole.harmonic.vibrations, ordered.harmonic.vibrations, atol=3e-3)
    assert whole.harmonic.n_sites == 16
    assert whole.rows <= 4


def test_a_vacant_site_vibrates_with_nothing(sevennet0):
    """A site without atoms has no frequencies, and what is left is that of the crystal without it."""
    gone = Studied(
        sevennet0,
        build_crystal(
            PROTOTYPES["cscl"].build(["Cu", "Au"], a=3.1),
            [Sublattice(name="corner", sites=["Au"], elements=["Au", "Vac"])],
        ),
        [0.0, 1.0],
        np.diag([2, 2, 2]),
    )
    simple = Studied(
        sevennet0, explicit_crystal(3.1 * np.eye(3), np.zeros((1, 3)), np.array([29])), [], np.diag([2, 2, 2])
    )
    np.testing.assert_allclose(gone.harmonic.vibrations, simple.harmonic.vibrations, atol=1e-4)
    assert gone.harmonic.n_atoms == 8
    assert len(gone.harmonic.vibrations) == 21


def test_what_is_unstable_is_named_with_its_wave_its_frequency_and_its_atoms(titanate):
    found = titanate.harmonic.instabilities(titanate.operations)
    assert not titanate.harmonic.stable
    waves = {mode.wave: mode for mode in found}
    tilt = waves[Fraction(1, 2), Fraction(1, 2), Fraction(1, 2)]
    assert tilt.modes == 3
    names = titanate.crystal.parent_symbols
    assert tilt.words(names).endswith("i THz at q = (1/2, 1/2, 1/2), 3 modes, moving O 100 %")
    assert sum(mode.modes for mode in found) == (titanate.harmonic.vibrations < 0).sum()
    # Octahedra that turn about z, neighbours in opposite directions: the energy falls as the frequency says.
    cells, frac = titanate.landscape.supercell.cells, titanate.crystal.frac
    titanium = frac[list(names).index("Ti")]
    u = np.zeros((len(cells), len(names), 3))
    for site, name in enumerate(names):
        arm = (frac[site] - titanium + 0.5) % 1.0 - 0.5
        if name == "O":
            # The two oxygens of an axis, on either side of Ti, turn together: one is the other's of the next cell.
            sense = np.cross([0.0, 0.0, 1.0], np.abs(arm) * 2)
            u[:, site] = np.where(cells.sum(axis=1) % 2, -1.0, 1.0)[:, None] * sense
    step, everywhere = 0.03, titanate.landscape.everywhere(titanate.lam)
    moved = titanate.rest + step * np.array([1.0, 0.0, -1.0])[:, None, None] * u.reshape(-1, 3)
    energies = titanate.landscape.energies(moved, np.zeros((3, 3)), everywhere)
    curvature = (energies[0] - 2 * energies[1] + energies[2]) / step**2 / (15.999 * (u**2).sum())
    assert np.sqrt(-curvature) * THZ == pytest.approx(tilt.frequency, rel=0.02)


def test_an_unstable_crystal_has_no_harmonic_free_energy(titanate):
    names = titanate.crystal.parent_symbols
    with pytest.raises(
        DynamicallyUnstable, match=r"unstable at rest: 3\.\d+i THz at q = \(0, 0, 0\), 3 modes"
    ):
        titanate.harmonic.require_stable(names, titanate.operations)
    with pytest.raises(ValueError, match="frequencies of oscillators must be above zero"):
        titanate.harmonic.quantum([300.0])
    with pytest.raises(ValueError, match="no thermal displacements"):
        _ = titanate.harmonic.root


def test_a_stable_crystal_is_not_refused(copper):
    copper.harmonic.require_stable(["Cu"], copper.operations)
    assert copper.harmonic.instabilities(copper.operations) == []
    found = copper.harmonic.classical([200.0])
    expected = classical(copper.harmonic.vibrations, [200.0])
    assert found.free_energy[0] == expected.free_energy[0]
    assert found.heat_capacity[0] == pytest.approx(93 * BOLTZMANN)


def test_the_root_of_the_inverse_hessian_is_one_and_the_centre_of_mass_rests(sevennet0):
    salt = relaxed(sevennet0, "rocksalt", ["Na", "Cl"], CUBE, a=5.7).harmonic
    hessian, root = salt.hessian, salt.root
    covariance = root @ root.T
    np.testing.assert_allclose(hessian, hessian.T, atol=1e-12)
    np.testing.assert_allclose(hessian @ covariance @ hessian, hessian, atol=1e-6)
    masses = np.repeat(np.tile(salt.masses, 4), 3)
    centre = (masses[:, None] * covariance).reshape(8, 3, -1).sum(axis=0)
    assert np.abs(centre).max() < 1e-7
    traces = np.einsum("iaia->i", covariance.reshape(8, 3, 8, 3))[:2]
    np.testing.assert_allclose(salt.mean_square_displacements(300.0), BOLTZMANN * 300.0 * traces, rtol=1e-10)
