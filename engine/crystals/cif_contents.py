"""What a CIF says its cell holds: formula and Z, numbers of atoms by element, density, volume.

Atoms that contradict it are refused: most often their symmetry was lost, and with it the atoms that it makes.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce

from api_schemas.symbols import ATOMIC_NUMBERS
from engine.crystals.cif_block import CifBlock
from engine.crystals.labels import element_of_type
from engine.crystals.parent import ParentCrystal
from engine.crystals.structure_faults import bad_structure

FORMULA, Z = "_chemical_formula_sum", "_cell_formula_units_Z"
DENSITY, VOLUME = "_exptl_crystal_density_diffrn", "_cell_volume"
TYPE_NUMBER = "_atom_type_number_in_cell"

DENSITY_TOLERANCE = 0.15
"""Of the density; deuterium for hydrogen changes that of water by 11 %, a lost centring by 50 % at the least."""
VOLUME_TOLERANCE = 0.02
COUNT_TOLERANCE = 0.02
U_PER_A3_IN_G_PER_CM3 = 1.66053906660
_DEUTERIUM_OVER_HYDROGEN = 1.0063  # u
_NUMBER = r"(\d+(?:\.\d+)?|\.\d+)?"
_TERM = re.compile(rf"([A-Z][a-z]?){_NUMBER}", re.ASCII)
_CAPITALS = re.compile(rf"([A-Z]{{2}}){_NUMBER}", re.ASCII)
"""A term of a formula in capitals: NI1."""
_PAIR = re.compile("|".join(symbol.upper() for symbol in ATOMIC_NUMBERS if len(symbol) == 2))
_LONGEST = 400


@dataclass(frozen=True)
class Contents:
    """What a file says of its cell.

    Attributes:
        formula: Atoms of each element in _chemical_formula_sum; None where it is not given.
        written: The formula as the file writes it.
        units: Z, formula units in the cell.
        structural: Atoms of each element in _chemical_formula_structural, where it can be read.
        numbers: Atoms of each element in the cell, by _atom_type_number_in_cell.
        density: g/cm^3.
    """

    formula: Mapping[str, float] | None
    written: str
    units: float | None
    structural: Mapping[str, float] | None
    numbers: Mapping[str, float] | None
    density: float | None

    @property
    def proves(self) -> bool:
        """Whether what fits it is right: it tells how many atoms there are, not only their ratio."""
        counted = self.formula is not None and self.units is not None
        return counted or self.numbers is not None or self.density is not None

    def check(self, parent: ParentCrystal, listed: int, heavy_share: float = 0.0) -> None:
        """Refuse a crystal that contradicts it.

        Args:
            parent: The crystal.
            listed: Atoms that the file lists, before symmetry.
            heavy_share: Share of the hydrogen that is deuterium.

        Raises:
            StructureFault: naming the field, with both readings.
        """
        held = Counter(parent.symbols)
        read = f"{listed} atoms are listed and make {_words(held)}"
        if self.formula is not None:
            self._check_formula(self.formula, held, read)
        elif self.units is not None:
            common = reduce(math.gcd, held.values())
            if self.units == round(self.units) and common % round(self.units):
                text = f"{read}, which are not {Z} {self.units:g} formula units; {_MEND}"
                raise bad_structure(text)
        if self.numbers is not None and not _same(self.numbers, held):
            raise bad_structure(f"{read}, but {TYPE_NUMBER} says {_words(self.numbers)}; {_MEND}")
        if self.density is not None:
            found = _mass(held, heavy_share) / parent.volume * U_PER_A3_IN_G_PER_CM3
            if abs(found / self.density - 1.0) > DENSITY_TOLERANCE:
                text = f"{read} with {found:.3g} g/cm^3, but {DENSITY} says {self.density:.4g}; {_MEND}"
                raise bad_structure(text)

    def _check_formula(self, formula: Mapping[str, float], held: Counter[str], read: str) -> None:
        if self.units is None:
            ratio = sum(held.values()) / sum(formula.values())
            if not _same({symbol: ratio * number for symbol, number in formula.items()}, held):
                raise bad_structure(f"{read}, but {FORMULA} says {self.written!r}; {_MEND}")
            return
        wanted = {symbol: self.units * number for symbol, number in formula.items()}
        # pymatgen writes the contents of the cell as the sum, and the formula unit as the structural formula.
        units = self.structural or {}
        whole = _same({symbol: self.units * number for symbol, number in units.items()}, formula)
        if not _same(wanted, held) and not (whole and _same(formula, held)):
            text = f"{read}, but {FORMULA} {self.written!r} x {Z} {self.units:g} is {_words(wanted)}; {_MEND}"
            raise bad_structure(text)


_MEND = (
    "if symmetry makes the rest, give the space group or its operations; if atoms are missing, list them; else correct "
    "the field"
)


def stated_contents(block: CifBlock) -> Contents:
    """What a CIF says of its cell.

    Raises:
        StructureFault: if a number is none.
    """
    written = block.value(FORMULA) or ""
    units = block.number(Z)
    density = block.number(DENSITY)
    return Contents(
        formula=_formula(written),
        written=written[:40],
        units=units if units is not None and units > 0 else None,
        structural=_formula(block.value("_chemical_formula_structural") or ""),
        numbers=_numbers(block),
        density=density if density is not None and density > 0 else None,
    )


def check_volume(block: CifBlock, volume: float) -> None:
    """Refuse a cell whose volume (Å^3) is not the one that the file gives.

    Raises:
        StructureFault: with both.
    """
    said = block.number(VOLUME)
    if said is not None and said > 0 and abs(volume / said - 1.0) > VOLUME_TOLERANCE:
        text = (
            f"the cell's lengths and angles give {volume:.6g} Å^3, but {VOLUME} says {said:.6g}; correct the one that "
            "is wrong (lengths are in Å, angles in degrees)"
        )
        raise bad_structure(text)


def check_multiplicity(name: str, said: int | None, found: int, operations: int) -> None:
    """Refuse an atom with another number of images than the file says.

    Some programs write the order of the site's symmetry under this name: then the product is that of the group.

    Raises:
        StructureFault: naming the atom.
    """
    if said is None or said == found or said * found == operations:
        return
    text = (
        f"atom {name!r} of the CIF has {found} images by the symmetry that was read, but its multiplicity "
        f"(_atom_site_symmetry_multiplicity) is {said}; check the space group and the coordinates"
    )
    raise bad_structure(text)


def _formula(text: str) -> dict[str, float] | None:
    """Atoms of each element, None where the text is no plain formula; a variable x makes it none."""
    words = text.replace(",", " ").split()
    if len(text) > _LONGEST:
        return None
    found: dict[str, float] = {}
    for word in words:
        terms = _terms(word)
        if text.isupper() and _PAIR.search(word):
            # In capitals the words of a sum are one element each (NI1 O1); a single word does not tell (CO2).
            terms = _CAPITALS.findall(word) if len(words) > 1 and _CAPITALS.fullmatch(word) else []
        if not terms:
            return None
        for letters, number in terms:
            symbol = "H" if letters == "D" else letters.capitalize()
            found[symbol] = found.get(symbol, 0.0) + float(number or 1.0)
    return found if found and all(symbol in ATOMIC_NUMBERS for symbol in found) else None


def _terms(word: str) -> list[tuple[str, str]]:
    """Symbols and numbers of a word, none where it is not made of them."""
    whole = re.fullmatch(rf"(?:{_TERM.pattern})+", word, re.ASCII)
    return _TERM.findall(word) if whole else []


def _numbers(block: CifBlock) -> dict[str, float] | None:
    """Atoms by element from the loop of atom types."""
    kinds, counts = block.column("_atom_type_symbol"), block.column(TYPE_NUMBER)
    if not counts or len(kinds) != len(counts):
        return None
    found: dict[str, float] = {}
    for kind, text in zip(kinds, counts, strict=True):
        symbol = element_of_type(kind.strip())
        if symbol is None or not text.strip().isdecimal():
            return None
        found[symbol] = found.get(symbol, 0.0) + float(text)
    return found


def _same(first: Mapping[str, float], second: Mapping[str, float]) -> bool:
    return all(
        abs(first.get(symbol, 0.0) - second.get(symbol, 0.0)) < COUNT_TOLERANCE
        for symbol in {*first, *second}
    )


def _words(counts: Mapping[str, float]) -> str:
    shown = " ".join(f"{symbol}{number:g}" for symbol, number in sorted(counts.items())[:12])
    return f"{shown} ({sum(counts.values()):g} atoms)"


def _mass(counts: Mapping[str, int], heavy_share: float) -> float:
    from ase.data import atomic_masses

    total = sum(number * float(atomic_masses[ATOMIC_NUMBERS[symbol]]) for symbol, number in counts.items())
    return total + counts.get("H", 0) * heavy_share * _DEUTERIUM_OVER_HYDROGEN
