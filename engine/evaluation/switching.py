"""A segment of trajectories that are brought to equilibrium and switched, from the task to the record."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from api_schemas.cost import Cost
from api_schemas.dynamics import DynamicsRecord, DynamicsTask
from engine.dynamics.baoab import Langevin
from engine.dynamics.cell_path import CellPath
from engine.dynamics.einstein import einstein_samples, springs_like
from engine.dynamics.explosion import TrajectoryFailed
from engine.dynamics.hamiltonian import between
from engine.dynamics.replicas import Replicas
from engine.dynamics.samples import pairs
from engine.dynamics.sampling import Series, joined, restored_series, sample
from engine.dynamics.schedules import linear, paced, work_by_part
from engine.dynamics.springs import Springs, einstein_matrix
from engine.dynamics.state import State, begin, restored
from engine.dynamics.switching import Switch, begin_switch, restored_switch, switch
from engine.dynamics.timestep import Conservation, conservation
from engine.dynamics.watch import UNSETTLED, overlapping, shortest_distances, watched
from engine.evaluation.at_work import AtWork
from engine.evaluation.resting import Resting
from engine.evaluation.segment_seen import Looking, Seen, seen_again
from engine.mechanics.constants import BOLTZMANN
from engine.mechanics.threads import fitting_threads

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.dynamics.baoab import Integrator
    from engine.dynamics.hamiltonian import Hamiltonian

SPRINGS = ("harmonic", "einstein")
"""References that are springs about the sites, of which everything is known."""
KNOTS = (0.0, 0.5, 1.0)
"""lam of the crystals between which the cell changes with the composition."""
SETTLED = 60
"""Steps after which trajectories are judged: a sample of the harmonic crystal is too hot where the model is softer."""
TESTED_STEPS = 40
"""Steps without thermostat by which the time step is tested, at either end of a switch."""


@dataclass(frozen=True, eq=False)
class _Came:
    """Where a segment came to.

    Attributes:
        arrays: To go on from.
        works: Of each replica, [replicas] eV; None before the end of the switch.
        seen: On the way.
    """

    arrays: dict[str, NDArray[np.generic]]
    works: NDArray[np.float64] | None
    seen: Seen


class Switching(AtWork[DynamicsTask]):
    """A task of switching, and what computes it."""

    def went(self) -> DynamicsRecord:
        """Go on from where the segment before ended."""
        began = time.perf_counter()
        task = self.task
        came = tested = failed = None
        with fitting_threads(self.rest[0].supercell.n_cells * self.resolved.crystal.n_copies * task.replicas):
            try:
                tested = self._time_step_tested()
                came = None if tested is not None and tested.fault else self._came()
            except TrajectoryFailed as failure:
                failed = str(failure)
        if came is not None:
            self.save({**came.arrays, **came.seen.array()})
        calls = self.model.calls
        unfit = None if tested is None else tested.fault
        return DynamicsRecord(
            index=task.index,
            cost=Cost(
                potential_calls=calls,
                shared_calls=self.shared_calls,
                seconds=time.perf_counter() - began,
                supercell_calls=calls,
                primitive_equivalents=float(calls * self.rest[0].supercell.n_cells),
            ),
            run=task.run,
            replicas=task.replicas,
            forward=task.forward,
            temperature=task.temperature,
            timestep=task.timestep,
            end=task.end,
            works=None if came is None or came.works is None else came.works.tolist(),
            drift=None if tested is None or unfit else tested.drift,
            failed=unfit or failed,
            unfit=unfit is not None,
            **({} if came is None else asdict(came.seen)),
        )

    @cached_property
    def rest(self) -> list[Resting]:
        """The crystals of the task at rest."""
        return [Resting.of(self.evaluator, one, self.task.matrix, self.on_call) for one in self.task.crystals]

    @property
    def heat(self) -> float:
        """k_B T, eV."""
        return BOLTZMANN * self.task.temperature

    @cached_property
    def model(self) -> Replicas:
        """The potential along the way."""
        first = self.rest[0]
        crystal, cells = self.resolved.crystal, first.supercell.n_cells
        return Replicas(
            self.evaluator.potential,
            first.unstrained,
            crystal.site_copies * cells,
            first.weights,
            self.last_weights,
            groups=np.tile(crystal.site_sublattice, cells),
            on_call=self.on_call,
        )

    @property
    def last_weights(self) -> NDArray[np.float64] | None:
        """Of all copies at lam = 1; None where they do not change."""
        return self.rest[-1].weights if len(self.rest) > 1 else None

    @cached_property
    def hamiltonian(self) -> Hamiltonian:
        """What the trajectories move in."""
        if self.task.reference == "composition":
            return self.model
        (only,) = self.rest
        held = einstein_matrix(self.springs) if self.task.reference == "einstein" else only.harmonic.hessian
        return between(Springs(only.inside, held, only.energy), self.model)

    @cached_property
    def springs(self) -> NDArray[np.float64]:
        """Of the Einstein crystal, [n] eV/Å^2."""
        return springs_like(self._start.harmonic)

    @cached_property
    def path(self) -> CellPath | None:
        """How the cell follows lam; None where it is held."""
        if self.task.reference in SPRINGS:
            return None
        return CellPath(KNOTS, np.stack([one.strain for one in self.rest]))

    @cached_property
    def integrator(self) -> Integrator:
        """How they move."""
        return self.particles

    @property
    def particles(self) -> Langevin:
        """How the sites move."""
        task = self.task
        return Langevin(self.model.masses, task.timestep, self.heat, task.friction)

    @property
    def _start(self) -> Resting:
        """The crystal at which the runs begin."""
        return self.rest[0] if self.task.forward else self.rest[-1]

    @property
    def rest_energy(self) -> float:
        """Of the supercell at rest where the runs begin, eV."""
        return self._start.energy

    @property
    def rest_sites(self) -> NDArray[np.float64]:
        """Where the atoms rest where the runs begin, in the frame of the unstrained cell, [n, 3] Å."""
        return self._start.inside

    @property
    def shared_calls(self) -> int:
        """Potential calls that force constants took."""
        return self._start.calls

    def noticed(self, state: State, *, off: bool) -> list[str]:
        """What more there is to be careful about, at an end.

        Args:
            state: Where the trajectories are.
            off: Whether they are at lam = 1.
        """
        del state, off
        return []

    @property
    def _ends(self) -> NDArray[np.float64]:
        """Where the runs begin: lam, [replicas]."""
        return np.full(self.task.replicas, 0.0 if self.task.forward else 1.0)

    @property
    def streams(self) -> range:
        """Noise of its own for each run of either direction."""
        first = 2 * self.task.run
        return range(first + (not self.task.forward), first + 2 * self.task.replicas, 2)

    def begun(self) -> State:
        """Samples of the Einstein crystal if they come from it, else of the harmonic one; or the sites."""
        task, start = self.task, self._start
        positions = np.repeat(start.inside[None], task.replicas, axis=0)
        drawn = None
        if task.reference == "einstein" and (task.forward or not start.harmonic.stable):
            drawn = einstein_samples(
                self.springs, self.model.masses, task.temperature, task.seed, self.streams
            )
        elif start.harmonic.stable:
            drawn = pairs(start.harmonic, task.temperature, task.seed, self.streams)[:, 0]
        if drawn is not None:
            positions = positions + drawn @ np.linalg.inv(np.eye(3) + start.strain).T
        strain = np.repeat(start.strain[None], task.replicas, axis=0)
        return begin(positions, self.model.masses, self.heat, task.seed, self.streams, strain=strain)

    def _time_step_tested(self) -> Conservation | None:
        """Where the first run of either direction starts, but for springs, which have no secrets; None elsewhere."""
        task = self.task
        if task.begin or task.run or (task.forward and task.reference in SPRINGS):
            return None
        return conservation(
            self.hamiltonian,
            self.begun(),
            self.model.masses,
            task.timestep,
            self.heat,
            self._ends,
            TESTED_STEPS,
        )

    def _came(self) -> _Came:
        task, saved = self.task, self.checkpoint
        if saved is not None and int(saved["step"]) == task.end:
            # Its record was lost with its worker: nothing moves any more.
            works = np.array(saved["work"]) if task.end == task.equilibration + task.steps else None
            return _Came(dict(saved), works, seen_again(saved))
        looking = Looking(self.rest[0].unstrained, self.model.masses, self.present)
        if saved is not None and "work" in saved:
            return self._switched(restored_switch(saved), task.begin, looking, [])
        state = self.begun() if saved is None else restored(saved)
        warnings, here = list[str](), task.begin
        if here < task.equilibration:
            until = min(task.end, task.equilibration)
            state, series = sample(
                self.hamiltonian, state, self.integrator, self._ends, until - here, self.rest_sites
            )
            looking.at_rest(series)
            if saved is not None:
                series = joined([restored_series(saved), series])
            if task.moving is not None and until == task.equilibration:
                looking.moving(series.after(task.equilibration // 2))
            warnings += self._judged(series, ended=until == task.equilibration)
            warnings += self.noticed(state, off=not task.forward)
            here = until
            if here == task.end:
                return _Came({**series.arrays(), **state.arrays()}, None, looking.seen(warnings))
        return self._switched(begin_switch(state), here, looking, warnings)

    def _judged(self, series: Series, *, ended: bool) -> list[str]:
        """What is wrong at an end, of all steps there; that they did not settle only once they should have."""
        rest = self.rest_energy / len(self.rest_sites)
        settled = series.after(SETTLED)
        if not len(settled.energy):
            return []
        found = watched(settled, self.neighbours, self.heat, rest)
        return [one.message for one in found if ended or one.about not in UNSETTLED]

    def _switched(self, started: Switch, here: int, looking: Looking, warnings: list[str]) -> _Came:
        """From a step of the switch to the end of the segment."""
        task = self.task
        ended, record = switch(
            self.hamiltonian,
            started,
            self.integrator,
            linear(task.steps) if task.pace is None else paced(task.pace, task.steps),
            np.full(task.replicas, task.forward),
            steps=task.end - here,
            path=self.path,
            on_moment=looking.see,
        )
        done = task.end == task.equilibration + task.steps
        if looking.shortest is not None:
            warnings += [one.message for one in overlapping(looking.shortest, self.neighbours)]
        if done:
            warnings += self.noticed(ended.state, off=task.forward)
        by_part = work_by_part(record.lam[:, 0], record.slope)
        return _Came(ended.arrays(), ended.work if done else None, looking.seen(warnings, by_part))

    @cached_property
    def present(self) -> NDArray[np.bool_]:
        """Whether each site of the supercell holds an atom, [n]."""
        crystal = self.resolved.crystal
        held = self._start.weights[: crystal.n_copies]
        present = np.bincount(crystal.copy_site, weights=held, minlength=crystal.n_sites) > 0.0
        return np.tile(present, self._start.supercell.n_cells)

    @cached_property
    def neighbours(self) -> float:
        """Shortest distance of two atoms at rest, Å."""
        start = self._start
        return float(
            shortest_distances(start.unstrained, start.inside[None], start.strain[None], self.present)[0]
        )
