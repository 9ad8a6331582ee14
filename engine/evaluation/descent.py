"""One search for an ordering in the sites and the cell of the mean-field crystal, from the task to the record."""

from __future__ import annotations

import time
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from api_schemas.cost import Cost
from api_schemas.descents import DescentRecord, DescentStep, DescentTask
from engine.crystals.holding import rounded_counts, sites_of
from engine.crystals.supercells import Supercell
from engine.evaluation.at_work import AtWork
from engine.evaluation.mean_crystal import relaxed_mean
from engine.mechanics.constants import BOLTZMANN
from engine.mechanics.mixed_sites import MixedSites
from engine.mechanics.ordering import State, begin, begin_at, restored, told
from engine.mechanics.sites import SiteLandscape
from engine.mechanics.threads import fitting_threads

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    Ended = Literal["ordered", "budget", "failed"]

GEOMETRY = ("lattice", "positions", "shared_calls", "converged")
"""What a checkpoint keeps of the mean-field crystal."""
SMALLEST_START = 1e-6
"""Weights of a start from outside are at least this, so that no site's element is settled."""


class OrderingSearch(AtWork[DescentTask]):
    """A task of searching, at work."""

    def found(self) -> DescentRecord:
        """Search, from the checkpoint if there is one, and describe what was found.

        Raises:
            ValueError: A start whose shape or composition is none of the supercell's.
        """
        began = time.perf_counter()
        with fitting_threads(self.supercell.n_cells * self.resolved.crystal.n_copies):
            saved = None if self.checkpoint is None else _numbers(self.checkpoint)
            where = self._mean_crystal() if saved is None else {name: saved[name] for name in GEOMETRY}
            sites = self._sites(where)
            state = self._started(sites) if saved is None else restored(saved)
            while not state.ended and state.evaluations < self.task.calls:
                energy, gradient = sites.evaluate(state.point)
                last = state.evaluations + 2 >= self.task.calls
                state = told(state, energy, gradient, sites, last=last)
                self.save({**where, **state.arrays()})
        cost = Cost(
            potential_calls=state.evaluations,
            shared_calls=int(where["shared_calls"]),
            seconds=time.perf_counter() - began,
            supercell_calls=state.evaluations,
            primitive_equivalents=float(state.evaluations * self.supercell.n_cells),
        )
        return self._record(sites, state, cost, converged=bool(where["converged"]))

    @cached_property
    def supercell(self) -> Supercell:
        """The supercell that is searched."""
        return Supercell(np.array(self.task.matrix, dtype=np.int64))

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """Sites of the supercell that hold each column of the composition, [n_columns]."""
        crystal = self.resolved.crystal
        if self.task.decoration is not None:
            given = np.array(self.task.decoration, dtype=np.int64)
            return np.bincount(given[given >= 0], minlength=crystal.n_columns)
        found = np.zeros(crystal.n_columns, dtype=np.int64)
        asked = self.resolved.space.to_vector(self.task.composition)
        for number, part in enumerate(crystal.column_slices):
            found[part] = rounded_counts(asked[part], len(sites_of(crystal, self.supercell, number)))
        return found

    @cached_property
    def x(self) -> NDArray[np.float64]:
        """The composition that it holds, [n_columns]."""
        crystal = self.resolved.crystal
        sizes = [self.supercell.n_cells * len(each.sites) for each in crystal.sublattices]
        return self.counts / np.repeat(sizes, [len(each.elements) for each in crystal.sublattices])

    def _mean_crystal(self) -> dict[str, NDArray[np.float64]]:
        """Lattice [3, 3] and positions [n, 3] of one cell, Å, and the potential calls that they took."""
        landscape, mean = relaxed_mean(self.evaluator, self.task, self.x)
        lattice, frac = landscape.coordinates.geometry(mean.q)
        return {
            "lattice": np.asarray(lattice),
            "positions": np.asarray(frac @ lattice),
            "shared_calls": np.array(float(mean.calls)),
            "converged": np.array(float(mean.converged)),
        }

    def _sites(self, where: Mapping[str, NDArray[np.float64]]) -> MixedSites:
        landscape = SiteLandscape(
            self.evaluator.potential, self.resolved.crystal, where["lattice"], self.supercell, self.on_call
        )
        positions = self.supercell.positions(where["lattice"], where["positions"])
        return MixedSites(landscape, positions, self.counts)

    def _started(self, sites: MixedSites) -> State:
        """The state before the first evaluation."""
        task, composition = self.task, sites.composition
        n_sites, n_columns = sites.landscape.n_sites, len(self.counts)
        if task.decoration is not None:
            if len(task.decoration) != n_sites:
                raise ValueError(
                    f"decoration has {len(task.decoration)} entries; the supercell has {n_sites} sites"
                )
            given = np.array(task.decoration, dtype=np.int64)
            chosen = given[sites.sites]
            if (
                not composition.allowed[np.arange(len(chosen)), chosen].all()
                or (np.delete(given, sites.sites) != -1).any()
            ):
                raise ValueError(
                    "decoration must name a column of its own sublattice for each mixed site, and -1 elsewhere"
                )
            return begin_at(chosen, sites)
        if task.start is not None:
            weights = np.array(task.start, dtype=float)
            if weights.shape != (n_sites, n_columns):
                raise ValueError(
                    f"start has the shape {list(weights.shape)}; one row a site and one entry a column are "
                    f"[{n_sites}, {n_columns}]"
                )
            start = composition.balanced(np.log(np.maximum(weights[sites.sites], SMALLEST_START)))
            return begin(sites, task.seed, task.number, start)
        return begin(sites, task.seed, task.number)

    def _record(self, sites: MixedSites, state: State, cost: Cost, *, converged: bool) -> DescentRecord:
        exchanged, atoms = state.swaps, sites.atoms
        usable = exchanged is not None and bool(np.isfinite(exchanged.energy))
        chosen = exchanged.held if exchanged is not None else sites.composition.rounded(state.point)
        ended: Ended = "failed" if not usable else ("ordered" if state.ended else "budget")
        return DescentRecord(
            index=self.task.index,
            cost=cost,
            evaluation=self.task.evaluation,
            number=self.task.number,
            composition=self.resolved.space.to_composition(self.x),
            matrix=self.task.matrix,
            columns=sites.columns(chosen).tolist(),
            energy_per_atom=exchanged.energy / atoms if exchanged is not None and usable else None,
            start_energy_per_atom=state.start_energy / atoms if np.isfinite(state.start_energy) else None,
            steps=[
                DescentStep(temperature=t / BOLTZMANN, before=before / atoms, after=after / atoms)
                for t, before, after in state.descent.steps.tolist()
            ],
            swaps_tried=0 if exchanged is None else exchanged.tried,
            swaps_accepted=0 if exchanged is None else exchanged.accepted,
            ended=ended,
            message="; ".join(self._said(ended, converged=converged)) or None,
        )

    def _said(self, ended: Ended, *, converged: bool) -> Iterator[str]:
        """What to be careful about, in words."""
        space = self.resolved.space
        if (
            self.task.decoration is None
            and np.abs(self.x - space.to_vector(self.task.composition)).max() > 5e-4
        ):
            listed = ", ".join(
                f"{column} {value:.4g}"
                for column, value in zip(space.columns, self.x, strict=True)
                if value > 0.0
            )
            yield f"the sites of the supercell hold {listed}"
        if not converged:
            yield "the mean-field crystal did not converge: its last sites and cell were taken"
        if ended == "failed":
            yield "the potential gave no energy for it"
        elif ended == "budget":
            yield f"given up after {self.task.calls} calls: exchanges of sites may lower the energy"


def _numbers(saved: Mapping[str, NDArray[np.generic]]) -> dict[str, NDArray[np.float64]]:
    return {name: np.array(array, dtype=float) for name, array in saved.items()}
