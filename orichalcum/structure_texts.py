"""Crystals as the text of files that other programs read: CIF with occupancies, POSCAR and extended XYZ of whole atoms.

Nothing but Python is needed. A crystal is what an evaluation, a supercell or an ordering holds as its structure.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

from api_schemas.evaluations import CrystalState
from api_schemas.symbols import VACANCY
from orichalcum.exceptions import MixedSites

WHOLE = 1.0 - 1e-9
"""A site with this much of an element holds it alone."""


def cif_text(crystal: CrystalState, title: str = "orichalcum") -> str:
    """CIF with every site listed (space group P 1), a line for each element that it holds; empty sites are left out.

    Args:
        crystal: The crystal.
        title: A comment in its first line.
    """
    a, b, c = crystal.lattice
    lines = [f"# {one_line(title)}", "data_crystal", f"_chemical_formula_sum '{_formula(crystal)}'"]
    for tag, vector in zip("abc", (a, b, c), strict=True):
        lines.append(f"_cell_length_{tag} {math.hypot(*vector):.12f}")
    for tag, pair in zip(("alpha", "beta", "gamma"), ((b, c), (a, c), (a, b)), strict=True):
        lines.append(f"_cell_angle_{tag} {_angle(*pair):.12f}")
    lines += [
        "_symmetry_space_group_name_H-M 'P 1'",
        "_symmetry_Int_Tables_number 1",
        "loop_",
        "_symmetry_equiv_pos_site_id",
        "_symmetry_equiv_pos_as_xyz",
        "1 'x, y, z'",
        "loop_",
        "_atom_site_label",
        "_atom_site_type_symbol",
        "_atom_site_fract_x",
        "_atom_site_fract_y",
        "_atom_site_fract_z",
        "_atom_site_occupancy",
    ]
    for number, site in enumerate(crystal.sites):
        place = " ".join(f"{value - math.floor(value):.12f}" for value in site.frac)
        lines += [
            f"{symbol}{number} {symbol} {place} {share:.12g}" for symbol, share in held(site.species).items()
        ]
    return "\n".join(lines) + "\n"


def poscar_text(crystal: CrystalState, title: str = "orichalcum") -> str:
    """POSCAR of VASP, its sites by element in the order in which these first occur.

    Where the lattice vectors are left-handed, which VASP does not take, it is that of the inverted crystal, whose
    energy is the same.

    Args:
        crystal: A crystal of whole atoms; empty sites are left out.
        title: The comment in its first line.

    Raises:
        MixedSites: if a site holds several elements, for which a POSCAR has no place.
    """
    atoms = whole_atoms(crystal, "a POSCAR")
    sign = -1.0 if _determinant(crystal.lattice) < 0.0 else 1.0
    by_element: dict[str, list[list[float]]] = {}
    for element, frac in atoms:
        by_element.setdefault(element, []).append(frac)
    lines = [one_line(title), "1.0"]
    lines += [" ".join(f"{sign * value:.12f}" for value in vector) for vector in crystal.lattice]
    lines += [" ".join(by_element), " ".join(str(len(places)) for places in by_element.values()), "direct"]
    for element, places in by_element.items():
        lines += [f"{' '.join(f'{value:.12f}' for value in frac)} {element}" for frac in places]
    return "\n".join(lines) + "\n"


def xyz_text(crystal: CrystalState, about: Mapping[str, float | str | bool] | None = None) -> str:
    """Extended XYZ, one frame: cell, elements and positions (Å), and numbers or words about it.

    Args:
        crystal: A crystal of whole atoms; empty sites are left out.
        about: What else its second line says, e.g. the energy.

    Raises:
        MixedSites: if a site holds several elements, for which it has no place.
    """
    atoms = whole_atoms(crystal, "extended XYZ")
    cell = " ".join(f"{value:.12f}" for vector in crystal.lattice for value in vector)
    said = "".join(f" {name}={_said(value)}" for name, value in (about or {}).items())
    lines = [str(len(atoms)), f'Lattice="{cell}" Properties=species:S:1:pos:R:3 pbc="T T T"{said}']
    for element, frac in atoms:
        place = [sum(frac[k] * crystal.lattice[k][axis] for k in range(3)) for axis in range(3)]
        lines.append(f"{element} {' '.join(f'{value:.12f}' for value in place)}")
    return "\n".join(lines) + "\n"


def held(species: Mapping[str, float]) -> dict[str, float]:
    """What a site holds, without vacancies and elements that are not there."""
    return {element: share for element, share in species.items() if element != VACANCY and share > 0.0}


def whole_atoms(crystal: CrystalState, what: str) -> list[tuple[str, list[float]]]:
    """Element and fractional coordinates of each atom of a crystal whose sites hold one element each, or nothing.

    Args:
        crystal: The crystal.
        what: What cannot hold mixed sites, for the message.

    Raises:
        MixedSites: naming a site that holds several.
    """
    found = []
    for number, site in enumerate(crystal.sites):
        shares = held(site.species)
        if not shares:
            continue
        (element, share), *others = shares.items()
        if others or share < WHOLE:
            shown = " ".join(f"{symbol} {part:.4g}" for symbol, part in site.species.items() if part > 0.0)
            raise MixedSites(number, shown, what)
        found.append((element, list(site.frac)))
    return found


def one_line(title: str) -> str:
    """A title without line breaks and control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in title).split())


def _formula(crystal: CrystalState) -> str:
    """What the cell holds, as CIF writes it: ``Al0.75 N1 Sc0.25``."""
    counts: dict[str, float] = {}
    for site in crystal.sites:
        for element, share in held(site.species).items():
            counts[element] = counts.get(element, 0.0) + share
    return " ".join(f"{element}{count:.8g}" for element, count in sorted(counts.items()))


def _said(value: float | str | bool) -> str:
    if isinstance(value, bool):
        return "T" if value else "F"
    return json.dumps(one_line(value), ensure_ascii=False) if isinstance(value, str) else repr(value)


def _angle(first: list[float], second: list[float]) -> float:
    """Angle between two vectors, degrees."""
    cosine = sum(x * y for x, y in zip(first, second, strict=True))
    cosine /= math.hypot(*first) * math.hypot(*second)
    return math.degrees(math.acos(min(1.0, max(-1.0, cosine))))


def _determinant(rows: list[list[float]]) -> float:
    (a, b, c), (d, e, f), (g, h, i) = rows
    return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
