"""Space groups by the names that files give them: Hermann-Mauguin (short, full, old, ICSD's), Hall, and number.

The table is gemmi's (M. Wojdyr, J. Open Source Softw. 7, 4200 (2022), doi:10.21105/joss.04200); full symbols are made
short as International Tables A pair them (doi:10.1107/97809553602060000114).
"""

from __future__ import annotations

import re

import gemmi

_SCREW = re.compile(r"[_(){}<>$~]")
"""What sets the axis of a screw low: 6_3, 6(3), 6_{3}, 6~3~, 6<3>."""
_MARKUP = (
    (re.compile(r"</?sub>", re.IGNORECASE), ""),
    (re.compile(r"\\(?:bar|overline)\s*\{?\s*([1-6])\s*\}?"), r"-\1"),
    (re.compile(r"([1-6])[\u0304\u0305]"), r"-\1"),
)
_LOW = str.maketrans("₁₂₃₄₅", "12345")
_NUMBER = re.compile(
    r"\s*(?:\((?:\s*(?:No\.?|#)\s*\d{1,3}|\d{2,3})\s*\)|(?:No\.?|#)\s*\d{1,3}|\s\(\d\))$", re.IGNORECASE
)
"""The number of a group behind its name."""
_SAID = (
    (re.compile(r"\s*\(?origin choice ([12])\)?", re.IGNORECASE), r":\1"),
    (re.compile(r"\s*\(?(h)exagonal axes\)?", re.IGNORECASE), ":H"),
    (re.compile(r"\s*\(?(r)hombohedral axes\)?", re.IGNORECASE), ":R"),
)
"""How choices of origin and axes are written out, and in short."""
_FRACTION = re.compile(r"^\d+/([a-z])$")
_ORIGINS = {"S": ":1", "Z": ":2", "O1": ":1", "O2": ":2"}
"""How ICSD, and others, mark the choice of origin behind a name."""

_LONGEST = 100
"""Characters of a name that is looked at; longer texts are none."""

Angles = tuple[float, float]


def by_hall(name: str) -> gemmi.SpaceGroup | None:
    """The space group with this Hall symbol."""
    wanted = " ".join(name.replace("_", " ").split()).lower()
    return next((group for group in gemmi.spacegroup_table() if group.hall.lower() == wanted), None)


def by_name(name: str, angles: Angles) -> list[gemmi.SpaceGroup]:
    """The space groups that a Hermann-Mauguin name may mean: two, where it does not say which origin.

    Args:
        name: The name.
        angles: alpha and gamma of the cell (degrees), which tell hexagonal from rhombohedral axes.
    """
    if len(name) > _LONGEST:
        return []
    numbered = _NUMBER.search(name)
    if numbered:
        number = int("".join(filter(str.isdigit, numbered.group())))
        return [group for group in by_name(name[: numbered.start()], angles) if group.number == number]
    for written, plain in (*_MARKUP, *_SAID):
        name = written.sub(plain, name)
    name = name.translate(_LOW)
    bare = " ".join(_SCREW.sub("", name).split())
    base, _, last = bare.rpartition(" ")
    origin = _ORIGINS.get(last.upper(), "") if base else ""
    if origin:
        bare = base
    group = _tabulated(bare, *angles) or _tabulated(_short(bare), *angles)
    if group is None:
        return []
    said = origin or (":" + bare.rpartition(":")[2].strip() if ":" in bare else "")
    if group.ext not in ("1", "2"):
        return [group]
    if said in (":1", ":2"):
        chosen = _tabulated(group.hm + said)
        return [chosen] if chosen else []
    return [one for choice in ("1", "2") if (one := _tabulated(f"{group.hm}:{choice}"))]


def by_number(text: str, angles: Angles) -> list[gemmi.SpaceGroup]:
    """The space groups in the standard setting of a number; two, where there are two choices of origin."""
    plain = text.removesuffix(".0")
    known = plain.isascii() and plain.isdecimal() and len(plain) < 4
    # Of 0 gemmi makes P 1.
    group = gemmi.find_spacegroup_by_number(int(plain)) if known and 1 <= int(plain) <= 230 else None
    return by_name(group.hm, angles) if group else []


def settings(number: int) -> int:
    """In how many settings a space group is tabulated."""
    return sum(group.number == number for group in gemmi.spacegroup_table())


def _tabulated(name: str, alpha: float = 90.0, gamma: float = 90.0) -> gemmi.SpaceGroup | None:
    return gemmi.find_spacegroup_by_name(name, alpha, gamma)


def _short(name: str) -> str:
    """The short symbol of a full one: ``F 4/m -3 2/m`` is ``F m -3 m``."""
    name, colon, choice = name.partition(":")
    lattice, *axes = name.split()
    if len(axes) not in (2, 3) or axes.count("1") == 2:  # those with two ones are monoclinic: they stay
        return name + colon + choice
    cubic = axes[1] in ("3", "-3")
    orthorhombic = all(axis.startswith("2") for axis in axes)
    keep = 0 if cubic or orthorhombic else 1
    short = " ".join([lattice, *axes[:keep], *(_FRACTION.sub(r"\1", axis) for axis in axes[keep:])])
    return short + colon + choice
