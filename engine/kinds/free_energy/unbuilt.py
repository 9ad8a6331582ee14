"""What may be asked of kind free_energy and is not built yet: refused, never ignored. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from api_schemas.errors import FieldError, pointer
from engine.kinds.listed_compositions import listed_compositions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api_schemas.free_energy_options import FreeEnergyOptions
    from engine.problem.resolved import ResolvedProblem


def unbuilt_options(options: FreeEnergyOptions) -> Iterator[FieldError]:
    """Options that ask for it."""
    if options.reference == "einstein" and options.path == "vacancy":
        yield _refused(
            ("free_energy", "reference"),
            "reference einstein on path vacancy",
            "take auto, the harmonic crystal",
        )


def unbuilt_crystals(resolved: ResolvedProblem) -> list[FieldError]:
    """Crystals that need it."""
    if len(resolved.crystal.vacancy_columns):
        return [_refused(("sublattices",), "a free energy of a crystal with empty sites", "remove Vac")]
    problem, space = resolved.problem, resolved.space
    options = problem.free_energy
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


def _refused(where: tuple[str, ...], what: str, instead: str) -> FieldError:
    text = f"{what} is not available yet in this version; {instead}"
    return FieldError(pointer=pointer(where), type="not-available-yet", message=text)
