"""Evaluate compositions of a problem: relax, and give every property with its exact gradient."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from api_schemas.base import Composition
from api_schemas.evaluations import Cost, EvaluationRecord, Suggestion
from api_schemas.problem import Problem, SameAs
from engine.composition.notation import parse_composition
from engine.mechanics.coordinates import SymmetryCoordinates, symmetry_coordinates
from engine.mechanics.landscape import Landscape
from engine.mechanics.relax import Start, Tolerance, relax
from engine.mechanics.sensitivity import coordinate_response
from engine.mechanics.threads import fitting_threads
from engine.potentials.loading import load_potential
from engine.potentials.registry import describe
from engine.problems.resolve import ResolvedProblem, resolved_problem
from engine.records import build_record, property_of_reference
from engine.references import (
    MemoryStore,
    Reference,
    ReferenceStore,
    interpolated_start,
    pack,
    reference_key,
    unpack,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.crystals.crystal import AlchemicalCrystal

SITES_TOGETHER = 64
"""Sites relaxed in one batch of compositions: enough to fill a core, few enough to keep memory small."""

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
        self.potential = load_potential(choice.name, choice.dtype, device)
        self.sha256 = describe(choice.name).sha256
        self.pressure = resolved.problem.conditions.pressure
        self.tolerance = tolerance or Tolerance()
        self._store = references or _process_store
        self._on_call = on_call
        self._coordinates: dict[int, SymmetryCoordinates] = {}

    def evaluate(self, suggestions: Sequence[Suggestion]) -> list[EvaluationRecord]:
        """Relax compositions, a batch at a time, and compute their properties, in order."""
        records: list[EvaluationRecord] = []
        size = _batch_size(self.resolved.crystal)
        for first in range(0, len(suggestions), size):
            batch = suggestions[first : first + size]
            with fitting_threads(self.resolved.crystal.n_copies * len(batch)):
                records += self._evaluate_batch(batch)
        return records

    def _evaluate_batch(self, suggestions: Sequence[Suggestion]) -> list[EvaluationRecord]:
        started = time.perf_counter()
        crystal, space = self.resolved.crystal, self.resolved.space
        members = self._end_members()
        targets, target_calls = self._targets()
        shared = sum(member.calls for member in members) + target_calls
        points = np.stack([space.to_vector(suggestion.composition) for suggestion in suggestions])
        starts = [
            self._start(suggestion, x, members) for suggestion, x in zip(suggestions, points, strict=True)
        ]
        lam = np.stack([crystal.weights(x) for x in points])
        directions = crystal.weights_matrix @ space.tangent_basis
        relaxed = relax(self._landscape(crystal), lam, starts, self.tolerance, directions)
        seconds = (time.perf_counter() - started) / len(suggestions)
        return [
            build_record(
                self.resolved,
                self.coordinates(crystal),
                suggestion,
                result,
                members,
                targets,
                Cost(potential_calls=result.calls, shared_calls=shared, seconds=seconds),
            )
            for suggestion, result in zip(suggestions, relaxed, strict=True)
        ]

    def _landscape(self, crystal: AlchemicalCrystal) -> Landscape:
        return Landscape(
            self.potential, crystal, self.coordinates(crystal), pressure=self.pressure, on_call=self._on_call
        )

    def coordinates(self, crystal: AlchemicalCrystal) -> SymmetryCoordinates:
        """The symmetry-adapted coordinates of a crystal of this problem, found once."""
        key = id(crystal)
        if key not in self._coordinates:
            self._coordinates[key] = symmetry_coordinates(crystal)
        return self._coordinates[key]

    def _start(self, suggestion: Suggestion, x: NDArray[np.float64], members: Sequence[Reference]) -> Start:
        """From the neighbour that came with the suggestion, else between the end members."""
        warm = suggestion.warm_start
        n_q = self.coordinates(self.resolved.crystal).n_q
        if warm is not None and suggestion.warm_start_composition is not None and len(warm.q) == n_q:
            step = x - self.resolved.space.to_vector(suggestion.warm_start_composition)
            response = np.array(warm.dq_dx, dtype=float).reshape(n_q, -1)
            hessian = np.array(warm.hessian, dtype=float).reshape(n_q, n_q) if warm.hessian else None
            return Start(q=np.array(warm.q) + response @ step, hessian=hessian)
        shares = np.array([_share(member, x) for member in members])
        if all(member.converged for member in members) and abs(shares.sum() - 1.0) < 1e-6:
            q, hessian = interpolated_start(members, shares, x)
            return Start(q=q, hessian=hessian)
        return Start(q=np.zeros(n_q))

    def _end_members(self) -> list[Reference]:
        """All end members of the problem, from the store or relaxed together."""
        return self._references(self.resolved.crystal, [x for _, x in self.resolved.crystal.end_members()])

    def _references(self, crystal: AlchemicalCrystal, points: list[NDArray[np.float64]]) -> list[Reference]:
        keys = [
            reference_key(crystal, x, self.potential, self.sha256, self.pressure, self.tolerance)
            for x in points
        ]
        found: dict[str, dict[str, Any] | None] = {key: self._store.get(key) for key in keys}
        missing = [i for i, key in enumerate(keys) if found[key] is None]
        size = _batch_size(crystal)
        for first in range(0, len(missing), size):
            chunk = missing[first : first + size]
            lam = np.stack([crystal.weights(points[i]) for i in chunk])
            starts = [Start(q=np.zeros(self.coordinates(crystal).n_q)) for _ in chunk]
            for i, result in zip(
                chunk, relax(self._landscape(crystal), lam, starts, self.tolerance), strict=True
            ):
                value = pack(result, points[i], coordinate_response(result, crystal.weights_matrix))
                self._store.put(keys[i], value)
                found[keys[i]] = value
        return [unpack(stored) for key in keys if (stored := found[key]) is not None]

    def _targets(self) -> tuple[list[float | None], int]:
        """Target of each objective, same_as crystals resolved, and the potential calls of those."""
        targets: list[float | None] = []
        calls = 0
        counted: set[int] = set()
        for objective, crystal in zip(self.resolved.problem.objectives, self.resolved.same_as, strict=True):
            if crystal is None or not isinstance(objective.target, SameAs):
                targets.append(objective.target if isinstance(objective.target, float) else None)
                continue
            reference = self._references(crystal, [np.zeros(0)])[0]
            if id(crystal) not in counted:
                calls += reference.calls
                counted.add(id(crystal))
            targets.append(
                property_of_reference(
                    objective.property, self.resolved.problem, crystal, self.coordinates(crystal), reference
                )
            )
        return targets, calls


def _batch_size(crystal: AlchemicalCrystal) -> int:
    return max(1, SITES_TOGETHER // crystal.n_sites)


def _share(member: Reference, x: NDArray[np.float64]) -> float:
    """w_m = product over sublattices of the fraction of the member's element."""
    return float(np.prod(x[member.x > 0.5]))


def evaluate(
    problem: Problem | ResolvedProblem,
    composition: Suggestion | Composition | Mapping[str, Mapping[str, float]],
    *,
    references: ReferenceStore | None = None,
    device: str = "cpu",
    on_call: Callable[[], None] | None = None,
    tolerance: Tolerance | None = None,
) -> EvaluationRecord:
    """Relax one composition and compute its properties with their gradients.

    Args:
        problem: What is asked for.
        composition: Fractions by sublattice and element, or a campaign's suggestion.
        references: Store of end members and same_as crystals; by default one of this process.
        device: cpu or cuda.
        on_call: Called before every potential call; what it raises ends the evaluation.
        tolerance: When the relaxation is finished.

    Raises:
        api_schemas.errors.ProblemInvalid: if the problem or the composition cannot be accepted.
        engine.potentials.errors.WeightsUnavailable: if the weights are not here and cannot be fetched.
    """
    resolved = resolved_problem(problem)
    suggestion = (
        composition
        if isinstance(composition, Suggestion)
        else Suggestion(
            index=0, composition=resolved.space.to_composition(parse_composition(resolved.space, composition))
        )
    )
    evaluator = Evaluator(
        resolved, device=device, references=references, on_call=on_call, tolerance=tolerance
    )
    return evaluator.evaluate([suggestion])[0]
