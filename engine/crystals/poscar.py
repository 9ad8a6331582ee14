"""POSCAR text (VASP) to a parent crystal; sites keep their order, coordinates their frame.

Read are the scale, the vectors, the symbols, the counts and the coordinates. Velocities and the flags of
selective dynamics say nothing about a parent structure and are passed over.

Symbols stand in a line before the counts (VASP 5). Without that line (VASP 4) they are the words of the title, if all
of it is symbols, or stand behind the coordinates; a title in other words names no elements.
"""

from __future__ import annotations

import re

import numpy as np

from api_schemas.quantities import plain_float
from engine.crystals.labels import element_of_potcar, is_symbol, unknown_element
from engine.crystals.parent import FloatArray, ParentCrystal
from engine.crystals.structure_faults import bad_structure, check_count, check_lattice

_HEAD = 22
"""Lines before the coordinates, with some to spare."""
_MAX_LINE = 1000
_DIRECT = frozenset({"fractional", "fract", "frac"})
"""What other programs write for Direct, as VASP reads it."""
_COUNT = re.compile(r"[0-9]{1,9}")
_COMMENT = re.compile(r"[!#].*$")
_NO_ELEMENTS = "put a line of symbols, such as Al N, before the line of counts"


def read_poscar(text: str, max_atoms: int) -> ParentCrystal:
    """The crystal of a POSCAR.

    Args:
        text: The file's text.
        max_atoms: Most sites allowed.

    Raises:
        StructureFault: naming the line and what would be right.
    """
    most = _HEAD + 2 * max_atoms
    lines = text.rstrip("\n").split("\n", most)[:most]
    first = _title(lines)
    if len(lines) < first + 7:
        what = "; a CIF is given as cif" if text.lstrip().startswith(("data_", "#")) else ""
        raise bad_structure(
            f"the POSCAR is too short: it needs a title, a scale, three vectors, symbols, counts and atoms{what}"
        )
    if any(line.startswith("data_") for line in lines[:_HEAD]):
        raise bad_structure("the POSCAR holds a data_ block as a CIF does; give a CIF as cif")
    vectors = np.array([_numbers(lines, row, 3) for row in range(first + 2, first + 5)])
    scale = _scale(lines, first + 1, vectors)
    lattice = vectors * scale
    check_lattice(lattice)
    row = first + 5
    words = _words(lines[row])
    named = bool(words) and plain_float(words[0]) is None
    row += named
    counts = _counts(lines, row, max_atoms)
    row += 1
    selective = row < len(lines) and lines[row].strip()[:1] in ("S", "s")
    row += selective
    if row >= len(lines):
        raise bad_structure(
            "the POSCAR ends before its coordinates; add a line Direct and one line for each atom"
        )
    mode = lines[row].strip()[:1].lower()
    if lines[row].strip().lower() in _DIRECT:
        mode = "d"
    if mode not in ("d", "c", "k"):
        raise bad_structure(
            f"line {row + 1} of the POSCAR should say Direct or Cartesian, not {lines[row].strip()[:30]!r}"
        )
    places = range(row + 1, row + 1 + sum(counts))
    coordinates = np.array([_numbers(lines, place, 3) for place in places])
    behind = _symbols_behind(lines, places, flags=3 if selective else 0)
    if named:
        names = _by_count(_symbols(words, counts, f"line {first + 6} of the POSCAR"), counts)
        _check_behind(behind, names)
    else:
        names = _version_4(lines[first], counts, behind)
    frac = coordinates if mode == "d" else (coordinates * scale) @ np.linalg.inv(lattice)
    return ParentCrystal(lattice, frac, names)


def _title(lines: list[str]) -> int:
    """The row of the title: empty lines before it are none, but behind an empty title stands the scale."""
    row = next((row for row, line in enumerate(lines) if line.strip()), 0)
    return row - 1 if row and plain_float(lines[row].split()[0]) is not None else row


def _words(line: str) -> list[str]:
    return _COMMENT.sub("", line[:_MAX_LINE]).split()


def _by_count(symbols: list[str], counts: list[int]) -> tuple[str, ...]:
    return tuple(symbol for symbol, count in zip(symbols, counts, strict=True) for _ in range(count))


def _numbers(lines: list[str], row: int, wanted: int) -> list[float]:
    if row >= len(lines):
        raise bad_structure(
            f"the POSCAR ends after {len(lines)} lines; line {row + 1} should hold {wanted} numbers"
        )
    values = []
    for word in lines[row][:_MAX_LINE].split()[:wanted]:
        value = plain_float(word.replace("D", "E").replace("d", "e"))
        if value is None:
            break
        values.append(value)
    if len(values) < wanted:
        shown = lines[row].strip()[:40]
        raise bad_structure(f"line {row + 1} of the POSCAR should hold {wanted} numbers, not {shown!r}")
    return values


def _scale(lines: list[str], row: int, vectors: FloatArray) -> FloatArray:
    """Scale of the Cartesian axes, [3]: one number (negative: minus the wanted volume), or three; words may follow."""
    three = [plain_float(word.replace("D", "E")) is not None for word in _words(lines[row])[:3]]
    values = np.array(_numbers(lines, row, 3 if three == [True] * 3 else 1))
    if len(values) == 3:
        if np.any(values <= 0.0):
            shown = lines[row].strip()[:40]
            raise bad_structure(
                f"line {row + 1} of the POSCAR has the scales {shown!r}; three scales must all be positive"
            )
        return values
    if values[0] == 0.0:
        raise bad_structure(
            f"line {row + 1} of the POSCAR: the scale is zero; 1.0 keeps the vectors as they are"
        )
    if values[0] > 0.0:
        return np.repeat(values, 3)
    volume = abs(float(np.linalg.det(vectors)))
    if volume == 0.0:
        raise bad_structure("the lattice vectors lie in a plane; give three independent vectors")
    return np.repeat((-values / volume) ** (1.0 / 3.0), 3)


def _counts(lines: list[str], row: int, max_atoms: int) -> list[int]:
    words = _words(lines[row])
    if not words or not all(_COUNT.fullmatch(word) for word in words):
        shown = lines[row].strip()[:40]
        raise bad_structure(
            f"line {row + 1} of the POSCAR should hold the number of atoms of each element, not {shown!r}"
        )
    counts = [int(word) for word in words]
    check_count(sum(counts), max_atoms)
    return counts


def _symbols(labels: list[str], counts: list[int], where: str) -> list[str]:
    """The elements that the line of symbols names."""
    if len(labels) != len(counts):
        raise bad_structure(
            f"{where} has {len(labels)} symbols for {len(counts)} counts; give one symbol per count, with spaces "
            "between them"
        )
    symbols = []
    for label in labels:
        symbol = element_of_potcar(label)
        if symbol is None:
            raise unknown_element(label, where)
        symbols.append(symbol)
    return symbols


def _version_4(title: str, counts: list[int], behind: tuple[str, ...] | None) -> tuple[str, ...]:
    """The element of each atom of a POSCAR without a line of symbols."""
    words = _words(title)
    if words and len(words) == len(counts) and all(is_symbol(word) for word in words):
        names = _by_count(_symbols(words, counts, "the title of the POSCAR"), counts)
        _check_behind(behind, names)
        return names
    if behind is not None:
        return behind
    text = (
        f"the POSCAR names no elements: it has no line of symbols, and its title {title.strip()[:40]!r} is no list of "
        f"{len(counts)} symbols, one for each count; {_NO_ELEMENTS}"
    )
    raise bad_structure(text)


def _symbols_behind(lines: list[str], places: range, flags: int) -> tuple[str, ...] | None:
    """The element behind each atom's coordinates and flags, None unless every line ends with one."""
    found = []
    for place in places:
        words = [word for word in lines[place][:_MAX_LINE].split()[3 + flags :] if word not in ("#", "!")]
        if len(words) != 1 or not is_symbol(words[0]):
            return None
        found.append(element_of_potcar(words[0]) or "")
    return tuple(found)


def _check_behind(behind: tuple[str, ...] | None, names: tuple[str, ...]) -> None:
    """Refuse symbols behind the coordinates that are not those of the counts."""
    differing = [
        number for number, (one, other) in enumerate(zip(behind or names, names, strict=True)) if one != other
    ]
    if behind is not None and differing:
        number = differing[0]
        text = (
            f"atom {number + 1} of the POSCAR is {names[number]} by the symbols and counts, and {behind[number]} "
            "behind its coordinates; correct the one that is wrong"
        )
        raise bad_structure(text)
