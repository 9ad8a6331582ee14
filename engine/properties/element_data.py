"""What the elements cost and how concentrated their supply is: tables that a user can replace. Torch-free.

Prices, USD/kg, are bulk prices of industrial grades, mostly of 2018 to 2020, of ranges the upper end: Wikipedia,
*Prices of chemical elements* (which cites the USGS Mineral Commodity Summaries, the Shanghai Metals Market and others).
They were copied by hand and not checked against those sources: orders of magnitude are to be trusted, digits are not.
Those of Ga and Au are of September 2013, from Wolfram|Alpha, as collected in pymatgen's ``costdb_elements.csv`` (MIT).
Zirconium, technetium, promethium and the elements beyond uranium have none: no reliable value was found.

Supply risk is the Herfindahl-Hirschman index of the production over countries divided by 10 000, so that 1 is a single
producer country: M. W. Gaultois et al., Chem. Mater. 25, 2911 (2013), doi:10.1021/cm400893e, as in pymatgen's
``hhi_data.csv`` (MIT licence).
"""

from __future__ import annotations

ELEMENT_PRICES: dict[str, float] = {
    "H": 1.39, "He": 24.0, "Li": 85.6, "Be": 857.0, "B": 3.68, "C": 0.122, "N": 0.140, "O": 0.154, "F": 2.16,
    "Ne": 240.0, "Na": 3.43, "Mg": 2.32, "Al": 1.79, "Si": 1.70, "P": 2.69, "S": 0.0926, "Cl": 0.082, "Ar": 0.931,
    "K": 13.6, "Ca": 2.35, "Sc": 3460.0, "Ti": 11.7, "V": 385.0, "Cr": 9.40, "Mn": 1.82, "Fe": 0.424, "Co": 32.8,
    "Ni": 13.9, "Cu": 6.00, "Zn": 2.55, "Ga": 688.06, "Ge": 1010.0, "As": 1.31, "Se": 21.4, "Br": 4.39, "Kr": 290.0,
    "Rb": 15500.0, "Sr": 6.68, "Y": 31.0, "Nb": 85.6, "Mo": 40.1, "Ru": 10600.0, "Rh": 147000.0, "Pd": 49500.0,
    "Ag": 521.0, "Cd": 2.73, "In": 167.0, "Sn": 18.7, "Sb": 5.79, "Te": 63.5, "I": 35.0, "Xe": 1800.0, "Cs": 61800.0,
    "Ba": 0.275, "La": 4.92, "Ce": 4.71, "Pr": 103.0, "Nd": 57.5, "Sm": 13.9, "Eu": 31.4, "Gd": 28.6, "Tb": 658.0,
    "Dy": 307.0, "Ho": 57.1, "Er": 26.4, "Tm": 3000.0, "Yb": 17.1, "Lu": 643.0, "Hf": 900.0, "Ta": 312.0, "W": 35.3,
    "Re": 4150.0, "Os": 12000.0, "Ir": 56200.0, "Pt": 27800.0, "Au": 45386.51, "Hg": 30.2, "Tl": 4200.0, "Pb": 2.00,
    "Bi": 6.36, "Th": 287.0, "U": 101.0,
}  # fmt: skip
"""USD/kg."""

SUPPLY_RISKS: dict[str, float] = {
    "He": 0.32, "Li": 0.29, "Be": 0.80, "B": 0.29, "C": 0.05, "N": 0.13, "O": 0.05, "F": 0.15, "Na": 0.11,
    "Mg": 0.53, "Al": 0.16, "Si": 0.47, "P": 0.20, "S": 0.07, "Cl": 0.15, "K": 0.17, "Ca": 0.39, "Sc": 0.55,
    "Ti": 0.11, "V": 0.33, "Cr": 0.31, "Mn": 0.16, "Fe": 0.24, "Co": 0.31, "Ni": 0.10, "Cu": 0.16, "Zn": 0.16,
    "Ga": 0.55, "Ge": 0.53, "As": 0.33, "Se": 0.22, "Br": 0.33, "Rb": 0.60, "Sr": 0.42, "Y": 0.98, "Zr": 0.34,
    "Nb": 0.85, "Mo": 0.24, "Ru": 0.32, "Rh": 0.32, "Pd": 0.32, "Ag": 0.12, "Cd": 0.17, "In": 0.33, "Sn": 0.26,
    "Sb": 0.79, "Te": 0.29, "I": 0.49, "Cs": 0.60, "Ba": 0.30, "La": 0.95, "Ce": 0.95, "Pr": 0.95, "Nd": 0.95,
    "Pm": 0.95, "Sm": 0.95, "Eu": 0.95, "Gd": 0.95, "Tb": 0.95, "Dy": 0.95, "Ho": 0.95, "Er": 0.95, "Tm": 0.95,
    "Yb": 0.95, "Lu": 0.95, "Hf": 0.34, "Ta": 0.23, "W": 0.70, "Re": 0.33, "Os": 0.55, "Ir": 0.55, "Pt": 0.55,
    "Au": 0.11, "Hg": 0.55, "Tl": 0.65, "Pb": 0.27, "Bi": 0.53,
}  # fmt: skip
"""From near 0, many producer countries, to 1, one of them."""
