"""Small mixed crystals with their energy of disorder, computed with the code and by brute force."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.optimize import minimize

from api_schemas.sublattices import Sublattice
from engine.crystals.crystal import build_crystal
from engine.crystals.prototypes import PROTOTYPES
from engine.crystals.supercells import Supercell, compact_supercell
from engine.mechanics.coordinates import symmetry_coordinates
from engine.mechanics.landscape import Landscape
from engine.mechanics.relax import Start, Tolerance, relax
from engine.mechanics.response.disorder import Disorder
from engine.mechanics.response.fluctuation import disorder_energy
from engine.mechanics.response.minimum import relax_disordered

TIGHT = Tolerance(gradient=5e-7, max_steps=100)
"""As tight as the noise of second differences of energies allows."""


class Mixed:
    """A mixed crystal in a supercell: of about so many cells, or of so many along each lattice vector."""

    def __init__(self, potential, prototype, species, sublattices, x, cells, **constants):
        parent = PROTOTYPES[prototype].build(species, **constants)
        self.crystal = build_crystal(
            parent,
            [
                Sublattice(name=f"s{number}", sites=[site], elements=elements)
                for number, (site, elements) in enumerate(sublattices)
            ],
        )
        self.potential = potential
        self.x = np.array(x, dtype=float)
        self.supercell = (
            Supercell(np.diag(cells)) if np.ndim(cells) else compact_supercell(self.crystal, cells)
        )
        self.use(self.crystal)

    def use(self, crystal):
        """Take another crystal in the place of this one."""
        self.crystal = crystal
        self.coordinates = symmetry_coordinates(crystal)
        self.landscape = Landscape(self.potential, crystal, self.coordinates)
        self.disorder = Disorder.of(self.potential, crystal, self.coordinates, self.supercell)

    @property
    def directions(self):
        """Orthonormal directions of the composition, [n_columns, n_free]."""
        found = []
        for columns in self.crystal.column_slices:
            for number in range(1, columns.stop - columns.start):
                step = np.zeros(self.crystal.n_columns)
                step[columns.start : columns.start + number] = 1.0 / number
                step[columns.start + number] = -1.0
                found.append(step / np.linalg.norm(step))
        return np.array(found).T

    def mean_field(self, x=None, tolerance=TIGHT):
        """The relaxed mean-field crystal."""
        lam = self.crystal.weights(self.x if x is None else x)
        start = Start(q=np.zeros(self.coordinates.n_q))
        return relax(self.landscape, lam[None], [start], tolerance)[0]

    def relaxed(self, x=None, tolerance=TIGHT, remembered=None):
        """The crystal relaxed with its energy of disorder."""
        x = self.x if x is None else x
        relaxed = self.mean_field(x)
        return relax_disordered(
            self.disorder, self.landscape, relaxed, x, self.directions, tolerance, remembered
        )

    def energy(self, q):
        """The energy of disorder at q, with solved responses."""
        at = self.disorder.mean_field(q, self.x)
        constants = self.disorder.force_constants(q, self.x)
        responses = [probe.nothing for probe in self.disorder.probes]
        for _ in range(4):
            found = disorder_energy(at, self.disorder.probes, constants, responses)
            pairs = zip(responses, found.residuals, strict=True)
            responses = [response + constants.solve(left) for response, left in pairs]
        return found

    def decorated(self, q, lam):
        """The energy of the supercell with weights of all its copies, sites relaxed by brute force, eV."""
        landscape = self.disorder.supercell
        at = landscape.supercell.positions(self.coordinates.lattice, self.coordinates.displaced(q))
        strain = self.coordinates.strain(q)

        def value(moved):
            found = landscape.first(at + moved.reshape(-1, 3), strain, lam)
            return found.energy, found.by_position.ravel()

        found = minimize(value, np.zeros(at.size), jac=True, method="BFGS", options={"gtol": 1e-7})
        return float(found.fun)

    def decorations(self):
        """Every one-hot decoration of two elements, half and half, as weights of all copies of one sublattice."""
        columns = self.crystal.copy_column
        for chosen in product((0, 1), repeat=self.disorder.supercell.supercell.n_cells):
            if 2 * sum(chosen) == len(chosen):
                lam = [np.where(columns < 0, 1.0, (columns == element).astype(float)) for element in chosen]
                yield np.concatenate(lam)


@pytest.fixture(scope="session")
def mixed(sevennet0):
    """Makes mixed crystals of SevenNet-0."""

    def make(*arguments, **constants):
        return Mixed(sevennet0, *arguments, **constants)

    return make


@pytest.fixture(scope="session")
def salt(mixed):
    """(Na,K)Cl in four cells."""
    return mixed("rocksalt", ["Na", "Cl"], [("Na", ["Na", "K"])], [0.5, 0.5], (1, 1, 4))
