"""Other words that people use for elements, properties, fields and units: the only table of these.

They are never taken for what they mean: a name is refused, and the refusal names the right one. Spelling comes after:
letters in common (Sodium and Sm) say less than a meaning in common.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Sequence

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
    "1h": "H",
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
    "t": "the atom of a tetrahedral site (tritium is H)",
    "wat": "a molecule of water",
}
"""What labels stand for that are no symbols in these capitals, in lower case."""

NO_ATOMS = frozenset({"q", "du", "dum", "dummy", "xx", "cg", "cnt", "centroid"})
"""What files list beside atoms, in lower case: centroids, peaks of residual density."""

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
    **dict.fromkeys(("t", "temp"), "temperature"),
    "p": "pressure",
    "composition": "at",
    "compositions": "at",
}
"""Fields by other words for them, in lower case."""

PARAMETERS: dict[str, str] = {
    **dict.fromkeys(("status", "states", "filter"), "state"),
    **dict.fromkeys(("tags", "label", "labels"), "tag"),
    **dict.fromkeys(("title", "names"), "name"),
    **dict.fromkeys(("q", "query", "find", "text", "note"), "search"),
    **dict.fromkeys(("star", "stars", "favourite", "favorite"), "starred"),
    **dict.fromkeys(("since", "from", "start", "min_created"), "created_after"),
    **dict.fromkeys(("until", "to", "end", "max_created"), "created_before"),
    **dict.fromkeys(("page", "offset", "next", "token", "next_cursor"), "cursor"),
    **dict.fromkeys(("per_page", "page_size", "size", "count", "n"), "limit"),
    **dict.fromkeys(("depends_on", "dependency", "needs", "wait_for"), "after"),
    **dict.fromkeys(("timeout", "walltime", "max_time", "max_seconds"), "time_limit"),
    **dict.fromkeys(("ids", "job", "jobs", "job_id"), "id"),
}
"""Query parameters of the service by other words for them, in lower case."""

PROTOTYPES: dict[str, str] = {
    **dict.fromkeys(("nacl", "b1", "halite"), "rocksalt"),
    **dict.fromkeys(("zns", "b3", "sphalerite"), "zincblende"),
    **dict.fromkeys(("zno", "b4"), "wurtzite"),
    **dict.fromkeys(("caf2", "c1"), "fluorite"),
    "li2o": "antifluorite",
    **dict.fromkeys(("b2", "cesium chloride", "caesium chloride"), "cscl"),
    **dict.fromkeys(("srtio3", "catio3", "batio3", "e21", "e2_1"), "perovskite"),
    **dict.fromkeys(("mgal2o4", "h11", "h1_1"), "spinel"),
    **dict.fromkeys(("a1", "cu", "ccp"), "fcc"),
    **dict.fromkeys(("a2", "w"), "bcc"),
    **dict.fromkeys(("a3", "mg"), "hcp"),
    "a4": "diamond",
}
"""Prototypes by compounds of their type and Strukturbericht symbols, in lower case."""

_VACANCY_ELSEWHERE = (
    "a vacancy stands among the elements of a sublattice, as Vac; put the element of the full site here"
)
# A symbol with a mass number, a charge, a number, an oxidation state or the name of a site; not a share, as in H.75.
_STEM = re.compile(
    r"^(?:\d{1,3}(?=[A-Z]))?(?:([A-Z][a-z]?)(?:$|(?=[^\w.])|(?=\d+(?!\d*\.))|_\w*$)"
    r"|([A-Z][a-z])(?=(?:II|III|IV|VI|VII|VIII)$)).*$",
    re.DOTALL,
)
_NO_PARTS = re.compile(r"\((?:I{1,3}|IV|VI{0,3}|IX|X)\)|(?<=[a-z])(?:II|III|IV|VI|VII|VIII)$|x(?![a-z])")
"""Oxidation states, and the x of a formula."""
_IN_LOWER_CASE = frozenset(symbol.lower() for symbol in ATOMIC_NUMBERS)


def element_hint(word: str, *, vacancy_allowed: bool = False) -> str:
    """What to write instead of a word that is no element's symbol.

    Args:
        word: What was given.
        vacancy_allowed: Whether an empty site may stand here, as `VACANCY`.
    """
    bare = word.strip().strip("'\"").strip()[:LONGEST_NAME]
    name = re.sub(r"(?<=.)[^A-Za-z□].*$", "", bare, flags=re.DOTALL).lower()
    meant = ELEMENTS.get(bare.lower()) or ELEMENTS.get(name)
    if meant:
        return f"write {meant}" if vacancy_allowed or meant != VACANCY else _VACANCY_ELSEWHERE
    hint = (
        _by_symbol(bare, name)
        or _by_meaning(name)
        or _by_spelling(bare, name)
        or "give a symbol such as Al or Sc"
    )
    return _VACANCY_ELSEWHERE if VACANCY in hint and not vacancy_allowed else hint


def element_among(word: str, known: Collection[str]) -> str:
    """Which of the known elements a word means, as the end of a message: ``; did you mean Al?``; empty for none."""
    hint = element_hint(word, vacancy_allowed=True)
    meant = next(
        (symbol for symbol in known if re.fullmatch(rf"(?:write|did you mean) {symbol}\b.*", hint)), None
    )
    return f"; did you mean {meant}?" if meant else ""


def _by_symbol(bare: str, name: str) -> str | None:
    """The hint for a word that is symbols with something behind them."""
    several = _several(bare)
    if several:
        return f"it names {' and '.join(several[:3])}: name each element by itself"
    stem = _STEM.match(bare)
    symbol = (stem.group(1) or stem.group(2)) if stem else None
    if symbol in ATOMIC_NUMBERS:
        return f"write {symbol}"
    if name in PLACEHOLDERS or name not in _IN_LOWER_CASE or not bare.isascii() or "." in bare:
        return None
    letters = [letter for letter in bare[: len(name)] if letter in ATOMIC_NUMBERS]
    either = f", or {' and '.join(letters)} by themselves" if len(letters) == 2 and len(bare) > 2 else ""
    return f"did you mean {name.capitalize()}{either}?"


def _by_meaning(name: str) -> str | None:
    """The hint for a word that stands for many elements, or for no atom."""
    if name in PLACEHOLDERS:
        return f"if it stands for {PLACEHOLDERS[name]}, write the element that is there, such as Al or Sc"
    if name in NO_ATOMS:
        return "if it is no atom (a centroid, a peak of residual density), remove it; else write its element"
    return None


def _by_spelling(bare: str, name: str) -> str | None:
    """The hint for a word that is spelt like the name or the symbol of an element."""
    # Few misspell the first letter, and the comparison of many words with all names would take its time.
    near = _close(name, [known for known in ELEMENTS if known[0] == name[:1] and len(known) > 2], cutoff=0.75)
    if near:
        return f"did you mean {ELEMENTS[near[0]]} ({near[0]})?"
    tokens = re.findall(r"[A-Z][a-z]*", bare)
    if len(tokens) > 1 and bare.startswith(tokens[0]) and tokens[0] in ATOMIC_NUMBERS:
        return f"did you mean {tokens[0]}?"
    short = bare.isascii() and bare.isalnum() and len(name) < 4
    spelt = [one for one in (bare[:1], bare[:2]) if short and one in ATOMIC_NUMBERS]
    return f"did you mean {' or '.join(spelt)}?" if spelt else None


def _several(word: str) -> list[str]:
    """The elements of a word that names several, as formulas do; none of a word that does not."""
    parts = re.findall(r"[A-Z][a-z]*|[a-z]+", _NO_PARTS.sub("", word))
    if "".join(parts).lower() in _IN_LOWER_CASE and word.startswith("".join(parts)):
        return []  # CO1: one symbol in capitals
    symbols = [part for part in parts if part in ATOMIC_NUMBERS or part == VACANCY]
    return symbols if len(set(symbols)) > 1 and len(symbols) == len(parts) else []


def properties_near_in_meaning(name: str) -> tuple[str, ...] | None:
    """Properties near in meaning to another word, perhaps none; None for a word that is not in the table."""
    return PROPERTIES.get(re.sub(r"[\s\-]+", "_", name.strip().lower()[:LONGEST_NAME]))


def field_hint(name: str, fields: Sequence[str]) -> str | None:
    """Which of the fields is meant by another word, None where none is known."""
    meant = FIELDS.get(name.lower()[:LONGEST_NAME])
    if meant is None or re.split(r"\W", meant)[0] not in fields or name.lower() in fields:
        return None
    return meant


def _close(word: str, known: Sequence[str], *, cutoff: float, n: int = 1) -> list[str]:
    return difflib.get_close_matches(word, known, n=n, cutoff=cutoff) if len(word) <= LONGEST_NAME else []
