"""A crystal as the text of a structure file, by pymatgen: CIF, and POSCAR of an ordered crystal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from api_schemas.evaluations import CrystalState

VACANCY = "Vac"
DIGITS = 12
"""Significant digits of lengths and coordinates."""


def cif_text(state: CrystalState, title: str) -> str:
    """CIF without symmetry (P 1), a line for each element of a site.

    Args:
        state: The crystal, Å and fractions of the lattice vectors; empty sites are left out.
        title: A comment on one line.
    """
    from pymatgen.io.cif import CifWriter

    return f"# {_one_line(title)}\n{CifWriter(_structure(state), significant_figures=DIGITS)}"


def poscar_text(state: CrystalState, title: str) -> str:
    """POSCAR of an ordered crystal, its sites by element.

    Where the lattice vectors are left-handed, which VASP does not take, it is that of the inverted crystal, whose
    energy is the same.

    Args:
        state: The crystal, Å and fractions of the lattice vectors; empty sites are left out.
        title: The comment in its first line.

    Raises:
        ValueError: if a site holds several elements, for which a POSCAR has no place.
    """
    from pymatgen.io.vasp import Poscar

    poscar = Poscar(_structure(state), comment=_one_line(title), sort_structure=True)
    return str(poscar.get_str(significant_figures=DIGITS))


def _structure(state: CrystalState) -> Structure:
    from pymatgen.core import Lattice, Structure

    held = [
        {element: share for element, share in site.species.items() if element != VACANCY and share > 0.0}
        for site in state.sites
    ]
    kept = [(species, site.frac) for species, site in zip(held, state.sites, strict=True) if species]
    return Structure(Lattice(state.lattice), [species for species, _ in kept], [frac for _, frac in kept])


def _one_line(title: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in title).split())
