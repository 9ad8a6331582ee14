"""What may be asked of kind free_energy and is not built yet: refused, never ignored. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_schemas.errors import FieldError, pointer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api_schemas.free_energy_options import FreeEnergyOptions
    from engine.crystals.crystal import AlchemicalCrystal

BUILT = ("absolute", "composition")
"""Paths that are."""


def unbuilt_options(options: FreeEnergyOptions) -> Iterator[FieldError]:
    """Options that ask for it."""
    if options.path not in BUILT:
        yield _refused(
            ("free_energy", "path"), f"path {options.path}", "take absolute for a crystal, or composition"
        )
    if options.reference == "einstein":
        yield _refused(("free_energy", "reference"), "reference einstein", "take auto, the harmonic crystal")


def unbuilt_crystals(crystal: AlchemicalCrystal) -> list[FieldError]:
    """Crystals that need it."""
    if not len(crystal.vacancy_columns):
        return []
    return [_refused(("sublattices",), "a free energy of a crystal with empty sites", "remove Vac")]


def _refused(where: tuple[str, ...], what: str, instead: str) -> FieldError:
    text = f"{what} is not available yet in this version; {instead}"
    return FieldError(pointer=pointer(where), type="not-available-yet", message=text)
