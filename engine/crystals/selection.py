"""Which sites of a parent a sublattice means, and what is wrong with the choice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from api_schemas.errors import FieldError, pointer
from api_schemas.sublattices import Sublattice
from api_schemas.symbols import VACANCY
from api_schemas.synonyms import element_among
from engine.crystals.parent import ParentCrystal

_SHOWN = 6
"""Most items that a message lists."""


def select_sites(
    parent: ParentCrystal, sublattice: Sublattice, where: Sequence[str | int], errors: list[FieldError]
) -> tuple[int, ...]:
    """Sites of a sublattice, rising; faults are added to ``errors``."""
    chosen: list[int] = []
    present = sorted(set(parent.symbols))
    for entry, site in enumerate(sublattice.sites):
        if isinstance(site, str):
            found = [index for index, symbol in enumerate(parent.symbols) if symbol == site]
            meant = element_among(site, present) if len(errors) < _SHOWN else ""
            message = f"no site of the parent holds {site!r}; the parent has {', '.join(present[:20])}{meant}"
            kind = "unknown-site"
        else:
            found = [site] if site < parent.n_sites else []
            message = f"there is no site {site}; the parent's sites are 0 to {parent.n_sites - 1}"
            kind = "unknown-site"
        if not found:
            errors.append(FieldError(pointer=pointer([*where, entry]), type=kind, message=message))
        again = [index for index in found if index in chosen]
        if again:
            message = f"{listed('site', again)} already named in this sublattice; name each site once"
            errors.append(
                FieldError(pointer=pointer([*where, entry]), type="duplicate-site", message=message)
            )
        chosen.extend(index for index in found if index not in chosen)
    return tuple(sorted(chosen))


def listed(noun: str, numbers: Iterable[int]) -> str:
    """'site 3 is' or 'sites 3, 4 are', cut after a few."""
    listed = list(numbers)
    shown = ", ".join(str(number) for number in listed[:_SHOWN]) + (", ..." if len(listed) > _SHOWN else "")
    return f"{noun} {shown} is" if len(listed) == 1 else f"{noun}s {shown} are"


def vacancy_faults(
    parent: ParentCrystal,
    sublattices: Sequence[Sublattice],
    selections: Sequence[Sequence[int]],
    prefix: Sequence[str | int],
) -> list[FieldError]:
    """Sublattices that hold nothing but vacancies, or vacancies that would leave an empty cell as an end member.

    Args:
        parent: The parent structure.
        sublattices: Sublattices as in the problem.
        selections: Sites of each sublattice.
        prefix: Where the sublattices stand in the problem.
    """
    found = []
    for number, sublattice in enumerate(sublattices):
        if set(sublattice.elements) == {VACANCY}:
            text = (
                f"sublattice {sublattice.name!r} offers only vacancies; add an element, or leave its atoms out of "
                "the structure"
            )
            where = pointer([*prefix, number, "elements"])
            found.append(FieldError(pointer=where, type="only-vacancies", message=text))
    with_vacancy = [number for number, s in enumerate(sublattices) if VACANCY in s.elements]
    emptied = {site for number in with_vacancy for site in selections[number]}
    if not found and with_vacancy and len(emptied) == parent.n_sites:
        text = (
            "with vacancies on every site one end member is an empty cell, which has no energy per atom; leave Vac "
            "out of at least one sublattice"
        )
        where = pointer([*prefix, with_vacancy[-1], "elements", VACANCY])
        found.append(FieldError(pointer=where, type="empty-cell", message=text))
    return found
