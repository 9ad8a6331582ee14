"""What evaluations share as tasks of their own: end members, elemental phases, crystals of targets and substrate."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal

from api_schemas.cost import Cost
from api_schemas.evaluations import MemberState, ReferenceRecord, ReferenceTask
from api_schemas.symbols import ATOMIC_NUMBERS, SYMBOLS
from engine.crystals.together import batch_size
from engine.references.chemical_potentials import chemical_potentials, phase_crystal
from engine.references.member_states import member_state
from engine.references.mixed import is_mixed
from engine.references.shared_values import NOWHERE, referred_elements, substrate_length
from engine.references.vibrations import member_vibrations

if TYPE_CHECKING:
    from engine.problem.resolved import ResolvedProblem
    from engine.references.solver import ReferenceSolver


def shared_tasks(resolved: ResolvedProblem, *, waits: bool) -> list[ReferenceTask]:
    """The tasks of relaxing what the evaluations of a problem share, as many as can run side by side.

    Args:
        resolved: The problem.
        waits: Whether evaluations wait for the end members.
    """
    problem = resolved.problem
    found: list[ReferenceTask] = []

    def add(what: Literal["end_members", "elements", "target", "substrate"], members: list[int]) -> None:
        background = what == "end_members" and not waits
        tier = problem.potential.tier
        task = ReferenceTask(index=len(found), tier=tier, what=what, members=members, background=background)
        found.append(task)

    seen: set[int] = set()
    for number, crystal in enumerate(resolved.same_as):
        if crystal is not None and id(crystal) not in seen:
            seen.add(id(crystal))
            add("target", [number])
    for symbol in sorted(referred_elements(resolved) - set(problem.conditions.chemical_potentials)):
        add("elements", [ATOMIC_NUMBERS[symbol]])
    if problem.conditions.substrate is not None and problem.conditions.substrate.same_as is not None:
        add("substrate", [])
    if is_mixed(resolved):
        count, size = sum(1 for _ in resolved.crystal.end_members()), batch_size(resolved.crystal)
        for first in range(0, count, size):
            add("end_members", list(range(first, min(first + size, count))))
    return found


def words_of(resolved: ResolvedProblem, task: ReferenceTask) -> str:
    """What a task of relaxing shared values does, for people."""
    if task.what == "elements":
        symbol = SYMBOLS[task.members[0]]
        return f"relaxing the reference {symbol}, {_atoms(phase_crystal(symbol).n_sites)}"
    if task.what == "target":
        crystal = resolved.same_as[task.members[0]]
        what = "" if crystal is None else f" {''.join(dict.fromkeys(crystal.parent_symbols))}"
        return f"relaxing the crystal{what} of a target, {_atoms(0 if crystal is None else crystal.n_sites)}"
    if task.what == "substrate":
        return "relaxing the substrate"
    members = [elements for elements, _ in resolved.crystal.end_members()]
    named = ", ".join("-".join(members[number]) for number in task.members[:3])
    more = " ..." if len(task.members) > 3 else ""
    plural = "s" if len(task.members) > 1 else ""
    return f"relaxing the end member{plural} {named}{more}, {_atoms(resolved.crystal.n_sites)}"


def _atoms(count: int) -> str:
    return f"{count} atom" if count == 1 else f"{count} atoms"


def solve(resolved: ResolvedProblem, task: ReferenceTask, solver: ReferenceSolver) -> ReferenceRecord:
    """Relax what a task names, by way of the solver's store."""
    started = time.perf_counter()
    pressure = resolved.problem.conditions.pressure
    enthalpies: list[float] = []
    states: list[MemberState] = []
    converged = True
    if task.what == "end_members":
        points = [x for _, x in resolved.crystal.end_members()]
        found = solver.relaxed(resolved.crystal, [points[number] for number in task.members], pressure)
        vibrations = member_vibrations(resolved, solver, found)
        enthalpies = [one.enthalpy for one in found]
        calls = sum(one.calls for one in found) + sum(one.calls for one in vibrations)
        converged = all(one.converged for one in found)
        states = [member_state(resolved, one, solver) for one in found if one.converged]
    elif task.what == "elements":
        of_elements = chemical_potentials([SYMBOLS[number] for number in task.members], {}, solver)
        calls, converged = of_elements.calls, not of_elements.unconverged
    elif task.what == "substrate":
        _, calls = substrate_length(resolved.problem, solver)
    else:
        crystal = resolved.same_as[task.members[0]]
        reference = None if crystal is None else solver.relaxed(crystal, [NOWHERE], pressure)[0]
        calls, converged = (0, True) if reference is None else (reference.calls, reference.converged)
    seconds = time.perf_counter() - started
    return ReferenceRecord(
        index=task.index,
        what=task.what,
        members=task.members,
        converged=converged,
        enthalpies=enthalpies,
        states=states,
        cost=Cost(potential_calls=0, shared_calls=calls, seconds=seconds),
    )
