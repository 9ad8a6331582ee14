"""The second-order energy of the disorder of a mixed crystal: what its decorations gain, on average, over its mean.

The energy of a decorated supercell, relaxed at a fixed cell, is expanded about the mean-field weights
(docs/science.md, Eq. 73 and 74). The response of the sites to one site's departure from the mean enters in a form that
is stationary in it (docs/science.md, Eq. 75): derivatives by composition, strain and internal coordinates are partial
ones. What a departure of one site costs beyond the same departure spread over all sites has no first order
(docs/science.md, Eq. 76), so that a point takes one potential call of the supercell for each inequivalent site and each
independent direction of its composition, and one of a cell for the latter.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from engine.mechanics.response.departures import Departures, covariance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.crystals.crystal import AlchemicalCrystal
    from engine.mechanics.coordinates import SymmetryCoordinates
    from engine.mechanics.response.force_constants import ForceConstants
    from engine.mechanics.sites import SiteDerivatives, SiteLandscape

STEP = 2e-3
"""Fraction by which a site's weights are moved; the sites follow by as much of their response. A second difference of
energies in double precision so has 1e-7 eV of noise, and departs from the second derivative by less than 0.05 %."""

NOTHING = 1e-8
"""eV; responses whose energy is no more than this are none: symmetry forbids them."""


@dataclass(frozen=True, eq=False)
class Probe:
    """Departures of a mixed sublattice from the mean: of one site of each orbit, and of all its sites alike.

    Attributes:
        supercell: Energy of the supercell in which single sites depart.
        cell: Energy of the cell in which all sites depart.
        columns: Entries of a composition vector that are those of the sublattice.
        sites: Weights that move with them where one site of an orbit does, [n_orbits, n_copies of the supercell,
            n_columns of the sublattice].
        multiplicities: Sites of each orbit in a cell, [n_orbits].
        alike: Weights that move with them where all sites do, [n_copies of a cell, n_columns of the sublattice].
    """

    supercell: SiteLandscape
    cell: SiteLandscape
    columns: slice
    sites: NDArray[np.float64]
    multiplicities: NDArray[np.float64]
    alike: NDArray[np.float64]

    @property
    def n(self) -> int:
        """Sites of the sublattice in the supercell."""
        return round(float(self.multiplicities.sum())) * self.supercell.supercell.n_cells

    @property
    def factor(self) -> float:
        """How much of the curvatures, contracted with the covariance of the composition, enters a cell's energy."""
        return 0.5 * self.n / (self.n - 1)

    @property
    def basis(self) -> NDArray[np.float64]:
        """Orthonormal directions in which the composition of its sublattice can move, [n_columns, n_columns - 1]."""
        n = self.columns.stop - self.columns.start
        values, vectors = np.linalg.eigh(np.eye(n) - np.full((n, n), 1.0 / n))
        return np.asarray(vectors[:, values > 0.5])

    @property
    def nothing(self) -> NDArray[np.float64]:
        """No response, [n_orbits, n_columns - 1, n, 3]."""
        n_directions = self.columns.stop - self.columns.start - 1
        return np.zeros((len(self.sites), n_directions, self.supercell.n_sites, 3))


@dataclass(frozen=True, eq=False)
class Correction:
    """The energy of disorder of a parent cell at one geometry and composition, with its partial derivatives.

    Attributes:
        energy: eV per parent cell.
        by_q: Derivative by the coordinates, [n_q], eV per unit of q.
        by_x: Derivative by the composition, raw, [n_columns], eV.
        residuals: Force that is left on the sites by the responses to each probe, [n_orbits, n_directions, n, 3] eV/Å.
        relief: What the energy would fall by if the responses answered to these, to second order, eV per parent cell.
        error: How far the responses are from their solutions, relative to them, in the norm of the energy.
    """

    energy: float
    by_q: NDArray[np.float64]
    by_x: NDArray[np.float64]
    residuals: list[NDArray[np.float64]]
    relief: float
    error: float


@dataclass(frozen=True, eq=False)
class MeanField:
    """The mean-field crystal at one geometry and composition.

    Attributes:
        crystal: The parent with its copies.
        coordinates: Its symmetry-adapted coordinates.
        cell: Energy of its cell.
        q: Coordinates, [n_q].
        x: Composition, [n_columns].
    """

    crystal: AlchemicalCrystal
    coordinates: SymmetryCoordinates
    cell: SiteLandscape
    q: NDArray[np.float64]
    x: NDArray[np.float64]

    @cached_property
    def positions(self) -> NDArray[np.float64]:
        """Of the sites of its cell, [n_sites, 3] Å."""
        return self.coordinates.displaced(self.q)

    @cached_property
    def weights(self) -> NDArray[np.float64]:
        """Of the copies of its cell, [n_copies]."""
        return self.crystal.weights(self.x)

    @cached_property
    def derivatives(self) -> SiteDerivatives:
        """Energy of its cell, with first derivatives; one call of a cell."""
        return self.cell.first(self.positions, self.coordinates.strain(self.q), self.weights)

    def by_q(self, of_supercell: SiteDerivatives) -> NDArray[np.float64]:
        """Derivative of a supercell's energy by the coordinates, [n_q], eV per unit of q."""
        coordinates = self.coordinates
        by_site = of_supercell.by_position.reshape(-1, self.crystal.n_sites, 3).sum(axis=0)
        return np.concatenate(
            [
                np.einsum("iab,ab->i", coordinates.strain_modes, of_supercell.by_strain),
                np.einsum("jna,na->j", coordinates.displacement_modes, by_site),
            ]
        )

    def by_x(self, of_supercell: SiteDerivatives) -> NDArray[np.float64]:
        """Derivative of a supercell's energy by the composition of all cells alike, raw, [n_columns], eV."""
        of_copies = of_supercell.by_weight.reshape(-1, self.crystal.n_copies).sum(axis=0)
        return np.asarray(of_copies @ self.crystal.weights_matrix)

    def of_one(
        self, probe: Probe, orbit: int, direction: NDArray[np.float64], response: NDArray[np.float64]
    ) -> SiteDerivatives:
        """The supercell where one site departs a step along a direction, and its sites take back the response."""
        landscape = probe.supercell
        positions = landscape.supercell.positions(self.coordinates.lattice, self.positions)
        lam = landscape.everywhere(self.weights) + STEP * probe.sites[orbit] @ direction
        return landscape.first(positions - STEP * response, self.coordinates.strain(self.q), lam)

    def of_all(self, probe: Probe, directions: NDArray[np.float64]) -> list[SiteDerivatives]:
        """The cell where the same step along each direction [n_columns, m] is shared by all sites of the sublattice."""
        lam = self.weights + STEP / probe.n * (probe.alike @ directions).T
        positions = np.broadcast_to(self.positions, (len(lam), *self.positions.shape))
        return probe.cell.several(positions, self.coordinates.strain(self.q), lam)


def disorder_energy(
    at: MeanField,
    probes: Sequence[Probe],
    constants: ForceConstants,
    responses: Sequence[NDArray[np.float64]],
) -> Correction:
    """The energy of disorder with given responses; it is least, and stationary, where they are solutions.

    Args:
        at: The mean-field crystal.
        probes: Departures from the mean.
        constants: What holds the sites of the supercell.
        responses: Displacements, per unit along each of a probe's directions, that are taken back: [n_orbits,
            n_directions, n, 3] Å, one array a probe.
    """
    parts = [_of_probe(at, probe, constants, v) for probe, v in zip(probes, responses, strict=True)]
    left = sum(part.left for part in parts)
    whole = sum(float(np.sum(v * constants.apply(v))) for v in responses)
    return Correction(
        energy=sum(part.energy for part in parts),
        by_q=np.sum([part.by_q for part in parts], axis=0),
        by_x=np.sum([part.by_x for part in parts], axis=0),
        residuals=[part.residual for part in parts],
        relief=sum(part.relief for part in parts),
        error=unsolved(left, whole),
    )


def unsolved(left: float, whole: float) -> float:
    """Relative error of responses, from the energy of what is left and their own; what does not answer has none."""
    return float(np.sqrt(max(left, 0.0) / (whole + NOTHING)))


def beyond_alike(at: MeanField, probe: Probe, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Vectors [n_orbits, m, n, 3] without what they have in common in all cells and orbits and keeps the symmetry.

    In that the sites answer to a departure of one as they do to one of all, which is taken off.
    """
    share = probe.multiplicities / probe.multiplicities.sum()
    by_cell = vectors.reshape(*vectors.shape[:-2], probe.supercell.supercell.n_cells, -1, 3)
    modes = at.coordinates.displacement_modes
    common = np.einsum("jna,omcna,o->mj", modes, by_cell, share) / by_cell.shape[2]
    return np.asarray(by_cell - np.einsum("mj,jna->mna", common, modes)[:, None]).reshape(vectors.shape)


@dataclass(frozen=True, eq=False)
class _Part:
    """What one probe adds to a `Correction`; ``left`` is the energy of its residual."""

    energy: float
    by_q: NDArray[np.float64]
    by_x: NDArray[np.float64]
    residual: NDArray[np.float64]
    relief: float
    left: float


def _of_probe(at: MeanField, probe: Probe, constants: ForceConstants, response: NDArray[np.float64]) -> _Part:
    """What one probe adds, along the departures that make up its covariance."""
    departures = Departures.of(at.x[probe.columns])
    along = np.einsum("dm,odna->omna", probe.basis.T @ departures.directions, response)
    lifts = constants.lift(along)
    cells, times = probe.supercell.supercell.n_cells, probe.multiplicities
    energy, by_q, by_x, forces = 0.0, np.zeros(len(at.q)), np.zeros(len(at.x)), np.zeros_like(along)
    for m, shared in enumerate(at.of_all(probe, departures.directions)):
        total, of_q, of_x = -probe.n * shared.energy, -probe.n * at.by_q(shared), -probe.n * at.by_x(shared)
        slope = -probe.alike.T @ shared.by_weight
        for orbit, multiplicity in enumerate(times):
            single = at.of_one(probe, orbit, departures.directions[:, m], along[orbit, m])
            total += multiplicity * single.energy
            of_q += multiplicity * at.by_q(single)
            of_x += multiplicity * at.by_x(single)
            slope += multiplicity * probe.sites[orbit].T @ single.by_weight
            everywhere = np.tile(shared.by_position, (cells, 1))
            forces[orbit, m] = (single.by_position - everywhere) / STEP - lifts[orbit, m]
        lifted = float(np.einsum("o,ona,ona->", times, along[:, m], lifts[:, m]))
        curvature = 2.0 * total / STEP**2 + lifted
        energy += departures.shares[m] * curvature
        by_q += departures.shares[m] * 2.0 * of_q / STEP**2
        by_x += departures.shares[m] * 2.0 * of_x / STEP**2
        # What the departure itself changes by with the composition; the responses go with it.
        turned = slope / STEP - probe.basis @ np.einsum("o,odna,ona->d", times, response, forces[:, m])
        by_x[probe.columns] += departures.by_x[m] * curvature
        by_x[probe.columns] += departures.shares[m] * departures.turning * 2.0 * turned
    residual = beyond_alike(at, probe, np.einsum("md,omna->odna", departures.fit(probe.basis), forces))
    spread = probe.basis.T @ covariance(at.x[probe.columns]) @ probe.basis
    answers = constants.solve(residual)
    return _Part(
        energy=probe.factor * energy,
        by_q=probe.factor * by_q,
        by_x=probe.factor * by_x,
        residual=residual,
        relief=probe.factor * float(np.einsum("o,de,odna,oena->", times, spread, residual, answers)),
        left=float(np.sum(residual * answers)),
    )
