"""The second-order energy of the disorder of a mixed crystal: what its decorations gain, on average, over its mean.

The energy of a decorated supercell, relaxed at a fixed cell, is expanded about the mean-field weights
(docs/science.md, Eq. 71 and 72). The response of the sites to one site's departure from the mean enters in a form that
is stationary in it (docs/science.md, Eq. 73): derivatives by composition, strain and internal coordinates are partial
ones. They are taken by second differences of exact first derivatives, so that a point costs two potential calls of the
supercell for each inequivalent site and each independent direction of its composition.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.crystals.crystal import AlchemicalCrystal
    from engine.mechanics.coordinates import SymmetryCoordinates
    from engine.mechanics.sites import SiteDerivatives, SiteLandscape

STEP = 0.01
"""Fraction by which a site's weights are moved either way; the sites follow by as much of their response."""


NOTHING = 1e-8
"""eV; responses whose energy is no more than this are none: symmetry forbids them."""


class Medium(Protocol):
    """What holds the sites that a departure from the mean pushes."""

    def solve(self, forces: NDArray[np.float64]) -> NDArray[np.float64]:
        """Displacements [..., n, 3] Å that answer to forces [..., n, 3] eV/Å, soft modes lifted."""

    def apply(self, displacements: NDArray[np.float64]) -> NDArray[np.float64]:
        """Forces [..., n, 3] eV/Å that hold displacements [..., n, 3] Å, soft modes lifted."""

    def lift(self, displacements: NDArray[np.float64]) -> NDArray[np.float64]:
        """What lifting the soft modes adds to the forces of displacements, [..., n, 3] eV/Å."""


@dataclass(frozen=True, eq=False)
class Probe:
    """A departure from the mean: of one site, or of all sites of a sublattice alike.

    Attributes:
        landscape: Energy of the supercell in which it is made.
        columns: Entries of a composition vector that it moves, those of its sublattice.
        pattern: Weights that move with them, [n_copies of the supercell, n_columns of the sublattice].
        factor: How much of its curvature, contracted with the covariance of the composition, enters the energy.
    """

    landscape: SiteLandscape
    columns: slice
    pattern: NDArray[np.float64]
    factor: float

    @property
    def basis(self) -> NDArray[np.float64]:
        """Orthonormal directions in which the composition of its sublattice can move, [n_columns, n_columns - 1]."""
        n = self.columns.stop - self.columns.start
        values, vectors = np.linalg.eigh(np.eye(n) - np.full((n, n), 1.0 / n))
        return np.asarray(vectors[:, values > 0.5])

    @property
    def nothing(self) -> NDArray[np.float64]:
        """No response, [n_columns - 1, n, 3]."""
        return np.zeros((self.columns.stop - self.columns.start - 1, self.landscape.n_sites, 3))


@dataclass(frozen=True, eq=False)
class Correction:
    """The energy of disorder of a parent cell at one geometry and composition, with its partial derivatives.

    Attributes:
        energy: eV per parent cell.
        by_q: Derivative by the coordinates, [n_q], eV per unit of q.
        by_x: Derivative by the composition, raw, [n_columns], eV.
        residuals: Force that is left on the sites by the response of each probe, [n_directions, n, 3] eV/Å.
        error: How far the responses are from their solutions, relative to them, in the norm of the energy.
    """

    energy: float
    by_q: NDArray[np.float64]
    by_x: NDArray[np.float64]
    residuals: list[NDArray[np.float64]]
    error: float


@dataclass(frozen=True, eq=False)
class MeanField:
    """The mean-field crystal at one geometry and composition.

    Attributes:
        crystal: The parent with its copies.
        coordinates: Its symmetry-adapted coordinates.
        q: Coordinates, [n_q].
        x: Composition, [n_columns].
        derivatives: Energy of its cell, with first derivatives.
    """

    crystal: AlchemicalCrystal
    coordinates: SymmetryCoordinates
    q: NDArray[np.float64]
    x: NDArray[np.float64]
    derivatives: SiteDerivatives

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


def covariance(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """C = diag(x) - x x^T of a site that holds one element, drawn with probabilities x [n]."""
    return np.asarray(np.diag(x) - np.outer(x, x))


def disorder_energy(
    at: MeanField,
    probes: Sequence[Probe],
    media: Sequence[Medium],
    responses: Sequence[NDArray[np.float64]],
) -> Correction:
    """The energy of disorder with given responses; it is least, and stationary, where they are solutions.

    Args:
        at: The mean-field crystal.
        probes: Departures from the mean.
        media: What holds the sites, one a probe.
        responses: Displacements, per unit along each of a probe's directions, that are taken back: [n_directions, n, 3]
            Å, one array a probe.
    """
    parts = [_of_probe(at, *each) for each in zip(probes, media, responses, strict=True)]
    left = sum(float(np.sum(r * m.solve(r))) for (*_, r), m in zip(parts, media, strict=True))
    whole = sum(float(np.sum(v * m.apply(v))) for v, m in zip(responses, media, strict=True))
    return Correction(
        energy=sum(energy for energy, *_ in parts),
        by_q=np.sum([by_q for _, by_q, _, _ in parts], axis=0),
        by_x=np.sum([by_x for _, _, by_x, _ in parts], axis=0),
        residuals=[residual for *_, residual in parts],
        error=unsolved(left, whole),
    )


def unsolved(left: float, whole: float) -> float:
    """Relative error of responses, from the energy of what is left and their own; what does not answer has none."""
    return float(np.sqrt(max(left, 0.0) / (whole + NOTHING)))


def _of_probe(
    at: MeanField, probe: Probe, medium: Medium, response: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Energy, derivatives by q and x, and the forces left, of one probe, along the modes of its covariance."""
    x = at.x[probe.columns]
    variances, turn = np.linalg.eigh(probe.basis.T @ covariance(x) @ probe.basis)
    modes = probe.basis @ turn
    along = np.einsum("dm,dna->mna", turn, response)
    lifts = medium.lift(along)
    cells, base = probe.landscape.supercell.n_cells, at.derivatives
    energy, by_q, by_x = 0.0, np.zeros(len(at.q)), np.zeros(len(at.x))
    slopes, forces = np.zeros((len(x), len(variances))), np.zeros_like(along)
    for m, variance in enumerate(variances):
        plus, minus = (_moved(at, probe, sign * modes[:, m], -sign * along[m]) for sign in (STEP, -STEP))
        curvature = (plus.energy + minus.energy - 2.0 * cells * base.energy) / STEP**2
        energy += variance * (curvature + float(np.sum(along[m] * lifts[m])))
        by_q += variance * (at.by_q(plus) + at.by_q(minus) - 2.0 * cells * at.by_q(base)) / STEP**2
        by_x += variance * (at.by_x(plus) + at.by_x(minus) - 2.0 * cells * at.by_x(base)) / STEP**2
        slopes[:, m] = probe.pattern.T @ (plus.by_weight - minus.by_weight) / (2.0 * STEP)
        forces[m] = (plus.by_position - minus.by_position) / (2.0 * STEP) - lifts[m]
    # Between two directions a and b: a.E_ll.b - v_a.f_b - f_a.v_b + v_a.H.v_b, wrong to second order in v only.
    between = modes.T @ slopes - np.einsum("mna,lna->ml", along, forces)
    whole = modes @ (between + between.T) @ modes.T / 2
    by_x[probe.columns] += np.diag(whole) - 2.0 * whole @ x
    left = np.einsum("dm,mna->dna", turn, forces)
    return probe.factor * energy, probe.factor * by_q, probe.factor * by_x, left


def _moved(
    at: MeanField, probe: Probe, direction: NDArray[np.float64], displacement: NDArray[np.float64]
) -> SiteDerivatives:
    """The supercell with a probe's composition moved along a direction, and its sites displaced."""
    landscape, coordinates = probe.landscape, at.coordinates
    positions = landscape.supercell.positions(coordinates.lattice, coordinates.displaced(at.q))
    lam = landscape.everywhere(at.crystal.weights(at.x)) + probe.pattern @ direction
    return landscape.first(positions + displacement, coordinates.strain(at.q), lam)
