"""The relaxation of one decoration of a mixed crystal, from the mean-field crystal and with its Hessian.

Coordinates are the six Voigt strains (engineering shears) of the mean-field supercell and the displacements of the
atoms in its frame: q = (e, u), [6 + 3 n_atoms]. The crystal is an ordered one: a site holds one element or nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from engine.crystals.decorations import Decoration, explicit_crystal
from engine.crystals.supercells import Supercell
from engine.mechanics.coordinates import SymmetryCoordinates
from engine.mechanics.elastic import VOIGT
from engine.mechanics.empty_sites import EMPTY
from engine.mechanics.low_symmetry import MEMORY as MEMORY_OF_SPRINGS
from engine.mechanics.low_symmetry import SpringModel
from engine.mechanics.preconditioned import Method, State, begin, descent, within_limits
from engine.mechanics.response.force_constants import SOFT
from engine.mechanics.sites import SiteLandscape
from engine.mechanics.soft_modes import SoftModes, soft_modes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.crystals.crystal import AlchemicalCrystal
    from engine.mechanics.response.force_constants import ForceConstants
    from engine.mechanics.response.host import Host
    from engine.potentials.interface import Potential

FORCE, STRESS = 0.02, 1.5e-4
"""eV/Å and eV/Å^3: where a relaxation ends. A looser stress is seen in the lattice constant."""
SOFTEST = 0.02
"""eV/Å^3; elastic moduli below this are lifted."""
NEAREST = 0.55
"""Atoms may come as near to one another as this share of the shortest distance between sites."""
DEEPEST = 2.0
"""eV an atom; a step that lowers the energy by more has fallen into a hole of the potential."""
LONGEST_STRAIN, LONGEST_DISPLACEMENT = 0.06, 0.4
"""Of a step; Å."""
MEMORY = 30
SOFTEST_OF_METRIC = 0.5
"""eV/Å^2; of the mean-field crystal, where it is the metric in which soft modes of a decoration are looked for: what is
soft in it need not be in the decoration."""
PROBED = 2e-3
"""Å; how far the atom that moves most is moved for a product of the Hessian."""
_STRAINS = len(VOIGT)
_ONE_CELL = np.eye(3, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Relaxation:
    """A decoration of a host, and how it is relaxed.

    Attributes:
        potential: The potential.
        host: The mean-field supercell.
        decoration: What each of its sites holds.
        pressure: eV/Å^3.
        on_call: Called before every potential call; what it raises ends the relaxation.
        in_wells: Whether it starts from a displacement along soft modes, and is to end in their wells: the Hessian is
            then that of springs learned on the way, for there the mean-field crystal's says little.
        softest: eV/Å^2; softer modes of the mean-field crystal are lifted to this in the preconditioner.
    """

    potential: Potential
    host: Host
    decoration: Decoration
    pressure: float = 0.0
    on_call: Callable[[], None] | None = None
    in_wells: bool = False
    softest: float = SOFT

    @cached_property
    def atoms(self) -> NDArray[np.int64]:
        """The sites that hold an atom, [n_atoms]."""
        return self.decoration.present

    @cached_property
    def lattice(self) -> NDArray[np.float64]:
        """Vectors of the mean-field supercell as rows, [3, 3] Å."""
        return np.asarray(self.host.supercell.matrix @ self.host.lattice)

    @cached_property
    def sites(self) -> NDArray[np.float64]:
        """Where the mean-field supercell has what are atoms here, [n_atoms, 3] Å."""
        return self.host.supercell.positions(self.host.lattice, self.host.positions)[self.atoms]

    @cached_property
    def ordered(self) -> AlchemicalCrystal:
        """The decoration as an ordered crystal at the sites of the mean-field one."""
        return explicit_crystal(self.lattice, self.sites, self.decoration.species[self.atoms])

    @property
    def start(self) -> NDArray[np.float64]:
        """The mean-field supercell itself, [6 + 3 n_atoms]."""
        return np.zeros(_STRAINS + 3 * len(self.atoms))

    def along_soft(self, draw: np.random.Generator, largest: float) -> NDArray[np.float64]:
        """A random displacement along the soft modes of the mean-field supercell, most along the softest.

        Args:
            draw: Makes it.
            largest: How far the atom is moved that moves most, Å.

        Returns:
            [6 + 3 n_atoms].
        """
        moved = self.host.constants.along_soft(draw.standard_normal((len(self.decoration.species), 3)))
        return scaled(np.concatenate([np.zeros(_STRAINS), moved[self.atoms].reshape(-1)]), largest)

    def own_soft_modes(self, end: State, draw: np.random.Generator) -> SoftModes:
        """Directions in which the decoration itself is unstable where a relaxation ended (docs/science.md, Eq. 94).

        They are displacements with the strain that follows them, whatever symmetry they break: the mean-field crystal
        may be stable where the decoration is not. Each product of the Hessian takes one potential call.

        Args:
            end: Where it ended.
            draw: Makes the forces that the search starts with.
        """

        def product(vector: NDArray[np.float64]) -> NDArray[np.float64]:
            step = scaled(vector, PROBED)
            share = float(np.linalg.norm(step) / np.linalg.norm(vector))
            return (self.evaluate(end.best_q + step)[1] - end.best_gradient) / share

        forces = draw.standard_normal(3 * len(self.atoms))
        metric = replace(self, softest=SOFTEST_OF_METRIC)
        return soft_modes(product, metric.precondition, np.concatenate([np.zeros(_STRAINS), forces]))

    def along(self, found: SoftModes, draw: np.random.Generator, largest: float) -> NDArray[np.float64]:
        """A random step along its own soft modes, most along the most unstable, [6 + 3 n_atoms].

        Args:
            found: The modes, at least one.
            draw: Makes it.
            largest: How far the atom is moved that moves most, Å.
        """
        shares = draw.standard_normal(len(found.values)) * np.abs(found.values)
        return scaled(shares @ found.modes, largest)

    def strain(self, q: NDArray[np.float64]) -> NDArray[np.float64]:
        """Strain of the mean-field supercell, [3, 3]."""
        return symmetric(q[:_STRAINS] * np.where(np.arange(_STRAINS) < 3, 1.0, 0.5))

    def positions(self, q: NDArray[np.float64]) -> NDArray[np.float64]:
        """Positions of the atoms before the strain, [n_atoms, 3] Å."""
        return self.sites + q[_STRAINS:].reshape(-1, 3)

    def deformed(self, q: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Lattice [3, 3] and positions [n_atoms, 3] at the coordinates, Å."""
        deformation = np.eye(3) + self.strain(q)
        return self.lattice @ deformation.T, self.positions(q) @ deformation.T

    def evaluate(self, q: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Enthalpy, eV, and its derivative by the coordinates, [6 + 3 n_atoms]; one potential call.

        Neighbours are found anew each time: the order of a sum must not tell from where the crystal came.
        """
        landscape = SiteLandscape(
            self.potential, self.ordered, self.lattice, Supercell(_ONE_CELL), self.on_call
        )
        at = landscape.first(self.positions(q), self.strain(q), np.ones(len(self.atoms)))
        deformation = np.eye(3) + self.strain(q)
        work = self.pressure * abs(np.linalg.det(self.lattice @ deformation.T))
        by_strain = at.by_strain + work * np.linalg.inv(deformation).T
        voigt = [(by_strain[a, b] + by_strain[b, a]) / 2 for a, b in VOIGT]
        return at.energy + work, np.concatenate([voigt, at.by_position.reshape(-1)])

    def residual(self, q: NDArray[np.float64], gradient: NDArray[np.float64]) -> tuple[float, float]:
        """Largest force on an atom (eV/Å) and stress component (eV/Å^3) behind a gradient."""
        deformation = np.eye(3) + self.strain(q)
        forces = gradient[_STRAINS:].reshape(-1, 3) @ np.linalg.inv(deformation)
        volume = abs(np.linalg.det(self.lattice @ deformation.T))
        stress = symmetric(gradient[:_STRAINS]) @ deformation.T / volume
        return float(np.linalg.norm(forces, axis=1).max()), float(np.abs(stress).max())

    @cached_property
    def method(self) -> Method:
        """How the minimiser goes downhill."""
        limits = np.full(_STRAINS + 3 * len(self.atoms), LONGEST_DISPLACEMENT)
        limits[:_STRAINS] = LONGEST_STRAIN
        method = Method(
            inverse=self.precondition,
            finished=self._finished,
            longest=within_limits(limits),
            guard=self._far_enough,
            noise=1e-12 if self.potential.dtype.itemsize == 8 else 1e-6,
            memory=MEMORY,
        )
        if not self.in_wells:
            return method
        springs = SpringModel(self._coordinates, self.decoration.species[self.atoms]).inverse_after
        return replace(method, inverse=springs(begin(self.start)), learned=springs, memory=MEMORY_OF_SPRINGS)

    def told_value(self, value: float, state: State) -> float:
        """A value as the minimiser is told it: infinite where it has fallen into a hole."""
        return np.inf if value < state.best_value - DEEPEST * len(self.atoms) < np.inf else value

    def corrected(self, state: State) -> tuple[NDArray[np.float64], float]:
        """Coordinates and enthalpy with the last step, which needs no further call (docs/science.md, Eq. 25)."""
        if not state.finished:
            return state.best_q, state.best_value
        step = descent(state, self.method)
        return state.best_q + step, float(state.best_value + 0.5 * state.best_gradient @ step)

    def precondition(self, gradient: NDArray[np.float64]) -> NDArray[np.float64]:
        """The inverse of the mean-field Hessian times a gradient [6 + 3 n_atoms] (docs/science.md, Eq. 79)."""
        pushed = self._follow(gradient[_STRAINS:].reshape(-1, 3))
        strained = self._compliance @ (gradient[:_STRAINS] - np.einsum("sna,na->s", self._coupling, pushed))
        moved = pushed - np.einsum("s,sna->na", strained, self._following)
        return np.concatenate([strained, moved.reshape(-1)])

    def _follow(self, forces: NDArray[np.float64]) -> NDArray[np.float64]:
        """Displacements [..., n_atoms, 3] Å that answer to forces [..., n_atoms, 3] eV/Å in the cell at rest.

        The mean-field Hessian is that of the weights: an atom that is there whole is held so much more strongly.
        """
        everywhere = np.zeros((*forces.shape[:-2], len(self.decoration.species), 3))
        everywhere[..., self.atoms, :] = forces * self._root
        return np.asarray(self._constants.solve(everywhere, self.softest)[..., self.atoms, :] * self._root)

    @cached_property
    def _coordinates(self) -> SymmetryCoordinates:
        """The coordinates of the relaxation, of a crystal without symmetry."""
        n = len(self.atoms)
        return SymmetryCoordinates(
            lattice=self.lattice,
            positions=self.sites,
            strain_modes=np.stack([self.strain(one) for one in np.eye(_STRAINS)]),
            displacement_modes=np.eye(3 * n).reshape(3 * n, n, 3),
        )

    @cached_property
    def _root(self) -> NDArray[np.float64]:
        present = np.tile(self.host.present, self.host.supercell.n_cells)[self.atoms]
        return np.sqrt(np.where(present > EMPTY, present, 1.0))[:, None]

    @cached_property
    def _constants(self) -> ForceConstants:
        return self.host.constants

    @cached_property
    def _coupling(self) -> NDArray[np.float64]:
        """Second derivatives by strain and position, [6, n_atoms, 3] eV/Å."""
        return np.tile(self.host.coupling, (1, self.host.supercell.n_cells, 1))[:, self.atoms] / self._root**2

    @cached_property
    def _following(self) -> NDArray[np.float64]:
        """How the atoms follow each strain, with the opposite sign, [6, n_atoms, 3] Å."""
        return self._follow(self._coupling)

    @cached_property
    def _compliance(self) -> NDArray[np.float64]:
        """Inverse of the second derivatives by the strain, atoms following, soft ones lifted, [6, 6] 1/eV."""
        stiffness = self.host.supercell.n_cells * self.host.by_strain
        stiffness = stiffness - np.einsum("sna,tna->st", self._coupling, self._following)
        values, vectors = np.linalg.eigh((stiffness + stiffness.T) / 2)
        softest = SOFTEST * abs(np.linalg.det(self.lattice))
        return np.asarray((vectors / np.maximum(values, softest)) @ vectors.T)

    def _finished(self, q: NDArray[np.float64], gradient: NDArray[np.float64]) -> bool:
        force, stress = self.residual(q, gradient)
        return force <= FORCE and stress <= STRESS

    def _far_enough(self, q: NDArray[np.float64]) -> bool:
        return nearest_distance(*self.deformed(q), self._allowed) >= self._allowed

    @cached_property
    def _allowed(self) -> float:
        """How near atoms may come to one another, Å."""
        reach = 2.0 * (abs(np.linalg.det(self.host.lattice)) / len(self.host.positions)) ** (1 / 3)
        return NEAREST * nearest_distance(self.host.lattice, self.host.positions, reach)


def scaled(step: NDArray[np.float64], largest: float) -> NDArray[np.float64]:
    """A step [6 + 3 n_atoms] made so long that the atom that moves most moves so far (Å); without moves nothing."""
    longest = float(np.linalg.norm(step[_STRAINS:].reshape(-1, 3), axis=1).max(initial=0.0))
    return step * (largest / longest) if longest > 0.0 else np.zeros_like(step)


def symmetric(voigt: NDArray[np.float64]) -> NDArray[np.float64]:
    """The symmetric matrix [3, 3] with the components xx yy zz yz xz xy, [6]."""
    matrix = np.zeros((3, 3))
    for value, (a, b) in zip(voigt, VOIGT, strict=True):
        matrix[a, b] = matrix[b, a] = value
    return matrix


def nearest_distance(lattice: NDArray[np.float64], positions: NDArray[np.float64], reach: float) -> float:
    """The shortest distance between sites of a crystal, or ``reach`` where none is shorter, Å."""
    from vesin import NeighborList

    finder = NeighborList(cutoff=reach, full_list=False)
    box, points = np.ascontiguousarray(lattice), np.ascontiguousarray(positions)
    (distances,) = finder.compute(points=points, box=box, periodic=True, quantities="d")
    return float(np.min(distances, initial=reach))
