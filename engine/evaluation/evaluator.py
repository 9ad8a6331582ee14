"""Evaluate compositions of a problem: relax, and give every property with its exact gradient."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from engine.mechanics.relax import Relaxed, Start, Tolerance, relax
from engine.mechanics.sensitivity import coordinate_response
from engine.mechanics.threads import fitting_threads
from engine.potentials.loading import load_chosen
from engine.potentials.registry import describe_choice
from engine.properties.moduli import MODULI, Curved, Moduli, modulus_values
from engine.properties.table import wanted_properties
from engine.references.shared_values import shared_values
from engine.references.solver import ReferenceSolver, batch_size
from engine.references.store import MemoryStore, Reference, ReferenceStore, interpolated_start

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from api_schemas.evaluations import EvaluationRecord, ReferenceRecord, ReferenceTask, Suggestion
    from engine.crystals.crystal import AlchemicalCrystal
    from engine.mechanics.coordinates import SymmetryCoordinates
    from engine.problem.resolved import ResolvedProblem

_process_store = MemoryStore()


class Evaluator:
    """Evaluates compositions of one problem with one potential on one device.

    Args:
        resolved: The problem.
        device: cpu or cuda.
        references: Store of end members and same_as crystals; by default one of this process.
        on_call: Called before every potential call; what it raises ends the evaluation.
        tolerance: When a relaxation is finished.
    """

    def __init__(
        self,
        resolved: ResolvedProblem,
        *,
        device: str = "cpu",
        references: ReferenceStore | None = None,
        on_call: Callable[[], None] | None = None,
        tolerance: Tolerance | None = None,
    ) -> None:
        self.resolved = resolved
        choice = resolved.problem.potential
        self.potential = load_chosen(choice, device)
        self.sha256 = describe_choice(choice).sha256
        self.pressure = resolved.problem.conditions.pressure
        self.tolerance = tolerance or Tolerance()
        self.solver = ReferenceSolver(
            self.potential,
            self.sha256,
            self.tolerance,
            references or _process_store,
            on_call,
            tier=choice.tier,
        )
        self._jumps = self.potential.curvature_jumps

    def evaluate(self, suggestions: Sequence[Suggestion]) -> list[EvaluationRecord]:
        """Relax compositions, a batch at a time, and compute their properties, in order."""
        records: list[EvaluationRecord] = []
        size = batch_size(self.resolved.crystal)
        for first in range(0, len(suggestions), size):
            batch = suggestions[first : first + size]
            with fitting_threads(self.resolved.crystal.n_copies * len(batch)):
                records += self._evaluate_batch(batch)
        return records

    def _evaluate_batch(self, suggestions: Sequence[Suggestion]) -> list[EvaluationRecord]:
        from api_schemas.cost import Cost
        from engine.evaluation.record import build_record

        started = time.perf_counter()
        crystal, space = self.resolved.crystal, self.resolved.space
        waits = not all(suggestion.completed_later for suggestion in suggestions)
        shared = shared_values(self.resolved, self.solver, with_members=waits)
        points = np.stack([space.to_vector(suggestion.composition) for suggestion in suggestions])
        starts = [
            self.start(suggestion, x, shared.members)
            for suggestion, x in zip(suggestions, points, strict=True)
        ]
        lam = np.stack([crystal.weights(x) for x in points])
        directions = crystal.weights_matrix @ space.tangent_basis
        landscape = self.solver.landscape(crystal, self.pressure)
        relaxed = relax(landscape, lam, starts, self.tolerance, directions)
        moduli = [self._moduli(result, weights) for result, weights in zip(relaxed, lam, strict=True)]
        seconds = (time.perf_counter() - started) / len(suggestions)
        return [
            build_record(
                self.resolved,
                self.coordinates(crystal),
                suggestion,
                result,
                shared,
                curved,
                Cost(potential_calls=result.calls + curved.calls, shared_calls=shared.calls, seconds=seconds),
                self._jumps,
            )
            for suggestion, result, curved in zip(suggestions, relaxed, moduli, strict=True)
        ]

    def _moduli(self, relaxed: Relaxed, lam: NDArray[np.float64]) -> Moduli:
        """The moduli that the problem names, of a composition that converged."""
        names = [name for name in wanted_properties(self.resolved.problem) if name in MODULI]
        crystal = self.resolved.crystal
        tangent = self.resolved.space.tangent_basis
        response = coordinate_response(relaxed, crystal.weights_matrix, tangent)
        if not names or not relaxed.converged or response is None:
            return Moduli({})
        at = Curved(
            q=relaxed.q,
            lam=lam,
            hessian=relaxed.hessian,
            exact=relaxed.stable is not None,
            dq_dx=response,
        )
        return modulus_values(names, self.solver.landscape(crystal, self.pressure), at)

    def reference(self, task: ReferenceTask) -> ReferenceRecord:
        """Relax what evaluations share, unless the store has it."""
        from engine.references.shared_tasks import solve

        return solve(self.resolved, task, self.solver)

    def coordinates(self, crystal: AlchemicalCrystal) -> SymmetryCoordinates:
        """The symmetry-adapted coordinates of a crystal of this problem, found once."""
        return self.solver.coordinates(crystal)

    def start(self, suggestion: Suggestion, x: NDArray[np.float64], members: Sequence[Reference]) -> Start:
        """From the neighbour that came with the suggestion, else between the end members."""
        warm = suggestion.warm_start
        n_q = self.coordinates(self.resolved.crystal).n_q
        if warm is not None and suggestion.warm_start_composition is not None and len(warm.q) == n_q:
            step = x - self.resolved.space.to_vector(suggestion.warm_start_composition)
            response = np.array(warm.dq_dx, dtype=float).reshape(n_q, -1)
            hessian = np.array(warm.hessian, dtype=float).reshape(n_q, n_q) if warm.hessian else None
            return Start(q=np.array(warm.q) + response @ step, hessian=hessian)
        shares = np.array([_share(member, x) for member in members])
        if suggestion.completed_later:
            return Start(q=np.zeros(n_q))
        if all(member.converged for member in members) and abs(shares.sum() - 1.0) < 1e-6:
            q, hessian = interpolated_start(members, shares, x)
            return Start(q=q, hessian=hessian)
        return Start(q=np.zeros(n_q))


def _share(member: Reference, x: NDArray[np.float64]) -> float:
    """w_m = product over sublattices of the fraction of the member's element."""
    return float(np.prod(x[member.x > 0.5]))
