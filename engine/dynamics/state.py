"""The state of several trajectories: all that a step starts from, so all that a checkpoint holds.

Velocities are those of the atoms in Å/fs, while positions are kept in the frame of the unstrained cell, as everywhere:
an atom is at (1 + strain) r. Noise is no part of the state. It is a function of the seed, of the stream that a replica
draws from and of the number of the step (Philox, doi:10.1145/2063384.2063405), the same whatever else is in the batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

MASS_UNIT = 103.64269652
"""eV fs^2/Å^2 in one atomic mass unit (CODATA 2018)."""

VELOCITIES, PARTICLES, CELL, TETHERED, SAMPLES, POPULATIONS = range(6)
"""What noise is for; each has draws of its own."""


@dataclass(frozen=True, eq=False)
class State:
    """Where m trajectories of one crystal of n sites are.

    Attributes:
        positions: [m, n, 3] Å, in the frame of the unstrained cell; never wrapped into it.
        velocities: [m, n, 3] Å/fs.
        strain: Strain of each cell, [m, 3, 3].
        rates: Velocity of each mode of each cell, [m, n_modes] 1/fs; no modes where the cell is held.
        streams: Which noise each replica draws, [m]: no two trajectories of a job have the same.
        step: Number of steps made.
        seed: Of all noise.
    """

    positions: FloatArray
    velocities: FloatArray
    strain: FloatArray
    rates: FloatArray
    streams: NDArray[np.int64]
    step: int
    seed: int

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The state as arrays, to be saved; `restored` undoes it bit for bit."""
        return {name: np.array(getattr(self, name)) for name in self.__dataclass_fields__}


def restored(arrays: Mapping[str, NDArray[np.generic]]) -> State:
    """The state that `State.arrays` saved."""
    real = {
        name: np.array(arrays[name], dtype=np.float64)
        for name in ("positions", "velocities", "strain", "rates")
    }
    return State(
        **real,
        streams=np.array(arrays["streams"], dtype=np.int64),
        step=int(arrays["step"]),
        seed=int(arrays["seed"]),
    )


def begin(
    positions: FloatArray,
    masses: FloatArray,
    thermal_energy: float,
    seed: int,
    streams: Sequence[int],
    *,
    strain: FloatArray | None = None,
    modes: int = 0,
) -> State:
    """Trajectories that start at given positions, with velocities of a temperature and the centre of mass at rest.

    Args:
        positions: [m, n, 3] Å, in the frame of the unstrained cell.
        masses: Mass of each site, [n] u.
        thermal_energy: k_B T, eV.
        seed: Of all noise, 0 or greater.
        streams: Which noise each replica draws, [m], 0 or greater.
        strain: Strain of each cell, [m, 3, 3]; none if left out.
        modes: How many modes of the cell move (`engine.dynamics.barostat`); their velocities begin at zero.

    Raises:
        ValueError: if the arrays do not belong together.
    """
    m = len(positions)
    if positions.shape != (m, len(masses), 3) or len(streams) != m:
        raise ValueError(
            f"positions {positions.shape} need as many streams and masses; got {len(streams)}, {len(masses)}"
        )
    still = State(
        positions=np.array(positions, dtype=np.float64),
        velocities=np.zeros(positions.shape),
        strain=np.zeros((m, 3, 3)) if strain is None else np.array(strain, dtype=np.float64),
        rates=np.zeros((m, modes)),
        streams=np.array(streams, dtype=np.int64),
        step=0,
        seed=seed,
    )
    drawn = noise(still, VELOCITIES, positions.shape[1:]) * maxwell(masses, thermal_energy)[:, None]
    return State(**(still.__dict__ | {"velocities": at_rest(drawn, masses)}))


def noise(state: State, purpose: int, shape: tuple[int, ...]) -> FloatArray:
    """Standard normal numbers of each replica for the step that follows a state, [m, *shape].

    Args:
        state: The state; its seed, streams and step are all that counts.
        purpose: VELOCITIES, PARTICLES, CELL or TETHERED.
        shape: Of the numbers of one replica.
    """
    bits = np.random.Philox(0)
    draw = np.random.Generator(bits)
    # The counter's lower half counts draws, its upper half tells the step and the purpose; the buffer is empty at 4.
    # Setting the state takes a sixth of the time of a new generator, which asks the system for a seed first.
    at = bits.state
    at["state"]["counter"] = np.array([0, 0, state.step, purpose], dtype=np.uint64)
    drawn = np.empty((len(state.streams), *shape))
    for replica, stream in enumerate(state.streams):
        at["state"]["key"] = np.array([state.seed, stream], dtype=np.uint64)
        at["buffer_pos"] = 4
        bits.state = at
        draw.standard_normal(out=drawn[replica])
    return drawn


def maxwell(masses: FloatArray, thermal_energy: float) -> FloatArray:
    """Standard deviation of a component of each site's velocity at k_B T eV, [n] Å/fs."""
    return np.asarray(np.sqrt(thermal_energy / (masses * MASS_UNIT)))


def at_rest(velocities: FloatArray, masses: FloatArray) -> FloatArray:
    """Velocities [m, n, 3] less that of each replica's centre of mass.

    What is left of velocities drawn from Maxwell's distribution is distributed by it, on the 3 n - 3 degrees of freedom
    that are left.
    """
    centre = np.einsum("i,mia->ma", masses / masses.sum(), velocities)
    return np.asarray(velocities - centre[:, None, :])


def kinetic_energy(state: State, masses: FloatArray) -> FloatArray:
    """Of the sites of each replica, [m] eV; 3/2 (n - 1) k_B T on average."""
    return np.asarray(0.5 * MASS_UNIT * np.einsum("i,mia->m", masses, state.velocities**2))


def measured_thermal_energy(state: State, masses: FloatArray) -> FloatArray:
    """k_B T that the velocities of each replica have, [m] eV: twice their energy over 3 n - 3."""
    return np.asarray(2.0 * kinetic_energy(state, masses) / (3 * len(masses) - 3))


def deformation(strain: FloatArray) -> FloatArray:
    """F of each cell, [m, 3, 3]: an atom is at F r."""
    return np.eye(3) + strain
