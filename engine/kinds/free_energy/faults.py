"""What is wrong with a problem of kind free_energy, before anything is computed. Torch-free."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from api_schemas.errors import FieldError, ProblemInvalid
from engine.composition.notation import parse_composition
from engine.kinds.free_energy.questions import options_of

if TYPE_CHECKING:
    from api_schemas.free_energy_options import FreeEnergyOptions
    from api_schemas.problem import Problem
    from engine.composition.region import Region
    from engine.problem.limits import Limits
    from engine.problem.resolved import ResolvedProblem

MOST_QUESTIONS = 200
"""Free energies of one problem."""
_SAME = 1e-9
_ENDS = {"from": "start", "to": "end"}


def option_faults(problem: Problem, region: Region) -> Iterator[FieldError]:
    """What is wrong whatever the crystal is."""
    options = options_of(problem)
    given = set() if problem.free_energy is None else problem.free_energy.model_fields_set
    if options.path == "composition":
        yield from _change_faults(problem, options, region)
        if "reference" in given:
            text = "reference belongs to path absolute; a change of composition needs none: remove it"
            yield FieldError(pointer="/free_energy/reference", type="unused-field", message=text)
    else:
        for name, field in _ENDS.items():
            if getattr(options, field) is not None:
                text = f"{name} belongs to path composition; give path: composition, or remove {name}"
                yield FieldError(pointer=f"/free_energy/{name}", type="unused-field", message=text)
        if not problem.at and region.space.n_free:
            text = "the crystal has free fractions: list its compositions, e.g. at: [{cation: {Na: 0.5, K: 0.5}}]"
            yield FieldError(pointer="/at", type="missing-field", message=text)
    if not options.temperatures and problem.conditions.temperature <= 0.0:
        text = "a free energy at 0 K has no samples; give a temperature above, e.g. 300"
        yield FieldError(pointer="/conditions/temperature", type="bad-temperature", message=text)
    seen: dict[float, int] = {}
    for number, temperature in enumerate(options.temperatures):
        if temperature in seen:
            text = f"{temperature:g} K is /free_energy/temperatures/{seen[temperature]} already; remove one"
            yield FieldError(
                pointer=f"/free_energy/temperatures/{number}", type="duplicate-temperature", message=text
            )
        seen.setdefault(temperature, number)
    asked = max(1, len(options.temperatures)) * max(1, len(problem.at))
    if asked > MOST_QUESTIONS:
        text = f"{asked} free energies (compositions times temperatures) are more than {MOST_QUESTIONS}; split it"
        yield FieldError(pointer="/free_energy/temperatures", type="too-many-points", message=text)


def _change_faults(problem: Problem, options: FreeEnergyOptions, region: Region) -> Iterator[FieldError]:
    if problem.at:
        text = "path composition goes from `from` to `to`; remove at, or take path absolute"
        yield FieldError(pointer="/at", type="unused-field", message=text)
    if not region.space.n_free:
        text = (
            "path composition needs a sublattice with at least two elements; add one, or take path absolute"
        )
        yield FieldError(pointer="/sublattices", type="nothing-mixed", message=text)
        return
    ends = []
    for name, field in _ENDS.items():
        composition = getattr(options, field)
        where = ("free_energy", name)
        if composition is None:
            text = f"path composition needs {name}, a composition such as {{cation: {{Na: 1}}}}"
            yield FieldError(pointer=f"/free_energy/{name}", type="missing-field", message=text)
            continue
        try:
            ends.append(parse_composition(region.space, composition, where))
        except ProblemInvalid as fault:
            yield from fault.errors
    if len(ends) == 2 and np.abs(ends[0] - ends[1]).max() < _SAME:
        text = "from and to are the same composition, so that the change is zero; give two different ones"
        yield FieldError(pointer="/free_energy/to", type="same-ends", message=text)


def size_faults(resolved: ResolvedProblem, limits: Limits) -> list[FieldError]:
    """What the crystal cannot do."""
    del limits
    options, crystal = options_of(resolved.problem), resolved.crystal
    found = []
    if crystal.n_sites > 2 * options.atoms:
        text = f"a cell of the structure has {crystal.n_sites} sites already; give atoms: {crystal.n_sites} or more"
        found.append(FieldError(pointer="/free_energy/atoms", type="too-few-sites", message=text))
    if len(crystal.vacancy_columns):
        text = "free energies of crystals with empty sites are not available yet in this version; remove Vac"
        found.append(FieldError(pointer="/sublattices", type="not-available-yet", message=text))
    if crystal.connections is not None:
        text = "free energies of sheets and chains in vacuum are not available: nothing holds the cell across the gap"
        found.append(FieldError(pointer="/structure", type="not-available", message=text))
    return found
