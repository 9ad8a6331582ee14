"""Crystals as CIF text, with every site listed (space group P1) and its occupancies."""

from __future__ import annotations

import math

from api_schemas.evaluations import CrystalState


def cif_text(crystal: CrystalState, name: str = "orichalcum") -> str:
    """The CIF of a crystal.

    Args:
        crystal: The crystal; a site lists the elements that it holds, with their shares.
        name: Of the data block; what is no letter or digit becomes an underscore.
    """
    a, b, c = crystal.lattice
    angles = [_angle(b, c), _angle(a, c), _angle(a, b)]
    block = "".join(letter if letter.isalnum() and letter.isascii() else "_" for letter in name)
    lines = [f"data_{block or 'crystal'}"]
    for tag, vector in zip("abc", (a, b, c), strict=True):
        lines.append(f"_cell_length_{tag} {math.hypot(*vector):.8f}")
    for tag, angle in zip(("alpha", "beta", "gamma"), angles, strict=True):
        lines.append(f"_cell_angle_{tag} {angle:.8f}")
    lines += [
        "_symmetry_space_group_name_H-M 'P 1'",
        "_symmetry_Int_Tables_number 1",
        "loop_",
        "_atom_site_label",
        "_atom_site_type_symbol",
        "_atom_site_fract_x",
        "_atom_site_fract_y",
        "_atom_site_fract_z",
        "_atom_site_occupancy",
    ]
    for number, site in enumerate(crystal.sites):
        place = " ".join(f"{value - math.floor(value):.8f}" for value in site.frac)
        lines += [
            f"{symbol}{number} {symbol} {place} {share:.6g}"
            for symbol, share in site.species.items()
            if share > 0.0
        ]
    return "\n".join(lines) + "\n"


def _angle(first: list[float], second: list[float]) -> float:
    """Angle between two vectors, degrees."""
    cosine = sum(x * y for x, y in zip(first, second, strict=True))
    cosine /= math.hypot(*first) * math.hypot(*second)
    return math.degrees(math.acos(min(1.0, max(-1.0, cosine))))
