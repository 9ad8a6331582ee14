"""What all evaluations of a problem share: end members, targets, chemical potentials and the substrate's length."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from engine.mechanics.constants import EV_PER_A3_IN_GPA
from engine.mechanics.relax import needs_products
from engine.potentials.errors import PotentialError
from engine.properties.costs import element_data
from engine.properties.gradients import RelaxedPoint, property_values
from engine.properties.inputs import NO_VIBRATIONS, EndMember, SubstrateLength, Surroundings, Vibrations
from engine.properties.moduli import Curved, modulus_values
from engine.properties.surroundings import length_along
from engine.properties.table import PROPERTIES, wanted_properties
from engine.references.chemical_potentials import ChemicalPotentials, chemical_potentials
from engine.references.mixed import is_mixed
from engine.references.vibrations import member_vibrations, softest_mode, vibrations_of

if TYPE_CHECKING:
    from api_schemas.problem import Problem
    from engine.crystals.crystal import AlchemicalCrystal
    from engine.problem.resolved import ResolvedProblem
    from engine.references.solver import ReferenceSolver
    from engine.references.store import Reference

NOWHERE = np.zeros(0)
"""The composition of a crystal without sublattices."""


@dataclass(frozen=True, eq=False)
class SharedValues:
    """What all evaluations of a problem share.

    Attributes:
        members: Relaxed end members.
        vibrations: Those of each end member; none where no property compares with them.
        targets: Target of each objective, same_as resolved.
        surroundings: What properties refer to.
        references: What the formation energy refers to, by element; None where it is not wanted.
        calls: Potential calls that all this took, whenever it was computed.
        notes: What to be careful about.
    """

    members: list[Reference]
    vibrations: list[Vibrations]
    targets: list[float | None]
    surroundings: Surroundings
    references: Mapping[str, str] | None
    calls: int
    notes: tuple[str, ...]

    @property
    def ends(self) -> list[EndMember]:
        """The end members as properties compare with them."""
        vibrations = self.vibrations or [NO_VIBRATIONS] * len(self.members)
        return [
            EndMember(
                columns=tuple(np.flatnonzero(member.x)),
                enthalpy=member.enthalpy,
                vibrational=None if one.values is None else float(one.values[0]),
            )
            for member, one in zip(self.members, vibrations, strict=True)
        ]


def shared_values(
    resolved: ResolvedProblem, solver: ReferenceSolver, *, with_members: bool = True
) -> SharedValues:
    """The shared values of a problem, from the solver's store or computed now.

    Args:
        resolved: The problem.
        solver: Relaxes what is not in its store.
        with_members: Whether the end members are among them; those of a crystal in which nothing is mixed never are.
    """
    problem = resolved.problem
    pressure = problem.conditions.pressure
    points = [x for _, x in resolved.crystal.end_members()] if with_members and is_mixed(resolved) else []
    members = solver.relaxed(resolved.crystal, points, pressure)
    potentials = _potentials(resolved, solver)
    substrate, substrate_calls = substrate_length(problem, solver)
    surroundings = Surroundings(
        pressure=pressure / EV_PER_A3_IN_GPA,
        temperature=problem.conditions.temperature,
        chemical_potentials={} if potentials is None else potentials.values,
        substrate=substrate,
        element_data=element_data(problem.conditions),
    )
    targets, target_calls = _targets(resolved, solver, surroundings)
    vibrations = member_vibrations(resolved, solver, members)
    calls = sum(one.calls for one in members) + sum(one.calls for one in vibrations)
    calls += substrate_calls + target_calls
    return SharedValues(
        members=members,
        vibrations=vibrations,
        targets=targets,
        surroundings=surroundings,
        references=None if potentials is None else potentials.references,
        calls=calls + (0 if potentials is None else potentials.calls),
        notes=() if potentials is None else _doubts(potentials),
    )


def _potentials(resolved: ResolvedProblem, solver: ReferenceSolver) -> ChemicalPotentials | None:
    symbols = referred_elements(resolved)
    if not symbols:
        return None
    return chemical_potentials(symbols, resolved.problem.conditions.chemical_potentials, solver)


def referred_elements(resolved: ResolvedProblem) -> set[str]:
    """Symbols of the elements whose chemical potentials are wanted."""
    problem = resolved.problem
    if "formation_energy" not in wanted_properties(problem):
        return set()
    symbols = set(resolved.crystal.species_symbols())
    for objective, other in zip(problem.objectives, resolved.same_as, strict=True):
        if objective.property == "formation_energy" and other is not None:
            symbols |= other.species_symbols()
    return symbols


def _doubts(potentials: ChemicalPotentials) -> tuple[str, ...]:
    if not potentials.unconverged:
        return ()
    listed = ", ".join(potentials.unconverged)
    return (f"the reference phase of {listed} did not converge: the formation energy is not to be relied on",)


def substrate_length(problem: Problem, solver: ReferenceSolver) -> tuple[SubstrateLength | None, int]:
    """The substrate's length at zero pressure, and the potential calls that it took."""
    substrate = problem.conditions.substrate
    if substrate is None:
        return None, 0
    u, v, w = substrate.direction
    direction = (u, v, w)
    if substrate.value is not None:
        return SubstrateLength(direction, substrate.value), 0
    from engine.references.substrate import substrate_crystal

    crystal = substrate_crystal(problem)
    if crystal is None:
        return None, 0
    reference = solver.relaxed(crystal, [NOWHERE], 0.0)[0]
    lattice, _ = solver.coordinates(crystal).geometry(reference.q)
    length = length_along(torch.tensor(np.asarray(crystal.conventional, dtype=float) @ lattice), direction)
    return SubstrateLength(direction, float(length)), reference.calls


def _targets(
    resolved: ResolvedProblem, solver: ReferenceSolver, surroundings: Surroundings
) -> tuple[list[float | None], int]:
    """Target of each objective, same_as crystals resolved, and the potential calls of those."""
    from api_schemas.objectives import SameAs

    targets: list[float | None] = []
    calls = 0
    counted: set[int] = set()
    pressure = resolved.problem.conditions.pressure
    for objective, crystal in zip(resolved.problem.objectives, resolved.same_as, strict=True):
        if crystal is None or not isinstance(objective.target, SameAs):
            targets.append(objective.target if isinstance(objective.target, float) else None)
            continue
        reference = solver.relaxed(crystal, [NOWHERE], pressure)[0]
        if id(crystal) not in counted:
            calls += reference.calls
            counted.add(id(crystal))
        if PROPERTIES[objective.property].needs_curvature:
            value, more = _modulus(objective.property, crystal, reference, solver, pressure)
            calls += more
        else:
            value, more = _property(objective.property, crystal, reference, solver, surroundings, pressure)
            calls += more
        targets.append(value)
    return targets, calls


def _property(
    name: str,
    crystal: AlchemicalCrystal,
    reference: Reference,
    solver: ReferenceSolver,
    surroundings: Surroundings,
    pressure: float,
) -> tuple[float, int]:
    """A property of a plain crystal, and the potential calls that its vibrations took, where it is made of them."""
    if PROPERTIES[name].needs_force_constants:
        softest = softest_mode(solver, crystal, pressure, reference.x, reference.q)
        return softest.eigenvalue, softest.calls
    vibrations = None
    if PROPERTIES[name].needs_vibrations:
        vibrations = vibrations_of(
            solver, crystal, pressure, surroundings.temperature, reference.x, reference.q
        )
        if vibrations.values is None:
            raise PotentialError(
                f"the crystal of the target has no {name}: it is dynamically unstable at rest: "
                f"{'; '.join(vibrations.unstable)}"
            )
    point = RelaxedPoint(
        q=reference.q,
        x=reference.x,
        enthalpy=reference.enthalpy,
        dq_dx=None,
        dh_dx=np.zeros(len(reference.x)),
        surroundings=surroundings,
        vibrations=vibrations,
    )
    itself = EndMember(columns=(), enthalpy=reference.enthalpy)
    found = property_values([name], crystal, solver.coordinates(crystal), point, [itself])[name].value
    return found, 0 if vibrations is None else vibrations.calls


def _modulus(
    name: str, crystal: AlchemicalCrystal, reference: Reference, solver: ReferenceSolver, pressure: float
) -> tuple[float, int]:
    """A modulus of a plain crystal, and the potential calls that it took."""

    def compute() -> dict[str, float]:
        at = Curved(
            q=reference.q,
            lam=crystal.weights(NOWHERE),
            hessian=reference.hessian,
            exact=not needs_products(solver.coordinates(crystal), None),
            dq_dx=None,
        )
        found = modulus_values([name], solver.landscape(crystal, pressure), at)
        value = found.values[name].value
        if not np.isfinite(value):
            raise PotentialError(f"the crystal of the target has no {name}: nothing holds it together")
        return {"value": value, "calls": found.calls}

    stored = solver.remembered(crystal, pressure, name, compute)
    return float(stored["value"]), int(stored["calls"])
