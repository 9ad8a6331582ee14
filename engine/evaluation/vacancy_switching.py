"""A segment of trajectories in which one atom is switched off, while a spring holds it to its place."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from engine.dynamics.hamiltonian import Combination, Term
from engine.dynamics.samples import pairs
from engine.dynamics.springs import Springs, tether_matrix
from engine.dynamics.state import TETHERED, begin, noise
from engine.dynamics.watch import entered
from engine.evaluation.switching import Switching
from engine.evaluation.vacant import Vacant

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from api_schemas.dynamics import Tether
    from engine.dynamics.cell_path import CellPath
    from engine.dynamics.hamiltonian import Hamiltonian
    from engine.dynamics.state import State


class VacancySwitching(Switching):
    """From the perfect crystal at lam = 0 to that with an empty site, and the atom on its spring, at 1.

    The energy is that of the weights, those of the site going to zero, and lam times that of the spring
    (docs/science.md, Eq. 130). The cell is that of the perfect crystal at rest.
    """

    @cached_property
    def tether(self) -> Tether:
        """What holds the atom.

        Raises:
            ValueError: if the task has none.
        """
        if self.task.tether is None:
            raise ValueError("a switch to a vacancy needs the atom that is switched off")
        return self.task.tether

    @cached_property
    def vacant(self) -> Vacant:
        """The crystal at lam = 1."""
        return Vacant(self.rest[0], self.tether.site)

    @property
    def last_weights(self) -> NDArray[np.float64]:
        """Of all copies at lam = 1."""
        return self.vacant.weights

    @cached_property
    def hamiltonian(self) -> Hamiltonian:
        """What the trajectories move in."""
        matrix = tether_matrix(self.tether.site, self.tether.spring, self.model.masses)
        spring = Springs(self.rest[0].inside, matrix)
        return Combination((Term(self.model), Term(spring, 0.0, 1.0)))

    @cached_property
    def path(self) -> CellPath | None:
        """The cell is held."""
        return None

    @cached_property
    def present(self) -> NDArray[np.bool_]:
        """Whether each site of the supercell holds an atom all the way, [n]: all but the one that is switched off."""
        found = np.array(super().present)
        found[self.tether.site] = False
        return found

    @property
    def rest_energy(self) -> float:
        """Of the supercell at rest where the runs begin, eV."""
        return self.rest[0].energy if self.task.forward else self.vacant.energy

    @property
    def rest_sites(self) -> NDArray[np.float64]:
        """Where the atoms rest where the runs begin, in the frame of the unstrained cell, [n, 3] Å."""
        return self.rest[0].inside if self.task.forward else self.vacant.inside

    @property
    def shared_calls(self) -> int:
        """Potential calls that force constants and the relaxed vacancy took."""
        return self.rest[0].calls + self.vacant.calls

    def begun(self) -> State:
        """Samples of the harmonic crystal; of the crystal with the vacancy, about where its atoms rest.

        The atom on the spring is then independent of the others, and is drawn from what its spring allows.
        """
        task, start = self.task, self.rest[0]
        drawn = pairs(start.harmonic, task.temperature, task.seed, self.streams)[:, 0]
        back = np.linalg.inv(np.eye(3) + start.strain).T
        strain = np.repeat(start.strain[None], task.replicas, axis=0)
        positions = self.rest_sites + drawn @ back
        state = begin(positions, self.model.masses, self.heat, task.seed, self.streams, strain=strain)
        if task.forward:
            return state
        site, masses = self.tether.site, self.model.masses
        others = np.arange(len(masses)) != site
        moved = positions - start.inside
        centre = np.einsum("i,mia->ma", masses[others] / masses[others].sum(), moved[:, others])
        alone = np.sqrt(self.heat / self.tether.spring) * noise(state, TETHERED, (3,))
        positions[:, site] = start.inside[site] + centre + alone @ back
        return replace(state, positions=positions)

    def noticed(self, state: State, *, off: bool) -> list[str]:
        """Whether an atom went into the empty site, where the atom of it is switched off.

        Args:
            state: Where the trajectories are.
            off: Whether they are at the end where it is.
        """
        if not off:
            return []
        found = entered(
            self.rest[0].unstrained,
            state.positions - self._centre_moved(state),
            state.strain,
            self.rest[0].inside[self.tether.site],
            self.present,
            self.neighbours,
        )
        return [one.message for one in found]

    def _centre_moved(self, state: State) -> NDArray[np.float64]:
        """How far all atoms but the one on the spring moved together, [m, 1, 3] Å."""
        masses = np.where(np.arange(len(self.model.masses)) == self.tether.site, 0.0, self.model.masses)
        moved = state.positions - self.rest[0].inside
        return np.asarray(np.einsum("i,mia->ma", masses / masses.sum(), moved)[:, None, :])
