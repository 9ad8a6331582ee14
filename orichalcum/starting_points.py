"""Problem files to start from, one per prototype, commented and valid as they are printed."""

from __future__ import annotations

from dataclasses import dataclass

from api_schemas.kinds import KINDS, KindSchema


@dataclass(frozen=True)
class StartingPoint:
    """A realistic problem on a prototype.

    Attributes:
        title: Name of the job.
        species: Elements of the parent, in the prototype's order.
        sublattice: Name of the sublattice whose composition varies.
        host: The element of the parent on it.
        guest: The element that is mixed in.
        most_guest: Upper bound of the guest's fraction.
        target: Target of the lattice constant a, Å; or None for that of GaN.
    """

    title: str
    species: tuple[str, ...]
    sublattice: str
    host: str
    guest: str
    most_guest: float
    target: float | None


STARTING_POINTS: dict[str, StartingPoint] = {
    "wurtzite": StartingPoint("Al(Sc)N matched to GaN", ("Al", "N"), "cation", "Al", "Sc", 0.5, None),
    "rocksalt": StartingPoint("(Na,K)Cl with a target lattice", ("Na", "Cl"), "cation", "Na", "K", 1, 5.9),
    "zincblende": StartingPoint(
        "(Ga,In)As with a target lattice", ("Ga", "As"), "cation", "Ga", "In", 1, 5.9
    ),
    "fluorite": StartingPoint("(Ce,Zr)O2 with a target lattice", ("Ce", "O"), "cation", "Ce", "Zr", 1, 5.35),
    "antifluorite": StartingPoint(
        "(Li,Na)2O with a target lattice", ("Li", "O"), "cation", "Li", "Na", 1, 4.9
    ),
    "cscl": StartingPoint("Cs(Cl,Br) with a target lattice", ("Cs", "Cl"), "anion", "Cl", "Br", 1, 4.25),
    "perovskite": StartingPoint(
        "(Sr,Ba)TiO3 with a target lattice", ("Sr", "Ti", "O"), "A", "Sr", "Ba", 1, 3.98
    ),
    "spinel": StartingPoint(
        "Mg(Al,Ga)2O4 with a target lattice", ("Mg", "Al", "O"), "B", "Al", "Ga", 1, 8.25
    ),
    "fcc": StartingPoint("Cu-Au with a target lattice", ("Cu",), "metal", "Cu", "Au", 1, 3.8),
    "bcc": StartingPoint("W-Ta with a target lattice", ("W",), "metal", "W", "Ta", 1, 3.24),
    "hcp": StartingPoint("Ti-Zr with a target lattice", ("Ti",), "metal", "Ti", "Zr", 1, 3.08),
    "diamond": StartingPoint("Si-Ge matched halfway", ("Si",), "element", "Si", "Ge", 1, 5.6),
}
"""By prototype; the values lie between those of the two end members."""


def problem_file(prototype: str, kind: str = "optimize") -> str:
    """The text of a problem file (YAML) on a prototype.

    Args:
        prototype: The parent structure.
        kind: What the problem asks for; the file has the fields that it uses.

    Raises:
        KeyError: if there is no starting point for the prototype.
        api_schemas.registry.UnknownName: if there is no such kind.
    """
    start, schema = STARTING_POINTS[prototype], KINDS[kind]
    others = ", ".join(one.name for one in KINDS if one.name != kind)
    parts = [
        _HEAD.format(kind=kind, summary=_lower(schema.summary), others=others, name=_title(start, schema))
    ]
    parts.append(_CRYSTAL.format(prototype=prototype, species=", ".join(start.species)))
    if schema.takes("sublattices"):
        fields = {name: getattr(start, name) for name in ("sublattice", "host", "guest", "most_guest")}
        parts.append(_SUBLATTICES.format(**fields))
    if schema.searches:
        parts.append(_OBJECTIVES.format(target=_target(start)))
    parts.append(_POTENTIAL)
    if schema.takes("verify"):
        parts.append(_VERIFY)
    half = start.most_guest / 2
    at = f"{start.sublattice}: {{{start.host}: {1 - half:g}, {start.guest}: {half:g}}}"
    parts.append(schema.example.replace("{AT}", f"{{{at}}}"))
    return "\n".join(part for part in parts if part)


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:].rstrip(".")


def _title(start: StartingPoint, schema: KindSchema) -> str:
    """The name of the job: of a search, what it seeks."""
    return (
        start.title
        if schema.searches
        else f"{start.title.split(' with ')[0].split(' matched')[0]}, {schema.name}"
    )


def _target(start: StartingPoint) -> str:
    if start.target is None:
        return """\
# That of GaN, computed with the same potential; or a number in Å.
    target: {same_as: {prototype: wurtzite, species: [Ga, N]}}"""
    return f"""\
# Å; or {{same_as: {{prototype: ..., species: [...]}}}}: that of another crystal, by the same potential
    target: {start.target:g}"""


_HEAD = """\
# A problem for Orichalcum. Solve it here:         orichalcum run FILE
#                          or by a service:        orichalcum submit FILE --wait
kind: {kind}                # {summary}
#                             or one of {others}
name: {name}
"""
_CRYSTAL = """\
# The parent crystal. Lattice constants (a, and c where there is one, in Å) may be given; they are only a start.
# Instead of a prototype: {{cif: "<text>"}} or {{poscar: "<text>"}}.
structure:
  prototype: {prototype}
  species: [{species}]
"""
_SUBLATTICES = """\
# Sites that share one composition, and the elements they may hold with the bounds of their fractions.
sublattices:
  - name: {sublattice}
    sites: [{host}]               # elements of the parent, or site numbers from 0
    elements:
      {host}: [0, 1]
      {guest}: [0, {most_guest:g}]
"""
_OBJECTIVES = """\
# What is sought: a target with a tolerance, or goal: minimize or maximize. With several, give each a weight.
objectives:
  - property: lattice_a
    {target}
    tolerance: 0.001          # Å
"""
_POTENTIAL = """\
potential:
  name: sevennet-l3i5         # or sevennet-0: faster, less smooth; see: orichalcum potentials list
  dtype: float64
"""
_VERIFY = """\
# Explicit supercells of the answer, relaxed with the same potential: whether it holds. They take the longest.
# verify: {supercells: 2, sites: 32}
"""
