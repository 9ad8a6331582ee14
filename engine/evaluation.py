"""Evaluate compositions of a problem: relax, and give every property with its exact gradient."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from api_schemas.base import Composition
from api_schemas.elements import SYMBOLS
from api_schemas.evaluations import (
    Cost,
    CrystalState,
    EvaluationRecord,
    OccupiedSite,
    PropertyValue,
    RelaxationState,
    Suggestion,
)
from api_schemas.problem import Problem, SameAs
from engine.composition.notation import parse_composition
from engine.mechanics.coordinates import SymmetryCoordinates, symmetry_coordinates
from engine.mechanics.landscape import EV_PER_A3_IN_GPA, Landscape
from engine.mechanics.relax import Relaxed, Start, Tolerance, relax
from engine.mechanics.sensitivity import coordinate_response
from engine.mechanics.threads import fitting_threads
from engine.potentials.loading import load_potential
from engine.potentials.registry import describe
from engine.problems.resolve import ResolvedProblem, resolved_problem
from engine.properties.energetic import EndMember
from engine.properties.gradients import RelaxedPoint, Value, property_values
from engine.properties.table import PROPERTIES
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

BATCH = 16
"""Compositions relaxed together: enough to fill a core, few enough to keep memory small."""

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
        for first in range(0, len(suggestions), BATCH):
            batch = suggestions[first : first + BATCH]
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
        starts = [self._start(suggestion, x, members) for suggestion, x in zip(suggestions, points, strict=True)]
        lam = np.stack([crystal.weights(x) for x in points])
        relaxed = relax(self._landscape(crystal), lam, starts, self.tolerance)
        seconds = (time.perf_counter() - started) / len(suggestions)
        return [
            self._record(suggestion, x, result, members, targets, Cost(
                potential_calls=result.calls, shared_calls=shared, seconds=seconds))
            for suggestion, x, result in zip(suggestions, points, relaxed, strict=True)
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
            hessian = np.array(warm.hessian, dtype=float).reshape(n_q, n_q)
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
            reference_key(crystal, x, self.potential, self.sha256, self.pressure, self.tolerance) for x in points
        ]
        found = {key: self._store.get(key) for key in keys}
        missing = [i for i, key in enumerate(keys) if found[key] is None]
        for first in range(0, len(missing), BATCH):
            chunk = missing[first : first + BATCH]
            lam = np.stack([crystal.weights(points[i]) for i in chunk])
            starts = [Start(q=np.zeros(self.coordinates(crystal).n_q)) for _ in chunk]
            for i, result in zip(chunk, relax(self._landscape(crystal), lam, starts, self.tolerance), strict=True):
                value = pack(result, points[i], coordinate_response(result, crystal.weights_matrix))
                self._store.put(keys[i], value)
                found[keys[i]] = value
        return [unpack(value) for key in keys if (value := found[key]) is not None]

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
            own = EndMember(columns=(), enthalpy=reference.enthalpy)
            point = self._point(reference.q, reference.x, reference.enthalpy, None, np.zeros(0))
            value = property_values([objective.property], crystal, self.coordinates(crystal), point, [own])
            targets.append(value[objective.property].value)
        return targets, calls

    def _point(
        self,
        q: NDArray[np.float64],
        x: NDArray[np.float64],
        enthalpy: float,
        dq_dx: NDArray[np.float64] | None,
        dh_dx: NDArray[np.float64],
    ) -> RelaxedPoint:
        return RelaxedPoint(
            q=q,
            x=x,
            enthalpy=enthalpy,
            dq_dx=dq_dx,
            dh_dx=dh_dx,
            pressure=self.pressure / EV_PER_A3_IN_GPA,
            temperature=self.resolved.problem.conditions.temperature,
        )

    def _record(
        self,
        suggestion: Suggestion,
        x: NDArray[np.float64],
        relaxed: Relaxed,
        members: Sequence[Reference],
        targets: list[float | None],
        cost: Cost,
    ) -> EvaluationRecord:
        crystal = self.resolved.crystal
        columns = crystal.weights_matrix
        dq_dx = coordinate_response(relaxed, columns) if relaxed.converged else None
        point = self._point(relaxed.q, x, relaxed.enthalpy, dq_dx, relaxed.dh_dlam @ columns)
        ends = [EndMember(columns=tuple(np.flatnonzero(m.x)), enthalpy=m.enthalpy) for m in members]
        names = wanted_properties(self.resolved.problem)
        usable = bool(np.isfinite(relaxed.enthalpy) and np.isfinite(relaxed.q).all())
        values = property_values(names, crystal, self.coordinates(crystal), point, ends) if usable else {}
        return EvaluationRecord(
            index=suggestion.index,
            origin=suggestion.origin,
            composition=self.resolved.space.to_composition(x),
            properties={name: self._public(name, value, relaxed.converged) for name, value in values.items()},
            energy_per_atom=values["energy"].value if usable else None,
            converged=relaxed.converged,
            stable=relaxed.stable if relaxed.converged else None,
            cost=cost,
            structure=self._structure(relaxed.q, x) if usable else None,
            message=self._message(relaxed, members),
            relaxation=self._state(relaxed, dq_dx),
            targets=targets,
        )

    def _public(self, name: str, value: Value, converged: bool) -> PropertyValue:
        gradient = None
        if value.gradient is not None and converged:
            gradient = self.resolved.space.to_composition(self.resolved.space.project_gradient(value.gradient))
        return PropertyValue(value=value.value, unit=PROPERTIES[name].unit, gradient=gradient)

    def _state(self, relaxed: Relaxed, dq_dx: NDArray[np.float64] | None) -> RelaxationState | None:
        if dq_dx is None:
            return None
        return RelaxationState(
            q=relaxed.q.tolist(),
            columns=list(self.resolved.space.columns),
            dq_dx=dq_dx.tolist(),
            hessian=relaxed.hessian.tolist(),
        )

    def _structure(self, q: NDArray[np.float64], x: NDArray[np.float64]) -> CrystalState:
        crystal = self.resolved.crystal
        lattice, frac = self.coordinates(crystal).geometry(q)
        occupancies = _occupancies(crystal, x)
        return CrystalState(
            lattice=lattice.tolist(),
            sites=[OccupiedSite(species=s, frac=f.tolist()) for s, f in zip(occupancies, frac, strict=True)],
        )

    def _message(self, relaxed: Relaxed, members: Sequence[Reference]) -> str | None:
        if not relaxed.converged:
            return (
                f"the relaxation did not converge after {relaxed.calls} potential calls: residual force "
                f"{relaxed.force:.2g} eV/Å, stress {relaxed.stress:.2g} eV/Å^3; gradients are left out"
            )
        lost = sum(not member.converged for member in members)
        if lost:
            return f"{lost} of {len(members)} end members did not converge: the mixing energy is not to be relied on"
        if not relaxed.stable:
            return "the relaxed crystal is a saddle point of the symmetry-adapted coordinates: it would distort"
        return None


def _share(member: Reference, x: NDArray[np.float64]) -> float:
    """w_m = product over sublattices of the fraction of the member's element."""
    return float(np.prod(x[member.x > 0.5]))


def wanted_properties(problem: Problem) -> list[str]:
    """Names of the properties that an evaluation of the problem computes, in the order of the table."""
    named = {objective.property for objective in problem.objectives} | set(problem.properties)
    return [name for name, row in PROPERTIES.items() if row.always or name in named]


def _occupancies(crystal: AlchemicalCrystal, x: NDArray[np.float64]) -> list[dict[str, float]]:
    """What every site holds: element -> weight."""
    sites: list[dict[str, float]] = [{} for _ in range(crystal.n_sites)]
    for site, number, weight in zip(crystal.copy_site, crystal.copy_species, crystal.weights(x), strict=True):
        sites[site][SYMBOLS[number]] = float(weight)
    return sites


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
    evaluator = Evaluator(resolved, device=device, references=references, on_call=on_call, tolerance=tolerance)
    return evaluator.evaluate([suggestion])[0]
