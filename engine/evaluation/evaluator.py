"""Evaluate compositions of a problem: relax, and give every property with its exact gradient."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from engine.crystals.together import batch_size
from engine.evaluation.refined import Refined, as_it_is
from engine.mechanics.relax import Relaxed, Start, Tolerance
from engine.mechanics.springs import Springs
from engine.mechanics.threads import fitting_threads
from engine.mechanics.valleys import relax_to_the_bottom
from engine.potentials.loading import load_chosen
from engine.potentials.registry import describe_choice
from engine.properties.inputs import NO_VIBRATIONS, SoftestMode, Vibrations
from engine.properties.moduli import MODULI, Curved, Moduli, modulus_values
from engine.properties.table import tests_stability, vibrating, wanted_properties
from engine.properties.undefined import undefined_properties
from engine.references.mixed import is_mixed
from engine.references.shared_values import shared_values
from engine.references.solver import ReferenceSolver
from engine.references.store import MemoryStore, Reference, ReferenceStore, interpolated_start
from engine.references.vibrations import softest_mode, vibrations_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from api_schemas.evaluations import EvaluationRecord, ReferenceRecord, ReferenceTask, Suggestion
    from engine.crystals.crystal import AlchemicalCrystal
    from engine.evaluation.refined import Refinement
    from engine.mechanics.coordinates import SymmetryCoordinates
    from engine.mechanics.landscape import Landscape
    from engine.problem.resolved import ResolvedProblem

_process_store = MemoryStore()

NEAR = 0.15
"""Fraction within which the disorder of a composition starts from that of another."""


class Evaluator:
    """Evaluates compositions of one problem with one potential on one device.

    Args:
        resolved: The problem.
        device: cpu or cuda.
        references: Store of end members and same_as crystals; by default one of this process.
        on_call: Called before every potential call; what it raises ends the evaluation.
        tolerance: When a relaxation is finished.
        refinement: What is made of each relaxed mixed crystal; None for the crystal as it is.
    """

    def __init__(
        self,
        resolved: ResolvedProblem,
        *,
        device: str = "cpu",
        references: ReferenceStore | None = None,
        on_call: Callable[[], None] | None = None,
        tolerance: Tolerance | None = None,
        refinement: Refinement | None = None,
    ) -> None:
        self.resolved = resolved
        choice = resolved.problem.potential
        self.potential = load_chosen(choice, device)
        self.sha256 = describe_choice(choice).sha256
        self.pressure = resolved.problem.conditions.pressure
        self.tolerance = tolerance or Tolerance()
        self._refinement = refinement
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
            records += self._evaluate_batch(suggestions[first : first + size])
        return records

    def _evaluate_batch(self, suggestions: Sequence[Suggestion]) -> list[EvaluationRecord]:
        from api_schemas.cost import Cost
        from engine.evaluation.record import build_record

        started = time.perf_counter()
        crystal, space = self.resolved.crystal, self.resolved.space
        waits = not all(suggestion.completed_later for suggestion in suggestions)
        with fitting_threads(crystal.n_copies * len(suggestions)):
            shared = shared_values(self.resolved, self.solver, with_members=waits)
        points = np.stack([space.to_vector(suggestion.composition) for suggestion in suggestions])
        itself = self._members(points)
        starts = [
            self.start(suggestion, x, shared.members)
            if member is None
            else Start(q=member.q, hessian=member.hessian, springs=member.springs)
            for suggestion, x, member in zip(suggestions, points, itself, strict=True)
        ]
        lam = np.stack([crystal.weights(x) for x in points])
        directions = crystal.weights_matrix @ space.tangent_basis
        landscape = self.solver.landscape(crystal, self.pressure)
        with fitting_threads(crystal.n_copies * len(suggestions)):
            relaxed = [
                result if member is None else _in_state(result, member)
                for result, member in zip(
                    relax_to_the_bottom(landscape, lam, starts, self.tolerance, directions),
                    itself,
                    strict=True,
                )
            ]
        refined = [
            self._refined(landscape, result, x, suggestion)
            for result, x, suggestion in zip(relaxed, points, suggestions, strict=True)
        ]
        with fitting_threads(crystal.n_copies * len(suggestions)):
            moduli = [self._moduli(result, weights) for result, weights in zip(refined, lam, strict=True)]
        refined = [
            replace(result, vibrations=self._vibrations(result, x), softest=self._softest(result, x))
            for result, x in zip(refined, points, strict=True)
        ]
        seconds = (time.perf_counter() - started) / len(suggestions)
        return [
            build_record(
                self.resolved,
                self.coordinates(crystal),
                suggestion,
                mean_field,
                result,
                shared,
                curved,
                Cost(
                    potential_calls=result.relaxed.calls + curved.calls + result.vibration_calls,
                    shared_calls=shared.calls,
                    seconds=seconds,
                    supercell_calls=result.supercell_calls + result.vibration_calls,
                    primitive_equivalents=float(
                        result.supercell_calls * result.cells + result.vibration_equivalents
                    ),
                ),
                self._jumps,
            )
            for suggestion, mean_field, result, curved in zip(
                suggestions, relaxed, refined, moduli, strict=True
            )
        ]

    def _refined(
        self, landscape: Landscape, relaxed: Relaxed, x: NDArray[np.float64], suggestion: Suggestion
    ) -> Refined:
        """A relaxed composition as the tier has it; what is mixed nowhere is computed as it is."""
        crystal, space = self.resolved.crystal, self.resolved.space
        if self._refinement is None or not relaxed.converged or not is_mixed(self.resolved):
            return as_it_is(relaxed, crystal.weights_matrix, space.tangent_basis)
        warm, near = suggestion.warm_start, suggestion.warm_start_composition
        close = near is not None and np.abs(space.to_vector(near) - x).max() <= NEAR
        neighbour = warm.disorder if warm is not None and close else None
        return self._refinement(landscape, relaxed, x, space.tangent_basis, self.tolerance, neighbour)

    def _moduli(self, refined: Refined, lam: NDArray[np.float64]) -> Moduli:
        """The moduli that the problem names, of a composition that converged: of the mean-field crystal in its cell."""
        crystal, relaxed = self.resolved.crystal, refined.relaxed
        undefined = undefined_properties(crystal)
        wanted = wanted_properties(self.resolved.problem)
        names = [name for name in wanted if name in MODULI and name not in undefined]
        if not names or not relaxed.converged or refined.dq_dx is None:
            return Moduli({})
        at = Curved(
            q=relaxed.q,
            lam=lam,
            hessian=refined.curvature,
            exact=relaxed.stable is not None,
            dq_dx=refined.dq_dx,
        )
        return modulus_values(names, self.solver.landscape(crystal, self.pressure), at)

    def _vibrations(self, refined: Refined, x: NDArray[np.float64]) -> Vibrations:
        """Of a composition that converged, as the tier has them; nothing where none are wanted."""
        problem, relaxed = self.resolved.problem, refined.relaxed
        if not vibrating(problem) or not relaxed.converged:
            return NO_VIBRATIONS
        crystal, temperature = self.resolved.crystal, problem.conditions.temperature
        if self._refinement is not None and is_mixed(self.resolved):
            return self._refinement.vibrations(self.solver, crystal, self.pressure, temperature, x, relaxed.q)
        follows = None if refined.dq_dx is None else (refined.dq_dx, self.resolved.space.tangent_basis)
        return vibrations_of(self.solver, crystal, self.pressure, temperature, x, relaxed.q, follows)

    def _softest(self, refined: Refined, x: NDArray[np.float64]) -> SoftestMode | None:
        """Of a composition that converged, where the problem asks for it."""
        if not refined.relaxed.converged or not tests_stability(self.resolved.problem):
            return None
        return softest_mode(self.solver, self.resolved.crystal, self.pressure, x, refined.relaxed.q)

    def reference(self, task: ReferenceTask) -> ReferenceRecord:
        """Relax what evaluations share, unless the store has it."""
        from engine.references.shared_tasks import solve

        return solve(self.resolved, task, self.solver)

    def coordinates(self, crystal: AlchemicalCrystal) -> SymmetryCoordinates:
        """The symmetry-adapted coordinates of a crystal of this problem, found once."""
        return self.solver.coordinates(crystal)

    def _members(self, points: NDArray[np.float64]) -> list[Reference | None]:
        """The end member that each composition [n, n_columns] is, relaxed; None for mixtures.

        All of them are relaxed together where one is wanted, as they are for the mixing energies: then the state of an
        evaluation and that of its reference are the same, to the last digit.
        """
        crystal = self.resolved.crystal
        ends = [x for _, x in crystal.end_members()] if is_mixed(self.resolved) else []
        numbers = [next((k for k, end in enumerate(ends) if np.array_equal(end, x)), None) for x in points]
        if all(number is None for number in numbers):
            return [None] * len(points)
        found = self.solver.relaxed(crystal, ends, self.pressure)
        return [
            found[number] if number is not None and found[number].converged else None for number in numbers
        ]

    def start(self, suggestion: Suggestion, x: NDArray[np.float64], members: Sequence[Reference]) -> Start:
        """From the neighbour that came with the suggestion, or where it was given up, else between the end members."""
        warm = suggestion.warm_start
        n_q = self.coordinates(self.resolved.crystal).n_q
        if warm is not None and suggestion.warm_start_composition is not None and len(warm.q) == n_q:
            step = x - self.resolved.space.to_vector(suggestion.warm_start_composition)
            response = np.array(warm.dq_dx, dtype=float).reshape(n_q, -1) if warm.dq_dx else 0.0 * step[None]
            hessian = np.array(warm.hessian, dtype=float).reshape(n_q, n_q) if warm.hessian else None
            springs = Springs.of_table(warm.springs) if warm.springs else None
            return Start(q=np.array(warm.q) + response @ step, hessian=hessian, springs=springs)
        shares = np.array([_share(member, x) for member in members])
        if suggestion.completed_later:
            return Start(q=np.zeros(n_q))
        if all(member.converged for member in members) and abs(shares.sum() - 1.0) < 1e-6:
            q, hessian, springs = interpolated_start(members, shares, x)
            return Start(q=q, hessian=hessian, springs=springs)
        return Start(q=np.zeros(n_q))


def _in_state(relaxed: Relaxed, member: Reference) -> Relaxed:
    """A relaxation that began in the state of an end member, in that state: it moved by rounding only."""
    if not relaxed.converged:
        return relaxed
    return replace(relaxed, q=member.q, enthalpy=member.enthalpy)


def _share(member: Reference, x: NDArray[np.float64]) -> float:
    """w_m = product over sublattices of the fraction of the member's element."""
    return float(np.prod(x[member.x > 0.5]))
