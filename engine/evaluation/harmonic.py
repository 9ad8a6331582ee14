"""A batch of samples of a harmonic crystal, from the task to the record."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from api_schemas.cost import Cost
from api_schemas.dynamics import Defect, HarmonicRecord, HarmonicTask, ReferenceBetween
from engine.crystals.shells import near_jumps
from engine.crystals.symmetry import operations
from engine.dynamics.bonds import bonds, fit_bonds
from engine.dynamics.einstein import springs_like
from engine.dynamics.samples import Model, pairs
from engine.dynamics.two_stage import Drawn, drawn
from engine.evaluation.at_work import AtWork
from engine.evaluation.resting import Resting
from engine.evaluation.vacant import Vacant
from engine.mechanics.threads import fitting_threads
from engine.references.chemical_potentials import chemical_potentials

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from engine.dynamics.harmonic import HarmonicCrystal

MOST_DRAWN = 512
"""Samples of a crystal with an energy of its bonds: those that all tasks of a question together may ask for."""


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
            defect, more = (None, 0) if unstable else self._defect(resting)
            stiffness, of_cell = resting.stiffness() if task.stretched else (None, 0)
            differences: NDArray[np.float64] | None = None
            between: Drawn | None = None
            if task.pairs and not unstable:
                model = Model(resting.landscape, harmonic, resting.weights, resting.energy)
                asked = slice(task.first, task.first + task.pairs)
                if task.learned is None:
                    differences = model.beyond_harmonic(self._pairs(harmonic, range(asked.start, asked.stop)))
                else:
                    between = self._drawn(harmonic, task.learned)
                    beyond = model.beyond_harmonic(between.displacements[asked]) - between.energies[asked]
                    differences = beyond[:, None]
        calls = 0 if differences is None else differences.size
        potential = self.evaluator.potential
        near = near_jumps(resting.lattice, resting.frac, potential.curvature_jumps, potential.name)
        return HarmonicRecord(
            index=task.index,
            cost=Cost(
                potential_calls=calls,
                shared_calls=resting.calls + more + of_cell,
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
            springs=springs_like(harmonic)[: crystal.n_sites].tolist(),
            first=task.first,
            differences=[] if differences is None else differences.tolist(),
            between=None
            if between is None
            else ReferenceBetween(
                difference=between.difference, error=between.error, forgotten=between.forgotten
            ),
            stiffness=stiffness,
            defect=defect,
            message=None
            if near is None
            else f"{near}: the harmonic crystal is not to be trusted; take sevennet-l3i5",
        )

    def _pairs(self, harmonic: HarmonicCrystal, numbers: Iterable[int]) -> NDArray[np.float64]:
        return pairs(harmonic, self.task.temperature, self.task.seed, numbers)

    def _drawn(self, harmonic: HarmonicCrystal, learned: Sequence[Sequence[float]]) -> Drawn:
        """Samples with an energy of bonds, which are the same for every batch."""
        crystal = self.resolved.crystal
        labels = np.where(harmonic.constants.present > 0.0, crystal.labels, -1)
        displaced = self._pairs(harmonic, range(len(learned)))
        fitted = fit_bonds(bonds(harmonic, labels.tolist()), harmonic, displaced, np.array(learned))
        return drawn(fitted, self.task.temperature, self.task.seed, MOST_DRAWN, self.on_call)

    def _defect(self, resting: Resting) -> tuple[Defect | None, int]:
        """The crystal with the empty site that was asked for, and the potential calls that it took."""
        empty = self.task.empty
        if empty is None:
            return None, 0
        vacant = Vacant(resting, empty.site)
        value: float | None = None
        words: str | None = None
        calls = vacant.calls
        if empty.removed is not None:
            given = self.resolved.problem.conditions.chemical_potentials
            found = chemical_potentials([empty.removed], given, self.evaluator.solver)
            ((value, phase),) = zip(found.values.values(), found.references.values(), strict=True)
            words = f"{empty.removed}, {phase}"
            calls += found.calls
            if found.unconverged:
                words += ", whose relaxation was given up"
        return Defect(
            energy=vacant.energy,
            converged=vacant.converged,
            spring=float(springs_like(resting.harmonic)[empty.site]),
            chemical_potential=value,
            reference=words,
        ), calls
