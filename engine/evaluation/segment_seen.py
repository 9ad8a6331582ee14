"""What a segment of trajectories saw on its way: averages, the nearest approach of atoms, works by part, warnings."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from engine.dynamics.state import deformation, measured_thermal_energy
from engine.dynamics.watch import shortest_distances
from engine.mechanics.constants import BOLTZMANN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from engine.dynamics.baoab import Moment
    from engine.dynamics.sampling import Series

    FloatArray = NDArray[np.float64]

LOOKED = 4
"""Distances are looked at once in so many steps: some ten femtoseconds, in which atoms move a tenth of an Å. Finding
them takes half a millisecond for 64 atoms."""
_SAVED = "seen"


@dataclass(frozen=True)
class Seen:
    """What belongs into the record of a segment, and into its checkpoint, from which it may be told again.

    Attributes:
        measured: Mean temperature of the velocities, K.
        volume: Mean volume of a supercell, Å^3.
        closest: Shortest distance of two atoms, Å; None where none was looked for.
        work_by_part: Mean work in each part of the way of lam, eV; None where lam did not move.
        volumes: Mean volume of each supercell where it is at equilibrium, Å^3; None where the cell is held.
        warnings: What was noticed.
    """

    measured: float
    volume: float
    closest: float | None = None
    work_by_part: list[float] | None = None
    volumes: list[float] | None = None
    warnings: list[str] = field(default_factory=list)

    def array(self) -> dict[str, NDArray[np.uint8]]:
        """As an array of a checkpoint; `seen_again` undoes it."""
        return {_SAVED: np.frombuffer(json.dumps(asdict(self)).encode(), dtype=np.uint8).copy()}


def seen_again(arrays: Mapping[str, NDArray[np.generic]]) -> Seen:
    """What `Seen.array` saved."""
    return Seen(**json.loads(np.asarray(arrays[_SAVED], dtype=np.uint8).tobytes()))


class Looking:
    """Looks at the moments of a segment.

    Args:
        lattice: Lattice vectors of the unstrained supercell as rows, [3, 3] Å.
        masses: Mass of each site, [n] u.
        present: Which sites hold an atom, [n].
    """

    def __init__(self, lattice: FloatArray, masses: FloatArray, present: NDArray[np.bool_]) -> None:
        self._lattice, self._masses, self._present = lattice, masses, present
        self._unstrained = abs(float(np.linalg.det(lattice)))
        self._heat: list[FloatArray] = []
        self._volume: list[FloatArray] = []
        self._volumes: list[float] | None = None
        self._moments = 0
        self.shortest: FloatArray | None = None
        """Of each replica, [m] Å; None where none was looked for."""

    def at_rest(self, series: Series) -> None:
        """Steps at one lam."""
        self._heat.extend(series.thermal_energy)
        self._volume.extend(series.volume)

    def moving(self, settled: Series) -> None:
        """The steps at equilibrium of cells that move."""
        self._volumes = (settled.volume.mean(axis=0) * self._unstrained).tolist()

    def see(self, moment: Moment) -> None:
        """One moment of a switch; the first is the one where it began."""
        state = moment.state
        if self._moments:
            self._heat.append(measured_thermal_energy(state, self._masses))
            self._volume.append(np.linalg.det(deformation(state.strain)))
        if self._moments % LOOKED == 0:
            found = shortest_distances(self._lattice, state.positions, state.strain, self._present)
            self.shortest = found if self.shortest is None else np.minimum(self.shortest, found)
        self._moments += 1

    def seen(self, warnings: list[str], by_part: FloatArray | None = None) -> Seen:
        """All of it.

        Args:
            warnings: What was noticed.
            by_part: Work of each replica in each part of the way of lam, [PARTS, m] eV; None where lam did not move.
        """
        return Seen(
            measured=float(np.mean(self._heat)) / BOLTZMANN,
            volume=float(np.mean(self._volume)) * self._unstrained,
            closest=None if self.shortest is None else float(self.shortest.min()),
            volumes=self._volumes,
            work_by_part=None if by_part is None else by_part.mean(axis=1).tolist(),
            warnings=warnings,
        )
