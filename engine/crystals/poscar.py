"""POSCAR text (VASP) to a parent crystal; sites keep their order, coordinates their frame.

Read are the scale, the vectors, the symbols, the counts and the coordinates. Velocities and the flags of
selective dynamics say nothing about a parent structure and are passed over.
"""

from __future__ import annotations

import math

import numpy as np

from engine.crystals.labels import element_of
from engine.crystals.parent import FloatArray, ParentCrystal
from engine.crystals.structure_faults import StructureFault, bad_structure, check_count, check_lattice

_MAX_LINE = 1000


def read_poscar(text: str, max_atoms: int) -> ParentCrystal:
    """The crystal of a POSCAR.

    Args:
        text: The file's text, in the format of VASP 5 (a line of symbols) or of VASP 4 with the symbols in
            the first line.
        max_atoms: Most sites allowed.

    Raises:
        StructureFault: naming the line and what would be right.
    """
    lines = text.splitlines()[: 20 + 2 * max_atoms + 2]
    if len(lines) < 7:
        raise bad_structure(
            "the POSCAR is too short: it needs a title, a scale, three vectors, symbols, counts and atoms"
        )
    vectors = np.array([_numbers(lines, row, 3) for row in (2, 3, 4)])
    scale = _scale(lines, vectors)
    lattice = vectors * scale
    check_lattice(lattice)
    row = 5
    tokens = lines[row].split()
    if tokens and not tokens[0].lstrip("+-").isdecimal():
        labels = tokens
        row += 1
    else:
        labels = lines[0].split()
    counts = _counts(lines, row, max_atoms)
    symbols = _symbols(labels, counts, named=row == 6)
    row += 1
    if row < len(lines) and lines[row].strip()[:1] in ("S", "s"):
        row += 1
    if row >= len(lines):
        raise bad_structure("the POSCAR ends before its coordinates")
    mode = lines[row].strip()[:1].lower()
    if mode not in ("d", "c", "k"):
        raise bad_structure(
            f"line {row + 1} of the POSCAR should say Direct or Cartesian, not {lines[row].strip()[:30]!r}"
        )
    total = sum(counts)
    coordinates = np.array([_numbers(lines, row + 1 + atom, 3) for atom in range(total)])
    frac = coordinates if mode == "d" else (coordinates * scale) @ np.linalg.inv(lattice)
    names = tuple(symbol for symbol, count in zip(symbols, counts, strict=True) for _ in range(count))
    return ParentCrystal(lattice, frac, names)


def _numbers(lines: list[str], row: int, wanted: int) -> list[float]:
    if row >= len(lines):
        raise bad_structure(
            f"the POSCAR ends after {len(lines)} lines; line {row + 1} should hold {wanted} numbers"
        )
    values = []
    for word in lines[row][:_MAX_LINE].split()[:wanted]:
        try:
            values.append(float(word))
        except ValueError:
            break
    if len(values) < wanted or not all(math.isfinite(value) for value in values):
        shown = lines[row].strip()[:40]
        raise bad_structure(f"line {row + 1} of the POSCAR should hold {wanted} numbers, not {shown!r}")
    return values


def _scale(lines: list[str], vectors: FloatArray) -> FloatArray:
    """Scale of the Cartesian axes, [3]: one number (negative: minus the wanted volume), or three."""
    words = lines[1].split()
    values = np.array(_numbers(lines, 1, 3 if len(words) == 3 else 1))
    if len(values) == 3:
        if np.any(values <= 0.0):
            raise bad_structure("line 2 of the POSCAR: three scales must all be positive")
        return values
    if values[0] == 0.0:
        raise bad_structure("line 2 of the POSCAR: the scale is zero; 1.0 keeps the vectors as they are")
    if values[0] > 0.0:
        return np.repeat(values, 3)
    volume = abs(float(np.linalg.det(vectors)))
    if volume == 0.0:
        raise bad_structure("the lattice vectors lie in a plane; give three independent vectors")
    return np.repeat((-values / volume) ** (1.0 / 3.0), 3)


def _counts(lines: list[str], row: int, max_atoms: int) -> list[int]:
    words = lines[row].split("!")[0].split()
    if not words or not all(word.isdecimal() and len(word) <= 9 for word in words):
        shown = lines[row].strip()[:40]
        raise bad_structure(
            f"line {row + 1} of the POSCAR should hold the number of atoms of each element, not {shown!r}"
        )
    counts = [int(word) for word in words]
    check_count(sum(counts), max_atoms)
    return counts


def _symbols(labels: list[str], counts: list[int], *, named: bool) -> list[str]:
    if len(labels) != len(counts):
        if not named:
            raise bad_structure(
                "the POSCAR names no elements; put a line of symbols before the line of counts"
            )
        raise bad_structure(
            f"the POSCAR has {len(labels)} symbols but {len(counts)} counts; give one count per symbol"
        )
    symbols = []
    for label in labels:
        symbol = element_of(label)
        if symbol is None:
            text = f"{label[:20]!r} in the POSCAR is not a chemical element; write symbols such as Al N"
            raise StructureFault("unknown-element", text)
        symbols.append(symbol)
    return symbols
