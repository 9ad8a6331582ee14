"""Lattice constants and bulk moduli of 25 crystals as measured at room temperature, each with its source.

Bulk moduli are of elastic constants of single crystals, adiabatic, (C11 + 2 C12)/3 or Voigt's average of a hexagonal
crystal, unless the source is an equation of state. Lattice constants without a source of their own are those of
R. W. G. Wyckoff, Crystal Structures, 2nd edition (1963), and the CRC Handbook; among compilations they differ in the
last digit given here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CRC = "H. P. R. Frederikse, Elastic Constants of Single Crystals, CRC Handbook of Chemistry and Physics"
III_V = "I. Vurgaftman, J. R. Meyer, L. R. Ram-Mohan, J. Appl. Phys. 89, 5815 (2001), doi:10.1063/1.1368156"
III_N = "I. Vurgaftman, J. R. Meyer, J. Appl. Phys. 94, 3675 (2003), doi:10.1063/1.1600519"
BN = "F. Datchi et al., Phys. Rev. B 75, 214104 (2007), doi:10.1103/PhysRevB.75.214104 (equation of state)"
CERIA = "A. Nakajima et al., Phys. Rev. B 50, 13297 (1994), doi:10.1103/PhysRevB.50.13297"
NI_AL = "N. Rusović, H. Warlimont, Phys. Status Solidi A 44, 609 (1977), doi:10.1002/pssa.2210440225"
NI3_AL = "F. X. Kayser, C. Stassis, Phys. Status Solidi A 64, 335 (1981), doi:10.1002/pssa.2210640136"


@dataclass(frozen=True)
class Material:
    """A crystal as it was measured.

    Attributes:
        name: Formula; the key of its records.
        family: Of the table.
        structure: As in a problem file.
        a: Å, of the conventional cell.
        bulk_modulus: GPa.
        source: Of the bulk modulus, and of the lattice constant where it is no handbook's.
        c: Å, where it is not a.
    """

    name: str
    family: str
    structure: Mapping[str, Any]
    a: float
    bulk_modulus: float
    source: str
    c: float | None = None


def _of(prototype: str, *species: str, **start: float) -> Mapping[str, Any]:
    return {"prototype": prototype, "species": list(species), **start}


def _l1_2(majority: str, minority: str, a: float) -> Mapping[str, Any]:
    """The ordered crystal of three atoms on the faces of a cube to one on its corner."""
    rows = "0 0 0\n0.5 0.5 0\n0.5 0 0.5\n0 0.5 0.5"
    return {
        "poscar": f"{majority}3{minority}\n1.0\n{a} 0 0\n0 {a} 0\n0 0 {a}\n{minority} {majority}\n1 3\nDirect\n{rows}\n"
    }


MATERIALS = (
    Material("LiF", "halides", _of("rocksalt", "Li", "F", a=4.03), 4.026, 69.7, CRC),
    Material("NaCl", "halides", _of("rocksalt", "Na", "Cl", a=5.64), 5.640, 25.1, CRC),
    Material("KCl", "halides", _of("rocksalt", "K", "Cl", a=6.29), 6.293, 18.3, CRC),
    Material("KBr", "halides", _of("rocksalt", "K", "Br", a=6.60), 6.600, 15.4, CRC),
    Material("CaF2", "halides", _of("fluorite", "Ca", "F", a=5.46), 5.463, 84.1, CRC),
    Material("MgO", "oxides", _of("rocksalt", "Mg", "O", a=4.21), 4.212, 163.1, CRC),
    Material("ZnO", "oxides", _of("wurtzite", "Zn", "O", a=3.25, c=5.207), 3.250, 143.7, CRC, c=5.207),
    Material("CeO2", "oxides", _of("fluorite", "Ce", "O", a=5.41), 5.411, 204.0, CERIA),
    Material("SrTiO3", "oxides", _of("perovskite", "Sr", "Ti", "O", a=3.905), 3.905, 174.0, CRC),
    Material("BN", "nitrides", _of("zincblende", "B", "N", a=3.616), 3.616, 395.0, BN),
    Material("AlN", "nitrides", _of("wurtzite", "Al", "N", a=3.112, c=4.982), 3.112, 207.9, III_N, c=4.982),
    Material("GaN", "nitrides", _of("wurtzite", "Ga", "N", a=3.189, c=5.185), 3.189, 210.2, III_N, c=5.185),
    Material("GaP", "III-V", _of("zincblende", "Ga", "P", a=5.45), 5.4505, 88.2, III_V),
    Material("GaAs", "III-V", _of("zincblende", "Ga", "As", a=5.653), 5.6533, 78.4, III_V),
    Material("InP", "III-V", _of("zincblende", "In", "P", a=5.87), 5.8697, 71.1, III_V),
    Material("InAs", "III-V", _of("zincblende", "In", "As", a=6.058), 6.0583, 57.9, III_V),
    Material("Si", "elements", _of("diamond", "Si", a=5.431), 5.431, 97.9, CRC),
    Material("Al", "elements", _of("fcc", "Al", a=4.05), 4.050, 75.8, CRC),
    Material("Cu", "elements", _of("fcc", "Cu", a=3.615), 3.615, 137.5, CRC),
    Material("Fe", "elements", _of("bcc", "Fe", a=2.867), 2.867, 168.7, CRC),
    Material("Mo", "elements", _of("bcc", "Mo", a=3.147), 3.147, 259.8, CRC),
    Material("V", "elements", _of("bcc", "V", a=3.03), 3.028, 155.6, CRC),
    Material("NiAl", "intermetallics", _of("cscl", "Ni", "Al", a=2.887), 2.887, 157.7, NI_AL),
    Material("Ni3Al", "intermetallics", _l1_2("Ni", "Al", 3.572), 3.572, 173.0, NI3_AL),
    Material("Cu3Au", "intermetallics", _l1_2("Cu", "Au", 3.748), 3.748, 155.8, CRC),
)
"""Every material of the table, by family."""
