"""A batch of samples of a harmonic crystal, from the task to the record."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from api_schemas.cost import Cost
from api_schemas.dynamics import HarmonicRecord, HarmonicTask
from engine.crystals.shells import near_jumps
from engine.crystals.symmetry import operations
from engine.dynamics.samples import Model, pairs
from engine.evaluation.at_work import AtWork
from engine.evaluation.resting import Resting
from engine.mechanics.threads import fitting_threads

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class HarmonicSamples(AtWork[HarmonicTask]):
    """A task of sampling a harmonic crystal, and what computes it."""

    def sampled(self) -> HarmonicRecord:
        """Find the force constants, and what the model says beyond them at the samples."""
        began = time.perf_counter()
        task, crystal = self.task, self.resolved.crystal
        resting = Resting.of(self.evaluator, task.crystal, task.matrix, self.on_call)
        with fitting_threads(resting.supercell.n_cells * crystal.n_copies):
            harmonic = resting.harmonic
            unstable = [one.words(resting.names) for one in harmonic.instabilities(operations(crystal))]
            differences: NDArray[np.float64] | None = None
            if task.pairs and not unstable:
                displaced = pairs(
                    harmonic, task.temperature, task.seed, range(task.first, task.first + task.pairs)
                )
                model = Model(resting.landscape, harmonic, resting.weights, resting.energy)
                differences = model.beyond_harmonic(displaced)
        calls = 0 if differences is None else differences.size
        potential = self.evaluator.potential
        near = near_jumps(resting.lattice, resting.frac, potential.curvature_jumps, potential.name)
        return HarmonicRecord(
            index=task.index,
            cost=Cost(
                potential_calls=calls,
                shared_calls=resting.calls,
                seconds=time.perf_counter() - began,
                supercell_calls=calls,
                primitive_equivalents=float(calls * resting.supercell.n_cells),
            ),
            evaluation=task.crystal.evaluation,
            temperature=task.temperature,
            atoms=harmonic.n_atoms,
            energy=resting.energy,
            volume=resting.volume,
            frequencies=harmonic.vibrations.tolist(),
            unstable=unstable,
            first=task.first,
            differences=[] if differences is None else differences.tolist(),
            message=None
            if near is None
            else f"{near}: the harmonic crystal is not to be trusted; take sevennet-l3i5",
        )
