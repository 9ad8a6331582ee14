"""What is wrong with a problem of kind free_energy: its options, and what its crystal cannot hold. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_schemas.errors import FieldError, pointer
from api_schemas.free_energy_options import OF_PATHS, FreeEnergyOptions
from engine.crystals.supercells import supercell_of_atoms
from engine.kinds.free_energy.estimate import memory_of
from engine.kinds.free_energy.state_faults import fault, state_faults
from engine.properties.undefined import free_words
from engine.units.estimate import coordinate_count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api_schemas.problem import Problem
    from engine.composition.region import Region
    from engine.problem.limits import Limits
    from engine.problem.resolved import ResolvedProblem

COLDEST, HOTTEST = 1.0, 5000.0
"""K; no crystal is looked at beyond."""
FEWEST_SITES = 8
"""Of a supercell of which one site is empty."""
ZERO_CELSIUS = 273.15
"""K."""
MOST_COORDINATES = 30
"""Symmetric strains and displacements of a crystal whose cell at a temperature is looked for, by whole Hessians."""
_SAME = 1e-6
"""K; temperatures that differ by less are the same."""
_WHAT_FOR = {
    "from": "where the change begins, e.g. from: {cation: {Na: 1}}",
    "to": "where the change ends, e.g. to: {cation: {K: 1}}",
    "vacancy": "which atom is taken out, e.g. vacancy: {sublattice: cation, element: Na}",
    "phases": "the two crystals that are compared, e.g. phases: [{prototype: fcc, species: [Fe]}, "
    "{prototype: bcc, species: [Fe]}]",
}


def option_faults(problem: Problem, region: Region, limits: Limits) -> list[FieldError]:
    """What is wrong with the fields that the kind uses, whatever the crystal is.

    Args:
        problem: As parsed; it may have other faults.
        region: The feasible compositions: of them the space is used.
        limits: How large a problem may be.
    """
    options = problem.free_energy
    if options is None:
        text = (
            "kind free_energy needs its options, e.g. free_energy: {path: absolute}, or {path: composition, "
            "from: {cation: {Na: 1}}, to: {cation: {K: 1}}}"
        )
        return [fault("", "missing-field", text)]
    return [
        *_of_other_paths(options),
        *_temperature_faults(problem, options),
        *state_faults(problem, region, options, limits),
        *_chemical_potential_faults(problem, options),
        *_potential_faults(problem, options),
    ]


def size_faults(resolved: ResolvedProblem, limits: Limits) -> list[FieldError]:
    """What only the crystal tells: vacuum, and more atoms than memory holds."""
    options = resolved.problem.free_energy
    if options is None:
        return []
    if resolved.crystal.connections is not None:
        text = (
            f"free energies where nothing holds the cell {free_words(resolved.crystal)} (vacuum) are not available yet "
            "in this version; close the gap"
        )
        return [FieldError(pointer="/structure", type="not-available-yet", message=text)]
    expands = options.ensemble == "npt" and options.cell == "quasi_harmonic"
    if expands and (free := coordinate_count(resolved.crystal)) > MOST_COORDINATES:
        text = (
            f"cells at temperatures are found of crystals with up to {MOST_COORDINATES} free coordinates, "
            f"and this one has {free}; take nvt, in the cell at rest, or a more symmetric parent"
        )
        return [fault("/ensemble", "too-many-coordinates", text)]
    sites = resolved.crystal.n_sites
    together = sites * supercell_of_atoms(resolved.crystal, options.atoms).n_cells
    if together < (2 if options.vacancy is None else FEWEST_SITES):
        text = (
            "one atom alone does not vibrate; take atoms: 64"
            if options.vacancy is None
            else f"a vacancy needs {FEWEST_SITES} sites or more in the supercell, so that others are left around it; "
            "take atoms: 64"
        )
        return [fault("/atoms", "too-few-sites", text)]
    cells = max(1, round(options.atoms / sites))
    need = memory_of(resolved, cells)
    if need <= limits.memory_bytes:
        return []
    fitting, beyond = 0, cells
    while beyond - fitting > 1:
        middle = (fitting + beyond) // 2
        fits = memory_of(resolved, middle) <= limits.memory_bytes
        fitting, beyond = (middle, beyond) if fits else (fitting, middle)
    lighter = "dtype: float32, " if resolved.problem.potential.dtype != "float32" else ""
    fewer = f"take atoms: {fitting * sites} or fewer" if fitting else "give a smaller parent cell"
    text = (
        f"a step of {cells * sites} sites needs about {need / 2**30:.1f} GiB of memory, and "
        f"{limits.memory_bytes / 2**30:.1f} GiB are allowed; {fewer}, {lighter}or raise "
        "ORICHALCUM_MAX_MEMORY_GB on the server"
    )
    return [fault("/atoms", "does-not-fit", text)]


def _of_other_paths(options: FreeEnergyOptions) -> Iterator[FieldError]:
    """Options that the path or the ensemble does not use, and those that the path needs."""
    if options.ensemble != "npt" and options.given("cell"):
        text = f"ensemble {options.ensemble} holds the cell at rest: remove cell, or take ensemble: npt"
        yield fault("/cell", "unused-field", text)
    for name, paths in OF_PATHS.items():
        if options.given(name) and options.path not in paths:
            others = " or ".join(sorted(paths))
            text = f"path {options.path} does not use {name}: remove it; it goes with path {others}"
            yield fault(f"/{name}", "unused-field", text)
        elif name in _WHAT_FOR and options.path in paths and not options.given(name):
            text = f"path {options.path} needs {name}: {_WHAT_FOR[name]}"
            yield fault(f"/{name}", "missing-field", text)


def _temperature_faults(problem: Problem, options: FreeEnergyOptions) -> Iterator[FieldError]:
    listed = options.temperatures
    if listed is None:
        text = _temperature_fault(problem.conditions.temperature)
        if text is not None:
            yield FieldError(pointer="/conditions/temperature", type="bad-temperature", message=text)
        return
    if problem.conditions.temperature != type(problem.conditions).model_fields["temperature"].default:
        text = "the temperatures are those of free_energy.temperatures; remove this one, or list it there"
        yield FieldError(pointer="/conditions/temperature", type="unused-field", message=text)
    for number, temperature in enumerate(listed):
        text = _temperature_fault(temperature)
        if text is not None:
            yield fault(f"/temperatures/{number}", "bad-temperature", text)
        elif any(abs(temperature - earlier) < _SAME for earlier in listed[:number]):
            yield fault(
                f"/temperatures/{number}",
                "duplicate-temperature",
                f"{temperature:g} K is listed twice; remove one",
            )


def _temperature_fault(temperature: float) -> str | None:
    """What is wrong with a temperature, and the mend; None where nothing is."""
    if temperature == 0.0:
        return (
            f"at 0 K nothing moves, and the classical crystal has its energy alone, which kind evaluate computes; give "
            f"{COLDEST:g} K or more"
        )
    if temperature < 0.0:
        celsius = temperature + ZERO_CELSIUS
        meant = f"; {temperature:g} °C would be {celsius:g} K" if celsius >= COLDEST else ""
        return (
            f"{temperature:g} K is below zero; give a temperature in K from {COLDEST:g} to {HOTTEST:g}{meant}"
        )
    if not COLDEST <= temperature <= HOTTEST:
        why = "no crystal is solid" if temperature > HOTTEST else "quantum mechanics leaves nothing classical"
        return f"at {temperature:g} K {why}; give a temperature in K from {COLDEST:g} to {HOTTEST:g}"
    return None


def _chemical_potential_faults(problem: Problem, options: FreeEnergyOptions) -> Iterator[FieldError]:
    """Chemical potentials of what is not taken out."""
    removed = None if options.vacancy is None or options.path != "vacancy" else options.vacancy.element
    for element in problem.conditions.chemical_potentials:
        if element != removed:
            text = (
                "chemical potentials serve path vacancy, for the atom that is taken out"
                + (f" ({removed})" if removed else "")
                + "; remove this one"
            )
            where = pointer(("conditions", "chemical_potentials", element))
            yield FieldError(pointer=where, type="unused-field", message=text)


def _potential_faults(problem: Problem, options: FreeEnergyOptions) -> Iterator[FieldError]:
    choice = problem.potential
    if choice.mixing != "mean_field" and options.path == "vacancy":
        text = f"{choice.mixing} mixing cannot describe one site of a sublattice that is empty; remove mixing"
        yield FieldError(pointer="/potential/mixing", type="needs-mean-field", message=text)
