"""Bond lengths to be expected between any two elements, from which a prototype takes its default lattice constants.

Compounds with an anion follow the bond-valence method: a bond of valence ``v`` between elements i and j has
the length

    d = r_i + r_j - r_i r_j (sqrt(c_i) - sqrt(c_j))^2 / (c_i r_i + c_j r_j) - 0.37 Å ln v

with the sizes r (Å) and electronegativities c of M. O'Keeffe and N. E. Brese, J. Am. Chem. Soc. 113, 3226
(1991), doi:10.1021/ja00009a002. Metals follow from the volume of an atom in the element (fcc, bcc or hcp reference
cells as compiled in ASE's ``ase.data.reference_states``; the few without such a cell from their metallic radii).
"""

from __future__ import annotations

import math

BOND_SOFTNESS = 0.37
"""Universal softness of the bond-valence method, Å."""

_SIZE_AND_ELECTRONEGATIVITY: dict[str, tuple[float, float]] = {
    "H": (0.38, 0.89), "Li": (1.00, 0.97), "Be": (0.81, 1.47), "B": (0.79, 1.60), "C": (0.78, 2.00),
    "N": (0.72, 2.61), "O": (0.63, 3.15), "F": (0.58, 3.98), "Na": (1.36, 1.01), "Mg": (1.21, 1.23),
    "Al": (1.13, 1.47), "Si": (1.12, 1.58), "P": (1.09, 1.96), "S": (1.03, 2.35), "Cl": (0.99, 2.74),
    "K": (1.73, 0.91), "Ca": (1.50, 1.04), "Sc": (1.34, 1.20), "Ti": (1.27, 1.32), "V": (1.21, 1.45),
    "Cr": (1.16, 1.56), "Mn": (1.17, 1.60), "Fe": (1.16, 1.64), "Co": (1.09, 1.70), "Ni": (1.04, 1.75),
    "Cu": (0.87, 1.75), "Zn": (1.07, 1.66), "Ga": (1.14, 1.82), "Ge": (1.21, 1.51), "As": (1.21, 2.23),
    "Se": (1.18, 2.51), "Br": (1.13, 2.58), "Rb": (1.84, 0.89), "Sr": (1.66, 0.99), "Y": (1.52, 1.11),
    "Zr": (1.43, 1.22), "Nb": (1.40, 1.23), "Mo": (1.37, 1.30), "Ru": (1.21, 1.42), "Rh": (1.18, 1.54),
    "Pd": (1.11, 1.35), "Ag": (1.12, 1.42), "Cd": (1.28, 1.46), "In": (1.34, 1.49), "Sn": (1.37, 1.72),
    "Sb": (1.41, 1.72), "Te": (1.40, 2.72), "I": (1.33, 2.38), "Cs": (2.05, 0.86), "Ba": (1.88, 0.97),
    "La": (1.71, 1.08), "Ce": (1.68, 1.08), "Pr": (1.66, 1.07), "Nd": (1.64, 1.07), "Sm": (1.61, 1.07),
    "Eu": (1.62, 1.01), "Gd": (1.58, 1.11), "Tb": (1.56, 1.10), "Dy": (1.54, 1.10), "Ho": (1.53, 1.10),
    "Er": (1.51, 1.11), "Tm": (1.50, 1.11), "Yb": (1.49, 1.06), "Lu": (1.47, 1.14), "Hf": (1.42, 1.23),
    "Ta": (1.39, 1.33), "W": (1.38, 1.40), "Re": (1.37, 1.46), "Ir": (1.37, 1.55), "Hg": (1.32, 1.44),
    "Tl": (1.62, 1.44), "Pb": (1.53, 1.55), "Bi": (1.54, 1.67), "Th": (1.70, 1.11), "U": (1.59, 1.22),
    # Not in the source: interpolated between the neighbours in the periodic table.
    "He": (0.50, 2.00), "Ne": (0.70, 2.50), "Ar": (1.00, 2.50), "Kr": (1.15, 2.50), "Xe": (1.35, 2.40),
    "Rn": (1.50, 1.70), "Tc": (1.30, 1.40), "Os": (1.37, 1.50), "Pt": (1.25, 1.50), "Au": (1.20, 1.50),
    "Pm": (1.63, 1.07), "Po": (1.45, 2.30), "At": (1.40, 2.30), "Fr": (2.15, 0.85), "Ra": (1.95, 0.95),
    "Ac": (1.75, 1.08), "Pa": (1.64, 1.20), "Np": (1.57, 1.22), "Pu": (1.56, 1.22), "Am": (1.60, 1.15),
    "Cm": (1.59, 1.15),
}  # fmt: skip
_HEAVY_ACTINIDE = (1.57, 1.15)

_ATOMIC_VOLUME: dict[str, float] = {
    "He": 18.50, "Li": 21.25, "Be": 8.15, "Ne": 21.73, "Na": 37.84, "Mg": 23.26, "Al": 16.61, "Ar": 36.38,
    "K": 71.53, "Ca": 43.44, "Sc": 25.03, "Ti": 17.65, "V": 13.77, "Cr": 11.94, "Mn": 11.60, "Fe": 11.82,
    "Co": 11.11, "Ni": 10.90, "Cu": 11.76, "Zn": 15.13, "Ga": 19.60, "Kr": 46.79, "Rb": 87.34, "Sr": 56.19,
    "Y": 33.08, "Zr": 23.24, "Nb": 17.97, "Mo": 15.63, "Tc": 14.29, "Ru": 13.50, "Rh": 13.72, "Pd": 14.72,
    "Ag": 17.10, "Cd": 21.61, "In": 26.20, "Sn": 27.00, "Sb": 30.20, "Xe": 59.58, "Cs": 110.72, "Ba": 63.25,
    "La": 36.97, "Ce": 34.35, "Pr": 34.55, "Nd": 34.26, "Pm": 34.90, "Sm": 33.20, "Eu": 48.99, "Gd": 33.16,
    "Tb": 31.94, "Dy": 31.51, "Ho": 31.19, "Er": 30.67, "Tm": 30.16, "Yb": 41.37, "Lu": 29.68, "Hf": 22.45,
    "Ta": 18.13, "W": 15.78, "Re": 14.70, "Os": 14.06, "Ir": 14.16, "Pt": 15.06, "Au": 16.98, "Hg": 23.40,
    "Tl": 28.68, "Pb": 30.32, "Bi": 35.40, "Po": 37.20, "Rn": 72.00, "Fr": 130.00, "Ra": 68.20, "Ac": 37.43,
    "Th": 32.77, "Pa": 24.90, "U": 20.80, "Np": 19.20, "Pu": 22.50, "Am": 29.20, "Cm": 30.00,
}  # fmt: skip

_ANION_VALENCE: dict[str, int] = {
    "H": 1, "F": 1, "Cl": 1, "Br": 1, "I": 1, "At": 1,
    "O": 2, "S": 2, "Se": 2, "Te": 2, "Po": 2,
    "N": 3, "P": 3, "As": 3, "Sb": 3, "Bi": 3,
    "C": 4, "Si": 4, "Ge": 4, "Sn": 4,
}  # fmt: skip

_METALLIC_CONTRACTION = {12: 1.0, 8: 0.97, 6: 0.96, 4: 0.88}
"""Goldschmidt's contraction of a metallic radius with the coordination number."""

_MONOVALENT = frozenset({"Li", "Na", "K", "Rb", "Cs", "Fr", "Ag", "Tl", "Cu", "Au"})
_TRIVALENT_SYMBOLS = "Sc Y La Ce Pr Nd Pm Sm Gd Tb Dy Ho Er Tm Yb Lu Bi Al Ga In Ac Am Cm"
_TRIVALENT = frozenset(_TRIVALENT_SYMBOLS.split())


def electronegativity(symbol: str) -> float:
    """Electronegativity on the scale of O'Keeffe and Brese (Allred and Rochow's)."""
    return _SIZE_AND_ELECTRONEGATIVITY.get(symbol, _HEAVY_ACTINIDE)[1]


def anion_valence(symbol: str) -> int | None:
    """Number of electrons that the element takes up as an anion; None for a metal."""
    return _ANION_VALENCE.get(symbol)


def cation_charge(symbol: str) -> int:
    """The usual charge of a large cation, as on the A site of a perovskite."""
    if symbol in _MONOVALENT:
        return 1
    return 3 if symbol in _TRIVALENT else 2


def valence_bond_length(first: str, second: str, valence: float) -> float:
    """Length (Å) of a bond of the given valence (> 0) between two elements, by the bond-valence method."""
    r_i, c_i = _SIZE_AND_ELECTRONEGATIVITY.get(first, _HEAVY_ACTINIDE)
    r_j, c_j = _SIZE_AND_ELECTRONEGATIVITY.get(second, _HEAVY_ACTINIDE)
    overlap = r_i * r_j * (math.sqrt(c_i) - math.sqrt(c_j)) ** 2 / (c_i * r_i + c_j * r_j)
    return r_i + r_j - overlap - BOND_SOFTNESS * math.log(valence)


def metallic_radius(symbol: str) -> float:
    """Half the distance (Å) of neighbours in a close packing of the element."""
    return (atomic_volume(symbol) / (4.0 * math.sqrt(2.0))) ** (1.0 / 3.0)


def atomic_volume(symbol: str) -> float:
    """Volume (Å^3) of an atom in a dense packing of the element."""
    known = _ATOMIC_VOLUME.get(symbol)
    if known is not None:
        return known
    valence = _ANION_VALENCE.get(symbol, 3)
    return valence_bond_length(symbol, symbol, valence / 12.0) ** 3 / math.sqrt(2.0)


def bond_length(first: str, second: str, coordination: int, anion_coordination: int | None = None) -> float:
    """Length (Å) of the nearest-neighbour bond in a binary or elemental structure.

    Args:
        first: One element of the bond.
        second: The second element of the bond; may be the same.
        coordination: Number of neighbours of an atom of ``first`` (4, 6, 8 or 12).
        anion_coordination: Number of neighbours of an atom of ``second``; by default the same.

    Returns:
        The bond-valence length where one of the two takes up electrons, else the sum of metallic radii.
    """
    around_second = coordination if anion_coordination is None else anion_coordination
    options = [(first, coordination), (second, around_second)]
    options.sort(key=lambda option: electronegativity(option[0]), reverse=True)
    anion, neighbours = options[0]
    valence = _ANION_VALENCE.get(anion)
    if valence is not None:
        return valence_bond_length(first, second, valence / neighbours)
    contraction = _METALLIC_CONTRACTION[min(coordination, around_second)]
    return contraction * (metallic_radius(first) + metallic_radius(second))
