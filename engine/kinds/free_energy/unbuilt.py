"""What may be asked of kind free_energy and is not built yet: refused, never ignored. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_schemas.errors import FieldError
from engine.acceptance.availability import not_available

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api_schemas.free_energy_options import FreeEnergyOptions
    from engine.crystals.crystal import AlchemicalCrystal

BUILT = ("absolute", "composition")
"""Paths that are."""


def unbuilt_options(options: FreeEnergyOptions) -> Iterator[FieldError]:
    """Options that ask for it."""
    if options.path not in BUILT:
        yield not_available(
            ("free_energy", "path"), f"path {options.path}", "take absolute for a crystal, or composition"
        )
    if options.ensemble == "npt":
        yield not_available(("free_energy", "ensemble"), "ensemble npt", "take nvt, in the cell at rest")
    if options.reference == "einstein":
        yield not_available(
            ("free_energy", "reference"), "reference einstein", "take auto, the harmonic crystal"
        )


def unbuilt_crystals(crystal: AlchemicalCrystal) -> list[FieldError]:
    """Crystals that need it."""
    if not len(crystal.vacancy_columns):
        return []
    return [not_available(("sublattices",), "a free energy of a crystal with empty sites", "remove Vac")]
