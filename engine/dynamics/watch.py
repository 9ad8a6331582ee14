"""What goes wrong with trajectories, found from what they record, and said in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from engine.dynamics.sampling import Series

    FloatArray = NDArray[np.float64]

MELTED, MELTING, GROWTH = 0.25, 0.15, 1.5
"""Displacements from the sites, as shares of the distance of neighbours: what no crystal has, and what one near melting
has; and by how much they grow from the first third of a run to the last where they do not stay.

Lindemann's criterion: crystals melt at 0.10 to 0.15 (J. J. Gilvarry, Phys. Rev. 102, 308 (1956),
doi:10.1103/PhysRev.102.308); soft ones, halide perovskites, have as much and stay."""
LEFT_SITE = 0.6
"""Share of the distance of neighbours from which an atom is nearer to another place than to its own."""
BLOCKS, DRIFT = 5, 5.0
"""Each half of a run is cut into so many blocks; halves that differ by so many standard errors are not alike."""
HOT, FEWEST = 0.05, 10 * BLOCKS
"""By which share the temperature may be off, beyond DRIFT standard errors; and steps that a run is judged from."""
OVERLAP = 0.6
"""Share of the distance of neighbours below which two atoms overlap."""
HOLE, HEAT = 1.0, 10.0
"""eV an atom below the energy at rest, and multiples of 3/2 k_B T above it, that no crystal at equilibrium has."""

ENTERED = 0.5
"""Share of the distance of neighbours from an empty site within which an atom is in it, and no longer at its own."""

UNSETTLED = ("drifting", "temperature")
"""What only a whole run to equilibrium can tell."""

About = Literal["melted", "left_site", "drifting", "temperature", "overlap", "energy", "entered"]


@dataclass(frozen=True)
class DynamicsWarning:
    """Something to be careful about.

    Attributes:
        about: What kind of thing it is.
        replicas: Which of the batch it was seen in.
        message: In words.
    """

    about: About
    replicas: tuple[int, ...]
    message: str


def watched(series: Series, neighbours: float, thermal_energy: float, rest: float) -> list[DynamicsWarning]:
    """What is wrong with trajectories at equilibrium.

    Args:
        series: What they recorded; fewer than 50 steps are judged by displacements and energies alone.
        neighbours: Shortest distance of two atoms of the crystal at rest, Å.
        thermal_energy: k_B T, eV.
        rest: Energy of the crystal at rest, eV per atom.
    """
    found = [*_melting(series, neighbours), *_energies(series, thermal_energy, rest)]
    if len(series.energy) >= FEWEST:
        found += _unsettled(series, thermal_energy)
    return found


def overlapping(shortest: FloatArray, neighbours: float) -> list[DynamicsWarning]:
    """Whether atoms came too near to one another, as those may that are switched off.

    Args:
        shortest: Shortest distance of two atoms seen in each replica, [m] Å; see `shortest_distances`.
        neighbours: That of the crystal at rest, Å.
    """
    bad = np.flatnonzero(shortest < OVERLAP * neighbours)
    if not len(bad):
        return []
    text = (
        f"atoms came within {shortest[bad].min():.2f} Å of one another, in a crystal whose neighbours are "
        f"{neighbours:.2f} Å apart: the potential was not made for that, and the work of such a switch says little"
    )
    return [DynamicsWarning("overlap", tuple(bad.tolist()), text)]


def entered(
    lattice: FloatArray,
    positions: FloatArray,
    strain: FloatArray,
    empty: FloatArray,
    present: NDArray[np.bool_],
    neighbours: float,
) -> list[DynamicsWarning]:
    """Whether an atom jumped into an empty site.

    Args:
        lattice: Lattice vectors of the unstrained cell as rows, [3, 3] Å.
        positions: [m, n, 3] Å, in the frame of the unstrained cell.
        strain: [m, 3, 3].
        empty: Where the empty site is, [3] Å.
        present: Which sites hold an atom, [n].
        neighbours: Shortest distance of two atoms of the crystal at rest, Å.
    """
    away = (positions[:, present] - empty) @ np.linalg.inv(lattice)
    away = (away - np.rint(away)) @ lattice
    distances = np.linalg.norm(np.einsum("mab,mib->mia", np.eye(3) + strain, away), axis=2).min(axis=1)
    bad = np.flatnonzero(distances < ENTERED * neighbours)
    if not len(bad):
        return []
    text = (
        f"an atom came within {distances[bad].min():.2f} Å of the empty site, less than half the distance of "
        f"neighbours ({neighbours:.2f} Å): it jumped into it, and the vacancy is somewhere else; take a lower "
        "temperature, or shorter runs"
    )
    return [DynamicsWarning("entered", tuple(bad.tolist()), text)]


def shortest_distances(
    lattice: FloatArray, positions: FloatArray, strain: FloatArray, present: NDArray[np.bool_]
) -> FloatArray:
    """Shortest distance of two atoms in each replica, [m] Å, 4 Å where there are none nearer.

    Args:
        lattice: Lattice vectors of the unstrained cell as rows, [3, 3] Å.
        positions: [m, n, 3] Å, in the frame of the unstrained cell.
        strain: [m, 3, 3].
        present: Which sites hold an atom, [n]; others are passed over.
    """
    from vesin import NeighborList

    far = 4.0
    finder = NeighborList(cutoff=far, full_list=False)
    found = []
    for of_replica, deform in zip(positions[:, present], np.eye(3) + strain, strict=True):
        (distances,) = finder.compute(
            points=np.ascontiguousarray(of_replica @ deform.T),
            box=lattice @ deform.T,
            periodic=True,
            quantities="d",
        )
        found.append(distances.min(initial=far))
    return np.array(found)


def _melting(series: Series, neighbours: float) -> Iterator[DynamicsWarning]:
    third = max(1, len(series.displacement) // 3)
    first, last = (
        np.sqrt((part**2).mean(axis=0)) / neighbours
        for part in (series.displacement[:third], series.displacement[-third:])
    )
    bad = np.flatnonzero((last > MELTED) | ((last > MELTING) & (last > GROWTH * first)))
    if len(bad):
        text = (
            f"the crystal melts or leaves its lattice: atoms are {last[bad].max():.2f} of the distance of neighbours "
            f"away from their sites (crystals melt at 0.10 to 0.15); take a lower temperature, or a structure that is "
            f"stable at it"
        )
        yield DynamicsWarning("melted", tuple(bad.tolist()), text)
        return
    farthest = series.farthest.max(axis=0) / neighbours
    bad = np.flatnonzero(farthest > LEFT_SITE)
    if len(bad):
        text = (
            f"an atom was {farthest[bad].max():.2f} of the distance of neighbours away from its site: it may have "
            f"changed places, and averages over the run are then of more than one structure"
        )
        yield DynamicsWarning("left_site", tuple(bad.tolist()), text)


def _energies(series: Series, thermal_energy: float, rest: float) -> Iterator[DynamicsWarning]:
    above = series.energy / series.n_sites - rest
    bad = np.flatnonzero((above.max(axis=0) > 1.5 * HEAT * thermal_energy) | (above.min(axis=0) < -HOLE))
    if len(bad):
        low, high = above[:, bad].min(), above[:, bad].max()
        text = (
            f"the energy went from {low:.2f} to {high:.2f} eV an atom above that at rest, where 3/2 k_B T is "
            f"{1.5 * thermal_energy:.2f} eV: the trajectory fell into a hole of the potential, or blew up"
        )
        yield DynamicsWarning("energy", tuple(bad.tolist()), text)


def _unsettled(series: Series, thermal_energy: float) -> Iterator[DynamicsWarning]:
    for values, what in ((series.energy, "energy"), (series.volume, "volume")):
        blocks = _block_means(values)
        halves = blocks.reshape(2, BLOCKS, -1)
        error = np.sqrt(halves.var(axis=1, ddof=1).sum(axis=0) / BLOCKS)
        error = np.maximum(error, 2.0 * _standard_error(values))
        change = halves[1].mean(axis=0) - halves[0].mean(axis=0)
        bad = np.flatnonzero(np.abs(change) > DRIFT * error + 1e-12 * np.abs(values).max())
        if len(bad):
            text = (
                f"the {what} still drifts: its averages over the two halves of the run differ by more than chance "
                f"allows; equilibrate longer"
            )
            yield DynamicsWarning("drifting", tuple(bad.tolist()), text)
    blocks = _block_means(series.thermal_energy)
    error = blocks.std(axis=0, ddof=1) / np.sqrt(len(blocks))
    off = blocks.mean(axis=0) / thermal_energy - 1.0
    bad = np.flatnonzero((np.abs(off) > HOT) & (np.abs(off) * thermal_energy > DRIFT * error))
    if len(bad):
        text = f"the velocities are {off[bad][np.abs(off[bad]).argmax()]:+.0%} off the temperature asked for"
        yield DynamicsWarning("temperature", tuple(bad.tolist()), f"{text}; equilibrate longer")


def _standard_error(values: FloatArray) -> FloatArray:
    """That of the mean of correlated values [steps, m] about a line, summed while correlations are positive, [m]."""
    values = values.reshape(len(values), -1)
    line = np.stack([np.ones(len(values)), np.arange(len(values))], axis=1)
    values = values - line @ np.linalg.lstsq(line, values, rcond=None)[0]
    variance = (values**2).mean(axis=0)
    inefficiency, positive = np.ones(values.shape[1]), variance > 0.0
    for lag in range(1, len(values) // 2):
        correlation = (values[lag:] * values[:-lag]).mean(axis=0) / np.where(variance > 0.0, variance, 1.0)
        positive &= correlation > 0.0
        if not positive.any():
            break
        inefficiency += 2.0 * correlation * positive
    return np.sqrt(variance * inefficiency / len(values))


def _block_means(values: FloatArray) -> FloatArray:
    """Means of 2 BLOCKS equal parts of [steps, m], those at the start left out that do not fill one."""
    size = len(values) // (2 * BLOCKS)
    return values[len(values) - 2 * BLOCKS * size :].reshape(2 * BLOCKS, size, -1).mean(axis=1)
