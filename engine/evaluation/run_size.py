"""How many runs of a switch are best computed together, from the task to the record."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from api_schemas.cost import Cost
from api_schemas.dynamics import BatchingRecord, BatchingTask
from engine.dynamics.batching import measured_batch
from engine.dynamics.replicas import Replicas
from engine.evaluation.at_work import AtWork
from engine.evaluation.resting import Resting
from engine.mechanics.threads import fitting_threads

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.dynamics.hamiltonian import Energies


@dataclass(frozen=True, eq=False)
class _WithThreads:
    """Replicas that are computed with the threads that fit them, as in runs."""

    replicas: Replicas
    copies: int

    def evaluate(
        self,
        positions: NDArray[np.float64],
        strain: NDArray[np.float64],
        lam: NDArray[np.float64],
        *,
        by_lam: bool = False,
        by_strain: bool = False,
    ) -> Energies:
        with fitting_threads(self.copies * len(positions)):
            return self.replicas.evaluate(positions, strain, lam, by_lam=by_lam, by_strain=by_strain)


class RunSize(AtWork[BatchingTask]):
    """A task of measuring, and what computes it."""

    def measured(self) -> BatchingRecord:
        """Compute the crystals at rest, one, two, four and so on at a time."""
        began = time.perf_counter()
        task, crystal = self.task, self.resolved.crystal
        rest = [Resting.of(self.evaluator, one, task.matrix, self.on_call) for one in task.crystals]
        first, cells = rest[0], rest[0].supercell.n_cells
        model = Replicas(
            self.evaluator.potential,
            first.unstrained,
            crystal.site_copies * cells,
            first.weights,
            rest[-1].weights if len(rest) > 1 else None,
            groups=np.tile(crystal.site_sublattice, cells),
            on_call=self.on_call,
        )
        found = measured_batch(
            _WithThreads(model, cells * crystal.n_copies),
            first.inside,
            first.strain,
            task.most,
            by_strain=len(rest) > 1,
        )
        return BatchingRecord(
            index=task.index,
            cost=Cost(
                potential_calls=model.calls,
                shared_calls=0,
                seconds=time.perf_counter() - began,
                supercell_calls=model.calls,
                primitive_equivalents=float(model.calls * cells),
            ),
            replicas=found,
        )
