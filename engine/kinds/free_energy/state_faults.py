"""What is wrong with the states of a problem of kind free_energy: compositions, ends, vacancy, phases. Torch-free."""

from __future__ import annotations

import difflib
from collections import Counter
from math import gcd
from typing import TYPE_CHECKING

import numpy as np

from api_schemas.errors import FieldError, ProblemInvalid, pointer
from api_schemas.symbols import VACANCY
from engine.composition.notation import parse_composition
from engine.crystals.structure_input import read_structure
from engine.kinds.listed_compositions import composition_faults, listed_compositions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from api_schemas.free_energy_options import FreeEnergyOptions, VacantSite
    from api_schemas.problem import Problem
    from api_schemas.structures import Structure
    from engine.composition.region import Region
    from engine.problem.limits import Limits

BLOCK = "/free_energy"
MOST_COMPOSITIONS = 50
"""Compositions that one problem may list."""
_SAME = 1e-6
"""Fractions that differ by less are the same."""


def state_faults(
    problem: Problem, region: Region, options: FreeEnergyOptions, limits: Limits
) -> list[FieldError]:
    """What is wrong with the crystals whose free energies are asked for.

    Args:
        problem: As parsed.
        region: The feasible compositions: of them the space is used.
        options: Those of the kind.
        limits: How large a crystal may be.
    """
    return [
        *_composition_faults(problem, region, options),
        *_change_faults(region, options),
        *_vacancy_faults(problem, region, options),
        *_phase_faults(problem, options, limits),
    ]


def _composition_faults(problem: Problem, region: Region, options: FreeEnergyOptions) -> list[FieldError]:
    """What is wrong with `at`: the compositions of every path but that from one to another."""
    if options.path == "composition":
        if not problem.at:
            return []
        text = (
            "path composition goes from free_energy.from to free_energy.to; remove at, or use path absolute"
        )
        return [FieldError(pointer="/at", type="unused-field", message=text)]
    if len(problem.at) > MOST_COMPOSITIONS:
        text = f"there are {len(problem.at)} compositions, more than {MOST_COMPOSITIONS}; split the list"
        return [FieldError(pointer="/at", type="too-many-points", message=text)]
    mixed = [number for number, elements in enumerate(region.space.elements) if len(elements) > 1]
    if mixed and not problem.at:
        name, elements = region.space.names[mixed[0]], region.space.elements[mixed[0]]
        listed = f"at: [{{{name}: {{{elements[0]}: 1}}}}]"
        text = f"{name} may hold {', '.join(elements)}: list the compositions, e.g. {listed}"
        return [FieldError(pointer="/at", type="missing-field", message=text)]
    found = composition_faults(problem, region)
    if found:
        return found
    seen: list[NDArray[np.float64]] = []
    for where, x in listed_compositions(problem, region):
        if any(_alike(x, earlier) for earlier in seen):
            text = "this composition is listed twice; remove one"
            found.append(FieldError(pointer=where, type="duplicate-composition", message=text))
        seen.append(x)
    return found


def _change_faults(region: Region, options: FreeEnergyOptions) -> list[FieldError]:
    """What is wrong with the two ends of path composition."""
    if options.path != "composition":
        return []
    if all(len(elements) < 2 for elements in region.space.elements):
        text = "path composition needs a sublattice that may hold two elements; add the other one to its elements"
        return [FieldError(pointer="/sublattices", type="nothing-to-vary", message=text)]
    found: list[FieldError] = []
    ends: list[NDArray[np.float64]] = []
    for name, end in (("from", options.start), ("to", options.end)):
        if end is not None:
            try:
                ends.append(parse_composition(region.space, end, ("free_energy", name)))
            except ProblemInvalid as error:
                found.extend(error.found)
    if found or len(ends) < 2:
        return found
    if _alike(*ends):
        text = "this is the composition of from: nothing changes; give another end"
        return [fault("/to", "same-ends", text)]
    empty = np.array([column.endswith(f":{VACANCY}") for column in region.space.columns])
    if np.abs(ends[1] - ends[0])[empty].max(initial=0.0) > _SAME:
        text = "atoms are not taken out on path composition: keep the fraction of Vac as it is, or use path vacancy"
        return [fault("/to", "needs-vacancy-path", text)]
    return []


def _vacancy_faults(problem: Problem, region: Region, options: FreeEnergyOptions) -> list[FieldError]:
    """A vacancy where no such atom is."""
    vacancy, space = options.vacancy, region.space
    if vacancy is None or options.path != "vacancy":
        return []
    if vacancy.sublattice not in space.names:
        text = f"there is no sublattice {vacancy.sublattice!r}; {_sublattice_hint(vacancy, space.names)}"
        return [fault("/vacancy/sublattice", "unknown-sublattice", text)]
    number = space.names.index(vacancy.sublattice)
    elements, part = space.elements[number], space.slices[number]
    where = "/vacancy/element"
    if vacancy.element not in elements:
        others = ", ".join(element for element in elements if element != VACANCY)
        text = f"sublattice {vacancy.sublattice!r} never holds {vacancy.element}; it may hold {others}"
        return [fault(where, "no-such-atom", text)]
    if composition_faults(problem, region):
        return []  # they are told at their own place
    for of_composition, x in listed_compositions(problem, region):
        there = [e for e, share in zip(elements, x[part], strict=True) if share > _SAME and e != VACANCY]
        if vacancy.element not in there:
            mend = f"take one of {', '.join(there)}" if there else "name another sublattice"
            text = f"at {of_composition} there is no {vacancy.element} on {vacancy.sublattice!r}; {mend}, or change at"
            return [fault(where, "no-such-atom", text)]
    return []


def _sublattice_hint(vacancy: VacantSite, names: Sequence[str]) -> str:
    if not names:
        return (
            f"name the sites of the atom, e.g. sublattices: [{{name: {vacancy.sublattice}, sites: [{vacancy.element}], "
            f"elements: [{vacancy.element}]}}]"
        )
    near = difflib.get_close_matches(vacancy.sublattice, names, n=1)
    return f"did you mean {near[0]!r}?" if near else f"the sublattices are {', '.join(names)}"


def _phase_faults(problem: Problem, options: FreeEnergyOptions, limits: Limits) -> list[FieldError]:
    """Phases that cannot be compared: the same, of other elements or proportions, or none of them the structure."""
    if options.phases is None or options.path != "phases":
        return []
    first, second = options.phases
    if first == second:
        return [fault("/phases/1", "same-phases", "both phases are the same crystal; give another one")]
    found: list[FieldError] = []
    if problem.structure not in options.phases:
        text = "path phases compares the two of free_energy.phases; give one of them as the structure too"
        found.append(FieldError(pointer="/structure", type="not-a-phase", message=text))
    for number, sublattice in enumerate(problem.sublattices):
        if any(isinstance(site, int) for site in sublattice.sites):
            text = (
                "the phases number their sites differently; name the sites by their element, e.g. sites: [Na]"
            )
            where = pointer(("sublattices", number, "sites"))
            found.append(FieldError(pointer=where, type="needs-elements", message=text))
    counts: list[Counter[str]] = []
    for number, phase in enumerate(options.phases):
        try:
            counts.append(_counts(phase, number, limits))
        except ProblemInvalid as error:
            found.extend(error.found)
    if len(counts) == 2 and counts[0] != counts[1]:
        text = (
            f"this is {_formula(counts[1])} and the other phase is {_formula(counts[0])}: free energies of one "
            "composition are compared; give two crystals of the same formula"
        )
        found.append(fault("/phases/1", "other-composition", text))
    return found


def _counts(phase: Structure, number: int, limits: Limits) -> Counter[str]:
    """Atoms of each element in the reduced formula.

    Raises:
        ProblemInvalid: if the structure is none.
    """
    parent = read_structure(phase, ("free_energy", "phases", number), limits.max_atoms)
    counts = Counter(parent.symbols)
    common = gcd(*counts.values())
    return Counter({element: count // common for element, count in counts.items()})


def _formula(counts: Counter[str]) -> str:
    return "".join(f"{element}{count if count > 1 else ''}" for element, count in sorted(counts.items()))


def fault(where: str, kind: str, text: str) -> FieldError:
    """A fault within the block of the kind."""
    return FieldError(pointer=f"{BLOCK}{where}", type=kind, message=text)


def _alike(x: NDArray[np.float64], y: NDArray[np.float64]) -> bool:
    return bool(np.abs(x - y).max(initial=0.0) < _SAME)
