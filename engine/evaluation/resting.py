"""The supercell of a mean-field crystal at rest, in which atoms move."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.crystals.supercells import Supercell
from engine.crystals.symmetry import operations
from engine.dynamics.harmonic import NOISE, HarmonicCrystal, harmonic_crystal, site_names
from engine.mechanics.landscape import CALLS_PER_ROW
from engine.mechanics.response.force_constants import ForceConstants, force_constants
from engine.mechanics.sites import SiteLandscape

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from api_schemas.dynamics import RestingCrystal
    from engine.crystals.crystal import AlchemicalCrystal
    from engine.evaluation.evaluator import Evaluator
    from engine.mechanics.coordinates import SymmetryCoordinates

_STILL = np.zeros((3, 3))


@dataclass(frozen=True, eq=False)
class Resting:
    """A relaxed crystal and a supercell of it.

    Attributes:
        evaluator: Of the problem, at the workplace.
        x: Composition, [n_columns].
        q: Where it rests, [n_q].
        supercell: How it is repeated.
        on_call: Called before every potential call; what it raises ends the computation.
    """

    evaluator: Evaluator
    x: NDArray[np.float64]
    q: NDArray[np.float64]
    supercell: Supercell
    on_call: Callable[[], None]

    @classmethod
    def of(
        cls,
        evaluator: Evaluator,
        crystal: RestingCrystal,
        matrix: Sequence[Sequence[int]],
        on_call: Callable[[], None],
    ) -> Resting:
        """The crystal that a task names."""
        x = evaluator.resolved.space.to_vector(crystal.composition)
        supercell = Supercell(np.array(matrix, dtype=np.int64))
        return cls(evaluator, x, np.array(crystal.q, dtype=float), supercell, on_call)

    @cached_property
    def strain(self) -> NDArray[np.float64]:
        """Of the cell, against that of the parent, [3, 3]."""
        return self._coordinates.strain(self.q)

    @cached_property
    def inside(self) -> NDArray[np.float64]:
        """Sites of the supercell in the frame of the unstrained one, [n, 3] Å."""
        return self.supercell.positions(self._coordinates.lattice, self._coordinates.displaced(self.q))

    @property
    def unstrained(self) -> NDArray[np.float64]:
        """Vectors of the unstrained supercell as rows, [3, 3] Å."""
        return np.asarray(self.supercell.matrix @ self._coordinates.lattice)

    @cached_property
    def lattice(self) -> NDArray[np.float64]:
        """Vectors of the relaxed cell as rows, [3, 3] Å."""
        return np.asarray(self._coordinates.lattice @ (np.eye(3) + self.strain).T)

    @cached_property
    def sites(self) -> NDArray[np.float64]:
        """Sites of the supercell, [n, 3] Å."""
        return np.asarray(self.inside @ (np.eye(3) + self.strain).T)

    @property
    def frac(self) -> NDArray[np.float64]:
        """Fractional coordinates of the sites of a cell, [n_sites, 3]."""
        return np.asarray(self.sites[: self._crystal.n_sites] @ np.linalg.inv(self.lattice))

    @property
    def names(self) -> list[str]:
        """What each site of a cell holds: ``K``, ``Na/K``."""
        return site_names(self._crystal, self._crystal.weights(self.x))

    @property
    def volume(self) -> float:
        """Of the supercell, Å^3."""
        return float(abs(np.linalg.det(self.supercell.matrix @ self.lattice)))

    @cached_property
    def weights(self) -> NDArray[np.float64]:
        """Of all copies of the supercell, [n_copies]."""
        return np.tile(self._crystal.weights(self.x), self.supercell.n_cells)

    @cached_property
    def landscape(self) -> SiteLandscape:
        """Energy of the supercell, of positions in the relaxed cell."""
        return SiteLandscape(
            self.evaluator.potential, self._crystal, self.lattice, self.supercell, self.on_call
        )

    @cached_property
    def _known(self) -> dict[str, Any]:
        """Force constants and energy at rest, from the store or computed now."""
        at = [self.q.tolist(), self.supercell.matrix.tolist()]
        digest = hashlib.sha256(json.dumps(at).encode()).hexdigest()
        solver, pressure = self.evaluator.solver, self.evaluator.pressure
        return solver.remembered(self._crystal, pressure, f"force constants {digest}", self._computed, self.x)

    def _computed(self) -> dict[str, Any]:
        crystal, landscape = self._crystal, self.landscape
        rest = landscape.first(self.sites, _STILL, self.weights)
        constants = force_constants(
            landscape,
            self.sites[: crystal.n_sites],
            _STILL,
            crystal.weights(self.x),
            operations(crystal),
            rest.by_position[: crystal.n_sites],
        )
        return {"energy": rest.energy, "blocks": constants.blocks.tolist(), "calls": landscape.calls}

    @property
    def energy(self) -> float:
        """Of the supercell at rest, eV."""
        return float(self._known["energy"])

    @property
    def calls(self) -> int:
        """Potential calls of the supercell that its force constants took."""
        return int(self._known["calls"])

    @cached_property
    def harmonic(self) -> HarmonicCrystal:
        """The harmonic crystal."""
        crystal = self._crystal
        lam = crystal.weights(self.x)
        present = np.bincount(crystal.copy_site, weights=lam, minlength=crystal.n_sites).astype(float)
        constants = ForceConstants(self.supercell, np.array(self._known["blocks"]), present)
        noise = NOISE[self.evaluator.potential.dtype.itemsize]
        return harmonic_crystal(
            constants, crystal, lam, self.lattice, self.sites[: crystal.n_sites], noise=noise
        )

    def stiffness(self) -> tuple[float, int]:
        """Second derivative of the supercell's enthalpy by a logarithmic stretch of its cell, alike along all axes.

        The sites follow. Of a crystal whose cell has one free length.

        Returns:
            The derivative, eV, and the potential calls of one cell that it took.
        """
        crystal, coordinates = self._crystal, self._coordinates
        landscape = self.evaluator.solver.landscape(crystal, self.evaluator.pressure)
        first = landscape.first(self.q[None], crystal.weights(self.x)[None])
        hessian = landscape.second(first).hessian[0]
        n = coordinates.n_strain
        inside = np.linalg.solve(hessian[n:, n:], hessian[n:, :n])
        by_strain = hessian[:n, :n] - hessian[:n, n:] @ inside
        along = np.einsum("iab,ab->i", coordinates.strain_modes, np.eye(3) + self.strain)
        return self.supercell.n_cells * float(along @ by_strain @ along), 1 + CALLS_PER_ROW * len(self.q)

    @property
    def _crystal(self) -> AlchemicalCrystal:
        return self.evaluator.resolved.crystal

    @property
    def _coordinates(self) -> SymmetryCoordinates:
        return self.evaluator.coordinates(self._crystal)
