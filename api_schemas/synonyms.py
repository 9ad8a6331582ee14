"""Other words that people use for elements, properties, fields and units: the only table of these.

They are never taken for what they mean: a name is refused, and the refusal names the right one. Spelling comes after:
letters in common (Sodium and Sm) say less than a meaning in common.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from api_schemas.symbols import ATOMIC_NUMBERS, VACANCY

LONGEST_NAME = 60
"""Longer words are no misspelling of anything; they are not compared."""

_ELEMENT_NAMES = """
hydrogen helium lithium beryllium boron carbon nitrogen oxygen fluorine neon sodium magnesium aluminium silicon
phosphorus sulfur chlorine argon potassium calcium scandium titanium vanadium chromium manganese iron cobalt nickel
copper zinc gallium germanium arsenic selenium bromine krypton rubidium strontium yttrium zirconium niobium molybdenum
technetium ruthenium rhodium palladium silver cadmium indium tin antimony tellurium iodine xenon caesium barium
lanthanum cerium praseodymium neodymium promethium samarium europium gadolinium terbium dysprosium holmium erbium
thulium ytterbium lutetium hafnium tantalum tungsten rhenium osmium iridium platinum gold mercury thallium lead bismuth
polonium astatine radon francium radium actinium thorium protactinium uranium neptunium plutonium americium curium
berkelium californium einsteinium fermium mendelevium nobelium lawrencium rutherfordium dubnium seaborgium bohrium
hassium meitnerium darmstadtium roentgenium copernicium nihonium flerovium moscovium livermorium tennessine oganesson
"""

ELEMENTS: dict[str, str] = {
    **dict(zip(_ELEMENT_NAMES.split(), ATOMIC_NUMBERS, strict=True)),
    "aluminum": "Al",
    "sulphur": "S",
    "cesium": "Cs",
    "wolfram": "W",
    "natrium": "Na",
    "kalium": "K",
    "ferrum": "Fe",
    "cuprum": "Cu",
    "argentum": "Ag",
    "aurum": "Au",
    "plumbum": "Pb",
    "stannum": "Sn",
    "d": "H",
    "2h": "H",
    "3h": "H",
    "deuterium": "H",
    "tritium": "H",
    **dict.fromkeys(("va", "vac", "vacancy", "vacancies", "void", "empty", "hole", "□"), VACANCY),
}
"""Symbols by other words for elements, in lower case."""

PLACEHOLDERS: dict[str, str] = {
    "re": "a rare earth",
    "ree": "a rare earth",
    "ln": "a lanthanide",
    "tm": "a transition metal",
    "me": "a metal",
    "m": "a metal",
    "x": "an anion",
    "wat": "a molecule of water",
}
"""What labels stand for that are no symbols in these capitals, in lower case."""

PROPERTIES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("a", "a0", "lattice", "lattice_constant", "lattice_parameter"), ("lattice_a",)),
    "b": ("lattice_b",), "c": ("lattice_c",), "c/a": ("c_over_a",), "ca_ratio": ("c_over_a",),
    **dict.fromkeys(("cell_volume", "volume_per_atom", "v"), ("volume",)),
    **dict.fromkeys(("mass_density", "rho"), ("density",)),
    **dict.fromkeys(("energy_per_atom", "total_energy", "e", "potential_energy"), ("energy",)),
    **dict.fromkeys(("enthalpy_of_mixing", "mixing_enthalpy", "e_mix", "h_mix"), ("mixing_energy",)),
    **dict.fromkeys(
        ("free_energy", "gibbs_energy", "gibbs_free_energy", "helmholtz"), ("mixing_free_energy",)
    ),
    **dict.fromkeys(
        ("e_above_hull", "energy_above_hull", "above_hull", "ehull", "hull_distance", "stability"),
        ("formation_energy", "mixing_energy"),
    ),
    **dict.fromkeys(
        ("e_form", "formation_enthalpy", "formation_energy_per_atom", "cohesive_energy"), ("formation_energy",)
    ),
    **dict.fromkeys(("bulk", "k_vrh", "compressibility", "incompressibility"), ("bulk_modulus",)),
    **dict.fromkeys(("shear", "shear_modulus", "g_vrh", "rigidity"), ("c44", "poisson_ratio")),
    **dict.fromkeys(
        ("young", "youngs_modulus", "young_modulus", "young's_modulus", "e_modulus", "elastic_modulus"),
        ("c11", "poisson_ratio", "bulk_modulus"),
    ),
    **dict.fromkeys(("elastic", "elastic_constants", "stiffness", "elastic_tensor"), ("c11", "c12", "c44")),
    **dict.fromkeys(("poisson", "poissons_ratio", "nu"), ("poisson_ratio",)),
    **dict.fromkeys(("cost", "price"), ("price_per_kg",)),
    **dict.fromkeys(("scarcity", "risk", "criticality"), ("supply_risk",)),
    **dict.fromkeys(("mismatch", "misfit", "lattice_mismatch", "strain"), ("substrate_mismatch",)),
    **dict.fromkeys(("mass_fraction", "weight_fraction", "wt", "mass_percent"), ("mass_fraction",)),
    **dict.fromkeys(
        ("magnetization", "magnetisation", "magmom", "magnetic_moment", "band_gap", "bandgap", "gap", "hardness",
         "thermal_conductivity", "thermal_expansion", "melting_point", "debye_temperature"),
        (),
    ),
}  # fmt: skip
"""Properties near in meaning by other words, in lower case with underscores; none for what is not computed."""

FIELDS: dict[str, str] = {
    "file": "cif_file or poscar_file",
    "path": "cif_file or poscar_file",
    "filename": "cif_file or poscar_file",
    "cif_path": "cif_file",
    "poscar_path": "poscar_file",
    "vasp": "poscar",
    "contcar": "poscar",
    "xyz": "cif or poscar (an XYZ file is not read: convert it)",
    "extxyz": "cif or poscar (an XYZ file is not read: convert it)",
    "ase": "cif or poscar, or the Atoms themselves as the structure in Python",
    "elements": "species",
    "seed": "strategy: {seed: ...}",
    "max_evaluations": "strategy: {max_evaluations: ...}",
    "temperature": "conditions: {temperature: ...}",
    "pressure": "conditions: {pressure: ...}",
    "target": "objectives: [{property: ..., target: ..., tolerance: ...}]",
    "composition": "at",
    "compositions": "at",
}
"""Fields by other words for them, in lower case."""

FRACTION = "a fraction"
UNITS: dict[str, tuple[str, float]] = {
    "nm": ("Å", 10.0),
    "pm": ("Å", 0.01),
    "bohr": ("Å", 0.529177210903),
    "ev/å^3": ("GPa", 160.2176634),
    "ev/a^3": ("GPa", 160.2176634),
    "ev/ang^3": ("GPa", 160.2176634),
    "kbar": ("GPa", 0.1),
    "bar": ("GPa", 1e-4),
    "mpa": ("GPa", 1e-3),
    "pa": ("GPa", 1e-9),
    "kj/mol": ("eV", 0.01036427),
    "mev": ("eV", 1e-3),
    "mev/atom": ("eV/atom", 1e-3),
    "ev": ("eV", 1.0),
    "ev/atom": ("eV/atom", 1.0),
    "gpa": ("GPa", 1.0),
    "å": ("Å", 1.0),
    "ang": ("Å", 1.0),
    "angstrom": ("Å", 1.0),
    "a": ("Å", 1.0),
    "k": ("K", 1.0),
    "%": (FRACTION, 0.01),
    "percent": (FRACTION, 0.01),
    "at%": (FRACTION, 0.01),
    "°": ("degree", 1.0),
    "deg": ("degree", 1.0),
}
"""The unit that is wanted and how many of it one is, by other units' names in lower case."""

_QUANTITY = re.compile(r"^\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(\S.{0,19}?)\s*$")


def element_hint(word: str) -> str:
    """What to write instead of a word that is no element's symbol."""
    bare = word.strip()
    meant = ELEMENTS.get(bare.lower())
    if meant is not None:
        return f"write {meant}"
    letters = re.match(r"[A-Za-z]*", bare[:LONGEST_NAME])
    stands_for = PLACEHOLDERS.get(letters.group().lower()) if letters else None
    if stands_for:
        return f"if it stands for {stands_for}, write the element that is there, such as Al or Sc"
    known = (*ATOMIC_NUMBERS, VACANCY)
    same = [symbol for symbol in known if symbol.lower() == bare.lower()]
    if same:
        return f"did you mean {same[0]}?"
    stem = re.match(r"([A-Z][a-z]?)[0-9]*[+\-]?[0-9]*(?:_\w*)?$", bare[:LONGEST_NAME])
    if stem and stem.group(1) in ATOMIC_NUMBERS:
        return f"write {stem.group(1)}"
    # Few misspell the first letter, and the comparison of many words with all names would take its time.
    near = _close(bare.lower(), [name for name in ELEMENTS if name[0] == bare[:1].lower()], cutoff=0.75)
    if near:
        return f"did you mean {ELEMENTS[near[0]]} ({near[0]})?"
    alike = [symbol for symbol in ATOMIC_NUMBERS if symbol[0] == bare[:1].upper()] if len(bare) < 4 else []
    spelt = _close(bare.capitalize(), alike, cutoff=0.6, n=3)
    return f"did you mean {', '.join(spelt)}?" if spelt else "give a symbol such as Al or Sc"


def properties_near_in_meaning(name: str) -> tuple[str, ...] | None:
    """Properties near in meaning to another word, perhaps none; None for a word that is not in the table."""
    return PROPERTIES.get(re.sub(r"[\s\-]+", "_", name.strip().lower()[:LONGEST_NAME]))


def field_hint(name: str, fields: Sequence[str]) -> str | None:
    """Which of the fields is meant by another word, None where none is known."""
    meant = FIELDS.get(name.lower()[:LONGEST_NAME])
    if meant is None or re.split(r"\W", meant)[0] not in fields or name.lower() in fields:
        return None
    return meant


def quantity_hint(text: str) -> str | None:
    """What to write instead of a text such as ``0.311 nm`` where a number is wanted; None where it is no quantity."""
    found = _QUANTITY.match(text[:LONGEST_NAME])
    if found is None:
        return None
    unit = found.group(2).lower().replace("\N{ANGSTROM SIGN}".lower(), "å").replace("å³", "å^3")
    wanted, factor = UNITS.get(unit, ("", 0.0))
    if not wanted:
        return f"write the number alone, in the unit of the field: {found.group(1)}"
    number = f"{float(found.group(1)) * factor:.10g}"
    return (
        f"write it as {wanted}: {number}"
        if wanted == FRACTION
        else f"write the number alone, in {wanted}: {number}"
    )


def _close(word: str, known: Sequence[str], *, cutoff: float, n: int = 1) -> list[str]:
    return difflib.get_close_matches(word, known, n=n, cutoff=cutoff) if len(word) <= LONGEST_NAME else []
