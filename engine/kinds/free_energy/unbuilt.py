"""What may be asked of kind free_energy and is not built yet: refused, never ignored. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from api_schemas.errors import FieldError, pointer
from engine.crystals.symmetry import space_group
from engine.kinds.listed_compositions import listed_compositions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api_schemas.free_energy_options import FreeEnergyOptions
    from engine.crystals.crystal import AlchemicalCrystal
    from engine.problem.resolved import ResolvedProblem

FIRST_CUBIC = 195
"""Number of the first cubic space group."""


def unbuilt_options(options: FreeEnergyOptions) -> Iterator[FieldError]:
    """Options that ask for it."""
    if options.reference == "einstein" and options.path == "vacancy":
        yield _refused(
            ("free_energy", "reference"),
            "reference einstein on path vacancy",
            "take auto, the harmonic crystal",
        )
    if options.cell == "sampled" and options.ensemble == "npt" and options.path != "composition":
        yield _refused(
            ("free_energy", "cell"),
            f"cell sampled on path {options.path}",
            "take quasi_harmonic, or path composition",
        )


def unbuilt_crystals(resolved: ResolvedProblem) -> list[FieldError]:
    """Crystals that need it."""
    if len(resolved.crystal.vacancy_columns):
        return [_refused(("sublattices",), "a free energy of a crystal with empty sites", "remove Vac")]
    problem, space = resolved.problem, resolved.space
    options = problem.free_energy
    if options is not None and options.ensemble == "npt" and options.cell == "sampled":
        return _not_cubic(resolved.crystal)
    if options is None or options.vacancy is None:
        return []
    number = space.names.index(options.vacancy.sublattice)
    return [
        FieldError(
            pointer=where,
            type="not-available-yet",
            message=f"a vacancy on sublattice {space.names[number]!r} where it is mixed is not available yet in this "
            f"version; give it {options.vacancy.element} alone",
        )
        for where, x in listed_compositions(problem, resolved.region)
        if np.count_nonzero(x[space.slices[number]]) > 1
    ]


def _not_cubic(crystal: AlchemicalCrystal) -> list[FieldError]:
    """Cells with more than one free length, or angles, do not move yet."""
    group = space_group(crystal.lattice, crystal.frac, crystal.labels)
    if group is not None and group[1] >= FIRST_CUBIC:
        return []
    of = "it has no space group" if group is None else f"this one is {group[0]}"
    what = f"cell sampled of a crystal that is not cubic ({of})"
    return [_refused(("free_energy", "cell"), what, "take quasi_harmonic, or a cubic parent")]


def _refused(where: tuple[str, ...], what: str, instead: str) -> FieldError:
    text = f"{what} is not available yet in this version; {instead}"
    return FieldError(pointer=pointer(where), type="not-available-yet", message=text)
