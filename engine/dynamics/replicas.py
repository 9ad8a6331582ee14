"""Replicas of one crystal in one graph, with weights that lead from one composition to another.

Neighbours are found anew at every step, without a skin: finding them takes half a millisecond for 64 atoms, under
half a percent of a step, while the pairs of a skin cost as much as any other. So a step depends on nothing before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from engine.crystals.graph import build_graph
from engine.dynamics.hamiltonian import Energies

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from engine.potentials.interface import Potential

    FloatArray = NDArray[np.float64]


class Replicas:
    """The energy of a model, its weights lam_A + lam (lam_B - lam_A), as a `Hamiltonian` (docs/science.md, Eq. 110).

    Args:
        potential: The potential, float64 or float32; positions and energies are float64 with either.
        lattice: Lattice vectors of the unstrained cell as rows, [3, 3] Å.
        copies: Atomic numbers of the copies of each site.
        start: Weights of all copies at lam = 0, [n_copies], site by site.
        end: Weights at lam = 1; None if they are the same, and lam changes nothing. Any sites and elements may change.
        groups: Sublattice of each site, -1 for none, [n_sites]; paired mixing needs it.
        at_once: How many replicas one graph holds; all of them if left out. What makes each cheapest is measured by
            `engine.dynamics.batching.measured_batch`.
        on_call: Called before every potential call; what it raises ends the trajectory.

    Attributes:
        calls: Potential calls so far; every replica of a batch counts one.
        masses: Mass of each site, [n_sites] u; see `site_masses`.

    Raises:
        ValueError: weights that do not belong to the copies.
    """

    def __init__(
        self,
        potential: Potential,
        lattice: FloatArray,
        copies: Sequence[Sequence[int]],
        start: FloatArray,
        end: FloatArray | None = None,
        groups: NDArray[np.int64] | None = None,
        at_once: int | None = None,
        on_call: Callable[[], None] | None = None,
    ) -> None:
        site = np.repeat(np.arange(len(copies)), [len(of_site) for of_site in copies])
        last = start if end is None else end
        if len(start) != len(site) or len(last) != len(site):
            raise ValueError(f"{len(site)} copies need as many weights, got {len(start)} and {len(last)}")
        self.potential = potential
        self.calls = 0
        self.masses = site_masses(copies, start, last)
        self._lattice = np.array(lattice, dtype=np.float64)
        self._at_once = at_once
        self._on_call = on_call
        # A copy that is absent all the way influences nothing and need not be computed.
        kept = (start != 0.0) | (last != 0.0)
        empty = np.bincount(site, weights=kept, minlength=len(copies)) == 0
        kept[[int(np.flatnonzero(site == alone)[0]) for alone in np.flatnonzero(empty)]] = True
        species = np.concatenate([np.asarray(of_site, dtype=np.int64) for of_site in copies])
        self._copies = [tuple(species[kept & (site == i)].tolist()) for i in range(len(copies))]
        self._groups = np.full(len(copies), -1) if groups is None else np.asarray(groups)
        self._start, self._change = (
            torch.tensor(values, dtype=torch.float64, device=potential.device)
            for values in (start[kept], (last - start)[kept])
        )
        self._fixed = not bool(self._change.any())

    @property
    def n_sites(self) -> int:
        """Number of sites of one replica."""
        return len(self._copies)

    def evaluate(
        self,
        positions: FloatArray,
        strain: FloatArray,
        lam: FloatArray,
        *,
        by_lam: bool = False,
        by_strain: bool = False,
    ) -> Energies:
        """Energies and first derivatives of m replicas; see `engine.dynamics.hamiltonian.Hamiltonian.evaluate`.

        Only what is asked for is differentiated by. Each replica is one potential call.

        Raises:
            CoincidentSites: if two sites are nearer than 0.001 Å.
        """
        size = self._at_once or len(positions)
        parts = [
            self._in_one_graph(
                positions[first : first + size],
                strain[first : first + size],
                lam[first : first + size],
                by_lam=by_lam,
                by_strain=by_strain,
            )
            for first in range(0, len(positions), size)
        ]
        return parts[0] if len(parts) == 1 else _joined(parts)

    def _in_one_graph(
        self, positions: FloatArray, strain: FloatArray, lam: FloatArray, *, by_lam: bool, by_strain: bool
    ) -> Energies:
        m = len(positions)
        for _ in range(m):
            if self._on_call is not None:
                self._on_call()
            self.calls += 1
        device = self.potential.device
        found = build_graph(
            [self._lattice] * m,
            list(positions),
            [self._copies] * m,
            self.potential.cutoff,
            0.0,
            strains=list(strain),
            groups=[self._groups] * m,
            device=device,
        )
        along = by_lam and not self._fixed
        where, strained, moved = (
            torch.tensor(values, dtype=torch.float64, device=device, requires_grad=wanted)
            for values, wanted in ((positions, True), (strain, by_strain), (lam, along))
        )
        weights = self._start + moved[:, None] * self._change
        energies = self.potential.energy(found.graph, where.reshape(-1, 3), strained, weights.reshape(-1))
        energies = energies.to(torch.float64)
        leaves = [leaf for leaf in (where, strained, moved) if leaf.requires_grad]
        slopes = [slope.cpu().numpy() for slope in torch.autograd.grad(energies.sum(), leaves)]
        fixed = np.zeros(m) if by_lam else None
        return Energies(
            energy=energies.detach().cpu().numpy(),
            by_position=slopes[0],
            by_lam=slopes[-1] if along else fixed,
            by_strain=slopes[1] if by_strain else None,
        )


def _joined(parts: Sequence[Energies]) -> Energies:
    """Of all replicas, from those of several graphs."""

    def together(values: Sequence[FloatArray | None]) -> FloatArray | None:
        there = [of_part for of_part in values if of_part is not None]
        return np.concatenate(there) if there else None

    return Energies(
        energy=np.concatenate([part.energy for part in parts]),
        by_position=np.concatenate([part.by_position for part in parts]),
        by_lam=together([part.by_lam for part in parts]),
        by_strain=together([part.by_strain for part in parts]),
    )


def site_masses(copies: Sequence[Sequence[int]], start: FloatArray, end: FloatArray) -> FloatArray:
    """The mass of each site for as long as weights change, [n_sites] u.

    The mean over the elements that the site holds at the ends, by their weights there; what is in between is told apart
    by no average over positions. A site that is empty at both ends has the mass of its first element.

    Args:
        copies: Atomic numbers of the copies of each site.
        start: Weights of all copies at lam = 0, [n_copies].
        end: Weights at lam = 1.
    """
    from ase.data import atomic_masses

    site = np.repeat(np.arange(len(copies)), [len(of_site) for of_site in copies])
    of_copies = atomic_masses[np.concatenate([np.asarray(of_site, dtype=np.int64) for of_site in copies])]
    shares = start + end
    total = np.bincount(site, weights=shares, minlength=len(copies))
    mean = np.bincount(site, weights=shares * of_copies, minlength=len(copies)) / np.where(total, total, 1.0)
    return np.where(total > 0.0, mean, [atomic_masses[of_site[0]] for of_site in copies])
