"""The cell that a crystal has at a temperature, in the quasi-harmonic approximation (docs/science.md, Eq. 107 and 108).

The cell is that of lowest enthalpy with the free energy of quantum harmonic vibrations, which change as it does. In it
sites are where the enthalpy is lowest: their vibrations change with the cell, and do not push them inside it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from api_schemas.cost import Cost
from api_schemas.dynamics import ThermalCellRecord, ThermalCellTask
from engine.crystals.symmetry import operations
from engine.dynamics.oscillators import quantum
from engine.evaluation.at_work import AtWork
from engine.evaluation.resting import Resting
from engine.mechanics.landscape import CALLS_PER_ROW
from engine.mechanics.threads import fitting_threads

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.mechanics.landscape import FirstDerivatives

    FloatArray = NDArray[np.float64]

APART = 0.004
"""Strain, of the cells whose vibrations tell how their free energy changes."""
NEAR = 0.003
"""Strain up to which vibrations are foretold to second order; farther off they are computed anew."""
_STILL = 1e-7
"""Strain; steps of Newton's method end below."""
_LONGEST = 0.02
"""Strain, of one such step."""
MOST_CENTRES, _MOST_STEPS = 6, 30


class _NoCellError(Exception):
    """There is none, for a reason in words."""


@dataclass(frozen=True, eq=False)
class _Vibrations:
    """Free energy of vibrations about a centre, to second order in the strains, eV a cell.

    Attributes:
        centre: [n_strain].
        slope: [n_strain].
        curvature: [n_strain]; off the diagonal it is left out.
    """

    centre: FloatArray
    slope: FloatArray
    curvature: FloatArray


class ThermalCell(AtWork[ThermalCellTask]):
    """A task of finding the cell at a temperature, and what computes it."""

    def found(self) -> ThermalCellRecord:
        """Find it."""
        began = time.perf_counter()
        self._spent, self._supercell_calls = 0, 0
        q, failed = self._rest.q, None
        with fitting_threads(self._rest.supercell.n_cells * self.resolved.crystal.n_copies):
            try:
                q = self._cell()
            except _NoCellError as reason:
                failed = str(reason)
        cells = self._rest.supercell.n_cells
        at_end = replace(self._rest, q=q)
        return ThermalCellRecord(
            index=self.task.index,
            cost=Cost(
                potential_calls=self._spent + self._supercell_calls,
                shared_calls=0,
                seconds=time.perf_counter() - began,
                supercell_calls=self._supercell_calls,
                primitive_equivalents=float(self._spent + self._supercell_calls * cells),
            ),
            evaluation=self.task.crystal.evaluation,
            temperature=self.task.temperature,
            q=q.tolist(),
            expansion=at_end.volume / self._rest.volume - 1.0,
            failed=failed,
        )

    @cached_property
    def _rest(self) -> Resting:
        return Resting.of(self.evaluator, self.task.crystal, self.task.matrix, self.on_call)

    @property
    def _n_strain(self) -> int:
        return self.evaluator.coordinates(self.resolved.crystal).n_strain

    def _cell(self) -> FloatArray:
        """Coordinates of the cell at the temperature, [n_q]."""
        q = self._rest.q
        _, hessian = self._derivatives(q)
        for _ in range(MOST_CENTRES):
            vibrations = self._vibrations(q, hessian)
            q, hessian = self._lowest(q, vibrations)
            if np.abs(q[: self._n_strain] - vibrations.centre).max() <= NEAR:
                return q
        raise _NoCellError(
            f"the cell at {self.task.temperature:g} K is not found: its vibrations change too much with it"
        )

    def _lowest(self, q: FloatArray, vibrations: _Vibrations) -> tuple[FloatArray, FloatArray]:
        """Coordinates of the lowest sum of enthalpy and vibrations, from q on, and the enthalpy's Hessian there."""
        n = self._n_strain
        for _ in range(_MOST_STEPS):
            first, hessian = self._derivatives(q)
            gradient, whole = first.dh_dq[0].copy(), hessian.copy()
            gradient[:n] += vibrations.slope + vibrations.curvature * (q[:n] - vibrations.centre)
            whole[:n, :n] += np.diag(vibrations.curvature)
            if np.linalg.eigvalsh(whole)[0] <= 0.0:
                raise _NoCellError(
                    f"at {self.task.temperature:g} K nothing holds the cell: vibrations win over the energy"
                )
            step = -np.linalg.solve(whole, gradient)
            longest = float(np.abs(step[:n]).max(initial=0.0))
            q = q + step * min(1.0, _LONGEST / max(longest, _LONGEST))
            if longest < _STILL:
                return q, hessian
        raise _NoCellError(f"the cell at {self.task.temperature:g} K is not found in {_MOST_STEPS} steps")

    def _derivatives(self, q: FloatArray) -> tuple[FirstDerivatives, FloatArray]:
        """Enthalpy at q with first derivatives, and its Hessian [n_q, n_q]."""
        landscape = self.evaluator.solver.landscape(self.resolved.crystal, self.evaluator.pressure)
        lam = self.resolved.crystal.weights(self._rest.x)
        first = landscape.first(q[None], lam[None])
        self._spent += 1 + CALLS_PER_ROW * len(q)
        return first, landscape.second(first).hessian[0]

    def _vibrations(self, q: FloatArray, hessian: FloatArray) -> _Vibrations:
        """By central differences along each strain, the sites following the cell."""
        n = self._n_strain
        here = self._free_energy(q)
        slope, curvature = np.zeros(n), np.zeros(n)
        for number in range(n):
            along = np.zeros(len(q))
            along[number] = APART
            along[n:] = -np.linalg.solve(hessian[n:, n:], hessian[n:, number]) * APART
            ahead, behind = (self._free_energy(q + sign * along) for sign in (1.0, -1.0))
            slope[number] = (ahead - behind) / (2.0 * APART)
            curvature[number] = (ahead + behind - 2.0 * here) / APART**2
        return _Vibrations(q[:n].copy(), slope, curvature)

    def _free_energy(self, q: FloatArray) -> float:
        """Of the quantum harmonic vibrations at q, eV a cell."""
        resting = replace(self._rest, q=q)
        unstable = resting.harmonic.instabilities(operations(self.resolved.crystal))
        self._supercell_calls += resting.calls
        if unstable:
            strained = 100.0 * (resting.volume / self._rest.volume - 1.0)
            raise _NoCellError(
                f"with a volume {strained:+.1f} % from that at rest the crystal is dynamically unstable, so that "
                f"its cell at {self.task.temperature:g} K is not known: {unstable[0].words(resting.names)}"
            )
        free = quantum(resting.harmonic.vibrations, [self.task.temperature]).free_energy[0]
        return float(free) / resting.supercell.n_cells
