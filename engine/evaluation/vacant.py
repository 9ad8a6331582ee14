"""A crystal at rest with one site empty, relaxed in the cell of the perfect crystal."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.mechanics.preconditioned import Method, begin, minimise, within_limits

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from engine.evaluation.resting import Resting

MOST_CALLS = 120
"""Potential calls that a relaxation may take."""
FORCE, STOPPED = 1e-3, 1e-2
"""eV/Å; the largest component of a force where it ends, and where one that finds no way down is taken to have."""
LONGEST = 0.2
"""Å; of a step, by each coordinate."""
NUDGE = 0.02
"""Å; standard deviation of where atoms start from beside their sites, so that a distortion is found that lowers the
symmetry. It is always the same."""
SOFTEST = 1e-3
"""Force constants of the model Hessian are no less than this share of the largest."""
_STILL = np.zeros((3, 3))


@dataclass(frozen=True, eq=False)
class Vacant:
    """The supercell of a crystal at rest with one site empty.

    It starts from beside the perfect sites, so that a saddle point that symmetry makes is left. Steps are scaled by the
    force constants of the perfect crystal, which are known.

    Attributes:
        resting: The perfect crystal.
        site: Which site of the supercell is empty.
    """

    resting: Resting
    site: int

    @cached_property
    def weights(self) -> NDArray[np.float64]:
        """Of all copies of the supercell, [n_copies]."""
        crystal = self.resting.evaluator.resolved.crystal
        cell, of_cell = divmod(self.site, crystal.n_sites)
        found = self.resting.weights.copy()
        found[cell * crystal.n_copies : (cell + 1) * crystal.n_copies][crystal.copy_site == of_cell] = 0.0
        return found

    @cached_property
    def _known(self) -> dict[str, Any]:
        """Positions and energy, from the store or computed now."""
        resting = self.resting
        at = [resting.q.tolist(), resting.supercell.matrix.tolist(), self.site]
        digest = hashlib.sha256(json.dumps(at).encode()).hexdigest()
        solver, crystal = resting.evaluator.solver, resting.evaluator.resolved.crystal
        pressure = resting.evaluator.pressure
        return solver.remembered(crystal, pressure, f"vacant {digest}", self._computed, resting.x)

    @property
    def energy(self) -> float:
        """Of the supercell at rest, eV."""
        return float(self._known["energy"])

    @property
    def converged(self) -> bool:
        """Whether it came to rest."""
        return bool(self._known["converged"])

    @property
    def calls(self) -> int:
        """Potential calls that it took."""
        return int(self._known["calls"])

    @cached_property
    def inside(self) -> NDArray[np.float64]:
        """Sites at rest in the frame of the unstrained supercell, the empty one where it was, [n, 3] Å."""
        back = np.linalg.inv(np.eye(3) + self.resting.strain).T
        return np.asarray(np.array(self._known["positions"]) @ back)

    def _computed(self) -> dict[str, Any]:
        resting, landscape = self.resting, self.resting.landscape
        before = landscape.calls
        there = np.arange(landscape.n_sites) != self.site
        sites = resting.sites

        def placed(q: NDArray[np.float64]) -> NDArray[np.float64]:
            positions = sites.copy()
            positions[there] += q.reshape(-1, 3)
            return positions

        def evaluate(q: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            found = landscape.first(placed(q), _STILL, self.weights)
            return found.energy, found.by_position[there].reshape(-1)

        size = 3 * int(there.sum())
        method = Method(
            inverse=self._inverse(np.repeat(there, 3)),
            finished=lambda _, gradient: bool(np.abs(gradient).max(initial=0.0) < FORCE),
            longest=within_limits(np.full(size, LONGEST)),
            noise=1e-12 if landscape.potential.dtype.itemsize == 8 else 1e-6,
        )
        start = NUDGE * np.random.default_rng(0).standard_normal(size)
        ended = minimise(evaluate, begin(start), method, MOST_CALLS)
        return {
            "energy": ended.best_value,
            "positions": placed(ended.best_q).tolist(),
            "converged": bool(np.abs(ended.best_gradient).max(initial=0.0) < STOPPED),
            "calls": landscape.calls - before,
        }

    def _inverse(self, moving: NDArray[np.bool_]) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
        """Of the perfect crystal's force constants between the atoms that are left, [3 n - 3, 3 n - 3]."""
        values, vectors = np.linalg.eigh(self.resting.harmonic.hessian[np.ix_(moving, moving)])
        sizes = np.maximum(np.abs(values), SOFTEST * float(np.abs(values).max()))
        return lambda vector: np.asarray(vectors @ ((vectors.T @ vector) / sizes))
